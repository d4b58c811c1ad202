import '../../src/device/shims.ts';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import {
  type AuthenticationCreds,
  type BinaryNode,
  initAuthCreds,
  makeWASocket,
  type SocketConfig,
  type WAMessage,
  type WASocket,
} from '@whiskeysockets/baileys';
import pino from 'pino';
import { DEFAULT_SETTINGS } from '../../src/device/household/settings.ts';
import { openSocket } from '../../src/device/line/socket.ts';
import { until } from '../support/until.ts';
import { connected, surroundings } from './connected.ts';
import { memoryKeys, quiet } from './signal.ts';
import { deviceStore } from './store.ts';

/** A server that takes connections and never says a word. */
async function silentServer(t: TestContext): Promise<string> {
  const server = createServer(socket => socket.on('error', () => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws/chat`;
}

function linked(): AuthenticationCreds {
  return { ...initAuthCreds(), me: { id: '15551234567:3@s.whatsapp.net', name: 'Ann' } };
}

/** Everything that Baileys logs, as a list of sentences. */
function listener() {
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
  return { lines, log };
}

async function ours(t: TestContext, url: string, log = quiet) {
  const { seat, open } = await deviceStore(t);
  const credentials = linked();
  const { keys } = open(await seat(), { creds: credentials });
  const socket = openSocket({
    ...surroundings(keys),
    credentials,
    keys,
    whatsapp: { socketUrl: url },
    settings: { current: DEFAULT_SETTINGS },
    phone: '',
    held: () => true,
    synced: () => {},
    log,
  });
  t.after(() => void socket.end(undefined));
  return { socket, credentials };
}

function stock(t: TestContext, url: string, log = quiet) {
  const config = { auth: { creds: linked(), keys: memoryKeys() }, waWebSocketUrl: url, logger: log };
  const socket = makeWASocket(config as Partial<SocketConfig> as SocketConfig);
  t.after(() => void socket.end(undefined));
  return { socket };
}

/** A message that was receipted while Baileys still buffers, and then the end. Gives what the application hears. */
async function receiveAndEnd(socket: WASocket): Promise<string[]> {
  const heard: string[] = [];
  socket.ev.process(events => {
    for (const { key } of events['messages.upsert']?.messages ?? []) heard.push(key.id ?? '');
    if (events['connection.update']?.connection === 'close') heard.push('close');
  });
  // Baileys buffers from the start of a linked device until the offline queue is through.
  socket.ev.buffer();
  const message: WAMessage = {
    key: { remoteJid: '998877@lid', id: 'MESSAGE', fromMe: false },
    message: { conversation: 'hello' },
  };
  socket.ev.emit('messages.upsert', { messages: [message], type: 'append' });
  await socket.end(new Error('the line was cut'));
  return heard;
}

test('a message that was receipted before the line was cut is heard all the same, and before the close', async t => {
  const { socket } = await ours(t, await silentServer(t));
  assert.deepEqual(await receiveAndEnd(socket), ['MESSAGE', 'close']);
});

test('stock Baileys throws such a message away: when it does not any more, our handler can go', async t => {
  const { socket } = stock(t, await silentServer(t));
  assert.deepEqual(await receiveAndEnd(socket), ['close']);
});

const PRESENCE = 'error in sending presence update on name change';

test('a change of credentials announces nobody as online', async t => {
  const { lines, log } = listener();
  const { socket, credentials } = await ours(t, await silentServer(t), log);
  const seen: Partial<AuthenticationCreds>[] = [];
  socket.ev.on('creds.update', update => seen.push(update));
  socket.ev.emit('creds.update', { accountSyncCounter: 7 });
  await new Promise(next => setImmediate(next));
  assert.equal(credentials.accountSyncCounter, 7, 'the change itself arrives');
  assert.deepEqual(seen[0]?.me, credentials.me);
  assert.ok(!lines.some(line => line.includes(PRESENCE)), 'a presence was about to be sent');

  // A new name is news, which Baileys may tell.
  const me = { id: '15551234567:3@s.whatsapp.net', name: 'Anna' };
  socket.ev.emit('creds.update', { me });
  await until(() => lines.some(line => line.includes(PRESENCE)));
  assert.equal(credentials.me?.name, 'Anna');
});

test('stock Baileys goes online at any change of credentials: when it does not any more, our detour can go', async t => {
  const { lines, log } = listener();
  const { socket } = stock(t, await silentServer(t), log as never);
  socket.ev.emit('creds.update', { accountSyncCounter: 7 });
  await until(() => lines.some(line => line.includes(PRESENCE)));
});

test('of what Baileys logs only complaints pass, as sentences without numbers, nodes or keys', async t => {
  const { lines, log } = listener();
  const { socket } = await ours(t, await silentServer(t), log);
  const loggerOf = ({ logger }: WASocket) => logger as unknown as SocketConfig['logger'];
  const logger = loggerOf(socket).child({ phone: '15551234567' });
  const node = { attrs: { from: '15551234567@s.whatsapp.net' }, key: Buffer.from('private') };
  for (const level of ['trace', 'debug', 'info'] as const) logger[level](node, 'for 15551234567');
  logger.warn(node, 'session of 15551234567.3 is gone');
  logger.error({ ...node, err: new Error('no answer from 15551234567@s.whatsapp.net') }, 'failed');
  logger.error('15551234567');
  logger.error(node);
  const said = lines.map(line => JSON.parse(line) as { baileys: string; reason?: string; msg: string });
  assert.deepEqual(
    said.map(({ baileys, reason }) => [baileys, reason]),
    [
      ['session of #.3 is gone', undefined],
      ['failed', 'no answer from #@s.whatsapp.net'],
      ['#', undefined],
      ['unnamed', undefined],
    ],
  );
  for (const line of lines) assert.ok(!/15551234567|private/.test(line), line);

  const deaf = await ours(t, await silentServer(t), quiet);
  assert.equal(loggerOf(deaf.socket).level, 'silent');
});

test('a device that connects is never seen online by those who watch it', async t => {
  const [watcher, watched] = await connected(t, 2);
  assert.ok(watcher && watched);

  const presences: BinaryNode[] = [];
  watcher.socket.ws.on('CB:presence', (node: BinaryNode) => presences.push(node));
  const jid = (watched.credentials.me?.id ?? '').replace(/:\d+/, '');
  await watcher.socket.presenceSubscribe(jid);
  await until(() => presences.length === 1);
  for (let i = 0; i < 3; i++) watched.socket.ev.emit('creds.update', { accountSyncCounter: i });
  // Whoever says it is online is seen; before that nobody was.
  await watched.socket.sendPresenceUpdate('available');
  await until(() => presences.some(({ attrs }) => attrs.type === 'available'));
  assert.deepEqual(
    presences.map(({ attrs }) => attrs.type),
    ['unavailable', 'available'],
  );
});

test('a receipt that comes while its message is still buffered is heard beside it, and not swallowed by it', async t => {
  const { socket } = await ours(t, await silentServer(t));
  const heard: string[] = [];
  socket.ev.process(events => {
    for (const { key } of events['messages.upsert']?.messages ?? []) heard.push(`message ${key.id}`);
    for (const { key, update } of events['messages.update'] ?? []) heard.push(`${update.status} ${key.id}`);
    for (const { key } of events['message-receipt.update'] ?? []) heard.push(`receipt ${key.id}`);
  });
  const direct = { remoteJid: '998877@lid', id: 'DIRECT', fromMe: true };
  const grouped = { remoteJid: '1203630@g.us', id: 'GROUPED', fromMe: true };
  socket.ev.buffer();
  for (const key of [direct, grouped])
    socket.ev.emit('messages.upsert', {
      messages: [{ key, message: { conversation: 'x' } }],
      type: 'append',
    });
  for (const status of [3, 4]) socket.ev.emit('messages.update', [{ key: direct, update: { status } }]);
  socket.ev.emit('message-receipt.update', [
    { key: grouped, receipt: { userJid: '998877@lid', receiptTimestamp: 1 } },
  ]);
  socket.ev.flush();
  assert.deepEqual(heard, ['message DIRECT', 'message GROUPED', '3 DIRECT', '4 DIRECT', 'receipt GROUPED']);
});
