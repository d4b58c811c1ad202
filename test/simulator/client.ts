// A real Baileys client for these tests: keeps its state in memory and what it saw in lists.
import type { TestContext } from 'node:test';
import makeWASocket, {
  type AuthenticationCreds,
  type BinaryNode,
  BufferJSON,
  initAuthCreds,
  type KeyPair,
  proto,
  type SignalDataSet,
  type SignalDataTypeMap,
  type SignalKeyStore,
  type UserFacingSocketConfig,
  WA_CERT_DETAILS,
  type WAMessage,
  type WASocket,
} from '@whiskeysockets/baileys';
import pino from 'pino';
import { controlClient } from '../../src/simulator/control/client.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/index.ts';
import { until } from '../support/until.ts';
import { holdToDocument } from './answers.ts';

export interface Client {
  creds: AuthenticationCreds;
  sock: WASocket;
  /** How often the connection opened. */
  opens: number;
  qrs: string[];
  closes: (number | undefined)[];
  received: { message: WAMessage; type: string }[];
  statuses: Map<string, number>;
  presences: unknown[];
  /** Every stanza that came, decoded. */
  stanzas: BinaryNode[];
  /** At the URL it was made with, or at another from now on. */
  connect(url?: string): WASocket;
  text(id: string): string | undefined;
  /** The public half of one of its one-time prekeys. */
  preKeys(id: number): Uint8Array;
  /** Loses every Signal session, as after a restore from an old backup. */
  dropSessions(): void;
  /** Loses every key of others in groups. */
  dropSenderKeys(): void;
}

/**
 * Prints of key material by libsignal have no place in a test's output, and the long timers that Baileys leaves
 * behind (30 s after each prekey upload, 120 s after a history sync) must not keep a finished test file alive.
 */
export function tameClients(): void {
  const { setTimeout: start } = globalThis;
  globalThis.setTimeout = ((run: () => void, ms?: number, ...rest: []) => {
    const timer = start(run, ms, ...rest);
    if (ms !== undefined && ms >= 20_000) timer.unref();
    return timer;
  }) as typeof setTimeout;
  for (const name of ['info', 'warn', 'error', 'log'] as const) console[name] = () => {};
}

export async function simulator(t: TestContext, options: SimulatorOptions = {}) {
  const started = await startSimulator(options);
  t.after(() => started.stop());
  Object.assign(WA_CERT_DETAILS, { PUBLIC_KEY: Buffer.from(started.rootKey, 'hex') });
  return { ...started, ...driver(started) };
}

/** A simulator, and what drives it. */
export type Server = Awaited<ReturnType<typeof simulator>>;

/** The typed client of the control plane, and routes by path (with their `/admin`) for what a test says once. */
export function driver(started: Pick<Simulator, 'controlUrl'>) {
  /** Operations whose answers were seen to be as the OpenAPI document has them. */
  const asDocumented = new Set<string | undefined>();
  const control = controlClient(started.controlUrl, {
    inspect: async (...seen) => void asDocumented.add(await holdToDocument(started.controlUrl, ...seen)),
  });
  const below = (path: string) => path.replace(/^\/admin/, '');
  return {
    control,
    asDocumented,
    get: <T>(path: string) => control.request<T>('GET', below(path)),
    post: <T>(path: string, body?: unknown) => control.request<T>('POST', below(path), body),
    put: <T>(path: string, body?: unknown) => control.request<T>('PUT', below(path), body),
    remove: <T>(path: string) => control.request<T>('DELETE', below(path)),
  };
}

