// Trusted-contact tokens: given with the first message, needed for an answer where they are enforced.
import assert from 'node:assert/strict';
import test from 'node:test';
import { type BinaryNode, getBinaryNodeChild, type WAMessage } from '@whiskeysockets/baileys';
import { isExpired } from '../../src/simulator/profile/trust-tokens.ts';
import { until } from '../support/until.ts';
import { type Client, linkedClients, simulator, tameClients } from './client.ts';
import { lidOf, pn } from './jids.ts';

tameClients();

const SERVER = '@s.whatsapp.net';

/** What a client has stored of the other's token. */
async function tokenOf(client: Client, lid: string): Promise<Buffer | undefined> {
  const { [lid]: entry } = await client.sock.authState.keys.get('tctoken', [lid]);
  return entry?.token.length ? Buffer.from(entry.token) : undefined;
}

const issue = (by: Client, jid: string, t: number): Promise<BinaryNode> =>
  by.sock.query({
    tag: 'iq',
    attrs: { to: SERVER, type: 'set', xmlns: 'privacy' },
    content: [
      {
        tag: 'tokens',
        attrs: {},
        content: [{ tag: 'token', attrs: { jid, t: String(t), type: 'trusted_contact' } }],
      },
    ],
  });

const now = () => Math.floor(Date.now() / 1000);

test('whoever is written to gets a token of the sender on every device, and sends it along with the answer', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  const [bob] = await linkedClients(t, server, { count: 1, prefix: '76' });
  const [twin] = await linkedClients(t, server, { count: 1, prefix: '76' });
  assert.ok(alice && bob && twin);
  await alice.sock.sendMessage(pn(bob.phone), { text: 'hello' });
  const token = await until(() => tokenOf(bob, lidOf(alice.lid)), { what: 'a token' });
  await until(async () => (await tokenOf(twin, lidOf(alice.lid)))?.equals(token), {
    what: 'the same at the twin',
  });
  await server.put('/admin/tc-tokens', { mode: 'enforced' });
  const sent = await bob.sock.sendMessage(pn(alice.phone), { text: 'answer' });
  await until(() => alice.text(sent?.key.id ?? '') === 'answer');
});

test('enforced, a first message without a token is refused with 463 and reaches nobody, a later one too', async t => {
  const server = await simulator(t, { tcTokens: 'enforced' });
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const acks: BinaryNode[] = [];
  alice.sock.ws.on('CB:ack', (node: BinaryNode) => acks.push(node));
  for (const text of ['first', 'second']) {
    const sent: WAMessage | undefined = await alice.sock.sendMessage(pn(bob.phone), { text });
    const ack: BinaryNode = await until(() => acks.find(one => one.attrs.id === sent?.key.id));
    assert.deepEqual([ack.attrs.class, ack.attrs.error], ['message', '463']);
    await until(() => alice.statuses.get(sent?.key.id ?? '') === 0, { what: 'an error' });
  }
  await server.put('/admin/tc-tokens', { mode: 'off' });
  const sent = await alice.sock.sendMessage(pn(bob.phone), { text: 'third' });
  await until(() => bob.text(sent?.key.id ?? '') === 'third');
  assert.deepEqual(
    bob.received.map(one => one.message.message?.extendedTextMessage?.text),
    ['third'],
  );
});

test('a token that was given lets a first message pass; a wrong one does not', async t => {
  const server = await simulator(t);
  await server.put('/admin/tc-tokens', { mode: 'enforced' });
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const lid = lidOf(bob.lid);
  // Baileys stores it under the LID that it knows of the number.
  await alice.sock.onWhatsApp(bob.phone);
  const refused = await alice.sock.sendMessage(pn(bob.phone), { text: 'too early' });
  await until(() => alice.statuses.get(refused?.key.id ?? '') === 0);
  await issue(bob, lidOf(alice.lid), now());
  const token = await until(() => tokenOf(alice, lid), { what: 'a token' });
  await alice.sock.authState.keys.set({
    tctoken: { [lid]: { token: Buffer.alloc(token.length, 7), timestamp: String(now()) } },
  });
  const forged = await alice.sock.sendMessage(pn(bob.phone), { text: 'forged' });
  await until(() => alice.statuses.get(forged?.key.id ?? '') === 0, { what: 'an error' });
  // After a 463 the client asks again, and has the right one back.
  await until(async () => (await tokenOf(alice, lid))?.equals(token), { what: 'the token again' });
  const sent = await alice.sock.sendMessage(pn(bob.phone), { text: 'trusted' });
  await until(() => bob.text(sent?.key.id ?? '') === 'trusted');
  assert.equal(bob.received.length, 1);
});

