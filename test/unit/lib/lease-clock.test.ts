import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeaseClock } from '../../../src/lib/lease-clock.ts';

/** Two clocks that a test moves. */
function clocks() {
  const at = { ns: 1_000_000_000n, uptimeMs: 5_000 };
  const pass = (ms: number) => {
    at.ns += BigInt(ms) * 1_000_000n;
    at.uptimeMs += ms;
  };
  return { at, pass, read: { ns: () => at.ns, uptimeMs: () => at.uptimeMs } };
}

test('a new clock has run out; an extended one holds until its time, for every thread that shares it', () => {
  const { pass, read } = clocks();
  const main = new LeaseClock(undefined, read);
  const thread = new LeaseClock(main.shared, read);
  assert.ok(!main.holds(main.term));
  main.extend(main.now(), 100, true);
  const { term } = thread;
  pass(99);
  assert.ok(thread.holds(term) && thread.sound(term));
  pass(1);
  assert.ok(!thread.holds(term) && !main.holds(term));
});

test('an extension counts from the moment that it is given, not from now', () => {
  const { pass, read } = clocks();
  const clock = new LeaseClock(undefined, read);
  const before = clock.now();
  pass(60);
  clock.extend(before, 100, true);
  pass(39);
  assert.ok(clock.holds(clock.term));
  pass(1);
  assert.ok(!clock.holds(clock.term));
});

test('an ended term never holds again, whatever a later one does', () => {
  const { read } = clocks();
  const clock = new LeaseClock(undefined, read);
  clock.extend(clock.now(), 100, true);
  const first = clock.term;
  clock.end();
  assert.ok(!clock.holds(first));
  clock.extend(clock.now(), 100, true);
  assert.ok(clock.holds(clock.term));
  assert.ok(!clock.holds(first));
});

test('a machine that slept, while the clock of timers stood still, has lost the lease', () => {
  const { at, read } = clocks();
  const clock = new LeaseClock(undefined, read);
  clock.extend(clock.now(), 10_000, true);
  at.uptimeMs += 60_000;
  assert.ok(clock.holds(clock.term), 'the cheap look cannot know');
  assert.ok(!clock.sound(clock.term));
});

test('a clock of the time of day has no part in it', t => {
  t.mock.method(Date, 'now', () => 0);
  const clock = new LeaseClock();
  clock.extend(clock.now(), 60_000, true);
  assert.ok(clock.sound(clock.term));
});
