// O4 and O5 over endpoints of every kind, in the short form of `npm run bench:delivery -- --kill 1500`: the product's
// deliverer in a process of its own, events through the journal, oracles from the receivers' ledgers and the database.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { broken, judge } from '../../scripts/bench/delivery/judge.ts';
import { ENDPOINTS } from '../../scripts/bench/delivery/protocol.ts';
import { startTrial } from '../../scripts/bench/delivery/trial.ts';
import { testDatabase } from '../support/database.ts';

const DEVICES = 10;
const EVENTS = 2_000;
const KILLS = 3;
const WITHIN = 60_000;

test(`beside a dead, a slow, a flaky and a poisoned endpoint, killed ${KILLS} times: no event is lost, the order is kept, at most 20 of a lane come again`, async t => {
  const { address } = await testDatabase(t);
  const trial = await startTrial({ address, devices: DEVICES, endpoints: ENDPOINTS, seed: 7, slowMs: 300 });
  t.after(() => trial.stop());
  const produced = trial.produce(EVENTS, { rate: 500 });
  while (trial.kills < KILLS) await trial.killing(700, delay(800));
  await produced;
  await trial.delivered(['good'], WITHIN);
  // A busy machine may have got no further than to the first events of a lane by now.
  await Promise.all([trial.answered('flaky', 503, WITHIN), trial.answered('poisoned', 400, WITHIN)]);
  await trial.heal();
  await trial.delivered(ENDPOINTS, WITHIN);

  const evidence = await trial.evidence();
  const fared = judge(evidence);
  for (const { endpoint, ...figures } of fared) t.diagnostic(`${endpoint}: ${JSON.stringify(figures)}`);
  assert.deepEqual(broken(fared, evidence.kills), []);
  for (const { delivered, parked, dead } of fared) assert.equal(delivered + parked + dead, EVENTS);
});
