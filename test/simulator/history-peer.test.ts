import assert from 'node:assert/strict';
import test from 'node:test';
import { proto, type WAMessage, type WAMessageKey } from '@whiskeysockets/baileys';
import { until } from '../support/until.ts';
import { type Client, linkedClients, paired, simulator, tameClients } from './client.ts';
import { chunksIn } from './history-chunks.ts';

tameClients();

const Operation = proto.Message.PeerDataOperationRequestType;
const { Type } = proto.Message.ProtocolMessage;
type Answer = proto.Message.IPeerDataOperationRequestResponseMessage;

const answerIn = ({ message }: WAMessage) =>
  message?.protocolMessage?.peerDataOperationRequestResponseMessage;

/** Sends the phone a request and resolves with its answer. */
async function ask(
  client: Client & { phone: string },
  request: proto.Message.IPeerDataOperationRequestMessage,
): Promise<Answer> {
  const protocolMessage = {
    type: Type.PEER_DATA_OPERATION_REQUEST_MESSAGE,
    peerDataOperationRequestMessage: request,
  };
  const id = await client.sock.relayMessage(
    `${client.phone}@s.whatsapp.net`,
    { protocolMessage },
    { additionalAttributes: { category: 'peer', push_priority: 'high_force' } },
  );
  const answer = () => client.received.map(one => answerIn(one.message)).find(one => one?.stanzaId === id);
  return until(answer, { what: 'an answer of the phone' });
}

interface ChatRow {
  id: string;
  messages: number;
  timestamp: number;
}

test('a client asks for what came before a message, page by page, until there is no more', async t => {
  const server = await simulator(t);
  const [self] = await linkedClients(t, server, { count: 1 });
  assert.ok(self);
  await server.post(`/admin/phones/${self.phone}/history`, { seed: 'pages', chats: 1, messagesPerChat: 180 });
  const [chat] = await server.get<ChatRow[]>(`/admin/phones/${self.phone}/chats`);
  assert.ok(chat);
  const pages: { session: string | null | undefined; messages: WAMessage[] }[] = [];
  self.sock.ev.on('messaging-history.set', ({ messages, peerDataRequestSessionId }) => {
    pages.push({ session: peerDataRequestSessionId, messages });
  });
  const endOf = (session: string) => {
    const found = chunksIn(self).find(one => one.notification.peerDataRequestSessionId === session);
    return found?.chunk.conversations[0]?.endOfHistoryTransferType;
  };
  // The phone does not know this message: then the time counts, in milliseconds or, as whatsmeow sends it, in seconds.
  let key: WAMessageKey = { remoteJid: chat.id, id: 'UNKNOWN', fromMe: false };
  let at = chat.timestamp + 1;
  const seen = new Set<string>();
  for (const page of Array(10).keys()) {
    const asked: string = await self.sock.fetchMessageHistory(50, key, page === 0 ? at * 1000 : at);
    const got = await until(() => pages[page], { what: `page ${page}` });
    assert.equal(got.session, asked);
    for (const message of got.messages) {
      assert.ok(!seen.has(message.key.id ?? ''), 'nothing twice');
      assert.ok(Number(message.messageTimestamp) <= at, 'nothing newer');
      seen.add(message.key.id ?? '');
    }
    const last = got.messages.at(-1);
    await until(() => endOf(asked) !== undefined, { what: 'the notification' });
    if (endOf(asked) === 1) break;
    // More are on the phone.
    assert.deepEqual([endOf(asked), got.messages.length], [2, 50]);
    key = last?.key ?? key;
    at = Number(last?.messageTimestamp);
  }
  assert.equal(seen.size, chat.messages);
  assert.equal(pages.length, Math.ceil(chat.messages / 50));
});

