import assert from 'node:assert/strict';
import test from 'node:test';
import type { PhoneMessage } from '../../src/simulator/phone/messages.ts';
import { until } from '../support/until.ts';
import { linkedClients, paired, simulator, tameClients } from './client.ts';

tameClients();

test('a client that is linked by QR logs in and exchanges texts with its contacts', async t => {
  const server = await simulator(t);
  await server.post('/admin/phones', { phone: '15550009', name: 'Carla' });
  const alice = await paired(t, server, '15550001');
  assert.match(alice.creds.me?.id ?? '', /^15550001:1@s\.whatsapp\.net$/);

  const sent = await alice.sock.sendMessage('15550009@s.whatsapp.net', { text: 'hello phone' });
  const seen = await until(async () => {
    const messages = await server.get<PhoneMessage[]>('/admin/phones/15550009/messages');
    return messages.find(one => one.id === sent?.key.id);
  });
  assert.equal(seen.text, 'hello phone');
  assert.equal(seen.chat, '15550001@s.whatsapp.net');
  await until(() => (alice.statuses.get(sent?.key.id ?? '') ?? 0) >= 3, { what: 'delivered' });

  const { id } = await server.post<{ id: string }>('/admin/phones/15550009/send', {
    to: '15550001',
    text: 'hello you',
  });
  await until(() => alice.text(id) === 'hello you', { what: 'text from the phone' });
});

test('two ready-linked clients exchange texts, and both phones read along', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const first = await alice.sock.sendMessage(`${bob.phone}@s.whatsapp.net`, { text: 'one' });
  await until(() => bob.text(first?.key.id ?? '') === 'one');
  const second = await bob.sock.sendMessage(`${alice.phone}@s.whatsapp.net`, { text: 'two' });
  await until(() => alice.text(second?.key.id ?? '') === 'two');
  for (const phone of [alice.phone, bob.phone]) {
    const texts = (await server.get<PhoneMessage[]>(`/admin/phones/${phone}/messages`)).map(one => one.text);
    assert.deepEqual(texts, ['one', 'two']);
  }
  const ledger = await server.get<{ duplicates: number; undecryptable: number }>('/admin/ledger');
  assert.deepEqual([ledger.duplicates, ledger.undecryptable], [0, 0]);
});

test('a text addressed by LID arrives, and its sender hears that it was delivered and read', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  await until(() => alice.sock.user?.lid, { what: 'a LID' });
  const sent = await alice.sock.sendMessage(`${bob.lid.split(':')[0]}@lid`, { text: 'by lid' });
  const id = sent?.key.id ?? '';
  await until(() => bob.text(id) === 'by lid');
  const got = bob.received.find(one => one.message.key.id === id);
  assert.equal(got?.message.key.remoteJid, `${alice.lid.split(':')[0]}@lid`);
  await bob.sock.readMessages([got.message.key]);
  await until(() => alice.statuses.get(id) === 4, { what: 'read' });
});

test('every device of both sides gets a text, the sender excepted', async t => {
  const server = await simulator(t);
  const clients = await linkedClients(t, server, { count: 1, prefix: '44' });
  clients.push(...(await linkedClients(t, server, { count: 1, prefix: '44' })));
  clients.push(...(await linkedClients(t, server, { count: 1, prefix: '55' })));
  clients.push(...(await linkedClients(t, server, { count: 1, prefix: '55' })));
  const [sender, twin, other, otherTwin] = clients;
  assert.ok(sender && twin && other && otherTwin);
  assert.notEqual(sender.jid, twin.jid);
  const sent = await sender.sock.sendMessage(`${other.phone}@s.whatsapp.net`, { text: 'to all' });
  const id = sent?.key.id ?? '';
  await until(() => [twin, other, otherTwin].every(one => one.text(id) === 'to all'));
  const copy = twin.received.find(one => one.message.key.id === id)?.message.key;
  assert.deepEqual([copy?.fromMe, copy?.remoteJid], [true, `${other.phone}@s.whatsapp.net`]);
  const entry = await server.get<{ devices: Record<string, { deliveries: number }> }>(
    `/admin/ledger/messages/${id}`,
  );
  assert.deepEqual(
    Object.entries(entry.devices)
      .map(([device, { deliveries }]) => [device, deliveries])
      .sort(),
    [
      [`${sender.phone}@s.whatsapp.net`, 1],
      [twin.jid, 1],
      [`${other.phone}@s.whatsapp.net`, 1],
      [other.jid, 1],
      [otherTwin.jid, 1],
    ].sort(),
  );
});

