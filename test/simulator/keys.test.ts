import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import type { BinaryNode, WAMessage } from '@whiskeysockets/baileys';
import { bytes, child, children } from '../../src/simulator/wire/stanza.ts';
import { until } from '../support/until.ts';
import { type Client, client, linkedClients, paired, simulator, tameClients } from './client.ts';
import { assertNoViolations } from './group-world.ts';
import { pn } from './jids.ts';

tameClients();

/** What the server answers to a request for bundles. */
async function bundles(asker: Client, ...jids: string[]): Promise<BinaryNode[]> {
  const answer: BinaryNode = await asker.sock.query({
    tag: 'iq',
    attrs: { xmlns: 'encrypt', type: 'get', to: '@s.whatsapp.net' },
    content: [{ tag: 'key', attrs: {}, content: jids.map(jid => ({ tag: 'user', attrs: { jid } })) }],
  });
  return children(child(answer, 'list'), 'user');
}

test('who has no one-time prekey left is written to all the same, by clients and by phones', async t => {
  const server = await simulator(t);
  const [bob] = await linkedClients(t, server, { count: 1 });
  const [device] = await server.control.linkedDevices(1, '64');
  assert.ok(bob && device);
  await server.control.createPhone({ phone: '15550141' });
  const [wire] = await bundles(bob, device.lid);
  assert.ok(child(wire, 'key'), 'the first bundle has one');
  // Everybody asks for a bundle of their own.
  for (let index = 0; index < 20; index++) await bundles(bob, device.lid);
  const [empty] = await bundles(bob, device.lid);
  assert.deepEqual([child(empty, 'key'), child(empty, 'skey') !== undefined], [undefined, true]);

  const sent = await bob.sock.sendMessage(pn(device), { text: 'from a client' });
  const { id } = await server.control.send('15550141', device.phone, 'from a phone');
  const alice = client(t, server.socketUrl, device);
  alice.connect();
  await until(() => alice.text(sent?.key.id ?? '') === 'from a client' && alice.text(id) === 'from a phone');
  const { retries } = await server.control.ledger();
  assert.equal(retries, 0);
  // It is told at its login how few there are, and uploads more.
  await until(async () => child((await bundles(bob, device.lid))[0], 'key'), { what: 'new prekeys' });
});

test('a client rotates its signed prekey, and the digest is over what the server has', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const signedIn = (user: BinaryNode | undefined) => bytes(child(child(user, 'skey'), 'value'));
  const before = signedIn((await bundles(bob, alice.lid))[0]);
  await alice.sock.rotateSignedPreKey();
  const after = signedIn((await bundles(bob, alice.lid))[0]);
  assert.notDeepEqual(after, before);
  assert.deepEqual(after, Buffer.from(alice.creds.signedPreKey.keyPair.public));

  const from = alice.stanzas.length;
  await alice.sock.digestKeyBundle();
  const digest = alice.stanzas.slice(from).find(one => child(one, 'digest'));
  const content = child(digest, 'digest');
  const listed = children(child(content, 'list'), 'id').map(id => bytes(id)?.readUIntBE(0, 3));
  assert.ok(listed.length > 0);
  const hash = createHash('sha1')
    .update(alice.creds.signedIdentityKey.public)
    .update(alice.creds.signedPreKey.keyPair.public)
    .update(alice.creds.signedPreKey.signature);
  for (const id of listed) hash.update(alice.preKeys(id ?? 0));
  assert.deepEqual(bytes(child(content, 'hash')), hash.digest());

  // Sessions that begin now use the new one.
  const sent = await bob.sock.sendMessage(pn(alice), { text: 'over the new key' });
  await until(() => alice.text(sent?.key.id ?? '') === 'over the new key');
});

test('a signed prekey that is not signed by the identity is refused', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  const skey = (signature: Uint8Array): BinaryNode => ({
    tag: 'skey',
    attrs: {},
    content: [
      { tag: 'id', attrs: {}, content: Buffer.of(0, 0, 9) },
      { tag: 'value', attrs: {}, content: Buffer.alloc(32, 7) },
      { tag: 'signature', attrs: {}, content: signature },
    ],
  });
  const rotate = (signature: Uint8Array) =>
    alice.sock.query({
      tag: 'iq',
      attrs: { xmlns: 'encrypt', type: 'set', to: '@s.whatsapp.net' },
      content: [{ tag: 'rotate', attrs: {}, content: [skey(signature)] }],
    });
  await assert.rejects(rotate(Buffer.alloc(64, 1)), /not-acceptable/);
});

