import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Limits, type Turn, turns as turnsOf } from '../../../src/delivery/turns.ts';

const never = () => false;
const turns = <T>(
  { each, ...rest }: Omit<Limits, 'each' | 'both'> & { each: number },
  suspect: (line: number) => boolean,
) => turnsOf<T>({ ...rest, each: () => each, both: () => each }, suspect);
const take = <T>(line: { next(): Turn<T> | undefined }, count: number) =>
  Array.from({ length: count }, () => line.next()?.item);

test('lines are served in turn, each in its own order', () => {
  const served = turns<string>({ inAll: 10, each: 10, suspects: 10 }, never);
  for (const item of ['a1', 'a2', 'a3']) served.add(1, item);
  for (const item of ['b1', 'b2']) served.add(2, item);
  served.add(3, 'c1');
  assert.deepEqual(take(served, 7), ['a1', 'b1', 'c1', 'a2', 'b2', 'a3', undefined]);
  assert.equal(served.waiting, 0);
});

test('a line at its limit is passed over until one of its places is given back', () => {
  const served = turns<string>({ inAll: 10, each: 2, suspects: 10 }, never);
  for (const item of ['a1', 'a2', 'a3']) served.add(1, item);
  served.add(2, 'b1');
  const first = served.next()!;
  assert.deepEqual(take(served, 3), ['b1', 'a2', undefined]);
  served.done(first);
  assert.equal(served.next()?.item, 'a3');
});

test('there are never more places taken than there are', () => {
  const served = turns<number>({ inAll: 3, each: 2, suspects: 3 }, never);
  for (let line = 1; line < 6; line += 1) served.add(line, line);
  const first = served.next()!;
  assert.deepEqual(take(served, 3), [2, 3, undefined]);
  served.done(first);
  assert.deepEqual(take(served, 2), [4, undefined]);
});

test('failing endpoints together leave places for the others, also when they recover meanwhile', () => {
  const failing = new Set([1, 2, 3]);
  const served = turns<string>({ inAll: 4, each: 4, suspects: 2 }, line => failing.has(line));
  for (const line of [1, 2, 3]) served.add(line, `dead ${line}`);
  const [one, two] = [served.next()!, served.next()!];
  assert.equal(served.next(), undefined);
  served.add(4, 'living');
  assert.equal(served.next()?.item, 'living');
  failing.delete(1);
  served.done(one);
  assert.equal(served.next()?.item, 'dead 3');
  served.done(two);
  assert.equal(served.next(), undefined);
});

test('a crowded line is one with many items, waiting or served', () => {
  const served = turns<number>({ inAll: 10, each: 2, suspects: 10 }, never);
  for (let i = 0; i < 3; i += 1) served.add(1, i);
  served.add(2, 0);
  take(served, 3);
  assert.deepEqual(served.crowded(3), [1]);
  assert.deepEqual(served.crowded(1), [1, 2]);
});

test('what is told again has its own line, shares the places of its endpoint, and can be sent away', () => {
  const limits = { inAll: 10, suspects: 10, each: (line: number) => (line < 0 ? 1 : 3), both: () => 3 };
  const served = turnsOf<string>(limits, never);
  for (const item of ['a1', 'a2', 'a3', 'a4']) served.add(1, item);
  for (const item of ['again 1', 'again 2']) served.add(-1, item);
  assert.deepEqual(take(served, 4), ['a1', 'again 1', 'a2', undefined]);
  assert.deepEqual(served.drop(1), ['a3', 'a4']);
  assert.equal(served.waiting, 1);
});
