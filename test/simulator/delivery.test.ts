import assert from 'node:assert/strict';
import test from 'node:test';
import type { PhoneMessage } from '../../src/simulator/phone/messages.ts';
import { until } from '../support/until.ts';
import { linkedClients, simulator, tameClients } from './client.ts';

tameClients();

interface DeviceRow {
  jid: string;
  connected: boolean;
  logins: number;
  queued: number;
  lastClose?: string;
}

test('what is sent to a device that is away waits, in order, and is delivered once', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  await server.post('/admin/phones', { phone: '15550088' });
  alice.sock.end(undefined);
  const row = async () => (await server.get<DeviceRow[]>('/admin/devices'))[0];
  await until(async () => (await row())?.connected === false);
  const wanted = Array.from({ length: 120 }, (_, index) => `text ${index}`);
  for (const text of wanted) await server.post('/admin/phones/15550088/send', { to: alice.phone, text });
  assert.equal((await row())?.queued, 120);
  alice.connect();
  await until(() => alice.received.length >= 120);
  assert.deepEqual(
    alice.received.map(one => one.message.message?.conversation),
    wanted,
  );
  assert.ok(alice.received.every(one => one.type === 'append'));
  await until(async () => (await row())?.queued === 0, { what: 'all confirmed' });
});

test('a second login of the same device replaces the first and loses nothing', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  const old = alice.sock;
  alice.connect();
  await until(() => alice.closes.includes(440), { what: '440 on the old socket' });
  await until(() => alice.opens === 2);
  old.end(undefined);
  await server.post('/admin/phones', { phone: '15550089' });
  const { id } = await server.post<{ id: string }>('/admin/phones/15550089/send', {
    to: alice.phone,
    text: 'here',
  });
  await until(() => alice.text(id) === 'here');
});

test('a server that hangs says nothing and keeps what it has to deliver', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 }, { keepAliveIntervalMs: 300 });
  assert.ok(alice);
  await server.post('/admin/disconnect', { jid: alice.jid, close: 'hang' });
  await server.post('/admin/phones', { phone: '15550090' });
  const { id } = await server.post<{ id: string }>('/admin/phones/15550090/send', {
    to: alice.phone,
    text: 'later',
  });
  await until(() => alice.closes.includes(408), { what: '408' });
  assert.equal(alice.text(id), undefined);
  alice.connect();
  await until(() => alice.text(id) === 'later');
});

test('faults refuse logins and messages, as often as they were told to', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  await server.put('/admin/faults/ack.error', { when: { once: true }, params: { code: 463 } });
  const refused = await alice.sock.sendMessage(`${bob.phone}@s.whatsapp.net`, { text: 'refused' });
  await until(() => alice.statuses.get(refused?.key.id ?? '') === 0, { what: 'status ERROR' });
  await server.put('/admin/faults/login.refuse', {
    when: { once: true },
    who: { device: alice.jid },
    params: { reason: 503 },
  });
  await server.post('/admin/disconnect', { jid: alice.jid, close: 'websocket' });
  await until(() => alice.closes.length === 1);
  alice.connect();
  await until(() => alice.closes[1] === 503, { what: '503' });
  alice.connect();
  await until(() => alice.opens === 2, { what: 'open after the fault' });
  await server.remove('/admin/faults');
  const sent = await alice.sock.sendMessage(`${bob.phone}@s.whatsapp.net`, { text: 'fine' });
  await until(() => bob.text(sent?.key.id ?? '') === 'fine');
});

test('a client that runs low on prekeys is told and uploads more', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1, preKeys: 6 });
  assert.ok(alice);
  const uploaded = () => alice.creds.nextPreKeyId > 7;
  for (let index = 0; index < 3; index++) {
    const phone = `1555010${index}`;
    await server.post('/admin/phones', { phone });
    await server.post(`/admin/phones/${phone}/send`, { to: alice.phone, text: 'hi' });
  }
  await until(uploaded, { what: 'an upload' });
  await until(() => alice.received.length === 3);
});

test('presence and typing reach those who asked, and latency keeps the order', async t => {
  const server = await simulator(t, { latencyMs: 20 });
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  await alice.sock.presenceSubscribe(`${bob.phone}@s.whatsapp.net`);
  await bob.sock.sendPresenceUpdate('composing', `${alice.phone}@s.whatsapp.net`);
  await until(() => JSON.stringify(alice.presences).includes('composing'), { what: 'typing' });
  await until(() => JSON.stringify(alice.presences).includes('"available"'), { what: 'presence' });
  const wanted = Array.from({ length: 20 }, (_, index) => `text ${index}`);
  for (const text of wanted) await alice.sock.sendMessage(`${bob.phone}@s.whatsapp.net`, { text });
  await until(() => bob.received.length === 20);
  const seen = await server.get<PhoneMessage[]>(`/admin/phones/${bob.phone}/messages`);
  assert.deepEqual(
    seen.map(one => one.text),
    wanted,
  );
});
