// Privacy settings: stored, told to the other devices, and honoured.
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren } from '@whiskeysockets/baileys';
import { until } from '../support/until.ts';
import { type Client, linkedClients, simulator, tameClients } from './client.ts';
import { pn } from './jids.ts';

tameClients();

const SERVER = '@s.whatsapp.net';

async function two(t: TestContext) {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  return { server, alice, bob };
}

/** `type id` of every receipt, as it comes off the wire. */
function receiptsOf(client: Client): string[] {
  const all: string[] = [];
  client.sock.ws.on('CB:receipt', ({ attrs }: BinaryNode) => all.push(`${attrs.type} ${attrs.id}`));
  return all;
}

function setPrivacy(by: Client, category: BinaryNode): Promise<BinaryNode> {
  return by.sock.query({
    tag: 'iq',
    attrs: { to: SERVER, type: 'set', xmlns: 'privacy' },
    content: [{ tag: 'privacy', attrs: { addressing_mode: 'lid' }, content: [category] }],
  });
}

test('every setting that Baileys has is kept, and a value that does not exist is refused', async t => {
  const { alice, bob } = await two(t);
  const before = await alice.sock.fetchPrivacySettings(true);
  assert.deepEqual(
    [before.readreceipts, before.last, before.online, before.defense],
    ['all', 'all', 'all', 'off'],
  );
  await alice.sock.updateMessagesPrivacy('contacts');
  await alice.sock.updateCallPrivacy('known');
  await alice.sock.updateLastSeenPrivacy('contact_blacklist');
  await alice.sock.updateOnlinePrivacy('match_last_seen');
  await alice.sock.updateProfilePicturePrivacy('none');
  await alice.sock.updateStatusPrivacy('contacts');
  await alice.sock.updateReadReceiptsPrivacy('none');
  await alice.sock.updateGroupsAddPrivacy('contacts');
  const after = await alice.sock.fetchPrivacySettings(true);
  assert.deepEqual(
    { ...after },
    {
      ...before,
      messages: 'contacts',
      calladd: 'known',
      last: 'contact_blacklist',
      online: 'match_last_seen',
      profile: 'none',
      status: 'contacts',
      readreceipts: 'none',
      groupadd: 'contacts',
    },
  );
  assert.deepEqual({ ...(await bob.sock.fetchPrivacySettings(true)) }, { ...before });
  await assert.rejects(alice.sock.updateOnlinePrivacy('sometimes' as never), /bad-request/);
  await assert.rejects(
    setPrivacy(alice, { tag: 'category', attrs: { name: 'shoe-size', value: 'all' } }),
    /bad-request/,
  );
  assert.deepEqual({ ...(await alice.sock.fetchPrivacySettings(true)) }, { ...after });
});

test('the other devices of an account are told of a changed setting', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1, prefix: '72' });
  const [twin] = await linkedClients(t, server, { count: 1, prefix: '72' });
  assert.ok(alice && twin);
  const told: BinaryNode[] = [];
  twin.sock.ws.on('CB:notification', (node: BinaryNode) => told.push(node));
  await alice.sock.updateLastSeenPrivacy('none');
  const notice = await until(() => told.find(one => one.attrs.type === 'account_sync'));
  const category = getBinaryNodeChild(getBinaryNodeChild(notice, 'privacy'), 'category');
  assert.deepEqual({ ...category?.attrs }, { name: 'last', value: 'none' });
  await server.put('/admin/phones/720001/profile', { privacy: { last: 'all' } });
  await until(() => told.length === 2, { what: 'a change on the phone' });
});

test('a picture for contacts only is refused to others with 401, and shown once they are contacts', async t => {
  const { server, alice, bob } = await two(t);
  await fetch(`${server.controlUrl}/admin/phones/${alice.phone}/picture`, { method: 'PUT', body: 'jpeg' });
  assert.ok(await bob.sock.profilePictureUrl(pn(alice.phone)));
  await alice.sock.updateProfilePicturePrivacy('contacts');
  await assert.rejects(bob.sock.profilePictureUrl(pn(alice.phone)), /not-authorized/);
  await server.put(`/admin/phones/${alice.phone}/profile`, { contacts: [bob.phone] });
  assert.ok(await bob.sock.profilePictureUrl(pn(alice.phone)));
  await alice.sock.updateProfilePicturePrivacy('none');
  await assert.rejects(bob.sock.profilePictureUrl(pn(alice.phone)), /not-authorized/);
  assert.ok(await alice.sock.profilePictureUrl(pn(alice.phone)), 'one sees oneself');
});

