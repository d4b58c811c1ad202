// Channels: made, followed, posted to and reacted to by real clients.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import {
  type BinaryNode,
  getAllBinaryNodeChildren,
  getBinaryNodeChild,
  getBinaryNodeChildren,
  proto,
} from '@whiskeysockets/baileys';
import { controlClient } from '../../src/simulator/control/client.ts';
import { startSimulator } from '../../src/simulator/index.ts';
import { until } from '../support/until.ts';
import { type Client, driver, linkedClients, simulator, tameClients } from './client.ts';
import { lidOf, pn } from './jids.ts';

tameClients();

const SERVER = '@s.whatsapp.net';

interface Meta {
  id: string;
  thread_metadata: {
    name: { text: string };
    description: { text: string };
    subscribers_count: string;
    invite: string;
    settings: { reaction_codes: { value: string } };
    picture: { direct_path: string };
  };
  viewer_metadata?: { role: string; mute: string };
}

const metadata = async (by: Client, key: string, type: 'jid' | 'invite' = 'jid') =>
  (await by.sock.newsletterMetadata(type, key)) as unknown as Meta;

/** Any mex query, by its id. */
async function mex(
  by: Client,
  id: string,
  variables: object,
): Promise<{ data: never; errors?: { message: string }[] }> {
  const answer: BinaryNode = await by.sock.query({
    tag: 'iq',
    attrs: { to: SERVER, type: 'get', xmlns: 'w:mex' },
    content: [{ tag: 'query', attrs: { query_id: id }, content: Buffer.from(JSON.stringify({ variables })) }],
  });
  return JSON.parse(String(getBinaryNodeChild(answer, 'result')?.content));
}

/** Every stanza of a kind that a client gets. */
function stanzas(of: Client, pattern: string): BinaryNode[] {
  const all: BinaryNode[] = [];
  of.sock.ws.on(pattern, (node: BinaryNode) => all.push(node));
  return all;
}

async function channelWithFollower(t: TestContext) {
  const server = await simulator(t);
  const [owner, fan] = await linkedClients(t, server, { count: 2 });
  assert.ok(owner && fan);
  const { id } = await owner.sock.newsletterCreate('News', 'all of it');
  await fan.sock.newsletterFollow(id);
  return { server, owner, fan, id };
}

test('a channel is made, found by its JID and by its invite, and is what its viewers are in it', async t => {
  const server = await simulator(t);
  const [owner, guest] = await linkedClients(t, server, { count: 2 });
  assert.ok(owner && guest);
  const made = await owner.sock.newsletterCreate('News', 'all of it');
  assert.match(made.id, /^120363\d{12}@newsletter$/);
  assert.deepEqual(
    [made.name, made.description, made.subscribers, made.mute_state],
    ['News', 'all of it', 1, 'OFF'],
  );
  assert.ok((made.creation_time ?? 0) > 1_700_000_000);
  const seen = await metadata(guest, made.id);
  assert.deepEqual([seen.thread_metadata.name.text, seen.viewer_metadata?.role], ['News', 'GUEST']);
  const found = await metadata(guest, made.invite ?? '', 'invite');
  assert.equal(found.id, made.id);
  assert.equal((await metadata(owner, made.id)).viewer_metadata?.role, 'OWNER');
  await assert.rejects(guest.sock.newsletterMetadata('invite', 'nothing'), /no such channel/);
  await assert.rejects(owner.sock.newsletterCreate('', ''), /needs a name/);
});

test('following, muting and leaving are seen in the metadata, and told to the other device', async t => {
  const server = await simulator(t);
  const [owner] = await linkedClients(t, server, { count: 1 });
  const [fan] = await linkedClients(t, server, { count: 1, prefix: '91' });
  const [twin] = await linkedClients(t, server, { count: 1, prefix: '91' });
  assert.ok(owner && fan && twin);
  const { id } = await owner.sock.newsletterCreate('News', '');
  const told = stanzas(twin, 'CB:notification,type:mex');
  await fan.sock.newsletterFollow(id);
  let seen = await metadata(fan, id);
  assert.deepEqual(
    [seen.viewer_metadata, seen.thread_metadata.subscribers_count],
    [{ mute: 'OFF', role: 'SUBSCRIBER' }, '2'],
  );
  await fan.sock.newsletterMute(id);
  assert.equal((await metadata(twin, id)).viewer_metadata?.mute, 'ON');
  await fan.sock.newsletterUnmute(id);
  await fan.sock.newsletterUnfollow(id);
  seen = await metadata(fan, id);
  assert.deepEqual([seen.viewer_metadata?.role, seen.thread_metadata.subscribers_count], ['GUEST', '1']);
  await until(() => told.length === 4);
  assert.deepEqual(
    told.map(one => getBinaryNodeChild(one, 'update')?.attrs.op_name),
    [
      'NotificationNewsletterJoin',
      'NotificationNewsletterUserSettingChange',
      'NotificationNewsletterUserSettingChange',
      'NotificationNewsletterLeave',
    ],
  );
  await assert.rejects(fan.sock.newsletterMute(id), /not allowed/);
  const { data } = await mex(owner, '6388546374527196', {});
  assert.deepEqual(
    (data as { xwa2_newsletter_subscribed: Meta[] }).xwa2_newsletter_subscribed.map(one => one.id),
    [id],
  );
});

