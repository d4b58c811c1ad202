// A deliverer in a process of its own, to be killed: node child.js '<database address as JSON>'.
import { Deliverer } from '../../src/delivery/deliverer.ts';
import { type DatabaseAddress, openDatabase } from '../../src/store/database.ts';
import { quiet } from '../support/database-server.ts';
import { testSeals, webhookSeal } from '../support/keys.ts';
import { here, OWNER, secret } from './ledger.ts';

const address = JSON.parse(process.argv[2] ?? '') as DatabaseAddress;
const sql = openDatabase({ address, connections: 2, name: 'deliverer-child' });
await new Deliverer({
  sql,
  owner: OWNER,
  log: quiet,
  seals: testSeals(sql),
  secret,
  webhookSeal: webhookSeal(),
  guard: here,
  version: '0.0.0-test',
}).start();
