/** How a device behaves where nobody asks it: what was set for it, over what the process has for all. */
import { isIP } from 'node:net';
import { proto } from '@whiskeysockets/baileys';
import { Failure } from '../../errors.ts';
import type { Draft } from '../../journal/event.ts';
import { Forbidden, Guard } from '../../lib/guard.ts';
import { Seal } from '../../lib/seal.ts';
import type { Seat } from '../../shard/protocol.ts';
import { reachStore, type Sql } from '../../store/database.ts';
import { writeDeviceSettings } from '../../store/device-settings.ts';
import { places } from '../../store/places.ts';
import type { Events, Heard } from '../chats/hearing.ts';

const { ON_DEMAND } = proto.HistorySync.HistorySyncType;

export const histories = ['none', 'recent', 'full'] as const;

export interface DeviceSettings {
  /** The URL of the proxy that its connections go through, password and all; '' for none. */
  readonly proxy: string;
  readonly rejectCalls: boolean;
  /** What a caller is told who was rejected; '' for nothing. */
  readonly rejectCallsMessage: string;
  readonly alwaysOnline: boolean;
  readonly autoRead: boolean;
  /** What whoever writes to it in a chat of two is told; '' for nothing. */
  readonly autoReply: string;
  readonly ignoreGroups: boolean;
  readonly ignoreStatus: boolean;
  readonly ignoreChannels: boolean;
  /** How much of the past the phone is asked for when it is linked. */
  readonly history: (typeof histories)[number];
  /** What the phone's list of linked devices calls it: "browser (device name)". */
  readonly deviceName: string;
  /** One that WhatsApp knows, which gives the picture in that list; '' for the one that fits `history`. */
  readonly browser: string;
  /** For how many days messages are kept in the chat store; 0 keeps none, null keeps them for ever. */
  readonly chatRetentionDays: number | null;
  /**
   * For how many days its events are kept; `none`: until they are delivered, `metadata`: then without what is in them, null:
   * as long as those of all.
   */
  readonly eventRetention: 'none' | 'metadata' | number | null;
}

export const DEFAULT_SETTINGS: DeviceSettings = {
  proxy: '',
  rejectCalls: false,
  rejectCallsMessage: '',
  alwaysOnline: false,
  autoRead: false,
  autoReply: '',
  ignoreGroups: false,
  ignoreStatus: false,
  ignoreChannels: false,
  history: 'recent',
  deviceName: 'Mac OS',
  browser: '',
  chatRetentionDays: null,
  eventRetention: null,
};

/** What is given is set; null gives a setting back to what the process has for it. */
export type SettingsChange = { readonly [K in keyof DeviceSettings]?: DeviceSettings[K] | null };

export interface SettingsOptions {
  readonly sql: Sql;
  readonly owner: string;
  readonly seat: Seat;
  /** What the process has for all devices. */
  readonly defaults: Partial<DeviceSettings>;
  /** Where a proxy may be beside the public internet. */
  readonly proxyAllow: readonly string[];
}

export class Settings {
  readonly #options: SettingsOptions;
  readonly #seal: Seal;
  #own: Partial<DeviceSettings>;
  #lane: Promise<unknown> = Promise.resolve();
  /** Called after a change, with what was before it. */
  changed: (before: DeviceSettings) => void = () => {};

  /** Fails with SealBroken: without its proxy a device must not connect. */
  constructor(options: SettingsOptions, row: Buffer | undefined) {
    this.#options = options;
    this.#seal = new Seal(options.seat.key);
    const opened = row && this.#seal.open(places.settings(options.seat.no), row);
    this.#own = opened ? (JSON.parse(opened.toString()) as Partial<DeviceSettings>) : {};
  }

