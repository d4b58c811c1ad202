// Stock Baileys as its README shows it, many sockets in one process: no shims, default options, keys in memory.
// Started by stock-subject.ts, which it talks to over IPC; it ends when that connection does.
import {
  type AuthenticationCreds,
  type BinaryNode,
  BufferJSON,
  generateMessageIDV2,
  makeWASocket,
  type proto,
  type SignalDataSet,
  type SignalDataTypeMap,
  type SignalKeyStore,
  WA_CERT_DETAILS,
  type WASocket,
} from '@whiskeysockets/baileys';
import { pino } from 'pino';
import type { FromStock, ToStock } from './stock-protocol.ts';

/** Handshakes at a time: with all of 500 at once the first ones run into Baileys' 20 s. */
const AT_ONCE = 20;

type Linked = Extract<ToStock, { op: 'connect' }>['devices'][number];

const logger = pino({ level: 'silent' });
const sockets: WASocket[] = [];
/** Sends that wait for the server's acknowledgement, by message id. */
const unacknowledged = new Map<string, () => void>();

const say = (message: FromStock) => void process.send?.(message);

function memoryKeys(linked: Linked): SignalKeyStore {
  const data = new Map<string, unknown>();
  for (const { id, ...pair } of linked.preKeys)
    data.set(`pre-key/${id}`, {
      public: Buffer.from(pair.public, 'base64'),
      private: Buffer.from(pair.private, 'base64'),
    });
  return {
    get: <T extends keyof SignalDataTypeMap>(type: T, ids: string[]) => {
      const found: { [id: string]: SignalDataTypeMap[T] } = {};
      for (const id of ids) {
        const value = data.get(`${type}/${id}`);
        if (value !== undefined) found[id] = value as SignalDataTypeMap[T];
      }
      return found;
    },
    set: (given: SignalDataSet) => {
      for (const [type, values] of Object.entries(given))
        for (const [id, value] of Object.entries(values ?? {}))
          if (value === null) data.delete(`${type}/${id}`);
          else data.set(`${type}/${id}`, value);
    },
  };
}

/** Resolves when the device is open; it is opened again whenever it closes. */
function open(index: number, linked: Linked, waWebSocketUrl: string): Promise<void> {
  const creds = JSON.parse(linked.credentials, BufferJSON.reviver) as AuthenticationCreds;
  const keys = memoryKeys(linked);
  const sent = new Map<string, proto.IMessage>();
  return new Promise(resolve => {
    const connect = () => {
      const socket = makeWASocket({
        auth: { creds, keys },
        logger,
        waWebSocketUrl,
        getMessage: async ({ id }) => sent.get(id ?? ''),
      });
      sockets[index] = socket;
      socket.ws.on('CB:ack,class:message', ({ attrs }: BinaryNode) => unacknowledged.get(attrs.id ?? '')?.());
      socket.ev.on('creds.update', update => void Object.assign(creds, update));
      socket.ev.on('connection.update', ({ connection }) => {
        if (connection === 'open') resolve();
        if (connection === 'close') connect();
      });
      socket.ev.on('messages.upsert', ({ messages }) => {
        for (const { key, message } of messages) if (key.fromMe && message) sent.set(key.id ?? '', message);
      });
    };
    connect();
  });
}

async function connect({ socketUrl, rootKey, devices }: Extract<ToStock, { op: 'connect' }>): Promise<void> {
  WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(rootKey, 'hex');
  const queue = [...devices.entries()];
  const lane = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) await open(...next, socketUrl);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  say({ op: 'opened' });
}

async function send({ id, device, to, text }: Extract<ToStock, { op: 'send' }>): Promise<void> {
  const socket = sockets[device];
  if (!socket) throw new Error(`no device ${device}`);
  const messageId = generateMessageIDV2(socket.user?.id);
  const acknowledged = new Promise<void>(resolve => unacknowledged.set(messageId, resolve));
  await socket.sendMessage(`${to}@s.whatsapp.net`, { text }, { messageId });
  await acknowledged;
  unacknowledged.delete(messageId);
  say({ op: 'sent', id });
}

process.on('message', (message: ToStock) => {
  if (message.op === 'connect') void connect(message);
  else send(message).catch((error: unknown) => say({ op: 'sent', id: message.id, error: String(error) }));
});
process.on('disconnect', () => process.exit(0));

say({ op: 'ready' });