test('name, description, picture and reactions are changed by admins alone, and followers are told', async t => {
  const { server, owner, fan, id } = await channelWithFollower(t);
  const updates: unknown[] = [];
  fan.sock.ev.on('newsletter-settings.update', update => updates.push(update));
  await owner.sock.newsletterUpdateName(id, 'Better News');
  await owner.sock.newsletterUpdateDescription(id, 'the best of it');
  const picture = Buffer.from('ffd8ffe0', 'hex').toString('base64');
  await owner.sock.newsletterUpdate(id, { picture });
  await mex(owner, '24250201037901610', {
    newsletter_id: id,
    updates: { settings: { reaction_codes: { value: 'BASIC' } } },
  });
  const { thread_metadata: seen } = await metadata(fan, id);
  assert.deepEqual(
    [seen.name.text, seen.description.text, seen.settings.reaction_codes.value],
    ['Better News', 'the best of it', 'BASIC'],
  );
  const bytes = await fetch(server.controlUrl + seen.picture.direct_path);
  assert.equal(Buffer.from(await bytes.arrayBuffer()).toString('base64'), picture);
  assert.ok((await fan.sock.profilePictureUrl(id))?.endsWith(seen.picture.direct_path));
  await until(() => updates.length === 4);
  assert.deepEqual(updates.slice(0, 2), [
    { id, update: { name: 'Better News' } },
    { id, update: { description: 'the best of it' } },
  ]);
  await owner.sock.newsletterRemovePicture(id);
  await assert.rejects(fan.sock.profilePictureUrl(id), /item-not-found/);
  await assert.rejects(fan.sock.newsletterUpdateName(id, 'Mine'), /not allowed/);
  assert.equal((await metadata(fan, id)).thread_metadata.name.text, 'Better News');
});

test('a post of the owner reaches followers with its server id, and later ones find it in the list', async t => {
  const { server, owner, fan, id } = await channelWithFollower(t);
  const acks = stanzas(owner, 'CB:ack');
  const raw = stanzas(fan, 'CB:message');
  const sent = await owner.sock.sendMessage(id, { text: 'first news' });
  const messageId = sent?.key.id ?? '';
  const ack = await until(() => acks.find(one => one.attrs.id === messageId));
  assert.deepEqual([ack.attrs.error, ack.attrs.server_id], [undefined, '100']);
  await until(() => fan.text(messageId) === 'first news');
  const got = fan.received.find(one => one.message.key.id === messageId)?.message.key;
  assert.deepEqual([got?.remoteJid, (got as { server_id?: string }).server_id], [id, '100']);
  assert.equal(raw[0]?.attrs.from, id);
  await until(async () => {
    const devices = await server.get<{ jid: string; queued: number }[]>('/admin/devices');
    return devices.find(one => one.jid === fan.jid)?.queued === 0;
  });
  await owner.sock.sendMessage(id, { text: 'second news' });
  const list: BinaryNode = await fan.sock.query({
    tag: 'iq',
    attrs: { to: SERVER, type: 'get', xmlns: 'newsletter' },
    content: [{ tag: 'messages', attrs: { type: 'jid', jid: id, count: '1' } }],
  });
  const [newest, ...more] = getBinaryNodeChildren(getBinaryNodeChild(list, 'messages'), 'message');
  assert.deepEqual([newest?.attrs.server_id, more.length], ['101', 0]);
  const plaintext = getBinaryNodeChild(newest, 'plaintext')?.content as Uint8Array;
  assert.equal(proto.Message.decode(plaintext).extendedTextMessage?.text, 'second news');
  const older: BinaryNode = await fan.sock.query({
    tag: 'iq',
    attrs: { to: id, type: 'get', xmlns: 'newsletter' },
    content: [{ tag: 'messages', attrs: { count: '10', before: '101' } }],
  });
  const ids = getBinaryNodeChildren(getBinaryNodeChild(older, 'messages'), 'message').map(
    one => one.attrs.id,
  );
  assert.deepEqual(ids, [messageId]);
});

