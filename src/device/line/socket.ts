/** The only file that calls `makeWASocket`: its options with their reasons, and what must be mended on a fresh socket. */
import {
  type AuthenticationCreds,
  makeWASocket,
  proto,
  type SocketConfig,
  WA_CERT_DETAILS,
  type WASocket,
} from '@whiskeysockets/baileys';
import { LRUCache } from 'lru-cache';
import { type Logger, mask } from '../../lib/logger.ts';
import { pressed } from '../../lib/pressure.ts';
import { DEFAULT_SETTINGS, type DeviceSettings, type Settings } from '../household/settings.ts';
import type { Inbox } from '../receiving/inbox.ts';
import type { Unread } from '../receiving/unread.ts';
import type { DeviceKeys } from '../signal/keys.ts';
import { makeRepository } from '../signal/repository.ts';
import type { Action } from '../translate/app-state.ts';
import type { Caches } from './caches.ts';
import type { Groups } from './groups.ts';
import { guardByLease } from './lease-guard.ts';
import { wayOf } from './proxy.ts';
import { quiet } from './quiet.ts';

/** Where the sockets of this shard go. Nothing set is WhatsApp itself. */
export interface Whatsapp {
  readonly socketUrl?: string;
  /** Root public key of the server, hex. */
  readonly rootKey?: string;
  /** PEM of the authority of its TLS certificate. */
  readonly ca?: string;
  /** Another server than WhatsApp's media hosts. */
  readonly mediaUrl?: string;
}

export interface SocketOptions {
  readonly credentials: AuthenticationCreds;
  readonly keys: DeviceKeys;
  readonly inbox: Inbox;
  readonly groups: Groups;
  /** A message that we sent, for a peer that could not decrypt it. */
  readonly sent: (id: string) => Promise<proto.IMessage | undefined>;
  readonly unread: Unread;
  readonly caches: Caches;
  readonly whatsapp: Whatsapp;
  readonly settings: Pick<Settings, 'current'> & Partial<Pick<Settings, 'guard'>>;
  /** The number to pair by code, '' to pair by QR. */
  readonly phone: string;
  /** Whether anything may pass the socket; asked for every frame. */
  readonly held: () => boolean;
  /** An action that another device of the account has taken, as it was decoded; not those of the first synchronisation. */
  readonly synced: (action: Action) => void;
  readonly log: Logger;
}

export type { WASocket };

const { HistorySyncType } = proto.HistorySync;

/** Trusts another root than WhatsApp's for every handshake of this thread. Call once, before the first socket. */
export function trustRoot(rootKey: string | undefined): void {
  if (rootKey !== undefined) WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(rootKey, 'hex');
}

export function openSocket({
  credentials,
  keys,
  inbox,
  groups,
  sent,
  unread,
  caches,
  whatsapp,
  settings,
  phone,
  held,
  synced,
  log,
}: SocketOptions): WASocket {
  const { no } = keys.seat;
  const { history, deviceName, browser } = settings.current;
  const { agent, fetchAgent, options } = wayOf(settings, whatsapp);
  const config: Partial<SocketConfig> = {
    auth: { creds: credentials, keys },
    logger: hearing(quietLogger(log), synced),
    makeSignalRepository: makeRepository(keys, inbox),
    // Online would stop the notifications on the user's own phone.
    markOnlineOnConnect: false,
    syncFullHistory: history === 'full',
    // The first chunk has the LID mappings, without which sessions are lost; the rest can be left out.
    shouldSyncHistoryMessage: ({ syncType }) =>
      syncType === HistorySyncType.INITIAL_BOOTSTRAP || (isWanted(settings, syncType) && !pressed()),
    browser: browserOf({ deviceName, browser, history }, phone),
    // Our own sends are answered over HTTP; as events they would be echoes.
    emitOwnEvents: false,
    // Slept inside the message mutex: 250 ms (the default) for each of 1,000 bad messages blocks a device for minutes.
    retryRequestDelayMs: 20,
    // Never: it goes by the wall clock, so that a step of it ended every connection at once (Socket/socket.ts,
    // startKeepAliveRequest). `ping.ts` pings and `health.ts` judges by a monotonic clock.
    keepAliveIntervalMs: 2 ** 31 - 1,
    // Our commits answer for durability and fail fast; 10 retries of 3 s would hold the account's mutex for 30 s.
    transactionOpts: { maxCommitRetries: 1, delayBetweenTriesMs: 0 },
    generateHighQualityLinkPreview: false,
    cachedGroupMetadata: async jid => groups.peek(jid),
    getMessage: async key => sent(key.id ?? ''),
    userDevicesCache: caches.userDevices(no),
    msgRetryCounterCache: unread.retryCounts(caches.messageRetries(no)),
    callOfferCache: caches.callOffers(no),
    placeholderResendCache: unread.placeholders(),
    ...(whatsapp.socketUrl !== undefined && { waWebSocketUrl: whatsapp.socketUrl }),
    ...(agent && { agent }),
    ...(fetchAgent && { fetchAgent }),
    // Histories and app state are fetched by Baileys, at a path of a media host.
    ...(options && { options }),
  };
  const socket = makeWASocket(config as SocketConfig);
  guardByLease(socket, held);
  keepOffline(socket, credentials);
  tellAtOnce(socket);
  boundRetryManager(socket);
  boundMappings(socket);
  // Other events wait in Baileys' buffer for up to 30 s; `end` would throw them away.
  socket.registerSocketEndHandler(() => void socket.ev.flush());
  return socket;
}

