// What people show: names, abouts, pictures, and what a usync query tells of them.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import {
  type BinaryNode,
  getBinaryNodeChild,
  getBinaryNodeChildren,
  USyncQuery,
  USyncUser,
} from '@whiskeysockets/baileys';
import { startSimulator } from '../../src/simulator/index.ts';
import { until } from '../support/until.ts';
import { type Client, driver, linkedClients, simulator, tameClients } from './client.ts';
import { pn } from './jids.ts';

tameClients();

const JPEG = Buffer.from('ffd8ffe000104a464946', 'hex');
const SERVER = '@s.whatsapp.net';

/** Every notification that a client gets. */
function notifications(of: Client): BinaryNode[] {
  const all: BinaryNode[] = [];
  of.sock.ws.on('CB:notification', (node: BinaryNode) => all.push(node));
  return all;
}

/** Baileys' updateProfilePicture without the image library that it would shrink the picture with. */
async function setPicture(by: Client, image: Buffer, target?: string): Promise<string | undefined> {
  const answer: BinaryNode = await by.sock.query({
    tag: 'iq',
    attrs: { to: SERVER, type: 'set', xmlns: 'w:profile:picture', ...(target && { target }) },
    content: [{ tag: 'picture', attrs: { type: 'image' }, content: image }],
  });
  return getBinaryNodeChild(answer, 'picture')?.attrs.id;
}

test('a picture can be set, fetched by its URL by others, replaced and removed', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  await assert.rejects(bob.sock.profilePictureUrl(pn(alice.phone)), /item-not-found/);
  const id = await setPicture(alice, JPEG);
  const url = await bob.sock.profilePictureUrl(pn(alice.phone), 'image');
  assert.match(url ?? '', new RegExp(`/pictures/${id}$`));
  assert.deepEqual(Buffer.from(await (await fetch(url ?? '')).arrayBuffer()), JPEG);
  assert.equal(await bob.sock.profilePictureUrl(alice.lid.replace(/:\d+/, '')), url);
  const next = await setPicture(alice, Buffer.concat([JPEG, JPEG]));
  assert.notEqual(next, id);
  assert.notEqual(await bob.sock.profilePictureUrl(pn(alice.phone)), url);
  assert.equal((await fetch(url ?? '')).status, 404);
  await alice.sock.removeProfilePicture(pn(alice.phone));
  await assert.rejects(bob.sock.profilePictureUrl(pn(alice.phone)), /item-not-found/);
  await assert.rejects(bob.sock.profilePictureUrl(pn('15559999')), /item-not-found/);
});

test('who has the account in the address book, and its own devices, hear of a new picture and of none', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1, prefix: '71' });
  const [twin] = await linkedClients(t, server, { count: 1, prefix: '71' });
  const [bob, stranger] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && twin && bob && stranger);
  await server.put(`/admin/phones/${bob.phone}/profile`, { contacts: [alice.phone] });
  const [ofBob, ofTwin, ofAlice, ofStranger] = [bob, twin, alice, stranger].map(notifications);
  assert.ok(ofBob && ofTwin && ofAlice && ofStranger);
  const seen: unknown[] = [];
  bob.sock.ev.on('contacts.update', updates => seen.push(...updates));
  const id = await setPicture(alice, JPEG);
  await until(() => seen.length === 1);
  assert.deepEqual(seen, [{ id: pn(alice.phone), imgUrl: 'changed' }]);
  for (const list of [ofBob, ofTwin, ofAlice]) {
    const told = await until(() => list.find(one => one.attrs.type === 'picture'));
    const change = getBinaryNodeChild(told, 'set');
    assert.deepEqual(
      [told.attrs.from, change?.attrs.id, change?.attrs.jid],
      [pn(alice.phone), id, pn(alice.phone)],
    );
  }
  await until(() =>
    ofTwin.some(one => one.attrs.type === 'account_sync' && getBinaryNodeChild(one, 'picture')),
  );
  await alice.sock.removeProfilePicture(pn(alice.phone));
  await until(() => seen.length === 2);
  assert.deepEqual(seen[1], { id: pn(alice.phone), imgUrl: 'removed' });
  assert.deepEqual(ofStranger, []);
});

