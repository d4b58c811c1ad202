import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Seats } from '../../../src/lib/seats.ts';

test('one name has its share, all have what there is, and a place is given back once', () => {
  const seats = new Seats({ most: 3, each: 2 });
  const [first] = [seats.take('a'), seats.take('a')];
  assert.deepEqual([seats.full('a'), seats.full('b'), seats.full()], ['each', undefined, undefined]);
  seats.take();
  assert.deepEqual([seats.full('a'), seats.full('b'), seats.full()], ['each', 'all', 'all']);
  first?.();
  first?.();
  assert.equal(seats.full('a'), undefined);
  seats.take('a');
  assert.deepEqual([seats.full('a'), seats.full('b')], ['each', 'all']);
});
