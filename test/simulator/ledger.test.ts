import '../../src/device/shims.ts';
import assert from 'node:assert/strict';
import test from 'node:test';
import { until } from '../support/until.ts';
import { linkedClients, simulator, tameClients } from './client.ts';

tameClients();

test('a message is known with its copies, keys and receipts, at every device of both sides', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2, prefix: '1555' });
  const [alice2] = await linkedClients(t, server, { count: 1, prefix: '1555' });
  assert.ok(alice && bob && alice2 && alice2.phone === alice.phone);
  const ids: string[] = [];
  const say = async (text: string) => {
    const id = (await alice.sock.sendMessage(`${bob.phone}@s.whatsapp.net`, { text }))?.key.id ?? '';
    ids.push(id);
    await until(() => bob.text(id) === text);
  };
  for (const text of ['one', 'two', 'three']) await say(text);
  const entry = (id: string) => server.control.call('ledgerMessage', { params: { id } });
  const settled = async () => {
    const { devices } = await entry(ids[2] ?? '');
    return (
      Object.values(devices).length === 4 && Object.values(devices).every(row => row.settled === 'delivered')
    );
  };
  await until(settled, { what: 'a receipt of every device' });
  const entries = await Promise.all(ids.map(entry));
  const [first] = entries;
  assert.deepEqual(
    Object.keys(first?.devices ?? {}).sort(),
    [alice2.jid, `${alice.phone}@s.whatsapp.net`, bob.jid, `${bob.phone}@s.whatsapp.net`].sort(),
  );
  assert.equal(first?.from, alice.jid);
  assert.equal(first?.to, `${bob.phone}@s.whatsapp.net`);
  assert.equal(first?.sent, 1);
  assert.ok((first?.ackedAt ?? 0) >= (first?.at ?? 0));
  const row = first?.devices[bob.jid];
  assert.deepEqual([row?.addressed, row?.deliveries, row?.handed, row?.open], [1, 1, 1, 0]);
  const uses = entries.map(one => one.devices[bob.jid]?.keys[0]);
  assert.equal(uses[0]?.type, 'pkmsg');
  assert.equal(typeof uses[0]?.preKey, 'number');
  assert.deepEqual(
    uses.map(use => [use?.chain, use?.counter, use?.baseKey]),
    [0, 1, 2].map(counter => [uses[0]?.chain, counter, uses[0]?.baseKey]),
    'one chain, counted on',
  );
});

test('a device is known with its logins, closes, receipts by type and prekeys', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const sent = await alice.sock.sendMessage(`${bob.phone}@s.whatsapp.net`, { text: 'hi' });
  await until(() => bob.text(sent?.key.id ?? '') === 'hi');
  const id = sent?.key.id ?? '';
  await bob.sock.readMessages([{ remoteJid: `${alice.phone}@s.whatsapp.net`, id, fromMe: false }]);
  await until(async () => (await server.control.ledger()).receiptTypes.read === 1, { what: 'the receipt' });
  await server.control.disconnect('unavailable', { jid: bob.jid });
  await until(() => bob.closes.length === 1);
  bob.connect();
  await until(() => bob.opens === 2);
  const log = await server.control.call('ledgerDevice', { params: { jid: bob.lid } });
  assert.equal(log.logins.length, 2);
  assert.deepEqual(
    log.closes.map(one => one.name),
    ['unavailable'],
  );
  assert.equal(log.receipts.read, 1);
  assert.equal((log.receipts.delivered ?? 0) + (log.receipts.inactive ?? 0), 1);
  assert.equal(log.preKeysHanded, 1);
  assert.equal(log.preKeysUsed, 1);
  const totals = await server.control.ledger();
  assert.equal(totals.receiptTypes.read, 1);
  assert.equal(totals.logins, 3);
  await assert.rejects(server.control.call('ledgerDevice', { params: { jid: 'nobody' } }), /404/);
});

test('messages are listed in order, in pages, of one device or of all, until the ledger is cleared', async t => {
  const server = await simulator(t);
  const { phone: one } = await server.control.createPhone();
  const { phone: two } = await server.control.createPhone();
  const { phone: three } = await server.control.createPhone();
  const ids: string[] = [];
  for (const to of [two, three, two, three, two]) ids.push((await server.control.send(one, to, 'hello')).id);
  const page = (query: { after?: number; device?: string; limit: number }) =>
    server.control.call('ledgerMessages', { query });
  const first = await page({ limit: 2 });
  assert.deepEqual(
    first.messages.map(({ id }) => id),
    ids.slice(0, 2),
  );
  const second = await page({ limit: 2, after: first.next ?? 0 });
  const third = await page({ limit: 2, after: second.next ?? 0 });
  assert.deepEqual(
    [...second.messages, ...third.messages].map(({ id }) => id),
    ids.slice(2),
  );
  assert.equal(third.next, null);
  const ofTwo = await page({ limit: 10, device: `${two}@s.whatsapp.net` });
  assert.deepEqual(
    ofTwo.messages.map(({ id }) => id),
    [ids[0], ids[2], ids[4]],
  );
  await assert.rejects(page({ limit: 0 }), /400.*limit/);
  await server.control.call('clearLedger');
  assert.deepEqual((await page({ limit: 10 })).messages, []);
  const { messages, violations } = await server.control.ledger();
  assert.deepEqual([messages, violations], [0, 0]);
  await assert.rejects(server.control.call('ledgerMessage', { params: { id: ids[0] ?? '' } }), /404/);
});

test('what a device has not confirmed is pending, and no violation', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  const { phone } = await server.control.createPhone();
  await server.control.disconnect('mute', { jid: alice.jid });
  const { id } = await server.control.send(phone, alice.phone, 'unheard');
  const { total, pendingTotal, pending, kinds } = await server.control.violations();
  assert.equal(total, 0);
  assert.equal(pendingTotal, 1);
  assert.deepEqual([pending[0]?.id, pending[0]?.device, pending[0]?.waitsFor], [id, alice.jid, 'receipt']);
  assert.ok(Object.values(kinds).every(meaning => meaning.includes('Not:')));
});