export function client(
  t: Pick<TestContext, 'after'>,
  socketUrl: string,
  linked?: {
    readonly credentials: string;
    readonly preKeys: readonly { readonly id: number; readonly public: string; readonly private: string }[];
    readonly appStateKeys?: readonly { readonly id: string; readonly data: string }[];
  },
  config: Partial<UserFacingSocketConfig> = {},
): Client {
  const creds: AuthenticationCreds = linked
    ? JSON.parse(linked.credentials, BufferJSON.reviver)
    : initAuthCreds();
  const data = new Map<string, unknown>();
  const keys = memoryKeys(data);
  for (const key of linked?.preKeys ?? []) {
    const pair = { public: Buffer.from(key.public, 'base64'), private: Buffer.from(key.private, 'base64') };
    keys.set({ 'pre-key': { [key.id]: pair } });
  }
  for (const { id, data: encoded } of linked?.appStateKeys ?? []) {
    const key = proto.Message.AppStateSyncKeyData.decode(Buffer.from(encoded, 'base64'));
    keys.set({ 'app-state-sync-key': { [id]: key } });
  }
  const sent = new Map<string, WAMessage['message']>();
  const self: Client = {
    creds,
    sock: undefined as never,
    opens: 0,
    qrs: [],
    closes: [],
    received: [],
    statuses: new Map(),
    presences: [],
    stanzas: [],
    text: id => {
      // What could not be decrypted is there first, without content, and then again.
      const message = self.received.find(one => one.message.key.id === id && one.message.message)?.message
        .message;
      return message?.conversation ?? message?.extendedTextMessage?.text ?? undefined;
    },
    preKeys: id => (data.get(`pre-key/${id}`) as KeyPair | undefined)?.public ?? Buffer.of(),
    dropSessions: () => drop(data, 'session/'),
    dropSenderKeys: () => drop(data, 'sender-key/'),
    connect: url => {
      socketUrl = url ?? socketUrl;
      const sock = makeWASocket({
        auth: { creds, keys },
        waWebSocketUrl: socketUrl,
        logger: pino({ level: 'silent' }) as never,
        getMessage: async key => sent.get(key.id ?? '') ?? undefined,
        retryRequestDelayMs: 10,
        ...config,
      });
      self.sock = sock;
      sock.ws.on('frame', (stanza: BinaryNode) => void self.stanzas.push(stanza));
      sock.ev.on('creds.update', update => void Object.assign(creds, update));
      sock.ev.on('connection.update', ({ qr, connection, lastDisconnect }) => {
        if (qr) self.qrs.push(qr);
        if (connection === 'open') self.opens++;
        if (connection !== 'close') return;
        const error = lastDisconnect?.error as { output?: { statusCode?: number } } | undefined;
        self.closes.push(error?.output?.statusCode);
        if (error?.output?.statusCode === 515) self.connect();
      });
      sock.ev.on('messages.upsert', ({ messages, type }) => {
        for (const message of messages) {
          if (message.key.fromMe) sent.set(message.key.id ?? '', message.message);
          self.received.push({ message, type });
          // A receipt that comes within the event buffer's 100 ms is merged into the message.
          if (message.status != null) noteStatus(self.statuses, message.key.id ?? '', message.status);
        }
      });
      sock.ev.on('messages.update', updates => {
        for (const { key, update } of updates)
          if (update.status != null) noteStatus(self.statuses, key.id ?? '', update.status);
      });
      sock.ev.on('presence.update', update => void self.presences.push(update));
      return sock;
    },
  };
  t.after(() => self.sock?.end(undefined));
  return self;
}

/** Pairs a fresh client by QR and waits until it is open. */
export async function paired(
  t: TestContext,
  server: Server,
  phone: string,
  config: Partial<UserFacingSocketConfig> = {},
): Promise<Client> {
  const self = client(t, server.socketUrl, undefined, config);
  self.connect();
  const qr = await until(() => self.qrs[0], { what: 'a QR' });
  await server.post(`/admin/mock-phone/scan-qr?phone=${phone}`, qr);
  await until(() => self.opens === 1, { what: 'open after pairing' });
  return self;
}

/** A ready-linked client that is open. */
export async function linkedClients(
  t: TestContext,
  server: Server,
  request: { count: number; prefix?: string; preKeys?: number },
  config: Partial<UserFacingSocketConfig> = {},
): Promise<(Client & { jid: string; phone: string; lid: string })[]> {
  type Linked = {
    jid: string;
    phone: string;
    lid: string;
    credentials: string;
    preKeys: never[];
    appStateKeys: never[];
  };
  const devices = await server.post<Linked[]>('/admin/linked-devices', request);
  const clients = devices.map(device =>
    Object.assign(client(t, server.socketUrl, device, config), {
      jid: device.jid,
      lid: device.lid,
      phone: device.phone,
    }),
  );
  for (const one of clients) one.connect();
  await until(() => clients.every(one => one.opens === 1), { what: 'all open' });
  return clients;
}

/** Receipts of several devices come in any order: the furthest counts, as apps show it. 0 is an error. */
function noteStatus(statuses: Map<string, number>, id: string, status: number): void {
  statuses.set(id, status === 0 ? 0 : Math.max(status, statuses.get(id) ?? 0));
}

function drop(data: Map<string, unknown>, prefix: string): void {
  for (const key of data.keys()) if (key.startsWith(prefix)) data.delete(key);
}

function memoryKeys(data: Map<string, unknown>): SignalKeyStore {
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
      for (const [type, values] of Object.entries(given)) {
        for (const [id, value] of Object.entries(values ?? {})) {
          if (value === null) data.delete(`${type}/${id}`);
          else data.set(`${type}/${id}`, value);
        }
      }
    },
  };
}
