// The product and its own embedded database die at the same moment, as at a power cut of a process group.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { controlClient } from '../../src/simulator/control/client.ts';
import { startSimulator } from '../../src/simulator/index.ts';
import { openDatabase } from '../../src/store/database.ts';
import { startEmbedded } from '../../src/store/embedded.ts';
import { migrate } from '../../src/store/migrate.ts';
import { Product } from '../support/chaos/product.ts';
import { settle } from '../support/chaos/settle.ts';
import { watchSockets } from '../support/chaos/stage.ts';
import { quiet } from '../support/database-server.ts';
import { TEST_KEYS } from '../support/keys.ts';
import { gather } from '../support/oracle/evidence.ts';
import { judge, report } from '../support/oracle/judge.ts';
import { receiver } from '../support/receiver.ts';
import { seedDevices } from '../support/seed.ts';
import { until } from '../support/until.ts';

const MESSAGES = 120;

test('killed together with its own embedded database, three times, it loses and doubles nothing', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'cardume-crash-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const simulator = await startSimulator();
  t.after(() => simulator.stop());
  const control = controlClient(simulator.controlUrl);
  const sockets = await watchSockets(t, control);
  const hook = await receiver(t);

  const server = await startEmbedded({ dir, maxConnections: 20, log: quiet });
  const { address } = server;
  await migrate({ address, log: quiet });
  const seeding = openDatabase({ address, connections: 2, name: 'seeding' });
  const devices = await seedDevices(seeding, control, 1);
  const [folder] = await seeding<[{ data: string }]>`select current_setting('data_directory') as data`;
  await seeding.end({ timeout: 1 });
  await server.stop();

  const product = new Product(t, {
    ...{
      PORT: '0',
      WORKERS: '1',
      LOG_LEVEL: 'warn',
      DATA_DIR: dir,
      SEALING_KEYS: TEST_KEYS,
    },
    ...{ WA_SOCKET_URL: simulator.socketUrl, WA_ROOT_KEY: simulator.rootKey, WEBHOOK_URL: hook.url },
  });
  const { phone: person } = await control.createPhone();
  const [device] = devices;
  for (let n = 1; n <= MESSAGES; n++) await control.send(person, device?.phone ?? '', `text ${n}`);
  // Those of the phone itself.
  const { receipts: none } = await control.ledger();
  for (const kill of [1, 2, 3]) {
    product.start();
    const before = (await control.ledger()).receipts;
    // All of them, where the product was quicker than this process.
    const enough = Math.min(before + 10, none + MESSAGES);
    await until(async () => (await control.ledger()).receipts >= enough, {
      within: 180_000,
      what: `the receipts before kill ${kill}`,
    });
    const server = Number.parseInt(readFileSync(join(folder.data, 'postmaster.pid'), 'utf8'), 10);
    process.kill(server, 'SIGKILL');
    await product.end('SIGKILL');
  }

  product.start();
  await product.listening();
  const sql = openDatabase({ address, connections: 2, name: 'judging' });
  await settle({ product, control, sql, devices }, line => t.diagnostic(line));
  const evidence = await gather(control, sql, hook.requests, {
    ...{ asked: [], sockets, processes: product.runs, blows: product.deaths, groups: {} },
  });
  await sql.end({ timeout: 1 });
  await product.end('SIGTERM');
  assert.equal(product.runs.at(-1)?.ended, 0);
  const verdict = judge(evidence);
  assert.equal(verdict.findings.length, 0, report(verdict));
  assert.equal(verdict.figures.messagesReceipted, MESSAGES);
});