/** What the phone sends is decided when it is linked, and what is taken of it now. */
function isWanted(settings: Pick<Settings, 'current'>, type: unknown): boolean {
  const { history } = settings.current;
  return history === 'full' || (history === 'recent' && type !== HistorySyncType.FULL);
}

/**
 * A name of one's own is shown by a phone that scans a QR. With a code WhatsApp takes only names that it knows
 * (whatsmeow pair-code.go, PairPhone), and the whole past it sends to a "Desktop" alone.
 */
function browserOf(
  { deviceName, browser, history }: Pick<DeviceSettings, 'deviceName' | 'browser' | 'history'>,
  phone: string,
): [string, string, string] {
  const shown = browser || (history === 'full' ? 'Desktop' : 'Chrome');
  return [phone === '' && deviceName !== '' ? deviceName : DEFAULT_SETTINGS.deviceName, shown, ''];
}

/**
 * Baileys answers every `creds.update` without `me` with a `<presence/>`, which WhatsApp takes for "online"
 * (Socket/socket.ts, "update credentials when required"). With `me` in it there is no difference to announce.
 */
function keepOffline(socket: WASocket, credentials: AuthenticationCreds): void {
  const emit = socket.ev.emit.bind(socket.ev);
  socket.ev.emit = (event, data) => {
    if (event !== 'creds.update' || !credentials.me) return emit(event, data);
    const update = data as Partial<AuthenticationCreds>;
    return emit(event, (update.me ? update : { ...update, me: credentials.me }) as typeof data);
  };
}

/** Of these one swallows the other when both are in the buffer: a message its receipt, a history the receipts of its messages. */
const TOLD_AT_ONCE = new Set<string>([
  'messaging-history.set',
  'messages.upsert',
  'messages.update',
  'message-receipt.update',
]);

/** Facts do not wait in Baileys' buffer (Utils/event-buffer.ts), where a message and its receipt become one. */
function tellAtOnce(socket: WASocket): void {
  const emit = socket.ev.emit.bind(socket.ev);
  socket.ev.emit = (event, data) => {
    const heard = emit(event, data);
    if (TOLD_AT_ONCE.has(event)) socket.ev.flush();
    return heard;
  };
}

interface RetryManager {
  recentMessagesMap: LRUCache<string, { message: proto.IMessage; timestamp: number }>;
  schedulePhoneRequest: (id: string, ask: () => void) => void;
  messageKeyIndex: Map<string, string>;
  baseKeys: LRUCache<string, Uint8Array>;
}

/** Its maps are allocated for 1,536 entries and hold *received* messages too: 68 KB empty, 1.7 MB full of images. */
function boundRetryManager(socket: WASocket): void {
  const manager = socket.messageRetryManager as unknown as RetryManager | null;
  if (!manager) return;
  // `unread.ts` asks: over restarts, and more often than once.
  manager.schedulePhoneRequest = () => {};
  const index = manager.messageKeyIndex;
  manager.recentMessagesMap = new LRUCache({
    max: 16,
    ttl: 300_000,
    dispose: (_message, key) => void index.delete(key.slice(key.lastIndexOf('\u0000') + 1)),
  });
  manager.baseKeys = new LRUCache({ max: 16, ttl: 900_000 });
}

/** Unbounded with two timers per mapping: 10,000 mappings are 9.4 MB. The key store has them all. */
function boundMappings(socket: WASocket): void {
  const store = socket.signalRepository.lidMapping as unknown as { mappingCache: LRUCache<string, string> };
  store.mappingCache = new LRUCache({ max: 256 });
}

/**
 * Baileys' events of app state have lost when something was done, and half of what (Utils/chat-utils.ts, processSyncAction);
 * what it traces before them is all of it.
 */
function hearing(logger: SocketConfig['logger'], synced: (action: Action) => void): SocketConfig['logger'] {
  return {
    ...logger,
    child: () => logger,
    trace: (data: unknown, sentence?: string) => {
      if (sentence !== 'processing sync action') return;
      const { syncAction, initialSync } = data as {
        syncAction: { index: readonly string[]; syncAction: { value?: proto.ISyncActionValue | null } };
        initialSync: boolean;
      };
      const { value } = syncAction.syncAction;
      if (!initialSync && value) synced({ index: syncAction.index, value });
    },
  };
}

/**
 * Baileys logs JIDs, nodes and keys as it goes. Only its warnings and errors pass, at our debug level, as their sentence
 * and reason with the digits taken out.
 */
function quietLogger(log: Logger): SocketConfig['logger'] {
  if (!log.isLevelEnabled('debug')) return quiet;
  const pass = (data: unknown, message?: string) => {
    const sentence = message ?? (typeof data === 'string' ? data : 'unnamed');
    const { err, error } = (typeof data === 'object' && data !== null ? data : {}) as {
      err?: unknown;
      error?: unknown;
    };
    const cause = err ?? error;
    log.debug(
      { baileys: mask(sentence), ...(cause instanceof Error && { reason: mask(cause.message) }) },
      'baileys complains',
    );
  };
  const logger: SocketConfig['logger'] = {
    ...quiet,
    level: 'warn',
    child: () => logger,
    warn: pass,
    error: pass,
  };
  return logger;
}
