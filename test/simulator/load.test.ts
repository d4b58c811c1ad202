// The load that `npm run bench:simulator` makes, small: what it counts must be exact before its figures mean anything.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { controlClient } from '../../src/simulator/control/client.ts';
import { BareClient } from '../support/bare-client.ts';
import { Fleet, linkDevices } from '../support/fleet.ts';
import { SealedSender } from '../support/sealed-sender.ts';
import { until } from '../support/until.ts';
import { simulator } from './client.ts';

test('50 bare clients write 500 texts: each is acknowledged, delivered and confirmed exactly once', async t => {
  const server = await simulator(t);
  const control = controlClient(server.controlUrl);
  const fleet = new Fleet({ socketUrl: server.socketUrl, rootKey: server.rootKey });
  t.after(() => fleet.end());
  await fleet.connect(await linkDevices(control, 50));
  const { wallMs: _, ...counts } = await fleet.talk(500, 40);
  assert.deepEqual(counts, {
    texts: 500,
    acks: 500,
    deliveries: 500,
    receipts: 500,
    receiptAcks: 500,
    errors: 0,
  });
  await until(async () => (await control.devices()).every(({ queued }) => queued === 0), {
    what: 'all confirmed',
  });
  const ledger = await server.get<Record<string, number>>('/admin/ledger');
  assert.equal(ledger.messages, 500);
  assert.equal(ledger.deliveries, 500);
  assert.equal(ledger.receipts, 500);
  for (const count of [
    'retries',
    'duplicates',
    'iqUnknown',
    'protocolErrors',
    'undecryptable',
    'phoneErrors',
  ])
    assert.equal(ledger[count], 0, count);
});

test('what bare clients seal for phones, the phones read', async t => {
  const server = await simulator(t);
  const control = controlClient(server.controlUrl);
  const fleet = new Fleet({ socketUrl: server.socketUrl });
  t.after(() => fleet.end());
  await fleet.connect(await linkDevices(control, 5));
  const { phone, lid } = await control.createPhone();
  const counted = fleet.counting({ acks: 15, receipts: 15 }, () => {});
  for (const [index, client] of fleet.clients.entries()) {
    const sender = await SealedSender.to(client, lid);
    for (let n = 0; n < 3; n++) await sender.send(phone, `text ${n} of ${index}`);
  }
  const { acks, receipts, errors } = await counted;
  assert.deepEqual([acks, receipts, errors], [15, 15, 0]);
  const texts = (await control.messages(phone)).map(({ text }) => text).sort();
  assert.deepEqual(
    texts,
    [0, 1, 2].flatMap(n => [0, 1, 2, 3, 4].map(index => `text ${n} of ${index}`)).sort(),
  );
  assert.equal((await control.ledger()).violations, 0);
});

test('a bare client that checks certificates refuses a server with another root', async t => {
  const server = await simulator(t);
  const [linked] = await linkDevices(controlClient(server.controlUrl), 1);
  assert.ok(linked);
  const stranger = new BareClient({ socketUrl: server.socketUrl, linked, rootKey: 'ab'.repeat(32) });
  t.after(() => stranger.end());
  await assert.rejects(stranger.open, ({ cause }: Error) => /not of this server/.test(String(cause)));
});

test('150 devices that talk while the world is being saved are all there after a restart, and log in', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'simulator-'));
  const stateFile = join(folder, 'state.json');
  const first = await simulator(t, { stateFile });
  const linked = await linkDevices(controlClient(first.controlUrl), 150);
  const before = new Fleet(first);
  t.after(() => before.end());
  await before.connect(linked);
  await before.talk(300, 50);
  await first.stop();
  const second = await simulator(t, { stateFile });
  const after = new Fleet(second);
  t.after(() => after.end());
  t.after(() => rm(folder, { recursive: true })); // once both servers have stopped
  await after.connect(linked);
  const { deliveries, receipts } = await after.talk(150, 50);
  assert.deepEqual([deliveries, receipts], [150, 150]);
});