test('an expired token is as good as none', async t => {
  const server = await simulator(t);
  await server.put('/admin/tc-tokens', { mode: 'enforced' });
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const lid = lidOf(bob.lid);
  await alice.sock.onWhatsApp(bob.phone);
  const tokens: BinaryNode[] = [];
  alice.sock.ws.on('CB:notification,type:privacy_token', (node: BinaryNode) => tokens.push(node));
  await issue(bob, lidOf(alice.lid), now() - 35 * 86_400);
  const old = await until(() => tokens[0]);
  const { content } = getBinaryNodeChild(getBinaryNodeChild(old, 'tokens'), 'token') ?? {};
  // As a client would that does not look at the time.
  await alice.sock.authState.keys.set({
    tctoken: { [lid]: { token: Buffer.from(content as Uint8Array), timestamp: String(now()) } },
  });
  const refused = await alice.sock.sendMessage(pn(bob.phone), { text: 'late' });
  await until(() => alice.statuses.get(refused?.key.id ?? '') === 0, { what: 'an error' });
});

test('tokens live for four buckets of a week, the current one included', () => {
  const week = 604_800;
  const start = 3_000 * week;
  assert.equal(isExpired(start - 3 * week, start), false);
  assert.equal(isExpired(start - 3 * week - 1, start), true);
  assert.equal(isExpired(start - 3 * week, start + week - 1), false);
  assert.equal(isExpired(start - 3 * week, start + week), true);
});

test('within a week the token of a pair stays the same, and the other side hears of each time', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const told: BinaryNode[] = [];
  bob.sock.ws.on('CB:notification,type:privacy_token', (node: BinaryNode) => told.push(node));
  const answer = await issue(alice, lidOf(bob.lid), now());
  assert.equal(answer.content, undefined, 'bob has given none');
  await issue(alice, pn(bob.phone), now());
  await until(() => told.length === 2);
  const [first, second] = told.map(one => getBinaryNodeChild(getBinaryNodeChild(one, 'tokens'), 'token'));
  assert.deepEqual(first?.content, second?.content);
  assert.deepEqual([told[0]?.attrs.from, told[0]?.attrs.sender_lid], [pn(alice.phone), lidOf(alice.lid)]);
});

test('only accounts whose name starts with restricted: ask for tokens where nobody else does', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  await server.put(`/admin/phones/${bob.phone}/profile`, { name: 'restricted:Bob' });
  const refused = await alice.sock.sendMessage(pn(bob.phone), { text: 'hello' });
  await until(() => alice.statuses.get(refused?.key.id ?? '') === 0, { what: 'an error' });
  const first = await bob.sock.sendMessage(pn(alice.phone), { text: 'write me' });
  await until(() => alice.text(first?.key.id ?? '') === 'write me');
  const answer = await alice.sock.sendMessage(pn(bob.phone), { text: 'gladly' });
  await until(() => bob.text(answer?.key.id ?? '') === 'gladly');
});

test('presence of somebody who asks for tokens is shown only to those who have one', async t => {
  const server = await simulator(t);
  await server.put('/admin/tc-tokens', { mode: 'enforced' });
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  await alice.sock.onWhatsApp(bob.phone);
  await bob.sock.sendPresenceUpdate('available');
  await alice.sock.presenceSubscribe(pn(bob.phone));
  // Answered after the subscription was handled.
  await alice.sock.fetchBlocklist();
  assert.deepEqual(alice.presences, []);
  await issue(bob, lidOf(alice.lid), now());
  await until(() => tokenOf(alice, lidOf(bob.lid)), { what: 'a token' });
  await alice.sock.presenceSubscribe(pn(bob.phone));
  await until(() => JSON.stringify(alice.presences).includes('"available"'));
});