  get current(): DeviceSettings {
    return { ...DEFAULT_SETTINGS, ...this.#options.defaults, ...this.#own };
  }

  /** Judges where its own proxy is; the one of the process is not judged. */
  get guard(): Guard | undefined {
    return this.#own.proxy ? new Guard(this.#options.proxyAllow) : undefined;
  }

  /**
   * Sets what is given and resolves when it is durable and in force. Fails with
   * VALIDATION_ERROR for a proxy at an address that must not be asked, and as `reachStore` does.
   */
  change(change: SettingsChange): Promise<DeviceSettings> {
    const turn = this.#lane.then(() => this.#set(change));
    this.#lane = turn.catch(() => {}); // whoever changed it waits for `turn`
    return turn;
  }

  /** Whether nothing is to be told or kept of what happens in this chat. */
  ignoresChat(jid: string): boolean {
    const { ignoreGroups, ignoreStatus, ignoreChannels } = this.current;
    if (jid.endsWith('@g.us')) return ignoreGroups;
    if (jid.endsWith('@newsletter')) return ignoreChannels;
    return jid === 'status@broadcast' && ignoreStatus;
  }

  /** Whether it is a fact of such a chat, or something to keep of it. */
  ignores(what: Draft | Heard): boolean {
    const { ignoreGroups, ignoreStatus, ignoreChannels } = this.current;
    if (!ignoreGroups && !ignoreStatus && !ignoreChannels) return false;
    return chatsOf(what).some(jid => typeof jid === 'string' && this.ignoresChat(jid));
  }

  /** What was said before the device was linked is not kept where nobody wants it; what somebody asks for is. */
  withoutPast(events: Events): Events {
    const past = events['messaging-history.set'];
    if (!past || this.current.history !== 'none' || past.syncType === ON_DEMAND) return events;
    return { ...events, 'messaging-history.set': { ...past, chats: [], messages: [] } };
  }

  async #set(change: SettingsChange): Promise<DeviceSettings> {
    const { sql, owner, seat, proxyAllow } = this.#options;
    if (change.proxy) await judge(change.proxy, new Guard(proxyAllow));
    const given = Object.entries(change).filter(([, value]) => value !== undefined);
    const own = Object.fromEntries(
      Object.entries({ ...this.#own, ...Object.fromEntries(given) }).filter(([, value]) => value !== null),
    ) as Partial<DeviceSettings>;
    const value = this.#seal.seal(places.settings(seat.no), Buffer.from(JSON.stringify(own)));
    await reachStore(() => writeDeviceSettings(sql, { no: seat.no, owner, epoch: seat.epoch }, value, own));
    const before = this.current;
    this.#own = own;
    this.changed(before);
    return this.current;
  }
}

/** What a name leads to is looked at again at each connection. */
async function judge(proxy: string, guard: Guard): Promise<void> {
  const host = new URL(proxy).hostname.replace(/^\[|\]$/g, '');
  const wrong = await new Promise<boolean>(resolve => {
    if (isIP(host) > 0) resolve(!guard.admits(host));
    // A name that does not resolve now may later.
    else guard.lookup(host, {}, error => resolve(error instanceof Forbidden));
  });
  if (!wrong) return;
  throw new Failure(
    'VALIDATION_ERROR',
    'proxy_url: leads to an address that is not public; the operator can allow it with PROXY_ALLOW.',
    { results: { field: 'proxy_url' } },
  );
}

/** The names under which a fact or something heard may have its chat. */
function chatsOf(what: Draft | Heard): readonly unknown[] {
  if ('payload' in what)
    return ['chat_id', 'group_id', 'group_jid', 'newsletter_id', 'jid'].map(name => what.payload[name]);
  switch (what.what) {
    case 'message':
      return [what.message.key.remoteJid];
    case 'update':
      return [what.update.key.remoteJid];
    case 'removed':
      return [what.key.remoteJid];
    case 'chat':
      return [what.chat.id];
    case 'group':
      return [what.group.id];
    case 'call':
      return [what.call.groupJid];
    case 'ended':
      return [what.jid];
    default:
      return [];
  }
}
