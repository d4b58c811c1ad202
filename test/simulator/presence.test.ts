// Presence and typing as each may see them.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { BinaryNode } from '@whiskeysockets/baileys';
import { until } from '../support/until.ts';
import { type Client, linkedClients, simulator, tameClients } from './client.ts';
import { lidOf, pn } from './jids.ts';

tameClients();

interface Seen {
  id: string;
  presences: Record<string, { lastKnownPresence: string; lastSeen?: number; groupOnlineCount?: number }>;
}

const last = (client: Client) => {
  const update = client.presences.at(-1) as Seen | undefined;
  return update && Object.values(update.presences)[0];
};

test('a subscriber sees available, unavailable with the time, and again available', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  await bob.sock.sendPresenceUpdate('unavailable');
  await alice.sock.presenceSubscribe(pn(bob.phone));
  await until(() => alice.presences.length === 1);
  const { lastSeen } = last(alice) ?? {};
  assert.equal(last(alice)?.lastKnownPresence, 'unavailable');
  assert.ok(lastSeen === undefined || lastSeen > 1_700_000_000);
  await bob.sock.sendPresenceUpdate('available');
  await until(() => last(alice)?.lastKnownPresence === 'available');
  await bob.sock.sendPresenceUpdate('unavailable');
  await until(() => last(alice)?.lastKnownPresence === 'unavailable');
  assert.ok((last(alice)?.lastSeen ?? 0) > Date.now() / 1000 - 600);
  assert.equal((alice.presences[0] as Seen).id, pn(bob.phone));
});

test('a subscription by LID is answered by LID, and a connection that ends takes the person offline', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  await bob.sock.sendPresenceUpdate('available');
  await alice.sock.presenceSubscribe(lidOf(bob.lid));
  await until(() => last(alice)?.lastKnownPresence === 'available');
  assert.equal((alice.presences.at(-1) as Seen).id, lidOf(bob.lid));
  await server.post('/admin/disconnect', { jid: bob.jid, close: 'tcp' });
  await until(() => last(alice)?.lastKnownPresence === 'unavailable');
  assert.equal((alice.presences.at(-1) as Seen).id, lidOf(bob.lid));
});

test('one of two devices that goes away leaves the person online', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  const [bob] = await linkedClients(t, server, { count: 1, prefix: '77' });
  assert.ok(alice && bob);
  await server.put('/admin/phones/770001/presence', { available: true });
  await bob.sock.sendPresenceUpdate('available');
  await alice.sock.presenceSubscribe(pn(bob.phone));
  await until(() => last(alice)?.lastKnownPresence === 'available');
  await bob.sock.sendPresenceUpdate('unavailable');
  await bob.sock.fetchBlocklist();
  assert.equal(alice.presences.length, 1);
  await server.put('/admin/phones/770001/presence', { available: false });
  await until(() => last(alice)?.lastKnownPresence === 'unavailable');
});

test('a subscription ends with the connection', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  await alice.sock.presenceSubscribe(pn(bob.phone));
  await until(() => alice.presences.length === 1);
  await server.post('/admin/disconnect', { jid: alice.jid, close: 'tcp' });
  await until(() => alice.closes.length === 1);
  alice.connect();
  await until(() => alice.opens === 2);
  await bob.sock.sendPresenceUpdate('available');
  await bob.sock.fetchBlocklist();
  await alice.sock.fetchBlocklist();
  assert.equal(alice.presences.length, 1);
});

test('who hides when they were last here shows deny, and sees it of nobody', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  for (const one of [alice, bob]) {
    await one.sock.sendPresenceUpdate('available');
    await one.sock.sendPresenceUpdate('unavailable');
  }
  await bob.sock.updateLastSeenPrivacy('none');
  const raw: BinaryNode[] = [];
  alice.sock.ws.on('CB:presence', (node: BinaryNode) => raw.push(node));
  bob.sock.ws.on('CB:presence', (node: BinaryNode) => raw.push(node));
  await alice.sock.presenceSubscribe(pn(bob.phone));
  await until(() => raw.length === 1);
  assert.deepEqual([raw[0]?.attrs.type, raw[0]?.attrs.last], ['unavailable', 'deny']);
  await bob.sock.presenceSubscribe(pn(alice.phone));
  await until(() => raw.length === 2);
  assert.equal(raw[1]?.attrs.last, 'deny');
  // Last seen alone does not hide that somebody is here.
  await bob.sock.sendPresenceUpdate('available');
  await until(() => raw.at(-1)?.attrs.type === 'available');
  await bob.sock.updateOnlinePrivacy('match_last_seen');
  await until(() => raw.at(-1)?.attrs.type === 'unavailable', { what: 'hidden at once' });
  await bob.sock.updateLastSeenPrivacy('all');
  await until(() => raw.at(-1)?.attrs.type === 'available', { what: 'shown at once' });
});

test('typing, recording and pausing are seen by the other person, from a client and from a phone', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const states = () =>
    alice.presences.map(one => Object.values((one as Seen).presences)[0]?.lastKnownPresence);
  await bob.sock.sendPresenceUpdate('composing', pn(alice.phone));
  await bob.sock.sendPresenceUpdate('recording', pn(alice.phone));
  await bob.sock.sendPresenceUpdate('paused', pn(alice.phone));
  await until(() => states().length === 3);
  assert.deepEqual(states(), ['composing', 'recording', 'available']);
  assert.equal((alice.presences[0] as Seen).id, pn(bob.phone));
  await bob.sock.sendPresenceUpdate('composing', lidOf(alice.lid));
  await until(() => states().length === 4);
  assert.equal((alice.presences[3] as Seen).id, lidOf(bob.lid));
  await server.post('/admin/phones', { phone: '15550041' });
  await server.post('/admin/phones/15550041/typing', { to: alice.phone, state: 'recording' });
  await until(() => states().length === 5);
  assert.equal(states()[4], 'recording');
  await assert.rejects(
    server.post('/admin/phones/15550041/typing', { to: '15559999', state: 'paused' }),
    /nobody has/,
  );
});

test('a group shows how many of it are there, and who types in it', async t => {
  const server = await simulator(t);
  const [alice, bob, carol] = await linkedClients(t, server, { count: 3 });
  assert.ok(alice && bob && carol);
  const group = await alice.sock.groupCreate('typists', [pn(bob.phone)]);
  for (const one of [alice, bob]) await one.sock.sendPresenceUpdate('unavailable');
  await alice.sock.presenceSubscribe(group.id);
  await until(() => last(alice)?.groupOnlineCount === 0 || alice.presences.length === 1);
  await bob.sock.sendPresenceUpdate('available');
  await until(() => last(alice)?.groupOnlineCount === 1);
  assert.equal((alice.presences.at(-1) as Seen).id, group.id);
  await bob.sock.sendPresenceUpdate('recording', group.id);
  await until(() => last(alice)?.lastKnownPresence === 'recording');
  assert.deepEqual(Object.keys((alice.presences.at(-1) as Seen).presences), [lidOf(bob.lid)]);
  await carol.sock.presenceSubscribe(group.id);
  await carol.sock.sendPresenceUpdate('composing', group.id);
  await carol.sock.fetchBlocklist();
  assert.deepEqual(carol.presences, [], 'who is not in the group sees nothing of it');
  assert.equal(last(alice)?.lastKnownPresence, 'recording');
});