test('a picture of somebody who asks for tokens is shown only to those who have one', async t => {
  const server = await simulator(t, { tcTokens: 'enforced' });
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  await alice.sock.onWhatsApp(bob.phone);
  const content = [{ tag: 'picture', attrs: { type: 'image' }, content: Buffer.alloc(40, 1) }];
  const attrs = { to: SERVER, type: 'set', xmlns: 'w:profile:picture' };
  await bob.sock.query({ tag: 'iq', attrs, content });
  await assert.rejects(alice.sock.profilePictureUrl(pn(bob.phone), 'image'), /not-authorized/);
  await issue(bob, lidOf(alice.lid), now());
  await until(() => tokenOf(alice, lidOf(bob.lid)), { what: 'a token' });
  assert.match((await alice.sock.profilePictureUrl(pn(bob.phone), 'image')) ?? '', /^http/);
});

test('a locked account starts no chat, is told why and until when, and may answer', async t => {
  const server = await simulator(t);
  const [alice, bob, carol] = await linkedClients(t, server, { count: 3 });
  assert.ok(alice && bob && carol);
  assert.equal((await alice.sock.fetchAccountReachoutTimelock()).isActive, false);
  const first = await carol.sock.sendMessage(pn(alice.phone), { text: 'hi' });
  await until(() => alice.text(first?.key.id ?? '') === 'hi');
  const updates: boolean[] = [];
  alice.sock.ev.on(
    'connection.update',
    ({ reachoutTimeLock: lock }) => lock && updates.push(lock.isActive === true),
  );
  await server.put(`/admin/phones/${alice.phone}/profile`, {
    timelock: { seconds: 3_600, type: 'WEB_COMPANION_ONLY' },
  });
  await until(() => updates.includes(true), { what: 'a notification' });
  const lock = await alice.sock.fetchAccountReachoutTimelock();
  assert.equal(lock.enforcementType, 'WEB_COMPANION_ONLY');
  assert.ok((lock.timeEnforcementEnds?.getTime() ?? 0) > Date.now());
  const refused = await alice.sock.sendMessage(pn(bob.phone), { text: 'hello stranger' });
  await until(() => alice.statuses.get(refused?.key.id ?? '') === 0, { what: 'an error' });
  const answer = await alice.sock.sendMessage(pn(carol.phone), { text: 'hi too' });
  await until(() => carol.text(answer?.key.id ?? '') === 'hi too');
  await server.put(`/admin/phones/${alice.phone}/profile`, { timelock: null });
  await until(() => updates.at(-1) === false, { what: 'lifted' });
  const sent = await alice.sock.sendMessage(pn(bob.phone), { text: 'now' });
  await until(() => bob.text(sent?.key.id ?? '') === 'now');
});

test('an account may start only so many chats: it is warned, then refused with 463, and goes on in those there are', async t => {
  const server = await simulator(t);
  const [alice, bob, carol] = await linkedClients(t, server, { count: 3 });
  assert.ok(alice && bob && carol);
  const updates: unknown[] = [];
  alice.sock.ev.on('message-capping.update', ({ capping_status: status, used_quota: used }) =>
    updates.push([status, used]),
  );
  await server.post('/admin/phones', { phone: '15550081' });
  await server.put(`/admin/phones/${alice.phone}/profile`, { newChats: 2 });
  for (const to of [bob, carol]) {
    const sent = await alice.sock.sendMessage(pn(to.phone), { text: 'hello' });
    await until(() => to.text(sent?.key.id ?? '') === 'hello');
  }
  await until(() => updates.length === 3);
  assert.deepEqual(updates, [
    ['NONE', 0],
    ['FIRST_WARNING', 1],
    ['CAPPED', 2],
  ]);
  const refused = await alice.sock.sendMessage(pn('15550081'), { text: 'hello' });
  await until(() => alice.statuses.get(refused?.key.id ?? '') === 0, { what: 'an error' });
  const again = await alice.sock.sendMessage(pn(bob.phone), { text: 'again' });
  await until(() => bob.text(again?.key.id ?? '') === 'again');
  const { total_quota, used_quota } = (await alice.sock.fetchNewChatMessageCap()) as Record<string, unknown>;
  assert.deepEqual([total_quota, used_quota], [2, 2]);
  await server.post('/admin/phones/15550081/send', { to: alice.phone, text: 'write me' });
  const answer = await alice.sock.sendMessage(pn('15550081'), { text: 'an answer starts no chat' });
  await until(async () => {
    const messages = await server.get<{ id: string }[]>('/admin/phones/15550081/messages');
    return messages.some(one => one.id === answer?.key.id);
  });
});
