// What the device relies on of Baileys beyond its types, each held by one test on a real socket to the simulator: stock
// Baileys, with our shims as in a shard. docs/baileys.md lists them by these names.
import '../../src/device/shims.ts';
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { BinaryNode, SocketConfig, UserFacingSocketConfig, WASocket } from '@whiskeysockets/baileys';
import { DEFAULT_CONNECTION_CONFIG } from '@whiskeysockets/baileys';
import { type Client, client, type Server, simulator, tameClients } from '../simulator/client.ts';
import { until } from '../support/until.ts';
import { memoryKeys, type Repository } from './signal.ts';

tameClients();

export function reliance(name: string, held: (t: TestContext) => Promise<void>): void {
  test(`Baileys: ${name}`, held);
}

export type Linked = Client & { readonly jid: string; readonly phone: string; readonly lid: string };

export interface Watched {
  /** What the watched client did, in order: `out` and the XML of a stanza that left, `set` and a kind of key, and more of the test's own. */
  readonly log: string[];
  readonly server: Server;
  readonly self: Linked;
  readonly peer: Linked;
  readonly peerJid: string;
}

/** Baileys' log of what it writes: the only place where a stanza is seen on its way out. */
function listening(log: string[]): SocketConfig['logger'] {
  const nothing = () => {};
  const logger: SocketConfig['logger'] = {
    level: 'trace',
    child: () => logger,
    trace: (data: unknown, message?: string) => {
      const { xml, msg } = data as { xml?: string; msg?: string };
      if ((msg ?? message) === 'xml send' && xml) log.push(`out ${xml}`);
    },
    debug: nothing,
    info: nothing,
    warn: nothing,
    error: nothing,
  };
  return logger;
}

type Wrap = (repository: Repository) => Partial<Repository>;

/** Two clients that are open; of the first all is watched, and its repository wrapped. */
export async function watched(
  t: TestContext,
  {
    wrap,
    config = {},
    connect = true,
  }: { wrap?: Wrap; config?: Partial<UserFacingSocketConfig>; connect?: boolean } = {},
): Promise<Watched> {
  const server = await simulator(t);
  const log: string[] = [];
  type PreKey = { id: number; public: string; private: string };
  type Answer = { jid: string; phone: string; lid: string; credentials: string; preKeys: PreKey[] };
  const devices = await server.post<Answer[]>('/admin/linked-devices', { count: 2, preKeys: 5 });
  const [mine, theirs] = devices as [Answer, Answer];
  const own: Partial<UserFacingSocketConfig> = {
    logger: listening(log) as never,
    makeSignalRepository: (...given) => {
      const repository = DEFAULT_CONNECTION_CONFIG.makeSignalRepository(...given);
      return Object.assign(repository, wrap?.(repository));
    },
    ...config,
  };
  const keys = memoryKeys((kind, value) => {
    log.push(`set ${kind}`);
    return value;
  });
  for (const { id, public: pub, private: priv } of mine.preKeys) {
    const pair = { public: Buffer.from(pub, 'base64'), private: Buffer.from(priv, 'base64') };
    await keys.set({ 'pre-key': { [id]: pair } });
  }
  const of = ({ jid, lid, phone }: Answer) => ({ jid, lid, phone });
  const self = Object.assign(client(t, server.socketUrl, mine, own), of(mine));
  const peer = Object.assign(client(t, server.socketUrl, theirs), of(theirs));
  own.auth = { creds: self.creds, keys };
  peer.connect();
  if (connect) self.connect();
  await until(() => peer.opens === 1 && (!connect || self.opens === 1), { what: 'both open' });
  return { log, server, self, peer, peerJid: `${theirs.phone}@s.whatsapp.net` };
}

/** Listeners as they are on a fresh socket: in our place, between it and Baileys' own (arrivals.ts). */
export function between(
  socket: WASocket,
  event: string,
  handle: (node: BinaryNode, handler: (node: BinaryNode) => Promise<void>) => void,
): void {
  const handlers = socket.ws.listeners(event) as ((node: BinaryNode) => Promise<void>)[];
  assert.equal(handlers.length, 1, `${event} has one listener`);
  socket.ws.removeAllListeners(event);
  socket.ws.on(event, (node: BinaryNode) => handle(node, handlers[0] as (node: BinaryNode) => Promise<void>));
}

/** Both have a session and know each other's devices. */
export async function greeted({ self, peer, peerJid }: Watched): Promise<void> {
  const one = await peer.sock.sendMessage(`${self.phone}@s.whatsapp.net`, { text: 'hello' });
  await until(() => self.text(one?.key.id ?? '') === 'hello', { what: 'a greeting' });
  const two = await self.sock.sendMessage(peerJid, { text: 'hello' });
  await until(() => peer.text(two?.key.id ?? '') === 'hello', { what: 'its answer' });
}

/** Resolves when all that has left until now was handled by the server. */
export async function roundTrip(socket: WASocket, within?: number): Promise<void> {
  await socket.query({ tag: 'iq', attrs: { to: '@s.whatsapp.net', type: 'get', xmlns: 'w:p' } }, within);
}
