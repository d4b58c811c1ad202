import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type {
  BaileysEventMap,
  Chat,
  Contact,
  UserFacingSocketConfig,
  WAMessage,
} from '@whiskeysockets/baileys';
import { until } from '../support/until.ts';
import { type Client, client, linkedClients, paired, type Server, simulator, tameClients } from './client.ts';
import { chunksIn } from './history-chunks.ts';

tameClients();

interface Transfer {
  device: number;
  id: string;
  syncType: string;
  chunkOrder: number;
  progress: number;
  messages: number;
  inline: boolean;
  receipts: string[];
}

/** What history brought to one client. */
interface Heard {
  readonly chats: Map<string, Chat>;
  readonly contacts: Map<string, Contact>;
  readonly messages: Map<string, WAMessage>;
  readonly statuses: string[];
}

function listen(self: Client): Heard {
  const heard: Heard = {
    chats: new Map(),
    contacts: new Map(),
    messages: new Map(),
    statuses: [],
  };
  const { ev } = self.sock;
  ev.on('messaging-history.set', ({ chats, contacts, messages }) => {
    for (const chat of chats) heard.chats.set(chat.id ?? '', { ...heard.chats.get(chat.id ?? ''), ...chat });
    for (const one of contacts) heard.contacts.set(one.id, { ...heard.contacts.get(one.id), ...one });
    for (const one of messages) heard.messages.set(one.key.id ?? '', one);
  });
  ev.on('messaging-history.status', (update: BaileysEventMap['messaging-history.status']) => {
    heard.statuses.push(`${update.syncType} ${update.status}`);
  });
  return heard;
}

/** Pairs a client and listens from its second connection on, when history comes. */
async function told(
  t: TestContext,
  server: Server,
  phone: string,
  config: Partial<UserFacingSocketConfig> = {},
): Promise<Client & { heard: Heard }> {
  const self = client(t, server.socketUrl, undefined, config);
  const connect = self.connect;
  let heard: Heard | undefined;
  self.connect = url => {
    const sock = connect(url);
    heard = listen(self);
    return sock;
  };
  self.connect();
  const qr = await until(() => self.qrs[0], { what: 'a QR' });
  await server.post(`/admin/mock-phone/scan-qr?phone=${phone}`, qr);
  await until(() => heard?.statuses.includes('3 complete'), { what: 'all of RECENT' });
  assert.ok(heard);
  return Object.assign(self, { heard });
}

const transfersOf = async (server: Server, phone: string) =>
  (await server.get<{ transfers: Transfer[] }>(`/admin/phones/${phone}/history`)).transfers;

test('a client that is linked later gets what was said before, with names, numbers and LIDs', async t => {
  const server = await simulator(t);
  await server.post('/admin/phones', { phone: '15550082', name: 'Bento' });
  await server.post('/admin/phones', { phone: '15550081', name: 'Ada' });
  for (const [from, to, text] of [
    ['15550082', '15550081', 'are you there'],
    ['15550081', '15550082', 'I am'],
    ['15550082', '15550081', 'good'],
  ]) {
    await server.post(`/admin/phones/${from}/send`, { to, text });
  }
  const ada = await told(t, server, '15550081');
  const bento = '15550082@s.whatsapp.net';
  const texts = [...ada.heard.messages.values()].map(one => [one.key.fromMe, one.message?.conversation]);
  assert.deepEqual(texts, [
    [false, 'good'],
    [true, 'I am'],
    [false, 'are you there'],
  ]);
  const { id, lid, name, phoneNumber } = ada.heard.contacts.get(bento) ?? {};
  const [known] = (await server.get<{ phone: string; lid: string }[]>('/admin/phones')).filter(
    one => one.phone === '15550082',
  );
  assert.deepEqual([id, lid, name, phoneNumber], [bento, known?.lid, 'Bento', bento]);
  const { lidMapping } = ada.sock.signalRepository;
  await until(async () => (await lidMapping.getLIDForPN(bento)) === known?.lid, { what: 'the mapping' });
  assert.equal(ada.heard.contacts.get(bento)?.notify, 'Bento');
  assert.equal(ada.heard.chats.get(bento)?.unreadCount, 1);
  assert.equal(ada.heard.chats.get(bento)?.endOfHistoryTransferType, 1);
  const types = (await transfersOf(server, '15550081')).map(one => [one.syncType, one.progress]);
  assert.deepEqual(types.slice(0, 4), [
    ['INITIAL_BOOTSTRAP', 100],
    ['PUSH_NAME', 100],
    ['NON_BLOCKING_DATA', 100],
    ['RECENT', 100],
  ]);
});

