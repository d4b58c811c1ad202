/**
 * The keys that are good, in memory: who calls is known without asking the database, and what costs as much for a key that
 * exists as for one that does not. Read anew every few seconds while anybody calls: a key that was revoked or changed
 * elsewhere counts for less than five.
 */
import { Failure } from '../errors.ts';
import { makeKey, sha256 } from '../lib/api-key.ts';
import { monotonic } from '../lib/deadline.ts';
import type { Logger } from '../lib/logger.ts';
import type { Service } from '../lib/service.ts';
import {
  type ApiKeyGrant,
  type ApiKeyRow,
  hasApiKeys,
  insertApiKey,
  MOST_KEYS,
  readApiKeys,
  revokeApiKey,
  rotateApiKey,
  touchApiKeys,
  updateApiKey,
} from '../store/api-keys.ts';
import { reachStore, type Sql } from '../store/database.ts';

/** What a call needs of a key. */
export interface KnownKey {
  readonly id: string;
  /** The first of the keys that were rotated into this one. */
  readonly origin: string;
  readonly digest: Buffer;
  readonly scopes: readonly string[];
  /** Numbers of devices; undefined: all. */
  readonly devices: ReadonlySet<number> | undefined;
}

/** A key as it may be shown: all but itself. */
export type KeyView = Omit<ApiKeyRow, 'digest' | 'leftMs'>;

export type KeyGrant = ApiKeyGrant;
export type KeyChange = Parameters<typeof updateApiKey>[2];

/** What the API asks of the register. Everything that returns a promise fails with STORE_UNAVAILABLE. */
export interface Keys {
  /** Whether there has ever been a key: the API is not open any more then. */
  readonly any: boolean;
  /** Resolves when `find` is right; at once, mostly. */
  fresh(): Promise<void> | undefined;
  /** The key of this id, if it is good. */
  find(id: string): KnownKey | undefined;
  /** Notes that it was used. */
  used(id: string): void;
  page(after: number, limit: number): Promise<KeyView[]>;
  /** Each fails with KEY_NOT_FOUND. */
  get(id: string): Promise<KeyView>;
  change(id: string, change: KeyChange): Promise<KeyView>;
  revoke(id: string): Promise<void>;
  /** `key` is the key itself, told this once. Fails with TOO_MANY_KEYS. */
  create(grant: KeyGrant): Promise<{ readonly key: string; readonly view: KeyView }>;
  /** Fails with KEY_NOT_FOUND, or KEY_ENDED. */
  rotate(
    id: string,
    how: { readonly overlapSeconds: number; readonly expiresAt: Date | null },
  ): Promise<{ readonly key: string; readonly view: KeyView }>;
}

/** From these ages on what is known is read anew, and is not used any more: a revoked key must be worth nothing within 5 s. */
const STALE_MS = 2_000;
const USELESS_MS = 4_000;
const TOUCH_EVERY_MS = 30_000;

interface Held extends KnownKey {
  /** Of the register's clock. */
  readonly until: number;
}

export class KeyRegister implements Keys, Service {
  readonly #sql: Sql;
  readonly #log: Logger;
  readonly #now: () => number;
  #keys: ReadonlyMap<string, Held> = new Map();
  #any = false;
  #readAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;
  #uses = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #touching: Promise<void> = Promise.resolve();

  constructor({ sql, log, now = monotonic }: { sql: Sql; log: Logger; now?: () => number }) {
    this.#sql = sql;
    this.#log = log;
    this.#now = now;
  }

