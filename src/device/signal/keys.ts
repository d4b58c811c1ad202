/**
 * The Signal state of the devices of one shard: memory first, durable before anything leaves.
 *
 * `DeviceKeys` is what one device's Baileys sees; `vault.ts` has the memory and the commit that all devices of a shard share. Its rules, each the answer to a reproduced loss (docs/decisions/0002):
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
import { failpoint } from '../../lib/failpoint.ts';
import { Seal } from '../../lib/seal.ts';
import type { Seat } from '../../shard/protocol.ts';
import { persist, storeFailure } from '../../store/database.ts';
import { isStorable } from '../../store/names.ts';
import { handOut, isUnchanged, type Kind, type Value } from './key-codec.ts';
import type { Arrived, Change, KeyVault, Queued, Writes } from './vault.ts';

interface Unit {
  readonly writes: Writes;
  readonly arrived: Arrived[];
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
  readonly seal: Seal;
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
    this.seal = new Seal(seat.key);
    this.#vault = vault;
    this.#credentials = credentials;
    this.#onFailure = onFailure;
  }

  poison(failure: Error): void {
    if (this.failure) return;
    this.failure = failure;
    this.#onFailure(failure);
  }

  /** A read of the device's own rows beside its keys: when it fails, it is as when a key could not be read. */
  async reading<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await persist(work);
    } catch (cause) {
      const failure = storeFailure(cause);
      this.poison(failure);
      throw failure;
    }
  }

  /** No more reads or writes; what is under way is not written. For a device whose state is about to be deleted. */
  retire(why: Error = new Error('the keys of the device are closed')): void {
    this.failure ??= why;
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
      // What could not be stored is not there.
      if (unit?.writes.get(kind)?.has(id) || !isStorable(id)) continue;
      const value = this.#vault.peek(no, kind, id);
      if (value === undefined) missing.push(id);
      else known.set(id, value);
    }
    if (missing.length > 0) {
      const loaded = await this.reading(() => this.#vault.load(this, kind, missing));
      for (const [id, value] of loaded) known.set(id, value);
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
    if (unit) this.#stage(unit.writes, data);
    else await this.#run(async ({ writes }) => this.#stage(writes, data));
  };

  /** Puts a stanza that has come in into the unit under way: it is durable with what it did to the keys, or neither is. */
  received(stanza: Arrived): void {
    const unit = this.#unit.getStore();
    if (!unit) throw new Error('a decrypted stanza belongs to the unit of work that decrypted it');
    unit.arrived.push(stanza);
  }

  /** Resolves when a stanza that changed no keys is in the inbox. */
  async admit(stanza: Arrived): Promise<void> {
    await this.#write({ arrived: [stanza] });
  }

  /** Resolves when a message is durable, so that it may be encrypted and sent. One of the same id is left as it is. */
  async queue(message: Queued): Promise<void> {
    await this.#write({ queued: [message] });
  }

  /**
   * One unit of work; inside another it is part of that one. `lid-mapping` does not take the lane: a unit that waits for
   * a mapping may wait for a lookup that somebody else started, and that lookup must be able to store what it found.
   */
  transaction = async <T>(work: () => Promise<T>, key?: string): Promise<T> => {
    if (this.#unit.getStore()) return work();
    return this.#run(unit => this.#unit.run(unit, work), key === 'lid-mapping');
  };

  /** Writes the credentials and resolves when they are durable. */
  async saveCredentials(): Promise<void> {
    await this.#write({ credentials: this.#credentials() });
  }

  #write(change: Partial<Omit<Change, 'keys'>>): Promise<void> {
    if (this.failure) return Promise.reject(this.failure);
    const durable = this.#vault.write({ writes: new Map(), ...change, keys: this });
    this.#written = durable.catch(() => {}); // whoever wrote waits for `durable` itself
    return durable;
  }

  async #run<T>(work: (unit: Unit) => Promise<T>, unlaned = false): Promise<T> {
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
    work: (unit: Unit) => Promise<T>,
  ): Promise<{ result: T; durable: Promise<void> | undefined }> {
    if (this.failure) throw this.failure;
    const unit: Unit = { writes: new Map(), arrived: [] };
    const { writes, arrived } = unit;
    const result = await work(unit).catch((error: unknown) => {
      // Baileys makes "no session" of a store that could not be read.
      throw this.failure ?? error;
    });
    if (this.failure) throw this.failure;
    if (writes.size === 0 && arrived.length === 0) return { result, durable: undefined };
    // New pre-keys and the counter that named them must not part, or an id is given out twice.
    const made = [...(writes.get('pre-key')?.values() ?? [])].some(value => value !== null);
    const durable = this.#write({ writes, arrived, credentials: made ? this.#credentials() : undefined });
    return { result, durable: made ? durable.then(() => failpoint('prekeys.after_store')) : durable };
  }

  /** What is known to be so already is not written. */
  #stage(writes: Writes, data: SignalDataSet): void {
    for (const kind of Object.keys(data) as Kind[]) {
      const values = writes.get(kind) ?? new Map<string, Value | null>();
      for (const [id, given] of Object.entries(data[kind] ?? {})) {
        // Fails this unit; in the statement it would fail those of all devices.
        if (!isStorable(id)) throw new Error('the database takes no such name');
        const value = (given ?? null) as Value | null;
        const known = values.has(id) ? values.get(id) : this.#vault.peek(this.seat.no, kind, id);
        if (value === null ? known === null : known && isUnchanged(kind, value, known)) continue;
        values.set(id, value && handOut(kind, value));
      }
      if (values.size > 0) writes.set(kind, values);
    }
  }
}