test('what was sent is told with its content: files, edits, reactions, what was taken back, groups', async t => {
  const server = await simulator(t);
  const [bento] = await linkedClients(t, server, { count: 1, prefix: '72' });
  assert.ok(bento);
  const ada = '15550080';
  const adaJid = `${ada}@s.whatsapp.net`;
  await server.post('/admin/phones', { phone: ada, name: 'Ada' });
  const { sock } = bento;
  const plain = await sock.sendMessage(adaJid, { text: 'first' });
  const edited = await sock.sendMessage(adaJid, { text: 'typo' });
  const revoked = await sock.sendMessage(adaJid, { text: 'oops' });
  const place = await sock.sendMessage(adaJid, {
    location: { degreesLatitude: 38.7, degreesLongitude: -9.1 },
  });
  const poll = await sock.sendMessage(adaJid, {
    poll: { name: 'when', values: ['now', 'later'], selectableCount: 1 },
  });
  assert.ok(plain && edited && revoked && place && poll);
  const revokedId = revoked.key.id; // Baileys changes the key that it is given
  await sock.sendMessage(adaJid, { text: 'corrected', edit: edited.key });
  await sock.sendMessage(adaJid, { delete: revoked.key });
  await sock.sendMessage(adaJid, { react: { text: '👍', key: plain.key } });
  const group = await sock.groupCreate('Choir', [adaJid]);
  const song = await sock.sendMessage(group.id, { text: 'sing' });
  await sock.sendMessage('status@broadcast', { text: 'my day' }, { statusJidList: [adaJid] });
  const seen = () => server.get<{ id: string; chat: string }[]>(`/admin/phones/${ada}/messages`);
  const arrived = async (id: string | null | undefined) => (await seen()).some(one => one.id === id);
  await until(() => arrived(song?.key.id), { what: 'the song' });
  await until(async () => (await seen()).some(one => one.chat === 'status@broadcast'), {
    what: 'the status',
  });

  const self = await told(t, server, ada);
  const of = (id: string | null | undefined) => self.heard.messages.get(id ?? '');
  assert.equal(
    of(edited.key.id)?.message?.conversation ?? of(edited.key.id)?.message?.extendedTextMessage?.text,
    'corrected',
  );
  assert.deepEqual([of(revokedId)?.message ?? null, of(revokedId)?.messageStubType], [null, 1]);
  assert.equal(of(place.key.id)?.message?.locationMessage?.degreesLatitude, 38.7);
  assert.equal(of(poll.key.id)?.message?.pollCreationMessageV3?.name, 'when');
  assert.equal(of(plain.key.id)?.reactions?.[0]?.text, '👍');
  assert.equal(of(plain.key.id)?.key.fromMe, false);
  const sung = of(song?.key.id);
  assert.equal(sung?.message?.extendedTextMessage?.text ?? sung?.message?.conversation, 'sing');
  assert.equal(sung?.key.participant, `${bento.lid.split(':')[0]}@lid`);
  const choir = self.heard.chats.get(group.id);
  assert.deepEqual([choir?.name, choir?.participant?.length], ['Choir', 2]);
  // Nothing but these, and no keys in them: what only devices read is no message.
  assert.ok(!sung?.message?.senderKeyDistributionMessage);
  assert.equal(self.heard.messages.size, 6);
  const statuses = chunksIn(self).flatMap(({ chunk }) => chunk.statusV3Messages);
  assert.deepEqual(
    statuses.map(one => [one.key?.remoteJid, one.message?.extendedTextMessage?.text]),
    [['status@broadcast', 'my day']],
  );
});