  async start(): Promise<void> {
    await this.#read();
    this.#timer = setInterval(() => {
      this.#touching = this.#touch();
    }, TOUCH_EVERY_MS).unref();
  }

  /** Writes what was used last. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#touching;
    await this.#touch();
  }

  get any(): boolean {
    if (!this.#any) this.#refresh();
    return this.#any;
  }

  fresh(): Promise<void> | undefined {
    const age = this.#now() - this.#readAt;
    if (age < STALE_MS) return undefined;
    if (age < USELESS_MS) return this.#refresh();
    return this.#read();
  }

  find(id: string): KnownKey | undefined {
    const key = this.#keys.get(id);
    return key && key.until > this.#now() ? key : undefined;
  }

  used(id: string): void {
    this.#uses.set(id, Date.now());
  }

  async page(after: number, limit: number): Promise<KeyView[]> {
    const rows = await reachStore(() => readApiKeys(this.#sql, { after, limit }));
    return rows.map(shown);
  }

  async get(id: string): Promise<KeyView> {
    const [row] = await reachStore(() => readApiKeys(this.#sql, { id }));
    if (!row) throw new Failure('KEY_NOT_FOUND', undefined, { results: { key_id: id } });
    return shown(row);
  }

  async create(grant: KeyGrant): Promise<{ readonly key: string; readonly view: KeyView }> {
    const { id, key } = makeKey();
    const made = await this.#changing(() => insertApiKey(this.#sql, { id, digest: sha256(key) }, grant));
    if (!made) throw new Failure('TOO_MANY_KEYS', `There are ${MOST_KEYS} keys already; revoke some.`);
    return { key, view: await this.get(id) };
  }

  async change(id: string, change: KeyChange): Promise<KeyView> {
    const { revokedAt } = await this.get(id);
    if (revokedAt) throw new Failure('KEY_ENDED', undefined, { results: { key_id: id } });
    await this.#changing(() => updateApiKey(this.#sql, id, change));
    return this.get(id);
  }

  async rotate(
    from: string,
    how: { readonly overlapSeconds: number; readonly expiresAt: Date | null },
  ): Promise<{ readonly key: string; readonly view: KeyView }> {
    await this.get(from);
    const { id, key } = makeKey();
    const made = await this.#changing(() => rotateApiKey(this.#sql, from, { id, digest: sha256(key) }, how));
    if (!made) throw new Failure('KEY_ENDED', undefined, { results: { key_id: from } });
    return { key, view: await this.get(id) };
  }

  async revoke(id: string): Promise<void> {
    const found = await this.#changing(() => revokeApiKey(this.#sql, id));
    if (!found) throw new Failure('KEY_NOT_FOUND', undefined, { results: { key_id: id } });
  }

  /** A change, and what is known read anew: here it counts from its answer on. */
  async #changing<T>(change: () => Promise<T>): Promise<T> {
    const done = await reachStore(change);
    // A reading that is under way may have begun before the change.
    await this.#reading?.catch(() => {});
    await this.#read();
    return done;
  }

  /** Reads in the background; what is known is used meanwhile. */
  #refresh(): undefined {
    if (this.#reading || this.#now() - this.#readAt < STALE_MS) return;
    this.#read().catch((err: unknown) => this.#log.warn({ err }, 'keys of the API could not be read'));
  }

  #read(): Promise<void> {
    this.#reading ??= this.#load().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #load(): Promise<void> {
    const began = this.#now();
    const sql = this.#sql;
    const [any, rows] = await reachStore(() =>
      Promise.all([hasApiKeys(sql), readApiKeys(sql, { live: true })]),
    );
    this.#keys = new Map(
      rows.map(({ id, origin, digest, scopes, allDevices, deviceNos, leftMs }) => [
        id,
        {
          ...{ id, origin, digest, scopes },
          devices: allDevices ? undefined : new Set(deviceNos),
          until: leftMs === null ? Number.POSITIVE_INFINITY : began + leftMs,
        },
      ]),
    );
    this.#any = any;
    this.#readAt = began;
  }

  async #touch(): Promise<void> {
    if (this.#uses.size === 0) return;
    const uses = this.#uses;
    this.#uses = new Map();
    await touchApiKeys(this.#sql, uses).catch((err: unknown) =>
      this.#log.warn({ err }, 'the last use of keys could not be noted'),
    );
  }
}

function shown({ digest: _, leftMs: __, ...view }: ApiKeyRow): KeyView {
  return view;
}
