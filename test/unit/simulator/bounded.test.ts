import assert from 'node:assert/strict';
import test from 'node:test';
import { BoundedMap } from '../../../src/simulator/bounded.ts';

test('a bounded map has the newest half of what it may hold, and never more than that', () => {
  const map = new BoundedMap<number>(100);
  for (let n = 0; n < 1_000; n++) {
    map.set(`key ${n}`, n);
    for (let back = 0; back < Math.min(n + 1, 50); back++) assert.equal(map.get(`key ${n - back}`), n - back);
    assert.ok([...map.entries()].length <= 102);
  }
  assert.equal(map.get('key 0'), undefined);
});

test('a key that is set again has its newest value, once, and is not forgotten with the old ones', () => {
  const map = new BoundedMap<number>(10);
  map.set('kept', 1);
  for (let n = 0; n < 100; n++) {
    map.set(`key ${n}`, n);
    if (n % 3 === 0) map.set('kept', n);
  }
  assert.equal(map.get('kept'), 99);
  assert.deepEqual(
    [...map.entries()].filter(([key]) => key === 'kept'),
    [['kept', 99]],
  );
  map.clear();
  assert.deepEqual([...map.entries()], []);
});