test('a follower that was away gets the posts in order; who may not post is refused with 403', async t => {
  const { server, owner, fan, id } = await channelWithFollower(t);
  await server.post('/admin/disconnect', { jid: fan.jid, close: 'tcp' });
  await until(() => fan.closes.length === 1);
  const sent: string[] = [];
  for (const text of ['one', 'two', 'three'])
    sent.push((await owner.sock.sendMessage(id, { text }))?.key.id ?? '');
  await until(async () => (await server.get<unknown[]>(`/admin/channels/${id}/posts`)).length === 3);
  fan.connect();
  await until(() => sent.every(one => fan.text(one) !== undefined));
  assert.deepEqual(
    fan.received.map(one => one.message.message?.extendedTextMessage?.text),
    ['one', 'two', 'three'],
  );
  const acks = stanzas(fan, 'CB:ack');
  const refused = await fan.sock.sendMessage(id, { text: 'me too' });
  const ack = await until(() => acks.find(one => one.attrs.id === refused?.key.id));
  assert.equal(ack.attrs.error, '403');
  assert.equal((await server.get<unknown[]>(`/admin/channels/${id}/posts`)).length, 3);
});

test('a post is changed and deleted, and followers get the new content under the old id', async t => {
  const { server, owner, fan, id } = await channelWithFollower(t);
  const sent = await owner.sock.sendMessage(id, { text: 'teh news' });
  assert.ok(sent);
  // Baileys writes into the key that it is given.
  const postId = sent.key.id ?? '';
  const key = () => ({ remoteJid: id, fromMe: true, id: postId });
  await until(() => fan.text(postId) === 'teh news');
  const raw = stanzas(fan, 'CB:message');
  await owner.sock.sendMessage(id, { text: 'the news', edit: key() });
  const changed = await until(() => raw[0]);
  assert.deepEqual([changed.attrs.id, changed.attrs.edit, changed.attrs.server_id], [postId, '3', '100']);
  const content = getBinaryNodeChild(changed, 'plaintext')?.content as Uint8Array;
  assert.match(JSON.stringify(proto.Message.decode(content)), /the news/);
  await owner.sock.sendMessage(id, { delete: key() });
  const deleted = await until(() => raw[1]);
  assert.deepEqual([deleted.attrs.id, deleted.attrs.edit], [postId, '8']);
  const [shown] = await server.get<{ deleted: boolean; text: string }[]>(`/admin/channels/${id}/posts`);
  assert.deepEqual([shown?.deleted, shown?.text], [true, '']);
});

test('live updates bring reactions and views to who asked for them; a reaction is changed and taken back', async t => {
  const { server, owner, fan, id } = await channelWithFollower(t);
  await owner.sock.sendMessage(id, { text: 'what do you think' });
  await until(() => fan.received.length === 1);
  const reactions: unknown[] = [];
  const views: unknown[] = [];
  const raw = stanzas(owner, 'CB:notification,type:newsletter');
  owner.sock.ev.on('newsletter.reaction', update => reactions.push(update));
  owner.sock.ev.on('newsletter.view', update => views.push(update));
  await fan.sock.newsletterReactMessage(id, '100', '🦈');
  assert.deepEqual(await owner.sock.subscribeNewsletterUpdates(id), { duration: '300' });
  await fan.sock.newsletterReactMessage(id, '100', '👍');
  await until(() => reactions.length === 1);
  assert.deepEqual(reactions, [{ id, server_id: '100', reaction: { code: '👍', count: 1 } }]);
  const live = getBinaryNodeChild(raw[0], 'live_updates');
  const inList = getBinaryNodeChild(getBinaryNodeChild(live, 'messages'), 'message');
  const counts = getAllBinaryNodeChildren(getBinaryNodeChild(inList, 'reactions') as BinaryNode);
  assert.deepEqual(
    counts.map(({ attrs }) => [attrs.code, attrs.count]),
    [['👍', '1']],
  );
  await fan.sock.query({
    tag: 'receipt',
    attrs: { to: id, type: 'view' },
    content: [{ tag: 'list', attrs: {}, content: [{ tag: 'item', attrs: { server_id: '100' } }] }],
  });
  await until(() => views.length === 1);
  assert.deepEqual(views, [{ id, server_id: '100', count: 1 }]);
  await fan.sock.newsletterReactMessage(id, '100');
  await until(() => reactions.length === 2);
  const [shown] = await server.get<{ views: number; reactions: object }[]>(`/admin/channels/${id}/posts`);
  assert.deepEqual([shown?.views, shown?.reactions], [1, {}]);
  const updates: BinaryNode = await fan.sock.newsletterFetchMessages(id, 10, 0, 0);
  const list = getBinaryNodeChild(getBinaryNodeChild(updates, 'message_updates'), 'messages');
  const [one] = getBinaryNodeChildren(list, 'message');
  assert.equal(getBinaryNodeChild(one, 'views_count')?.attrs.count, '1');
});