test('asked for a chat that the phone does not have, it says that there is nothing', async t => {
  const server = await simulator(t);
  const [self] = await linkedClients(t, server, { count: 1 });
  assert.ok(self);
  const ends: unknown[] = [];
  self.sock.ev.on('messaging-history.set', ({ messages, chats }) => {
    ends.push([messages.length, chats[0]?.id, chats[0]?.endOfHistoryTransferType]);
  });
  await self.sock.fetchMessageHistory(
    50,
    { remoteJid: '19990000@s.whatsapp.net', id: 'X', fromMe: false },
    1,
  );
  await until(() => ends.length > 0);
  assert.deepEqual(ends, [[0, '19990000@s.whatsapp.net', 1]]);
});

test('a message that a client has only as a placeholder comes again from its phone', async t => {
  const server = await simulator(t);
  const [self] = await linkedClients(t, server, { count: 1 });
  assert.ok(self);
  await server.post('/admin/phones', { phone: '15550095', name: 'Iris' });
  const { id } = await server.post<{ id: string }>('/admin/phones/15550095/send', {
    to: self.phone,
    text: 'the real text',
  });
  await until(() => self.text(id));
  self.received.length = 0;
  const key = { remoteJid: '15550095@s.whatsapp.net', id, fromMe: false };
  const requested = await self.sock.requestPlaceholderResend(key);
  await until(() => self.text(id) === 'the real text', { what: 'the message from the phone' });
  const answer = self.received.map(one => answerIn(one.message)).find(one => one?.stanzaId === requested);
  assert.equal(answer?.peerDataOperationRequestType, Operation.PLACEHOLDER_MESSAGE_RESEND);
  const bytes = answer?.peerDataOperationResult?.[0]?.placeholderMessageResendResponse?.webMessageInfoBytes;
  const again = proto.WebMessageInfo.decode(bytes ?? Buffer.alloc(0));
  assert.deepEqual(
    [again.key?.remoteJid, again.key?.fromMe, again.pushName],
    ['15550095@s.whatsapp.net', false, 'Iris'],
  );
  // What the phone does not have either is not in its answer.
  const nothing = await ask(self, {
    peerDataOperationRequestType: Operation.PLACEHOLDER_MESSAGE_RESEND,
    placeholderMessageResendRequest: [{ messageKey: { ...key, id: 'NOBODY' } }],
  });
  assert.deepEqual(nothing.peerDataOperationResult ?? [], []);
});

test('what the phone cannot do is refused in an answer, so that no client waits', async t => {
  const server = await simulator(t);
  const [self] = await linkedClients(t, server, { count: 1 });
  assert.ok(self);
  const sticker = await ask(self, {
    peerDataOperationRequestType: Operation.UPLOAD_STICKER,
    requestStickerReupload: [{ fileSha256: 'abc' }],
  });
  assert.deepEqual(
    sticker.peerDataOperationResult?.map(one => one.mediaUploadResult),
    [proto.MediaRetryNotification.ResultType.NOT_FOUND],
  );
  const preview = await ask(self, {
    peerDataOperationRequestType: Operation.GENERATE_LINK_PREVIEW,
    requestUrlPreview: [{ url: 'https://example.com' }],
  });
  assert.deepEqual(
    preview.peerDataOperationResult?.map(one => [
      one.mediaUploadResult,
      one.linkPreviewResponse ?? undefined,
    ]),
    [[proto.MediaRetryNotification.ResultType.GENERAL_ERROR, undefined]],
  );
  const retry = await ask(self, {
    peerDataOperationRequestType: Operation.HISTORY_SYNC_CHUNK_RETRY,
    historySyncChunkRetryRequest: { syncType: 3, chunkOrder: 2 },
  });
  assert.equal(retry.peerDataOperationResult?.[0]?.historySyncChunkRetryResponse?.canRecover, false);
  const nonce = await ask(self, { peerDataOperationRequestType: Operation.WAFFLE_LINKING_NONCE_FETCH });
  assert.deepEqual(nonce.peerDataOperationResult ?? [], []);
});