test('a device that is not there is left out of bundles, or is an error where that is asked for', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const nobody = '99999999@lid';
  const asked = [bob.lid, nobody];
  assert.deepEqual(
    (await bundles(alice, ...asked)).map(user => user.attrs.jid),
    [bob.lid],
  );
  await server.control.call('setDelivery', { body: { bundleErrors: true } });
  const users = await bundles(alice, ...asked);
  assert.deepEqual(
    users.map(user => [user.attrs.jid, child(user, 'error')?.attrs.code]),
    [
      [bob.lid, undefined],
      [nobody, '404'],
    ],
  );
});

test('a reinstalled phone has a new identity: contacts chat on with it, its companions are unlinked', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const phone = '15550142';
  await server.control.createPhone({ phone });
  await server.control.script(phone, { reply: 'still me' });
  const replies = () => alice.received.filter(one => one.message.message?.conversation === 'still me').length;
  await alice.sock.sendMessage(pn({ phone }), { text: 'one' });
  await until(() => replies() === 1);
  await server.control.send(bob.phone, phone, 'from a phone');
  const identity = async () => bytes(child((await bundles(alice, pn({ phone })))[0], 'identity'));
  const old = await identity();

  await server.control.call('reinstall', { params: { phone } });
  assert.notDeepEqual(await identity(), old);
  await until(() =>
    alice.stanzas.some(
      one => one.tag === 'notification' && one.attrs.from === pn({ phone }) && child(one, 'identity'),
    ),
  );
  const sent: WAMessage | undefined = await alice.sock.sendMessage(pn({ phone }), { text: 'two' });
  await until(() => replies() === 2, { what: 'an answer of the new identity' });
  await until(() => (alice.statuses.get(sent?.key.id ?? '') ?? 0) >= 3, { what: 'delivered' });
  const { id } = await server.control.send(phone, alice.phone, 'out of the box');
  await until(() => alice.text(id) === 'out of the box');
  await server.control.send(bob.phone, phone, 'again from a phone');
  await until(async () =>
    (await server.control.messages(phone)).some(one => one.text === 'again from a phone'),
  );

  // Bob's phone is reinstalled: he is unlinked, and can link again.
  await server.control.call('reinstall', { params: { phone: bob.phone } });
  await until(() => bob.closes.includes(401), { what: 'bob is unlinked' });
  const again = await paired(t, server, bob.phone);
  const hello = await alice.sock.sendMessage(pn(bob), { text: 'welcome back' });
  await until(() => again.text(hello?.key.id ?? '') === 'welcome back');
  const back = await again.sock.sendMessage(pn(alice), { text: 'here again' });
  await until(() => alice.text(back?.key.id ?? '') === 'here again');
  // Of the new keys none was taken for one of the old.
  await assertNoViolations(server);
});

test('a client that was away when a contact was reinstalled reaches it all the same', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  const phone = '15550143';
  await server.control.createPhone({ phone });
  const first = await alice.sock.sendMessage(pn({ phone }), { text: 'one' });
  await until(() => (alice.statuses.get(first?.key.id ?? '') ?? 0) >= 3);
  alice.sock.end(undefined);
  await until(async () => (await server.control.devices()).every(one => !one.connected));
  await server.control.call('reinstall', { params: { phone } });
  const { id } = await server.control.send(phone, alice.phone, 'while you were away');
  alice.connect();
  await until(() => alice.text(id) === 'while you were away');
  const changed = alice.stanzas.filter(one => one.tag === 'notification');
  assert.ok(changed.some(one => child(one, 'identity')) && changed.some(one => child(one, 'update')));
  await alice.sock.sendMessage(pn({ phone }), { text: 'two' });
  await until(async () => (await server.control.messages(phone)).some(one => one.text === 'two'));
});

test('a phone begins only when a new client has uploaded prekeys, and takes one of them for its first message', async t => {
  const server = await simulator(t);
  // Baileys does not upload where it cannot count, and goes active all the same.
  await server.control.arm('iq.error', { filter: { xmlns: 'encrypt', type: 'get' } });
  const self = await paired(t, server, '15550185');
  const fromPhone = () =>
    self.stanzas.filter(one => one.tag === 'message' && one.attrs.category === 'peer').length;
  await self.sock.fetchPrivacySettings(true);
  assert.equal(fromPhone(), 0);
  const { jid = '' } = (await server.control.devices())[0] ?? {};
  await server.control.disarm('iq.error');
  await self.sock.uploadPreKeys(7);
  await until(() => fromPhone() >= 3, { what: 'keys and history' });
  const log = await server.control.call('ledgerDevice', { params: { jid } });
  assert.equal(log.preKeysHanded, 1);
});
