// Blocking: the list, its notifications, and that nothing of a blocked person arrives.
import assert from 'node:assert/strict';
import test from 'node:test';
import { type BinaryNode, getBinaryNodeChild } from '@whiskeysockets/baileys';
import { until } from '../support/until.ts';
import { linkedClients, simulator, tameClients } from './client.ts';
import { lidOf, pn } from './jids.ts';

tameClients();

const SERVER = '@s.whatsapp.net';

test('blocking by number lists the LID, tells the other device, and unblocking takes it back', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1, prefix: '74' });
  const [twin] = await linkedClients(t, server, { count: 1, prefix: '74' });
  const [bob] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice && twin && bob);
  const updates: unknown[] = [];
  const told: BinaryNode[] = [];
  twin.sock.ev.on('blocklist.update', update => updates.push(update));
  twin.sock.ws.on('CB:notification', (node: BinaryNode) => told.push(node));
  assert.deepEqual(await alice.sock.fetchBlocklist(), []);
  await alice.sock.updateBlockStatus(pn(bob.phone), 'block');
  const jid = lidOf(bob.lid);
  assert.deepEqual(await alice.sock.fetchBlocklist(), [jid]);
  assert.deepEqual(await twin.sock.fetchBlocklist(), [jid]);
  await until(() => updates.length === 1);
  assert.deepEqual(updates, [{ blocklist: [jid], type: 'add' }]);
  await alice.sock.updateBlockStatus(jid, 'unblock');
  await until(() => updates.length === 2);
  assert.deepEqual(updates[1], { blocklist: [jid], type: 'remove' });
  assert.deepEqual(await alice.sock.fetchBlocklist(), []);
  const hashes = told
    .map(one => getBinaryNodeChild(one, 'blocklist'))
    .filter(one => one !== undefined)
    .map(({ attrs }) => [attrs.prev_dhash, attrs.dhash]);
  assert.equal(hashes[0]?.[1], hashes[1]?.[0], 'each change names the list that it changed');
});

test('a client that knows the list is told so by its hash', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const fetch = async (content?: BinaryNode[]): Promise<BinaryNode | undefined> =>
    getBinaryNodeChild(
      await alice.sock.query({
        tag: 'iq',
        attrs: { to: SERVER, type: 'get', xmlns: 'blocklist' },
        ...(content && { content }),
      }),
      'list',
    );
  await alice.sock.updateBlockStatus(pn(bob.phone), 'block');
  const dhash = (await fetch())?.attrs.dhash ?? '';
  assert.ok(dhash);
  const again = await fetch([{ tag: 'item', attrs: { dhash } }]);
  assert.deepEqual([again?.attrs.matched, again?.content], ['true', undefined]);
  await alice.sock.updateBlockStatus(pn(bob.phone), 'unblock');
  assert.notEqual((await fetch())?.attrs.dhash, dhash);
});

test('a block without both forms, or of nobody, is refused', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const block = (attrs: Record<string, string>) =>
    alice.sock.query({
      tag: 'iq',
      attrs: { to: SERVER, type: 'set', xmlns: 'blocklist' },
      content: [{ tag: 'item', attrs: { action: 'block', ...attrs } }],
    });
  await assert.rejects(block({ jid: pn(bob.phone) }), /bad-request/);
  await assert.rejects(block({ jid: lidOf(bob.lid) }), /bad-request/);
  await assert.rejects(block({ jid: lidOf(bob.lid), pn_jid: pn(alice.phone) }), /bad-request/);
  await assert.rejects(block({ jid: '199999999999999@lid', pn_jid: pn('15559999') }), /item-not-found/);
  assert.deepEqual(await alice.sock.fetchBlocklist(), []);
});

test('messages of a blocked person are acknowledged and never arrive, and the chat is open again afterwards', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const first = await bob.sock.sendMessage(pn(alice.phone), { text: 'one' });
  await until(() => alice.text(first?.key.id ?? '') === 'one');
  await alice.sock.updateBlockStatus(pn(bob.phone), 'block');
  const acks: BinaryNode[] = [];
  bob.sock.ws.on('CB:ack', (node: BinaryNode) => acks.push(node));
  const lost = await bob.sock.sendMessage(pn(alice.phone), { text: 'two' });
  const ack = await until(() => acks.find(one => one.attrs.id === lost?.key.id));
  assert.equal(ack.attrs.error, undefined);
  await server.post(`/admin/phones/${bob.phone}/send`, { to: alice.phone, text: 'from the phone' });
  await bob.sock.sendPresenceUpdate('composing', pn(alice.phone));
  await alice.sock.updateBlockStatus(pn(bob.phone), 'unblock');
  const back = await bob.sock.sendMessage(pn(alice.phone), { text: 'three' });
  await until(() => alice.text(back?.key.id ?? '') === 'three');
  assert.deepEqual(
    alice.received.map(one => one.message.message?.extendedTextMessage?.text),
    ['one', 'three'],
  );
  assert.ok(!JSON.stringify(alice.presences).includes('composing'));
  const phone = await server.get<{ text: string }[]>(`/admin/phones/${alice.phone}/messages`);
  assert.deepEqual(
    phone.map(one => one.text),
    ['one', 'three'],
  );
});

test('a blocked person sees no presence, about or picture', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  await fetch(`${server.controlUrl}/admin/phones/${alice.phone}/picture`, { method: 'PUT', body: 'jpeg' });
  await alice.sock.sendPresenceUpdate('available');
  await bob.sock.presenceSubscribe(pn(alice.phone));
  await until(() => JSON.stringify(bob.presences).includes('"available"'));
  await alice.sock.updateBlockStatus(pn(bob.phone), 'block');
  await until(() => JSON.stringify(bob.presences).includes('unavailable'), { what: 'gone at once' });
  const seen = bob.presences.length;
  await alice.sock.sendPresenceUpdate('unavailable');
  await alice.sock.sendPresenceUpdate('available');
  await bob.sock.presenceSubscribe(pn(alice.phone));
  await assert.rejects(bob.sock.profilePictureUrl(pn(alice.phone)), /not-authorized/);
  const about = (await bob.sock.fetchStatus(pn(alice.phone)))?.[0]?.status;
  assert.equal((about as { status: string }).status, '');
  assert.equal(bob.presences.length, seen);
});

test('the timer of new chats is kept, seen by others, and told to the other device', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1, prefix: '75' });
  const [twin] = await linkedClients(t, server, { count: 1, prefix: '75' });
  const [bob] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice && twin && bob);
  await alice.sock.updateDefaultDisappearingMode(604_800);
  await until(() => twin.creds.accountSettings.defaultDisappearingMode?.ephemeralExpiration === 604_800);
  const [seen] = (await bob.sock.fetchDisappearingDuration(pn(alice.phone))) ?? [];
  assert.equal((seen?.disappearing_mode as { duration: number } | undefined)?.duration, 604_800);
  await alice.sock.updateDefaultDisappearingMode(0);
  await until(() => twin.creds.accountSettings.defaultDisappearingMode?.ephemeralExpiration === 0);
});
