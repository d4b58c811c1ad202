/**
 * The Signal state of the devices of one shard in memory, and the way in which all of it becomes durable: one bounded
 * cache, one group commit, one statement for all devices. What is staged is in clear; rows are sealed with the device's key.
 */
import { LRUCache } from 'lru-cache';
import { failpoint } from '../../lib/failpoint.ts';
import { groupCommit } from '../../lib/group-commit.ts';
import type { Logger } from '../../lib/logger.ts';
import { SealBroken } from '../../lib/seal.ts';
import { commitState, type StateChange } from '../../store/commit.ts';
import type { Sql } from '../../store/database.ts';
import { persist, refusesValues, storeFailure } from '../../store/database.ts';
import { Fenced } from '../../store/fence.ts';
import type { InboxRow } from '../../store/inbox.ts';
import type { OutgoingRow } from '../../store/outgoing.ts';
import { places } from '../../store/places.ts';
import { quarantineSignalKeys } from '../../store/quarantine.ts';
import { readSignalKeys, type SignalKeyRow, signalKinds } from '../../store/signal-keys.ts';
import { decode, encode, type Kind, type Value, weigh } from './key-codec.ts';
import type { DeviceKeys } from './keys.ts';

/** Group commit: how long a unit waits for company, and how many units a statement takes. */
const COMMIT_DELAY_MS = 2;
const COMMIT_UNITS = 400;

export type Writes = Map<Kind, Map<string, Value | null>>;

/** A stanza on its way into the inbox, in clear; which device it is of is known where it is staged. */
export type Arrived = Pick<InboxRow, 'hash' | 'stanza' | 'plaintext'>;
/** A message on its way out, in clear. */
export type Queued = Pick<OutgoingRow, 'id' | 'chat' | 'message'>;

/** What one unit of work wants to be durable, in clear: it is sealed when it is written. */
export interface Change {
  readonly keys: DeviceKeys;
  readonly writes: Writes;
  readonly credentials?: Buffer | undefined;
  readonly arrived?: readonly Arrived[];
  readonly queued?: readonly Queued[];
}

interface Kept {
  readonly value: Value | null;
}

const address = (no: number, kind: Kind, id: string) => `${no}/${signalKinds[kind]}/${id}`;

export interface KeyVaultOptions {
  readonly sql: Sql;
  readonly owner: string;
  readonly cacheBytes: number;
  readonly log: Logger;
}

export class KeyVault {
  readonly #sql: Sql;
  readonly #owner: string;
  readonly #log: Logger;
  readonly #cache: LRUCache<string, Kept>;
  /** Written in memory and not yet on disk: must not be evicted, or the next read would be of the past. */
  readonly #pending = new Map<string, { kept: Kept; commits: number }>();
  /** For each read under way what has been written since it began: there its answer is of the past. */
  readonly #overtaken = new Set<Set<string>>();
  readonly #commit: (change: Change) => Promise<void>;

  constructor({ sql, owner, cacheBytes, log }: KeyVaultOptions) {
    this.#sql = sql;
    this.#log = log;
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
  async load(keys: DeviceKeys, kind: Kind, ids: readonly string[]): Promise<Map<string, Value | null>> {
    const { no } = keys.seat;
    const overtaken = new Set<string>();
    this.#overtaken.add(overtaken);
    const rows = await readSignalKeys(
      this.#sql,
      ids.map(id => ({ deviceNo: no, kind: signalKinds[kind], id })),
    ).finally(() => this.#overtaken.delete(overtaken));
    const found = await this.#opened(keys, kind, rows);
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
        this.#keep(at, value);
      }
      values.set(id, value);
    }
    if (stale.length === 0) return values;
    return new Map([...values, ...(await this.load(keys, kind, stale))]);
  }