test('an about is seen with its time by those who may, and its change is told', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  await server.put(`/admin/phones/${bob.phone}/profile`, { contacts: [alice.phone] });
  const told = notifications(bob);
  await alice.sock.updateProfileStatus('à la plage');
  const about = async () =>
    (await bob.sock.fetchStatus(pn(alice.phone)))?.[0]?.status as { status: string; setAt: Date };
  const { status, setAt } = await about();
  assert.equal(status, 'à la plage');
  assert.ok(Math.abs(setAt.getTime() - Date.now()) < 600_000);
  const change = await until(() => told.find(one => one.attrs.type === 'status'));
  assert.equal(String(getBinaryNodeChild(change, 'set')?.content), 'à la plage');
  await alice.sock.updateStatusPrivacy('none');
  assert.equal((await about()).status, '');
  assert.equal((await alice.sock.fetchStatus(pn(alice.phone)))?.[0]?.status instanceof Object, true);
  const own: BinaryNode = await alice.sock.query({
    tag: 'iq',
    attrs: { to: SERVER, type: 'get', xmlns: 'status' },
    content: [{ tag: 'status', attrs: {} }],
  });
  assert.equal(String(getBinaryNodeChild(own, 'status')?.content), 'à la plage');
});

test('an about that is set by a mex query is an about like any other', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const set = async (input: object) => {
    const answer: BinaryNode = await alice.sock.query({
      tag: 'iq',
      attrs: { to: SERVER, type: 'get', xmlns: 'w:mex' },
      content: [
        {
          tag: 'query',
          attrs: { query_id: '9152604461510864' },
          content: Buffer.from(JSON.stringify({ variables: { input } })),
        },
      ],
    });
    return String(getBinaryNodeChild(answer, 'result')?.content);
  };
  const about = async () => (await bob.sock.fetchStatus(pn(alice.phone)))?.[0]?.status;
  assert.match(await set({ text: 'by another way', ephemeral_duration_sec: 0 }), /"SUCCESS"/);
  assert.equal(((await about()) as { status: string }).status, 'by another way');
  assert.match(await set({ text: 'x'.repeat(5_000) }), /"error_code":400/);
  assert.equal(((await about()) as { status: string }).status, 'by another way');
});

test('a phone changes its name, about and picture, and its companion and others see it', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  await server.post('/admin/phones', { phone: '15550021' });
  const shown = await server.put<{ name: string; about: string }>('/admin/phones/15550021/profile', {
    name: 'Dora',
    about: 'away',
  });
  assert.deepEqual([shown.name, shown.about], ['Dora', 'away']);
  const bytes = await fetch(`${server.controlUrl}/admin/phones/15550021/picture`, {
    method: 'PUT',
    body: JPEG,
  });
  const { picture } = (await bytes.json()) as { picture: string };
  assert.equal(await alice.sock.profilePictureUrl(pn('15550021')), picture);
  const { id } = await server.post<{ id: string }>('/admin/phones/15550021/send', {
    to: alice.phone,
    text: 'hi',
  });
  await until(() => alice.text(id) === 'hi');
  assert.equal(alice.received.find(one => one.message.key.id === id)?.message.pushName, 'Dora');
  await server.remove('/admin/phones/15550021/picture');
  await assert.rejects(alice.sock.profilePictureUrl(pn('15550021')), /item-not-found/);
});

test('a new push name of a client is what others get with its messages', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  alice.sock.ev.emit('creds.update', { me: { ...alice.creds.me, id: alice.jid, name: 'Zoë' } });
  const sent = await alice.sock.sendMessage(pn(bob.phone), { text: 'who' });
  await until(() => bob.text(sent?.key.id ?? '') === 'who');
  assert.equal(bob.received[0]?.message.pushName, 'Zoë');
});

