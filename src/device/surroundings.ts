import type { Logger } from 'pino';
import type { Journal } from '../journal/journal.ts';
import type { DeviceStatus, Streamed } from '../shard/protocol.ts';
import type { Sql } from '../store/database.ts';
import type { Watch } from './health/care.ts';
import type { DeviceSettings } from './household/settings.ts';
import type { Caches } from './line/caches.ts';
import type { Whatsapp } from './line/socket.ts';
import type { KeyVault } from './signal/vault.ts';

/** What a device may ask of the shard around it. */
export interface Surroundings {
  readonly sql: Sql;
  readonly owner: string;
  readonly vault: KeyVault;
  readonly caches: Caches;
  readonly journal: Journal;
  readonly whatsapp: Whatsapp;
  /** How devices are set up for which nothing else was set. */
  readonly defaults: Partial<DeviceSettings>;
  /** Where their proxies may be beside the public internet. */
  readonly proxyAllow: readonly string[];
  readonly log: Logger;
  /** Asks the node's connect gate; the answer is an `admitted` input. */
  knock(): void;
  /** Whether the node may act for the device; asked for every frame. */
  held(): boolean;
  /** A write was refused: the device is another's. Ends it, at once. */
  fenced(): void;
  changed(status: DeviceStatus): void;
  streamed(events: Streamed[]): void;
  readonly watch: Watch;
}
