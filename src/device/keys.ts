/**
 * The Signal state of the devices of one shard: memory first, durable before anything leaves.
 *
 * `KeyVault` is shared by the devices of a shard: one bounded cache, one group commit, one statement for all of them.
 * `DeviceKeys` is what one device's Baileys sees. Its rules, each the answer to a reproduced loss (docs/decisions/0002):
 * - One serial lane per device. Every repository call is one unit of work: it sees its own writes, and nobody else's half.
 * - A unit that ends well changes memory at once and joins the next group commit; it *resolves* only when that commit is
 *   durable. Whoever awaits it (the wire, the receipt) therefore comes after the disk. The lane is free meanwhile.
 * - A unit that throws leaves no trace.
 * - When a commit fails the device's keys are poisoned: nothing of it can be read or written until it is opened anew
 *   from the database, so memory never runs ahead of the disk. `onFailure` is called before anyone is told, so that the
 *   socket is closed before the failure could look like a message that did not decrypt.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { SignalDataSet, SignalKeyStoreWithTransaction } from '@whiskeysockets/baileys';
import { LRUCache } from 'lru-cache';
import { failpoint } from '../lib/failpoint.ts';
import { groupCommit } from '../lib/group-commit.ts';
import type { Seat } from '../shard/protocol.ts';
import { commitState } from '../store/commit.ts';
import type { Sql } from '../store/database.ts';
import { storeFailure } from '../store/database.ts';
import { Fenced } from '../store/fence.ts';
import { readSignalKeys, signalKinds } from '../store/signal-keys.ts';
import { decode, encode, handOut, type Kind, takeIn, type Value, weigh } from './key-codec.ts';

/** Group commit: how long a unit waits for company, and how many units a statement takes. */
const COMMIT_DELAY_MS = 2;
const COMMIT_UNITS = 400;

type Writes = Map<Kind, Map<string, Value | null>>;

interface Change {
  readonly keys: DeviceKeys;
  readonly writes: Writes;
  readonly credentials: Buffer | undefined;
}

interface Kept {
  readonly value: Value | null;
}

const address = (no: number, kind: Kind, id: string) => `${no}/${signalKinds[kind]}/${id}`;

export class KeyVault {
  readonly #sql: Sql;
  readonly #owner: string;
  readonly #cache: LRUCache<string, Kept>;
  /** Written in memory and not yet on disk: must not be evicted, or the next read would be of the past. */
  readonly #pending = new Map<string, { kept: Kept; commits: number }>();
  /** For each read under way what has been written since it began: there its answer is of the past. */
  readonly #overtaken = new Set<Set<string>>();
  readonly #commit: (change: Change) => Promise<void>;