test('reactions keep to the mode of the channel and to posts that there are', async t => {
  const { server, owner, fan, id } = await channelWithFollower(t);
  await owner.sock.sendMessage(id, { text: 'react' });
  await controlClient(server.controlUrl).call('changeChannel', {
    params: { jid: id },
    body: { reactions: 'BASIC' },
  });
  const react = async (serverId: string, code: string): Promise<string | undefined> => {
    const ack: BinaryNode = await fan.sock.query({
      tag: 'message',
      attrs: { to: id, type: 'reaction', server_id: serverId },
      content: [{ tag: 'reaction', attrs: { code } }],
    });
    return ack.attrs.error;
  };
  assert.equal(await react('100', '👍'), undefined);
  assert.equal(await react('100', '🦈'), '403');
  assert.equal(await react('999', '👍'), '404');
  await controlClient(server.controlUrl).call('changeChannel', {
    params: { jid: id },
    body: { reactions: 'NONE' },
  });
  assert.equal(await react('100', '👍'), '403');
});

test('an owner invites an admin, who posts; is demoted; and hands the channel over', async t => {
  const { owner, fan, id } = await channelWithFollower(t);
  const changes: unknown[] = [];
  owner.sock.ev.on('newsletter-participants.update', update => changes.push(update));
  const user = lidOf(fan.lid);
  await mex(owner, '9387141988078609', { newsletter_id: id, user_id: user });
  await mex(fan, '9580828702035549', { newsletter_id: id });
  await until(() => changes.length === 1);
  assert.deepEqual(changes, [{ id, author: id, user, new_role: 'ADMIN', action: 'promote' }]);
  assert.equal(await owner.sock.newsletterAdminCount(id), 2);
  const sent = await fan.sock.sendMessage(id, { text: 'from the new admin' });
  await until(() => owner.text(sent?.key.id ?? '') === 'from the new admin');
  await owner.sock.newsletterDemote(id, user);
  assert.equal((await metadata(fan, id)).viewer_metadata?.role, 'SUBSCRIBER');
  await assert.rejects(owner.sock.newsletterChangeOwner(id, user), /admin first/);
  await mex(owner, '9387141988078609', { newsletter_id: id, user_id: pn(fan.phone) });
  await mex(fan, '9580828702035549', { newsletter_id: id });
  await owner.sock.newsletterChangeOwner(id, user);
  assert.deepEqual(
    [(await metadata(fan, id)).viewer_metadata?.role, (await metadata(owner, id)).viewer_metadata?.role],
    ['OWNER', 'ADMIN'],
  );
  await assert.rejects(owner.sock.newsletterDelete(id), /not allowed/);
  assert.match(
    (await mex(fan, '9580828702035549', { newsletter_id: id })).errors?.[0]?.message ?? '',
    /no such invitation/,
  );
});

test('the list of followers is for admins, with roles', async t => {
  const { owner, fan, id } = await channelWithFollower(t);
  const { subscribers } = (await owner.sock.newsletterSubscribers(id)) as unknown as {
    subscribers: { edges: { node: { id: string; pn: string }; role: string }[] };
  };
  assert.deepEqual(
    subscribers.edges.map(one => [one.node.id, one.node.pn, one.role]),
    [
      [lidOf(owner.lid), pn(owner.phone), 'OWNER'],
      [lidOf(fan.lid), pn(fan.phone), 'SUBSCRIBER'],
    ],
  );
  await assert.rejects(fan.sock.newsletterSubscribers(id), /not allowed/);
});

test('a deleted channel is gone for everybody', async t => {
  const { owner, fan, id } = await channelWithFollower(t);
  const told = stanzas(fan, 'CB:notification,type:mex');
  await assert.rejects(fan.sock.newsletterDelete(id), /not allowed/);
  await owner.sock.newsletterDelete(id);
  const notice = await until(() => told[0]);
  assert.equal(getBinaryNodeChild(notice, 'update')?.attrs.op_name, 'NotificationNewsletterStateChange');
  await assert.rejects(fan.sock.newsletterMetadata('jid', id), /no such channel/);
  const acks = stanzas(owner, 'CB:ack');
  const sent = await owner.sock.sendMessage(id, { text: 'anybody there' });
  const ack = await until(() => acks.find(one => one.attrs.id === sent?.key.id));
  assert.equal(ack.attrs.error, '404');
});

