import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TokenBuckets } from '../../../src/lib/token-buckets.ts';

test('a bucket gives what it has saved, then what it gains, and says when', () => {
  let now = 1_000;
  const buckets = new TokenBuckets(60, () => now);
  assert.deepEqual(buckets.level('a'), { left: 60, resetMs: 0, waitMs: 0 });
  for (let left = 59; left >= 0; left--) assert.equal(buckets.take('a')?.left, left);
  assert.equal(buckets.take('a'), undefined);
  assert.deepEqual(buckets.level('a'), { left: 0, resetMs: 60_000, waitMs: 1_000 });
  now += 999;
  assert.equal(buckets.take('a'), undefined);
  assert.equal(buckets.level('a').waitMs, 1);
  now += 1;
  assert.equal(buckets.take('a')?.left, 0);
  now += 3_600_000;
  assert.equal(buckets.level('a').left, 60, 'no more than a minute is saved');
});

test('refusals cost nothing, and every name has a bucket of its own', () => {
  let now = 0;
  const buckets = new TokenBuckets(2, () => now);
  for (let n = 0; n < 100; n++) buckets.take('a');
  assert.ok(buckets.take('b'));
  now += 30_000;
  assert.ok(buckets.take('a'));
  assert.equal(buckets.take('a'), undefined);
});

test('a clock that stands still or goes back gives nothing', () => {
  let now = 10_000;
  const buckets = new TokenBuckets(1, () => now);
  assert.ok(buckets.take('a'));
  now -= 5_000;
  assert.equal(buckets.take('a'), undefined);
});

test('the rate holds over any time, whatever the pace of asking', () => {
  let now = 0;
  const buckets = new TokenBuckets(600, () => now);
  let taken = 0;
  for (let step = 0; step < 60_000; step += 7) {
    now = step;
    if (buckets.take('a')) taken++;
  }
  assert.ok(taken >= 1_195 && taken <= 1_200, `600 saved and 600 gained, not ${taken}`);
});
