// The measured process: the product's deliverer and what it needs, nothing else. Started by trial.ts, which hands it the
// producer's stream over IPC; SIGTERM ends it in order, SIGKILL is the crash.
// node deliverer.js '<database address as JSON>' <owner> <which of its processes it is, for the user-agent>
import { Deliverer } from '../../../src/delivery/deliverer.ts';
import { makeLogger } from '../../../src/lib/logger.ts';
import { type DatabaseAddress, openDatabase } from '../../../src/store/database.ts';
import { here, secret } from '../../../test/delivery/ledger.ts';
import { testSeals, webhookSeal } from '../../../test/support/keys.ts';
import type { Stream } from './protocol.ts';

const [, , address = '', owner = '', life = ''] = process.argv;
const sql = openDatabase({
  address: JSON.parse(address) as DatabaseAddress,
  connections: 4,
  name: 'deliverer',
});
const deliverer = new Deliverer({
  sql,
  owner,
  log: makeLogger('fatal', {}),
  seals: testSeals(sql),
  secret,
  webhookSeal: webhookSeal(),
  guard: here,
  version: life,
});
process.on('message', ({ events }: Stream) => deliverer.wake(events));
process.once('SIGTERM', () => void deliverer.stop().then(() => process.exit(0)));
process.on('disconnect', () => process.exit(0));
await deliverer.start();
process.send?.({ op: 'ready' });