test('a group picture is set by members, seen by members, and everyone in the group is told', async t => {
  const server = await simulator(t);
  const [alice, bob, stranger] = await linkedClients(t, server, { count: 3 });
  assert.ok(alice && bob && stranger);
  const group = await alice.sock.groupCreate('pictures', [pn(bob.phone)]);
  const told = notifications(bob);
  const id = await setPicture(alice, JPEG, group.id);
  const change = await until(() => told.find(one => one.attrs.type === 'picture'));
  assert.deepEqual([change.attrs.from, getBinaryNodeChild(change, 'set')?.attrs.id], [group.id, id]);
  assert.match((await bob.sock.profilePictureUrl(group.id)) ?? '', /\/pictures\//);
  await assert.rejects(stranger.sock.profilePictureUrl(group.id), /not-authorized/);
  await assert.rejects(setPicture(stranger, JPEG, group.id), /not-authorized/);
  await assert.rejects(setPicture(stranger, JPEG, pn(bob.phone)), /forbidden/);
  await alice.sock.groupSettingUpdate(group.id, 'locked');
  await assert.rejects(setPicture(bob, JPEG, group.id), /forbidden/);
  await alice.sock.removeProfilePicture(group.id);
  await assert.rejects(bob.sock.profilePictureUrl(group.id), /item-not-found/);
});

test('numbers that nobody has are not on WhatsApp, and those that somebody has are', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  assert.deepEqual(await alice.sock.onWhatsApp(`+${bob.phone}`, '15559998877'), [
    { jid: pn(bob.phone), exists: true },
  ]);
});

test('one usync query tells picture, about, timer and LID of people asked by number, and no LID by LID', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const id = await setPicture(bob, JPEG);
  await bob.sock.updateDefaultDisappearingMode(86_400);
  const lid = bob.lid.replace(/:\d+/, '');
  const ask = async (jid: string) => {
    const answer: BinaryNode = await alice.sock.query({
      tag: 'iq',
      attrs: { to: SERVER, type: 'get', xmlns: 'usync' },
      content: [
        {
          tag: 'usync',
          attrs: { context: 'interactive', mode: 'full', sid: '1', last: 'true', index: '0' },
          content: [
            {
              tag: 'query',
              attrs: {},
              content: ['picture', 'status', 'disappearing_mode', 'lid', 'business', 'username'].map(tag => ({
                tag,
                attrs: {},
              })),
            },
            { tag: 'list', attrs: {}, content: [{ tag: 'user', attrs: { jid } }] },
            { tag: 'side_list', attrs: {}, content: [{ tag: 'user', attrs: { jid } }] },
          ],
        },
      ],
    });
    const content = getBinaryNodeChild(answer, 'usync');
    const lists = ['list', 'side_list'].map(tag =>
      getBinaryNodeChildren(getBinaryNodeChild(content, tag), 'user'),
    );
    assert.deepEqual(lists[0], lists[1]);
    return lists[0]?.[0];
  };
  const byNumber = await ask(pn(bob.phone));
  assert.equal(getBinaryNodeChild(byNumber, 'picture')?.attrs.id, id);
  assert.equal(getBinaryNodeChild(byNumber, 'disappearing_mode')?.attrs.duration, '86400');
  assert.equal(getBinaryNodeChild(byNumber, 'lid')?.attrs.val, lid);
  assert.match(String(getBinaryNodeChild(byNumber, 'status')?.content), /WhatsApp/);
  const byLid = await ask(lid);
  assert.equal(byLid?.attrs.jid, lid);
  assert.equal(getBinaryNodeChild(byLid, 'picture')?.attrs.id, id);
  assert.equal(getBinaryNodeChild(byLid, 'lid'), undefined);
  const without = getBinaryNodeChild(await ask(pn(alice.phone)), 'picture');
  assert.equal(getBinaryNodeChild(without, 'error')?.attrs.code, '404');
});

test('over the limit a usync query is refused with 429 rate-overlimit, and answered again when it is lifted', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  await server.put('/admin/limits', { usync: 1 });
  const query = () =>
    alice.sock.executeUSyncQuery(
      new USyncQuery().withStatusProtocol().withUser(new USyncUser().withId(pn(bob.phone))),
    );
  await query();
  await assert.rejects(query(), /rate-overlimit/);
  await server.put('/admin/limits', { usync: null });
  assert.equal((await query())?.list.length, 1);
});