  constructor({ sql, owner, cacheBytes }: { sql: Sql; owner: string; cacheBytes: number }) {
    this.#sql = sql;
    this.#owner = owner;
    this.#cache = new LRUCache({ maxSize: cacheBytes });
    const commit = groupCommit<Change, Error | undefined>({
      delayMs: COMMIT_DELAY_MS,
      maxItems: COMMIT_UNITS,
      flush: changes => this.#flush(changes),
    });
    this.#commit = async change => {
      const error = await commit(change);
      if (error) throw error;
    };
  }

  /** What is in memory: `undefined` means that the database must be asked, `null` that there is nothing. */
  peek(no: number, kind: Kind, id: string): Value | null | undefined {
    const at = address(no, kind, id);
    return (this.#pending.get(at)?.kept ?? this.#cache.get(at))?.value;
  }

  /** Reads from the database and gives what it read, for memory may be too small to keep it. `null`: there is nothing. */
  async load(no: number, kind: Kind, ids: readonly string[]): Promise<Map<string, Value | null>> {
    const overtaken = new Set<string>();
    this.#overtaken.add(overtaken);
    const rows = await readSignalKeys(
      this.#sql,
      ids.map(id => ({ deviceNo: no, kind: signalKinds[kind], id })),
    ).finally(() => this.#overtaken.delete(overtaken));
    const found = new Map(rows.map(row => [row.id, row.value]));
    const values = new Map<string, Value | null>();
    const stale: string[] = [];
    for (const id of ids) {
      const at = address(no, kind, id);
      const row = found.get(id);
      // Written while we were reading: what memory has is newer.
      let value = this.peek(no, kind, id);
      if (value === undefined && overtaken.has(at)) {
        stale.push(id);
        continue;
      }
      if (value === undefined) {
        value = row ? decode(kind, row) : null;
        this.#keep(at, kind, value);
      }
      values.set(id, value);
    }
    if (stale.length === 0) return values;
    return new Map([...values, ...(await this.load(no, kind, stale))]);
  }

  /** Puts a unit's writes into memory and into the next commit; resolves when they are durable. */
  async write(change: Change): Promise<void> {
    const touched: string[] = [];
    for (const [kind, values] of change.writes)
      for (const [id, value] of values) {
        const at = address(change.keys.seat.no, kind, id);
        const commits = this.#pending.get(at)?.commits ?? 0;
        this.#pending.set(at, { kept: { value }, commits: commits + 1 });
        // A first login makes 812 pre-keys, of which few are ever read: they would push out what is in use.
        if (kind === 'pre-key') this.#cache.delete(at);
        else this.#keep(at, kind, value);
        for (const overtaken of this.#overtaken) overtaken.add(at);
        touched.push(at);
      }
    try {
      await this.#commit(change);
    } finally {
      for (const at of touched) {
        const entry = this.#pending.get(at);
        if (entry && --entry.commits === 0) this.#pending.delete(at);
      }
    }
  }

  /** Forgets what memory holds of a device. */
  drop(no: number): void {
    const prefix = `${no}/`;
    for (const at of this.#cache.keys()) if (at.startsWith(prefix)) this.#cache.delete(at);
  }

  #keep(at: string, kind: Kind, value: Value | null): void {
    this.#cache.set(at, { value }, { size: weigh(kind, value) + at.length });
  }

  /** One statement for all units. Units of one device are merged in order; a device that was poisoned meanwhile is left out. */
  async #flush(changes: Change[]): Promise<(Error | undefined)[]> {
    const sound = changes.filter(change => !change.keys.failure);
    const rows = new Map<string, { seat: Seat; kind: Kind; id: string; value: Value | null }>();
    const credentials = new Map<number, { seat: Seat; value: Buffer }>();
    for (const { keys, writes, credentials: value } of sound) {
      const { seat } = keys;
      for (const [kind, values] of writes)
        for (const [id, value] of values) rows.set(address(seat.no, kind, id), { seat, kind, id, value });
      if (value) credentials.set(seat.no, { seat, value });
    }
    let fenced: Set<number>;
    try {
      const upserts = [];
      const deletes = [];
      for (const { seat, kind, id, value } of rows.values()) {
        const row = { deviceNo: seat.no, epoch: seat.epoch, kind: signalKinds[kind], id };
        if (value === null) deletes.push(row);
        else upserts.push({ ...row, value: encode(kind, value) });
      }
      fenced = await commitState(this.#sql, this.#owner, {
        upserts,
        deletes,
        credentials: [...credentials.values()].map(({ seat, value }) => ({
          deviceNo: seat.no,
          epoch: seat.epoch,
          value,
        })),
      });
    } catch (cause) {
      const failure = storeFailure(cause);
      for (const { keys } of sound) keys.poison(failure);
      return changes.map(change => change.keys.failure);
    }
    for (const { keys } of sound) if (fenced.has(keys.seat.no)) keys.poison(new Fenced(keys.seat.no));
    return changes.map(change => change.keys.failure);
  }
}

interface Unit {
  readonly writes: Writes;
}

export interface DeviceKeysOptions {
  readonly vault: KeyVault;
  readonly seat: Seat;
  /** The credentials as a row, asked for when they must be written with the keys. */
  readonly credentials: () => Buffer;
  /** Called once, synchronously, when the store failed and before anybody learns of it. */
  readonly onFailure: (failure: Error) => void;
}

/** The key store of one device; what Baileys and its repository get. */
export class DeviceKeys implements SignalKeyStoreWithTransaction {
  readonly seat: Seat;
  failure: Error | undefined;
  readonly #vault: KeyVault;
  readonly #credentials: () => Buffer;
  readonly #onFailure: (failure: Error) => void;
  readonly #unit = new AsyncLocalStorage<Unit>();
  #lane: Promise<unknown> = Promise.resolve();
  /** The last write; commits end in the order of their writes. */
  #written: Promise<void> = Promise.resolve();

  constructor({ vault, seat, credentials, onFailure }: DeviceKeysOptions) {
    this.seat = seat;
    this.#vault = vault;
    this.#credentials = credentials;
    this.#onFailure = onFailure;
  }

