import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Intensity, recent, tooMany } from '../../../src/lib/intensity.ts';
import {
  NODE_QUARANTINES,
  quarantineWait,
  restartWait,
  SHARD_DEATHS,
} from '../../../src/supervisor/restart.ts';

/** Whether the last of these deaths, at so many seconds, was one too many. */
function after(seconds: readonly number[], intensity: Intensity): boolean {
  let deaths: number[] = [];
  for (const at of seconds) deaths = recent(deaths, at * 1000, intensity);
  return tooMany(deaths, intensity);
}

test('three deaths of a shard within a minute are too many, three in a longer time are not', () => {
  assert.equal(after([0], SHARD_DEATHS), false);
  assert.equal(after([0, 1], SHARD_DEATHS), false);
  assert.equal(after([0, 1, 2], SHARD_DEATHS), true);
  assert.equal(after([0, 30, 59.9], SHARD_DEATHS), true);
  assert.equal(after([0, 30, 60], SHARD_DEATHS), false);
  assert.equal(after([0, 50, 100, 150, 200], SHARD_DEATHS), false);
  assert.equal(after([0, 50, 100, 105, 108], SHARD_DEATHS), true);
});

test('three quarantines within five minutes are too many for the node', () => {
  assert.equal(after([0, 100, 200], NODE_QUARANTINES), true);
  assert.equal(after([0, 100, 300], NODE_QUARANTINES), false);
});

test('the memory of deaths does not grow', () => {
  let deaths: number[] = [];
  for (let second = 0; second < 10_000; second += 10) deaths = recent(deaths, second * 1000, SHARD_DEATHS);
  assert.ok(deaths.length <= 6, `${deaths.length}`);
});

test('the first restart is at once, each further one waits longer, none longer than 30 s', () => {
  assert.equal(restartWait(0, 0.99), 0);
  assert.equal(restartWait(1, 0.99), 0);
  assert.deepEqual(
    [2, 3, 4, 5].map(death => restartWait(death, 1)),
    [100, 200, 400, 800],
  );
  assert.deepEqual([restartWait(5, 0), restartWait(5, 0.5)], [400, 600]);
  assert.equal(restartWait(1000, 1), 30_000);
});

test('a quarantine takes 30 s at first and doubles up to 10 minutes', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 100].map(quarantineWait),
    [30_000, 60_000, 120_000, 240_000, 480_000, 600_000, 600_000],
  );
});