test('a contact with a script reads what it gets and answers', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  await server.post('/admin/phones', { phone: '15550077' });
  await server.put('/admin/phones/15550077/script', { reply: 'you said {text}', afterMs: 5, reads: true });
  const sent = await alice.sock.sendMessage('15550077@s.whatsapp.net', { text: 'ping' });
  await until(() => alice.received.some(one => one.message.message?.conversation === 'you said ping'));
  await until(() => alice.statuses.get(sent?.key.id ?? '') === 4, { what: 'read' });
});

test('a text that a client cannot decrypt comes again when it asks', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const to = `${alice.phone}@s.whatsapp.net`;
  await alice.sock.sendMessage(`${bob.phone}@s.whatsapp.net`, { text: 'opens the session' });
  await until(() => bob.received.length > 0);
  const { id: first } = await server.post<{ id: string }>(`/admin/phones/${bob.phone}/send`, {
    to,
    text: 'one',
  });
  await until(() => alice.text(first) === 'one');
  alice.dropSessions();
  const fromPhone = await server.post<{ id: string }>(`/admin/phones/${bob.phone}/send`, { to, text: 'two' });
  await until(() => alice.text(fromPhone.id) === 'two', { what: 'the phone sends again' });
  const warm = await bob.sock.sendMessage(to, { text: 'three' });
  await until(() => alice.text(warm?.key.id ?? '') === 'three');
  alice.dropSessions();
  const fromClient = await bob.sock.sendMessage(to, { text: 'four' });
  await until(() => alice.text(fromClient?.key.id ?? '') === 'four', { what: 'the client sends again' });
  const { retries } = await server.get<{ retries: number }>('/admin/ledger');
  assert.ok(retries >= 2, `${retries} retry receipts`);
});

test('a phone that cannot decrypt asks the client, which sends again', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  await server.post('/admin/phones', { phone: '15550066' });
  await server.put('/admin/phones/15550066/script', { reply: 'ok' });
  const to = '15550066@s.whatsapp.net';
  await alice.sock.sendMessage(to, { text: 'one' });
  await until(() => alice.received.some(one => one.message.message?.conversation === 'ok'));
  await server.post('/admin/phones/15550066/forget-sessions');
  await alice.sock.sendMessage(to, { text: 'two' });
  await until(async () => {
    const messages = await server.get<PhoneMessage[]>('/admin/phones/15550066/messages');
    return messages.some(one => one.text === 'two');
  });
  const { undecryptable } = await server.get<{ undecryptable: number }>('/admin/ledger');
  assert.ok(undecryptable >= 1);
});

test('a device that is linked later gets the next text, because the others hear of it', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  const [bob] = await linkedClients(t, server, { count: 1, prefix: '66' });
  assert.ok(alice && bob);
  const to = `${bob.phone}@s.whatsapp.net`;
  const before = await alice.sock.sendMessage(to, { text: 'before' });
  await until(() => bob.text(before?.key.id ?? '') === 'before');
  const [late] = await linkedClients(t, server, { count: 1, prefix: '66' });
  assert.equal(late?.phone, bob.phone);
  // Its notification went to alice before the new device could log in.
  const after = await alice.sock.sendMessage(to, { text: 'after' });
  await until(() => late.text(after?.key.id ?? '') === 'after' && bob.text(after?.key.id ?? '') === 'after');
});

test('a person who reads on the phone is seen to have read', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  await server.post('/admin/phones', { phone: '15550044' });
  const sent = await alice.sock.sendMessage('15550044@s.whatsapp.net', { text: 'look' });
  const id = sent?.key.id ?? '';
  await until(async () => (await server.get<PhoneMessage[]>('/admin/phones/15550044/messages')).length === 1);
  await server.post('/admin/phones/15550044/read', { chat: alice.phone, ids: [id] });
  await until(() => alice.statuses.get(id) === 4, { what: 'read' });
});