test('a generated past comes whole, in chunks that count on, and is confirmed', {
  timeout: 500_000,
}, async t => {
  const server = await simulator(t);
  const past = await server.post<{ messages: number }>('/admin/phones', { phone: '15550083' }).then(() =>
    server.post<{ messages: number }>('/admin/phones/15550083/history', {
      seed: 'whole',
      chats: 120,
      groups: 5,
      messagesPerChat: 60,
      days: 80,
    }),
  );
  assert.ok(past.messages > 5_000, `${past.messages} messages`);
  const self = await told(t, server, '15550083');
  await until(() => self.heard.messages.size === past.messages, { what: `${past.messages} messages` });
  assert.equal(self.heard.chats.size, 125);
  const transfers = await until(async () => {
    const all = await transfersOf(server, '15550083');
    return all.every(one => one.receipts.length === 2) ? all : undefined;
  });
  assert.deepEqual(
    transfers.map(one => one.chunkOrder),
    transfers.map((_, index) => index + 1),
  );
  assert.ok(transfers.every(one => one.receipts.sort().join() === 'hist_sync,peer_msg'));
  const recent = transfers.filter(one => one.syncType === 'RECENT');
  assert.ok(recent.length >= 3, `${recent.length} chunks of RECENT`);
  assert.deepEqual(
    recent.map(one => one.progress === 100),
    recent.map((_, index) => index === recent.length - 1),
  );
  const progress = recent.map(one => one.progress);
  assert.deepEqual(
    progress,
    [...progress].sort((a, b) => a - b),
  );
  // Every kind of content, people with both numbers, groups with members.
  const kinds = new Set([...self.heard.messages.values()].flatMap(one => Object.keys(one.message ?? {})));
  for (const kind of [
    'conversation',
    'extendedTextMessage',
    'imageMessage',
    'videoMessage',
    'audioMessage',
    'documentMessage',
    'stickerMessage',
    'locationMessage',
    'contactMessage',
    'pollCreationMessageV3',
  ]) {
    assert.ok(kinds.has(kind), kind);
  }
  const chats = [...self.heard.chats.values()];
  const groups = chats.filter(one => one.id?.endsWith('@g.us'));
  assert.equal(groups.length, 5);
  assert.ok(groups.every(one => (one.participant?.length ?? 0) > 1));
  assert.ok(
    chats.filter(one => one.id?.endsWith('@s.whatsapp.net')).every(one => one.lidJid?.endsWith('@lid')),
  );
  assert.ok(chats.some(one => (one.unreadCount ?? 0) > 0));
  assert.equal(chats.filter(one => one.pinned).length, 3);
  assert.ok(chats.some(one => one.archived));
  assert.ok([...self.heard.messages.values()].some(one => one.reactions?.length));
  // The same in app state, which verified.
  const { state } = await server.get<{ state: { chats: Record<string, { pinned?: boolean }> } }>(
    '/admin/phones/15550083/app-state',
  );
  assert.equal(Object.values(state.chats).filter(one => one.pinned).length, 3);
});

test('one seed is one past, whoever had it', async t => {
  const server = await simulator(t);
  const given = { seed: 'same', chats: 6, groups: 1, messagesPerChat: 10, until: 1_750_000_000, days: 30 };
  const seen: string[][] = [];
  for (const [phone, seed] of [
    ['15550084', 'same'],
    ['15550085', 'same'],
    ['15550086', 'other'],
  ] as const) {
    await server.post('/admin/phones', { phone });
    await server.post(`/admin/phones/${phone}/history`, { ...given, seed });
    const self = await told(t, server, phone, { shouldSyncHistoryMessage: () => true });
    await until(async () => (await transfersOf(server, phone)).every(one => one.receipts.length === 2));
    seen.push(
      [...self.heard.messages.values()].map(one =>
        JSON.stringify([one.key, one.messageTimestamp, one.pushName, one.message]).replaceAll(
          /"(url|directPath)":"[^"]*"/g,
          '',
        ),
      ),
    );
  }
  assert.ok((seen[0]?.length ?? 0) > 30);
  assert.deepEqual(seen[0], seen[1]);
  assert.notDeepEqual(seen[0], seen[2]);
  await assert.rejects(server.post('/admin/phones/15550084/history', given), /409/);
  await assert.rejects(server.post('/admin/phones/15550084/history', { seed: 'x', chats: 0 }), /400.*chats/);
});

test('FULL goes to whom asked for it, and reaches farther back', async t => {
  const server = await simulator(t);
  await server.post('/admin/phones', { phone: '15550087' });
  const past = await server.post<{ messages: number }>('/admin/phones/15550087/history', {
    seed: 'long ago',
    chats: 4,
    messagesPerChat: 200,
    days: 300,
  });
  const some = await told(t, server, '15550087', { syncFullHistory: false });
  const all = await told(t, server, '15550087', {
    syncFullHistory: true,
    shouldSyncHistoryMessage: () => true,
  });
  await until(() => all.heard.messages.size === past.messages, { what: 'every message' });
  const transfers = await transfersOf(server, '15550087');
  const typesOf = (device: number) =>
    new Set(transfers.filter(one => one.device === device).map(one => one.syncType));
  assert.ok(!typesOf(1).has('FULL') && typesOf(2).has('FULL'));
  assert.ok(some.heard.messages.size < past.messages, 'without FULL there is less');
  const oldest = (heard: Heard) =>
    Math.min(...[...heard.messages.values()].map(one => Number(one.messageTimestamp)));
  assert.ok(oldest(some.heard) - oldest(all.heard) > 100 * 86_400);
  // The one with less is told that there is more.
  const ends = new Map<string, unknown>();
  for (const { chunk } of chunksIn(some)) {
    for (const one of chunk.conversations) {
      if (one.endOfHistoryTransfer) ends.set(one.id ?? '', one.endOfHistoryTransferType);
    }
  }
  assert.deepEqual([...ends.values()], [0, 0, 0, 0]);
});

