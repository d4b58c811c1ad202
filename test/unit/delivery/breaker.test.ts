import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DISABLED_AFTER_MS,
  FAILING_AFTER_MS,
  failed,
  type Health,
  healthy,
  phase,
  succeeded,
  verdict,
} from '../../../src/delivery/breaker.ts';
import { seeded } from '../../delivery/ledger.ts';

const random = () => 0.5;
const failing = (health: Health, times: number, now = 0): Health =>
  Array.from({ length: times }).reduce<Health>(before => failed(before, { now, random }), health);

test('five failures in a row open it, not four, and those of POSTs under way then make it no worse', () => {
  assert.equal(phase(failing(healthy, 4), 0), 'closed');
  const open = failing(healthy, 5);
  assert.equal(phase(open, 0), 'open');
  assert.equal(open.until, 1_000);
  assert.deepEqual(failing(open, 7, 999), open);
  assert.equal(phase(open, 1_000), 'half-open');
});

test('F24: each try that fails leaves it alone for longer, up to 5 min', () => {
  let health = failing(healthy, 5);
  const waits = [health.until / 1_000];
  for (let n = 0; n < 9; n += 1) {
    const now = health.until;
    health = failed(health, { now, random });
    waits.push((health.until - now) / 1_000);
  }
  assert.deepEqual(waits, [1, 2, 5, 15, 30, 60, 120, 300, 300, 300]);
  const latest = failed(health, { now: health.until, random: () => 0.999_999 });
  assert.ok(latest.until - health.until <= 360_000);
});

test('any success closes it, whatever it was, and the count begins anew', () => {
  const open = { ...failing(healthy, 9), warned: true };
  const well = succeeded(open, 5_000);
  assert.deepEqual(well, { ...healthy, lastOkAt: 5_000, warned: true });
  assert.equal(phase(failing(well, 4, 6_000), 6_000), 'closed');
});

test('F35: an endpoint that answers 503 to every fifth POST is never left alone for long', () => {
  const dice = seeded(35);
  let [health, now, open] = [healthy, 0, 0];
  for (let n = 0; n < 100_000; n += 1) {
    if (phase(health, now) === 'open') {
      open += health.until - now;
      now = health.until;
    }
    now += 10;
    health = dice() < 0.2 ? failed(health, { now, random: dice }) : succeeded(health, now);
  }
  assert.ok(open < now / 10, `it was open for ${open} of ${now} ms`);
  assert.ok(health.fails < 5);
});

test('F31: what Retry-After asks for opens it at once, and a shorter wish does not shorten a longer one', () => {
  const asked = failed(healthy, { now: 0, random, asked: 120_000 });
  assert.equal(phase(asked, 119_999), 'open');
  assert.equal(phase(asked, 120_000), 'half-open');
  assert.equal(failed(asked, { now: 10, random, asked: 1_000 }).until, 120_000);
});

test('F25: it is told after an hour without a success, once, and given up after five days', () => {
  let health = failed(healthy, { now: 1_000, random });
  assert.equal(verdict(health, 1_000 + FAILING_AFTER_MS - 1), undefined);
  assert.equal(verdict(health, 1_000 + FAILING_AFTER_MS), 'failing');
  health = { ...health, warned: true };
  assert.equal(verdict(health, 1_000 + DISABLED_AFTER_MS - 1), undefined);
  assert.equal(verdict(health, 1_000 + DISABLED_AFTER_MS), 'disabled');
  assert.equal(verdict(succeeded(health, 2_000), Number.MAX_SAFE_INTEGER), undefined);
});