test('everything at once comes on demand too, marked with the request it answers', async t => {
  const server = await simulator(t);
  const [self] = await linkedClients(t, server, { count: 1 }, { shouldSyncHistoryMessage: () => true });
  assert.ok(self);
  const past = await server.post<{ messages: number }>(`/admin/phones/${self.phone}/history`, {
    seed: 'all of it',
    chats: 3,
    messagesPerChat: 50,
    days: 300,
  });
  const ids = new Set<string>();
  self.sock.ev.on('messaging-history.set', ({ messages }) => {
    for (const { key } of messages) ids.add(key.id ?? '');
  });
  const answer = await ask(self, {
    peerDataOperationRequestType: Operation.FULL_HISTORY_SYNC_ON_DEMAND,
    fullHistorySyncOnDemandRequest: { requestMetadata: { requestId: 'R1' } },
  });
  const response = answer.peerDataOperationResult?.[0]?.fullHistorySyncOnDemandRequestResponse;
  assert.deepEqual([response?.requestMetadata?.requestId, response?.responseCode], ['R1', 0]);
  await until(() => ids.size === past.messages, { what: 'every message' });
  const marks = self.received.flatMap(({ message }) => {
    const notification = message.message?.protocolMessage?.historySyncNotification;
    return notification ? [notification.fullHistorySyncOnDemandRequestMetadata?.requestId] : [];
  });
  assert.ok(marks.length > 0 && marks.every(one => one === 'R1'));

  // With a limit in days there is less of it: the newest messages of each chat, and what is not older.
  const before = self.received.length;
  const limited = await ask(self, {
    peerDataOperationRequestType: Operation.FULL_HISTORY_SYNC_ON_DEMAND,
    fullHistorySyncOnDemandRequest: {
      requestMetadata: { requestId: 'R2' },
      historySyncConfig: { fullSyncDaysLimit: 40, recentSyncDaysLimit: 20 },
    },
  });
  assert.equal(limited.peerDataOperationResult?.[0]?.fullHistorySyncOnDemandRequestResponse?.responseCode, 0);
  const chunks = () =>
    chunksIn({ ...self, received: self.received.slice(before) }).filter(
      one => one.notification.fullHistorySyncOnDemandRequestMetadata?.requestId === 'R2',
    );
  // INITIAL_BOOTSTRAP, RECENT and FULL each end with 100.
  await until(() => chunks().filter(one => one.chunk.progress === 100).length === 3, {
    what: 'the last chunk',
  });
  const some = chunks().flatMap(({ chunk }) => chunk.conversations.flatMap(one => one.messages ?? []));
  assert.ok(some.length < past.messages, `${some.length} of ${past.messages}`);
});

test('a client whose app state is beyond repair makes the phone start it over and unlink everybody', async t => {
  const server = await simulator(t);
  const phone = '15550096';
  const self = await paired(t, server, phone);
  await until(() => self.creds.myAppStateKeyId, { what: 'a key' });
  await self.sock.chatModify({ pin: true }, '15550050@s.whatsapp.net');
  const appStateFatalExceptionNotification = { collectionNames: ['regular_low', 'nonsense'], timestamp: 1 };
  const protocolMessage = {
    type: Type.APP_STATE_FATAL_EXCEPTION_NOTIFICATION,
    appStateFatalExceptionNotification,
  };
  await self.sock.relayMessage(
    `${phone}@s.whatsapp.net`,
    { protocolMessage },
    { additionalAttributes: { category: 'peer' } },
  );
  await until(() => self.closes.includes(401), { what: 'the unlinking' });
  type State = { collections: Record<string, { version: number }>; keys: unknown[] };
  const { collections, keys } = await server.get<State>(`/admin/phones/${phone}/app-state`);
  assert.deepEqual([collections.regular_low?.version, keys.length], [0, 2]);
  const again = await paired(t, server, phone);
  await until(() => again.creds.myAppStateKeyId, { what: 'the new key' });
  await again.sock.chatModify({ pin: true }, '15550050@s.whatsapp.net');
  const after = await server.get<State & { refused: unknown[] }>(`/admin/phones/${phone}/app-state`);
  assert.deepEqual([after.collections.regular_low?.version, after.refused], [1, []]);
});