  poison(failure: Error): void {
    if (this.failure) return;
    this.failure = failure;
    this.#onFailure(failure);
  }

  /** No more reads or writes; what is under way is not written. For a device whose state is about to be deleted. */
  retire(): void {
    this.failure ??= new Error('the keys of the device are closed');
  }

  /** Resolves when no write is under way any more, whatever became of it. */
  settled(): Promise<void> {
    return this.#written;
  }

  isInTransaction = (): boolean => this.#unit.getStore() !== undefined;

  get = async <K extends Kind>(kind: K, ids: string[]): Promise<Record<string, Value<K>>> => {
    if (this.failure) throw this.failure;
    const unit = this.#unit.getStore();
    const { no } = this.seat;
    const known = new Map<string, Value | null>();
    const missing: string[] = [];
    for (const id of ids) {
      if (unit?.writes.get(kind)?.has(id)) continue;
      const value = this.#vault.peek(no, kind, id);
      if (value === undefined) missing.push(id);
      else known.set(id, value);
    }
    if (missing.length > 0) {
      try {
        for (const [id, value] of await this.#vault.load(no, kind, missing)) known.set(id, value);
      } catch (cause) {
        const failure = storeFailure(cause);
        this.poison(failure);
        throw failure;
      }
    }
    const writes = unit?.writes.get(kind);
    const found: Record<string, Value<K>> = {};
    for (const id of ids) {
      const value = writes?.has(id) ? writes.get(id) : known.get(id);
      if (value !== null && value !== undefined) found[id] = handOut(kind, value as Value<K>);
    }
    return found;
  };

  set = async (data: SignalDataSet): Promise<void> => {
    const unit = this.#unit.getStore();
    if (unit) stage(unit.writes, data);
    else await this.#run(async writes => stage(writes, data));
  };

  /**
   * One unit of work; inside another it is part of that one. `lid-mapping` does not take the lane: a unit that waits for
   * a mapping may wait for a lookup that somebody else started, and that lookup must be able to store what it found.
   */
  transaction = async <T>(work: () => Promise<T>, key?: string): Promise<T> => {
    if (this.#unit.getStore()) return work();
    return this.#run(writes => this.#unit.run({ writes }, work), key === 'lid-mapping');
  };

  /** Writes the credentials and resolves when they are durable. */
  async saveCredentials(): Promise<void> {
    await this.#write(new Map(), this.#credentials());
  }

  #write(writes: Writes, credentials: Buffer | undefined): Promise<void> {
    const durable = this.#vault.write({ keys: this, writes, credentials });
    this.#written = durable.catch(() => {}); // whoever wrote waits for `durable` itself
    return durable;
  }

  async #run<T>(work: (writes: Writes) => Promise<T>, unlaned = false): Promise<T> {
    if (unlaned) {
      const { result, durable } = await this.#attempt(work);
      await durable;
      return result;
    }
    const turn = this.#lane.then(() => this.#attempt(work));
    this.#lane = turn.catch(() => {});
    const { result, durable } = await turn;
    await durable;
    return result;
  }

  async #attempt<T>(
    work: (writes: Writes) => Promise<T>,
  ): Promise<{ result: T; durable: Promise<void> | undefined }> {
    if (this.failure) throw this.failure;
    const writes: Writes = new Map();
    const result = await work(writes).catch((error: unknown) => {
      // Baileys makes "no session" of a store that could not be read.
      throw this.failure ?? error;
    });
    if (this.failure) throw this.failure;
    if (writes.size === 0) return { result, durable: undefined };
    // New pre-keys and the counter that named them must not part, or an id is given out twice.
    const made = [...(writes.get('pre-key')?.values() ?? [])].some(value => value !== null);
    const durable = this.#write(writes, made ? this.#credentials() : undefined);
    return { result, durable: made ? durable.then(() => failpoint('prekeys.after_store')) : durable };
  }
}

function stage(writes: Writes, data: SignalDataSet): void {
  for (const kind of Object.keys(data) as Kind[]) {
    const values = writes.get(kind) ?? new Map<string, Value | null>();
    writes.set(kind, values);
    for (const [id, value] of Object.entries(data[kind] ?? {}))
      values.set(id, value === null || value === undefined ? null : takeIn(kind, value as Value));
  }
}
