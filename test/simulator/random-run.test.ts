// The short form of `npm run simulator:soak`, whose 2,000 messages take about a minute of CPU. What clients lose is theirs:
// stock Baileys loses what is in its event buffer when a connection ends (reported there, not here).
import '../../src/device/shims.ts';
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { randomRun } from '../support/soak/run.ts';
import { ARMED, plan } from '../support/soak/schedule.ts';
import { tameClients } from './client.ts';

tameClients();

const SEED = Number(process.env.SOAK_SEED ?? Math.floor(Math.random() * 2 ** 31));
const SIZE = { messages: 250, devices: 10, groups: 3 } as const;

/** A failure tells the seed; SOAK_SEED plays it again. */
function toldWith(t: TestContext, seed: number): void {
  t.diagnostic(
    `seed ${seed}: SOAK_SEED=${seed} npm test -- random-run, or npm run simulator:soak -- --seed ${seed}`,
  );
}

test('the same seed plans the same sends, closes and restarts; another seed plans others', () => {
  const size = { ...SIZE, messages: 2_000 };
  assert.deepEqual(plan({ seed: 5, ...size }), plan({ seed: 5, ...size }));
  assert.notDeepEqual(plan({ seed: 5, ...size }).steps, plan({ seed: 6, ...size }).steps);
  const { steps, members } = plan({ seed: 5, ...size });
  const of = (kind: string) => steps.filter(step => step.do === kind).length;
  assert.equal(of('send'), 2_000);
  assert.ok(of('close') > 20 && of('restart') > 2);
  assert.ok(members.every(group => group.length >= 3));
});

test('among faults the server loses nothing, repeats nothing that was confirmed, and keeps the order', {
  timeout: 300_000,
}, async t => {
  toldWith(t, SEED);
  const report = await randomRun(t, { seed: SEED, ...SIZE });
  assert.deepEqual(report.serverFaults, [], `seed ${SEED}`);
  const struck = ARMED.filter(({ name, rate }) => rate >= 0.02 && (report.faults[name] ?? 0) === 0);
  assert.deepEqual(
    struck.map(({ name }) => name).filter(name => !name.startsWith('drain')),
    [],
    `seed ${SEED}`,
  );
  assert.ok(report.reconnects > SIZE.devices, `seed ${SEED}`);
  // Clients come back and ask again, so that nearly everything reaches a person.
  assert.ok(report.accepted > SIZE.messages * 0.9, `seed ${SEED}: ${report.accepted} accepted`);
  assert.ok(report.shown > report.copies * 0.9, `seed ${SEED}: ${report.shown} of ${report.copies} shown`);
});

test('a server that loses messages is found out', { timeout: 120_000 }, async t => {
  const armed = [{ name: 'message.lost', rate: 0.1 }];
  const report = await randomRun(t, { seed: SEED, messages: 60, devices: 4, groups: 1, armed });
  toldWith(t, SEED);
  const lost = report.faults['message.lost'] ?? 0;
  assert.ok(lost > 0);
  assert.ok(report.serverFaults.some(one => one.startsWith('acked-but-lost')));
});