test('what the person pinned, archived, named, cleared and deleted is so in later history', async t => {
  const server = await simulator(t);
  for (const phone of ['15550088', '15550089', '15550090', '15550091']) {
    await server.post('/admin/phones', { phone });
  }
  const send = async (from: string, text: string) =>
    (await server.post<{ id: string }>(`/admin/phones/${from}/send`, { to: '15550088', text })).id;
  await send('15550089', 'pinned');
  const secret = await send('15550089', 'deleted for me');
  const starred = await send('15550089', 'starred');
  await send('15550090', 'cleared');
  await send('15550091', 'gone');
  const jid = (phone: string) => `${phone}@s.whatsapp.net`;
  await until(async () => (await server.get<unknown[]>('/admin/phones/15550088/messages')).length === 5, {
    what: 'all five',
  });
  await server.post('/admin/phones/15550088/app-state/batch', {
    actions: [
      { kind: 'pin', chat: jid('15550089') },
      { kind: 'contact', jid: jid('15550089'), fullName: 'My Friend' },
      { kind: 'deleteMessage', chat: jid('15550089'), id: secret },
      { kind: 'star', chat: jid('15550089'), id: starred },
      { kind: 'clearChat', chat: jid('15550090') },
      { kind: 'deleteChat', chat: jid('15550091') },
    ],
  });
  const { heard } = await told(t, server, '15550088');
  const friend = heard.chats.get(jid('15550089'));
  assert.ok(Number(friend?.pinned) > 0);
  assert.equal(friend?.name, 'My Friend');
  assert.deepEqual([...heard.messages.values()].map(one => one.message?.conversation).sort(), [
    'pinned',
    'starred',
  ]);
  assert.equal(heard.messages.get(starred)?.starred, true);
  assert.deepEqual([heard.chats.has(jid('15550090')), heard.chats.has(jid('15550091'))], [true, false]);
});

test('a past and what a device wished for survive a restart', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'cardume-'));
  const stateFile = join(folder, 'world.json');
  const first = await simulator(t, { stateFile });
  await first.post('/admin/phones', { phone: '15550092' });
  const past = await first.post<{ messages: number }>('/admin/phones/15550092/history', {
    seed: 'kept',
    chats: 3,
    messagesPerChat: 5,
  });
  const before = await first.get<{ pasts: unknown[] }>('/admin/phones/15550092/history');
  await first.stop();
  const second = await simulator(t, { stateFile });
  t.after(() => rm(folder, { recursive: true, force: true }));
  assert.deepEqual(await second.get('/admin/phones/15550092/history'), { ...before, transfers: [] });
  const { heard } = await told(t, second, '15550092', { shouldSyncHistoryMessage: () => true });
  await until(() => heard.messages.size === past.messages);
});

test('people of a past may exist: they can be written to, and the chat goes on', async t => {
  const server = await simulator(t);
  await server.post('/admin/phones', { phone: '15550093' });
  await server.post('/admin/phones/15550093/history', {
    seed: 'alive',
    chats: 2,
    messagesPerChat: 4,
    contacts: true,
  });
  const people = (await server.get<{ phone: string }[]>('/admin/phones')).filter(one =>
    one.phone.startsWith('1777'),
  );
  assert.equal(people.length, 2);
  const [friend] = people;
  assert.ok(friend);
  await server.post(`/admin/phones/${friend.phone}/send`, { to: '15550093', text: 'still me' });
  const self = await told(t, server, '15550093');
  const chat = `${friend.phone}@s.whatsapp.net`;
  const texts = [...self.heard.messages.values()].filter(one => one.key.remoteJid === chat);
  assert.equal(texts[0]?.message?.conversation, 'still me');
  assert.ok(texts.length > 1);
  await server.put(`/admin/phones/${friend.phone}/script`, { reply: 'so am I' });
  await self.sock.sendMessage(chat, { text: 'I am here' });
  await until(() => self.received.some(one => one.message.message?.conversation === 'so am I'));
});

test('devices that are linked ready-made are told nothing, and need nothing', async t => {
  const server = await simulator(t);
  const [self] = await linkedClients(t, server, { count: 1 });
  assert.ok(self);
  await self.sock.chatModify({ pin: true }, '15550050@s.whatsapp.net');
  assert.deepEqual(await transfersOf(server, self.phone), []);
  const late = await paired(t, server, self.phone);
  await until(async () => (await transfersOf(server, self.phone)).length > 0);
  assert.ok(
    (await transfersOf(server, self.phone)).every(one => late.creds.me?.id.includes(`:${one.device}@`)),
  );
});