test('a contact link leads to its owner until it is revoked', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const qr = async (by: Client, type: string, attrs: Record<string, string>) => {
    const content = [{ tag: 'qr', attrs }];
    const answer: BinaryNode = await by.sock.query({ tag: 'iq', attrs: { type, xmlns: 'w:qr' }, content });
    return getBinaryNodeChild(answer, 'qr')?.attrs;
  };
  const code = (await qr(alice, 'set', { type: 'contact', action: 'get' }))?.code ?? '';
  assert.equal((await qr(alice, 'set', { type: 'contact', action: 'get' }))?.code, code);
  assert.equal((await qr(bob, 'get', { code }))?.jid, pn(alice.phone));
  await qr(alice, 'set', { type: 'contact', action: 'revoke' });
  await assert.rejects(qr(bob, 'get', { code }), /item-not-found/);
});

test('an account that links or loses a device tells its others the whole list', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1, prefix: '78' });
  assert.ok(alice);
  const told = notifications(alice);
  await server.post('/admin/linked-devices', { count: 1, prefix: '78' });
  const lists = () =>
    told
      .map(one => getBinaryNodeChild(one, 'devices'))
      .filter(one => one !== undefined)
      .map(one => getBinaryNodeChildren(one, 'device').map(({ attrs }) => attrs.jid));
  await until(() => lists().length === 1);
  await server.post('/admin/phones/780001/unlink', { device: 2 });
  await until(() => lists().length === 2);
  assert.deepEqual(lists(), [
    [pn('780001'), '780001:1@s.whatsapp.net', '780001:2@s.whatsapp.net'],
    [pn('780001'), '780001:1@s.whatsapp.net'],
  ]);
});

test('requests that are malformed get 400 bad-request, and the connection goes on', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  const iq = (xmlns: string, type: string, content?: BinaryNode[]) =>
    alice.sock.query({ tag: 'iq', attrs: { to: SERVER, type, xmlns }, ...(content && { content }) });
  const odd: [string, string, BinaryNode[] | undefined][] = [
    ['w:profile:picture', 'get', [{ tag: 'picture', attrs: { type: 'oil-painting' } }]],
    ['w:profile:picture', 'set', [{ tag: 'picture', attrs: { type: 'image' } }]],
    ['status', 'set', [{ tag: 'status', attrs: {}, content: Buffer.alloc(5_000, 'x') }]],
    ['privacy', 'set', [{ tag: 'privacy', attrs: {} }]],
    ['privacy', 'set', [{ tag: 'tokens', attrs: {} }]],
    ['blocklist', 'set', [{ tag: 'item', attrs: {} }]],
    ['disappearing_mode', 'set', [{ tag: 'disappearing_mode', attrs: { duration: 'soon' } }]],
    ['usync', 'get', [{ tag: 'usync', attrs: {} }]],
  ];
  for (const [xmlns, type, content] of odd)
    await assert.rejects(iq(xmlns, type, content), /bad-request/, xmlns);
  assert.equal((await alice.sock.getBotListV2()).length, 1);
  assert.deepEqual(alice.closes, []);
});

test('profiles survive a restart of the simulator', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'profiles-'));
  const stateFile = join(folder, 'state.json');
  const server = await simulator(t, { stateFile });
  await server.post('/admin/phones', { phone: '15550031' });
  await server.post('/admin/phones', { phone: '15550032' });
  await fetch(`${server.controlUrl}/admin/phones/15550031/picture`, { method: 'PUT', body: JPEG });
  await server.put('/admin/phones/15550031/profile', {
    about: 'kept',
    contacts: ['15550032'],
    privacy: { last: 'none' },
    disappearing: 604_800,
  });
  await server.post('/admin/phones/15550031/block', { who: '15550032' });
  await server.put('/admin/phones/15550031/presence', { available: true });
  await server.put('/admin/phones/15550031/presence', { available: false });
  const before = await server.get<{ picture: string; lastSeen: number }>('/admin/phones/15550031/profile');
  assert.ok(before.lastSeen > 0);
  await server.stop();
  const again = await startSimulator({ stateFile });
  t.after(async () => {
    await again.stop();
    rmSync(folder, { recursive: true });
  });
  const { picture, ...after } = await driver(again).get<{ picture: string }>(
    '/admin/phones/15550031/profile',
  );
  assert.deepEqual(
    { ...after, picture: new URL(picture).pathname },
    { ...before, picture: new URL(before.picture).pathname },
  );
  assert.deepEqual(Buffer.from(await (await fetch(picture)).arrayBuffer()), JPEG);
});