  /**
   * The rows that open, by their id. One that does not was changed, or is another device's: it is told and moved aside, and
   * counts as absent. A session is then made anew with the peer, as after any that was lost.
   */
  async #opened(
    { seat: { no, epoch }, seal }: DeviceKeys,
    kind: Kind,
    rows: readonly SignalKeyRow[],
  ): Promise<Map<string, Buffer>> {
    const found = new Map<string, Buffer>();
    const broken: SignalKeyRow[] = [];
    for (const row of rows)
      try {
        found.set(row.id, seal.open(places.key(no, kind, row.id), row.value));
      } catch (err) {
        if (!(err instanceof SealBroken)) throw err;
        broken.push(row);
        this.#log.error({ kind, deviceNo: no }, 'a stored key does not open; it is moved aside');
      }
    if (broken.length > 0)
      await quarantineSignalKeys(this.#sql, { no, owner: this.#owner, epoch }, broken, 'it did not open');
    return found;
  }

  /** The LID of a phone number, whatever state the keys are in: a name is no secret that could be of the past. */
  async lidOf(keys: DeviceKeys, number: string): Promise<string | undefined> {
    const kind = 'lid-mapping';
    const known = this.peek(keys.seat.no, kind, number);
    const value = known === undefined ? (await this.load(keys, kind, [number])).get(number) : known;
    return typeof value === 'string' ? value : undefined;
  }

  /** The other names of people: the LID of a number by its digits, the number of a LID by `<digits>_reverse`. */
  async othersOf(keys: DeviceKeys, ids: readonly string[]): Promise<Map<string, string>> {
    const kind = 'lid-mapping';
    const known = new Map(ids.map(id => [id, this.peek(keys.seat.no, kind, id)]));
    const missing = ids.filter(id => known.get(id) === undefined);
    const loaded = missing.length > 0 ? await this.load(keys, kind, missing) : [];
    return new Map(
      [...known, ...loaded].filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    );
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
        else this.#keep(at, value);
        for (const overtaken of this.#overtaken) overtaken.add(at);
        touched.push(at);
      }
    try {
      await this.#commit(change);
      // Here and not in the flush: it is struck in the name of the device whose stanza has come.
      if (change.arrived?.length) await failpoint('recv.after_commit');
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

  #keep(at: string, value: Value | null): void {
    this.#cache.set(at, { value }, { size: weigh(value) + at.length });
  }

  /** One statement for all units. Units of one device are merged in order; a device that was poisoned meanwhile is left out. */
  async #flush(changes: Change[]): Promise<(Error | undefined)[]> {
    const sound = changes.filter(change => !change.keys.failure);
    let fenced: Set<number>;
    try {
      if (sound.some(({ arrived }) => arrived?.length)) await failpoint('recv.before_commit');
      fenced = await persist(() => commitState(this.#sql, this.#owner, sealed(sound)));
      if (sound.some(({ writes }) => writes.has('sender-key-memory'))) await failpoint('send.after_memory');
    } catch (cause) {
      // One of them is at fault; the others need not suffer for it.
      const devices = new Set(sound.map(({ keys }) => keys));
      if (refusesValues(cause) && devices.size > 1) {
        for (const device of devices) await this.#flush(sound.filter(({ keys }) => keys === device));
        return changes.map(change => change.keys.failure);
      }
      const failure = storeFailure(cause);
      for (const { keys } of sound) keys.poison(failure);
      return changes.map(change => change.keys.failure);
    }
    for (const { keys } of sound) if (fenced.has(keys.seat.no)) keys.poison(new Fenced(keys.seat.no));
    return changes.map(change => change.keys.failure);
  }
}

/** The rows of a batch. Of what several units wrote the last value counts. */
function sealed(changes: readonly Change[]): StateChange {
  const rows = new Map<string, { keys: DeviceKeys; kind: Kind; id: string; value: Value | null }>();
  const credentials = new Map<number, { deviceNo: number; epoch: number; value: Buffer }>();
  const inbox = [];
  const outgoing = [];
  for (const { keys, writes, credentials: written, arrived = [], queued = [] } of changes) {
    const { seal, seat } = keys;
    const term = { deviceNo: seat.no, epoch: seat.epoch };
    for (const [kind, values] of writes)
      for (const [id, value] of values) rows.set(address(seat.no, kind, id), { keys, kind, id, value });
    if (written)
      credentials.set(seat.no, { ...term, value: seal.seal(places.credentials(seat.no), written) });
    for (const { hash, stanza, plaintext } of arrived)
      inbox.push({
        ...term,
        hash,
        stanza: stanza && seal.seal(places.stanza(seat.no, hash), stanza),
        plaintext: plaintext && seal.seal(places.plaintext(seat.no, hash), plaintext),
      });
    for (const { id, chat, message } of queued)
      outgoing.push({ ...term, id, chat, message: seal.seal(places.outgoing(seat.no, id), message) });
  }
  const upserts = [];
  const deletes = [];
  for (const { keys, kind, id, value } of rows.values()) {
    const { seal, seat } = keys;
    const row = { deviceNo: seat.no, epoch: seat.epoch, kind: signalKinds[kind], id };
    if (value === null) deletes.push(row);
    else upserts.push({ ...row, value: seal.seal(places.key(seat.no, kind, id), encode(kind, value)) });
  }
  return { upserts, deletes, credentials: [...credentials.values()], inbox, outgoing };
}
