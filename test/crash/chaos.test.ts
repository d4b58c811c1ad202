// F59, the short form: `npm run chaos` for some seconds, the same blows each time. CHAOS_SEED names others; the long forms
// are run by hand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ChaosOptions, plan } from '../support/chaos/plan.ts';
import { chaos } from '../support/chaos/run.ts';
import { report } from '../support/oracle/judge.ts';

const SEED = Number(process.env.CHAOS_SEED ?? 6);
const SIZE: ChaosOptions = { seed: SEED, seconds: 15, devices: 10, phones: 6, groups: 3, rate: 12 };

test('the same seed plans the same blows; another seed plans others', () => {
  const long = { ...SIZE, seconds: 600 };
  assert.deepEqual(plan({ ...long, seed: 5 }), plan({ ...long, seed: 5 }));
  assert.notDeepEqual(plan({ ...long, seed: 5 }), plan({ ...long, seed: 6 }));
  const kinds = new Set(plan({ ...long, seed: 5 }).map(({ blow }) => blow.do));
  assert.ok(kinds.size >= 9, [...kinds].join());
  const only = new Set(plan({ ...long, seed: 5, only: 'sigkill' }).map(({ blow }) => blow.do));
  assert.deepEqual(only, new Set(['sigkill', 'drain']));
});

for (const only of [undefined, 'sigkill'] as const)
  test(`under ${only ?? 'blows of all kinds'} nothing is lost, doubled or reused (seed ${SEED})`, {
    timeout: 300_000,
  }, async t => {
    t.diagnostic(`CHAOS_SEED=${SEED}, or npm run chaos -- --seed ${SEED}`);
    const options = { ...SIZE, ...(only && { only }) };
    const { verdict, figures } = await chaos(t, options, { log: line => t.diagnostic(line) });
    t.diagnostic(JSON.stringify(figures));
    assert.equal(verdict.findings.length, 0, report(verdict));
    assert.ok(figures.messagesReceipted > 0 && figures.sendsAccepted > 0);
  });