test('an unknown query is a mex error that names it, and the connection goes on', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  const answer = await mex(alice, '1234567890123456', {});
  assert.match(answer.errors?.[0]?.message ?? '', /1234567890123456/);
  const { unknownIqs } = await server.get<{ unknownIqs: Record<string, number> }>('/admin/ledger');
  assert.equal(unknownIqs['w:mex/1234567890123456'], 1);
  for (const content of ['', '{"variables":7}', '{'])
    await assert.rejects(
      alice.sock.query({
        tag: 'iq',
        attrs: { to: SERVER, type: 'get', xmlns: 'w:mex' },
        content: [{ tag: 'query', attrs: { query_id: '6563316087068696' }, content: Buffer.from(content) }],
      }),
      /bad-request/,
      content,
    );
  assert.ok((await alice.sock.fetchNewChatMessageCap()) !== undefined);
  assert.deepEqual(alice.closes, []);
});

test('a phone owns a channel, posts, changes and deletes; another follows, sees and reacts', async t => {
  const server = await simulator(t);
  const [fan] = await linkedClients(t, server, { count: 1 });
  assert.ok(fan);
  await server.post('/admin/phones', { phone: '15550071' });
  await server.post('/admin/phones', { phone: '15550072' });
  const { jid } = await server.post<{ jid: string }>('/admin/phones/15550071/channels', { name: 'By phone' });
  await fan.sock.newsletterFollow(jid);
  const post = await server.post<{ id: string; serverId: number }>(`/admin/channels/${jid}/posts`, {
    text: 'hello',
  });
  await until(() => fan.text(post.id) === 'hello');
  for (const [phone, own] of [
    [fan.phone, false],
    ['15550071', true],
  ] as const) {
    const messages = await server.get<{ text: string; chat: string; fromMe: boolean }[]>(
      `/admin/phones/${phone}/messages`,
    );
    assert.deepEqual(
      messages.map(one => [one.chat, one.text, one.fromMe]),
      [[jid, 'hello', own]],
    );
  }
  const raw = stanzas(fan, 'CB:message');
  await server.put(`/admin/channels/${jid}/posts/${post.serverId}`, { text: 'hello again' });
  await until(() => raw.length === 1);
  const path = `/admin/phones/15550072/channels/${jid}`;
  await assert.rejects(server.post(`${path}/posts/${post.serverId}`, { reaction: '👍' }), /not allowed/);
  await server.put(path, {});
  const seen = await server.post<{ views: number; reactions: object; text: string }>(
    `${path}/posts/${post.serverId}`,
    { reaction: '👍' },
  );
  assert.deepEqual([seen.views, seen.reactions, seen.text], [1, { '👍': 1 }, 'hello again']);
  await assert.rejects(
    server.post(`/admin/channels/${jid}/posts`, { text: 'x', by: '15550072' }),
    /not allowed/,
  );
  await server.put(path, { role: 'ADMIN' });
  await server.post(`/admin/channels/${jid}/posts`, { text: 'from an admin', by: '15550072' });
  await until(() => fan.received.some(one => one.message.message?.conversation === 'from an admin'));
  await server.remove(`/admin/channels/${jid}/posts/${post.serverId}`);
  await until(() => raw.some(one => one.attrs.edit === '8'));
});

test('channels survive a restart of the simulator', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'channels-'));
  const stateFile = join(folder, 'state.json');
  const server = await simulator(t, { stateFile });
  await server.post('/admin/phones', { phone: '15550073' });
  const { jid } = await server.post<{ jid: string }>('/admin/phones/15550073/channels', {
    name: 'Kept',
    description: 'here',
  });
  await server.post(`/admin/channels/${jid}/posts`, { text: 'one' });
  await server.post(`/admin/phones/15550073/channels/${jid}/posts/100`, { reaction: '🙏' });
  const before = [
    await server.get<object>('/admin/channels'),
    await server.get<object>(`/admin/channels/${jid}/posts`),
  ];
  await server.stop();
  const again = await startSimulator({ stateFile });
  t.after(async () => {
    await again.stop();
    rmSync(folder, { recursive: true });
  });
  const now = driver(again);
  assert.deepEqual(
    [await now.get<object>('/admin/channels'), await now.get<object>(`/admin/channels/${jid}/posts`)],
    before,
  );
  const next = await now.post<{ serverId: number }>(`/admin/channels/${jid}/posts`, { text: 'two' });
  assert.equal(next.serverId, 101);
});
