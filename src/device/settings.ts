/** How a device behaves where nobody asks it: what was set for it, over what the process has for all. */
import type { Draft } from '../journal/event.ts';
import { Seal } from '../lib/seal.ts';
import type { Seat } from '../shard/protocol.ts';
import { reachStore, type Sql } from '../store/database.ts';
import { writeDeviceSettings } from '../store/device-settings.ts';
import { places } from '../store/places.ts';

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
};

/** What is given is set; null gives a setting back to what the process has for it. */
export type SettingsChange = { readonly [K in keyof DeviceSettings]?: DeviceSettings[K] | null };

export interface SettingsOptions {
  readonly sql: Sql;
  readonly owner: string;
  readonly seat: Seat;
  /** What the process has for all devices. */
  readonly defaults: Partial<DeviceSettings>;
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

  /** Sets what is given and resolves when it is durable and in force. Fails as `reachStore` does. */
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

  /** Whether it is a fact of such a chat. */
  ignores({ payload }: Draft): boolean {
    return ['chat_id', 'group_id', 'group_jid', 'newsletter_id', 'jid'].some(name => {
      const jid = payload[name];
      return typeof jid === 'string' && this.ignoresChat(jid);
    });
  }

  async #set(change: SettingsChange): Promise<DeviceSettings> {
    const { sql, owner, seat } = this.#options;
    const given = Object.entries(change).filter(([, value]) => value !== undefined);
    const own = Object.fromEntries(
      Object.entries({ ...this.#own, ...Object.fromEntries(given) }).filter(([, value]) => value !== null),
    ) as Partial<DeviceSettings>;
    const value = this.#seal.seal(places.settings(seat.no), Buffer.from(JSON.stringify(own)));
    await reachStore(() => writeDeviceSettings(sql, { no: seat.no, owner, epoch: seat.epoch }, value));
    const before = this.current;
    this.#own = own;
    this.changed(before);
    return this.current;
  }
}