test('contacts except some: the list is kept, hashed, refused when it changed meanwhile, and honoured', async t => {
  const { server, alice, bob } = await two(t);
  await server.put(`/admin/phones/${alice.phone}/profile`, { contacts: [bob.phone] });
  const user = (action: string) => ({
    tag: 'user',
    attrs: { action, jid: bob.lid.replace(/:\d+/, ''), pn_jid: pn(bob.phone) },
  });
  const category = (action: string, dhash: string): BinaryNode => ({
    tag: 'category',
    attrs: { name: 'status', value: 'contact_blacklist', dhash },
    content: [user(action)],
  });
  const about = async () =>
    ((await bob.sock.fetchStatus(pn(alice.phone)))?.[0]?.status as { status: string } | undefined)?.status;
  assert.notEqual(await about(), '');
  const answer = await setPrivacy(alice, category('add', 'none'));
  const set = getBinaryNodeChild(getBinaryNodeChild(answer, 'privacy'), 'category');
  assert.equal(await about(), '');
  await assert.rejects(setPrivacy(alice, category('remove', 'stale')), /conflict/);
  const listed: BinaryNode = await alice.sock.query({
    tag: 'iq',
    attrs: { to: SERVER, type: 'get', xmlns: 'privacy' },
    content: [{ tag: 'privacy', attrs: {}, content: [{ tag: 'list', attrs: { name: 'status' } }] }],
  });
  const list = getBinaryNodeChild(getBinaryNodeChild(listed, 'privacy'), 'list');
  assert.deepEqual(
    getBinaryNodeChildren(list, 'user').map(one => one.attrs.jid),
    [bob.lid.replace(/:\d+/, '')],
  );
  await setPrivacy(alice, category('remove', set?.attrs.dhash ?? ''));
  assert.notEqual(await about(), '');
});

test('with read receipts off a client sends read-self: the sender hears of delivery only, the other device that it was read', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  const [bob] = await linkedClients(t, server, { count: 1, prefix: '73' });
  const [twin] = await linkedClients(t, server, { count: 1, prefix: '73' });
  assert.ok(alice && bob && twin);
  await bob.sock.updateReadReceiptsPrivacy('none');
  await bob.sock.fetchPrivacySettings(true);
  const receipts = receiptsOf(twin);
  const atAlice = receiptsOf(alice);
  const sent = await alice.sock.sendMessage(pn(bob.phone), { text: 'secret' });
  const id = sent?.key.id ?? '';
  const got = await until(() => bob.received.find(one => one.message.key.id === id));
  await bob.sock.readMessages([got.message.key]);
  await until(() => receipts.includes(`read-self ${id}`));
  await until(() => alice.statuses.get(id) === 3, { what: 'delivered' });
  // What comes later is handled later: had there been a read receipt, it would be there by then.
  const marker = await bob.sock.sendMessage(pn(alice.phone), { text: 'after' });
  await until(() => alice.text(marker?.key.id ?? '') === 'after');
  assert.deepEqual(
    atAlice.filter(one => one.startsWith('read')),
    [],
  );
});

test('whoever switched read receipts off does not see those of others either', async t => {
  const { server, alice, bob } = await two(t);
  await alice.sock.updateReadReceiptsPrivacy('none');
  const atAlice = receiptsOf(alice);
  const sent = await alice.sock.sendMessage(pn(bob.phone), { text: 'read me' });
  const id = sent?.key.id ?? '';
  const got = await until(() => bob.received.find(one => one.message.key.id === id));
  await until(() => alice.statuses.get(id) === 3, { what: 'delivered' });
  await bob.sock.readMessages([got.message.key]);
  await server.post(`/admin/phones/${bob.phone}/read`, { chat: alice.phone, ids: [id] });
  const marker = await bob.sock.sendMessage(pn(alice.phone), { text: 'after' });
  await until(() => alice.text(marker?.key.id ?? '') === 'after');
  assert.deepEqual(
    atAlice.filter(one => one.startsWith('read')),
    [],
  );
});

test('an account that lets only contacts write refuses a stranger with 463, and takes an answer', async t => {
  const { alice, bob } = await two(t);
  await alice.sock.updateMessagesPrivacy('contacts');
  const refused = await bob.sock.sendMessage(pn(alice.phone), { text: 'buy now' });
  await until(() => bob.statuses.get(refused?.key.id ?? '') === 0, { what: 'an error' });
  const sent = await alice.sock.sendMessage(pn(bob.phone), { text: 'hello' });
  await until(() => bob.text(sent?.key.id ?? '') === 'hello');
  const answer = await bob.sock.sendMessage(pn(alice.phone), { text: 'hi' });
  await until(() => alice.text(answer?.key.id ?? '') === 'hi');
  assert.equal(alice.text(refused?.key.id ?? ''), undefined);
});

test('whoever may not add a person to a group is told so, and a contact may', async t => {
  const { server, alice, bob } = await two(t);
  await bob.sock.updateGroupsAddPrivacy('contacts');
  const group = await alice.sock.groupCreate('private', []);
  const add = async () =>
    (await alice.sock.groupParticipantsUpdate(group.id, [pn(bob.phone)], 'add'))[0]?.status;
  assert.equal(await add(), '403');
  await server.put(`/admin/phones/${bob.phone}/profile`, { contacts: [alice.phone] });
  assert.equal(await add(), '200');
});
