import assert from 'node:assert/strict';
import test from 'node:test';
import type { BinaryNode, GroupMetadata } from '@whiskeysockets/baileys';
import { until } from '../support/until.ts';
import { type Client, linkedClients, simulator, tameClients } from './client.ts';
import { makeGroup } from './group-world.ts';
import { bare, pn } from './jids.ts';

tameClients();

/** The receipts that a client got for a message: from whom, of which type, and so on. */
const receiptsFor = (client: Client, id: string) =>
  client.stanzas.filter(one => one.tag === 'receipt' && one.attrs.id === id).map(one => one.attrs);

test('receipts for a group text reach the devices of its author and nobody else', async t => {
  const server = await simulator(t);
  let group: GroupMetadata | undefined;
  const config = { cachedGroupMetadata: async () => group };
  const [alice, bob, carol] = await linkedClients(t, server, { count: 3 }, config);
  assert.ok(alice && bob && carol);
  group = await makeGroup(server, 'lid', [alice, bob, carol]);
  const sent = await alice.sock.sendMessage(group.id, { text: 'who reads this' });
  const id = sent?.key.id ?? '';
  await until(() => bob.text(id) && carol.text(id));
  const key = bob.received.find(one => one.message.key.id === id)?.message.key;
  assert.ok(key);
  await bob.sock.readMessages([key]);
  const read = await until(() => receiptsFor(alice, id).find(one => one.type === 'read'));
  assert.deepEqual(
    { from: read.from, participant: read.participant, pn: read.participant_pn, mode: read.addressing_mode },
    { from: group.id, participant: bob.lid, pn: `${bob.phone}@s.whatsapp.net`, mode: 'lid' },
  );
  // Two clients and two phones got it; alice's own phone says that it has it.
  const delivered = (from: string) =>
    receiptsFor(alice, id).some(one => one.participant === from && one.type === undefined);
  await until(() => [bob.lid, carol.lid, bare(bob.lid), bare(carol.lid)].every(delivered));
  const own = await until(() => receiptsFor(alice, id).find(one => one.type === 'sender'));
  assert.equal(own.participant, bare(alice.lid));
  assert.deepEqual([receiptsFor(bob, id), receiptsFor(carol, id)], [[], []]);
});

test('who reads tells the author and the own other devices, with several ids in one receipt', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  const [bob] = await linkedClients(t, server, { count: 1, prefix: '61' });
  const [twin] = await linkedClients(t, server, { count: 1, prefix: '61' });
  assert.ok(alice && bob && twin);
  const ids: string[] = [];
  for (const text of ['one', 'two', 'three']) {
    const sent = await alice.sock.sendMessage(`${bob.phone}@s.whatsapp.net`, { text });
    ids.push(sent?.key.id ?? '');
  }
  await until(() => ids.every(id => bob.text(id) && twin.text(id)));
  const keys = bob.received.map(one => one.message.key);
  await bob.sock.readMessages(keys);
  await until(() => ids.every(id => alice.statuses.get(id) === 4), { what: 'all read' });
  const isRead = (one: BinaryNode) => one.tag === 'receipt' && one.attrs.type === 'read';
  const toTwin = await until(() => twin.stanzas.find(isRead));
  assert.deepEqual(
    { from: toTwin.attrs.from, recipient: toTwin.attrs.recipient, items: listed(toTwin) },
    { from: bob.jid, recipient: `${alice.phone}@s.whatsapp.net`, items: ids.slice(1) },
  );
  const toAlice = alice.stanzas.find(isRead);
  assert.deepEqual([toAlice?.attrs.from, toAlice?.attrs.recipient], [bob.jid, undefined]);
});

const listed = (receipt: BinaryNode) =>
  Array.isArray(receipt.content) && Array.isArray(receipt.content[0]?.content)
    ? receipt.content[0].content.map(item => item.attrs.id)
    : [];

test('read-self stays between the devices of the reader; played goes to the author as well', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  const [bob] = await linkedClients(t, server, { count: 1, prefix: '62' });
  const [twin] = await linkedClients(t, server, { count: 1, prefix: '62' });
  assert.ok(alice && bob && twin);
  const sent = await alice.sock.sendMessage(`${bob.phone}@s.whatsapp.net`, { text: 'secretly' });
  const id = sent?.key.id ?? '';
  await until(() => bob.text(id) && twin.text(id));
  const chat = `${alice.phone}@s.whatsapp.net`;
  await bob.sock.sendReceipt(chat, undefined, [id], 'read-self');
  await until(() => receiptsFor(twin, id).some(one => one.type === 'read-self'));
  // From one connection in order: played comes after what read-self would have set off.
  await bob.sock.sendReceipt(chat, undefined, [id], 'played');
  await until(() => receiptsFor(alice, id).some(one => one.type === 'played'));
  await until(() => alice.statuses.get(id) === 5, { what: 'played' });
  await until(() => receiptsFor(twin, id).some(one => one.type === 'played'));
  assert.ok(!receiptsFor(alice, id).some(one => one.type === 'read-self'));

  await server.control.read(bob.phone, alice.phone, [id]);
  await until(() => receiptsFor(alice, id).some(one => one.type === 'read' && one.from === pn(bob)));
});

test('a client hears that its own phone has its text, and that a device that is not active got it', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  const [bob] = await linkedClients(t, server, { count: 1 }, { markOnlineOnConnect: false });
  assert.ok(alice && bob);
  const sent = await alice.sock.sendMessage(pn(bob), { text: 'quietly' });
  const id = sent?.key.id ?? '';
  await until(() => bob.text(id) === 'quietly');
  const own = await until(() => receiptsFor(alice, id).find(one => one.type === 'sender'));
  assert.deepEqual([own.from, own.recipient], [pn(alice), pn(bob)]);
  const inactive = await until(() => receiptsFor(alice, id).find(one => one.type === 'inactive'));
  assert.deepEqual([inactive.from, inactive.sender_lid], [bob.jid, bare(bob.lid)]);
});
