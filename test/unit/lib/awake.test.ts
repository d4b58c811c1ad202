import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AwakeClock } from '../../../src/lib/awake.ts';

test('what a thread slept through is not time that others were silent', () => {
  let at = 5_000;
  const clock = new AwakeClock(1_000, () => at);
  const began = clock.now();
  for (let i = 0; i < 3; i++) {
    at += 1_000;
    clock.tick();
  }
  assert.equal(clock.now() - began, 3_000);
  at += 61_000; // stopped for a minute
  assert.equal(clock.tick() - began, 4_000);
  at += 500;
  assert.equal(clock.now() - began, 4_500, 'and goes on as before');
});

test('a tick that is only a little late is time that has passed', () => {
  let at = 0;
  const clock = new AwakeClock(1_000, () => at);
  at += 1_900;
  assert.equal(clock.tick(), 1_900);
});
