/** Which of the devices in the directory are this node's, and what follows when that changes. */
import { Failure } from '../errors.ts';
import type { Logger } from '../lib/logger.ts';
import type { DeviceStatus } from '../shard/protocol.ts';
import type { Sql } from '../store/database.ts';
import type { DeviceRow } from '../store/devices.ts';
import type { Access } from './access.ts';
import { Claims } from './claims.ts';
import type { OwnershipView } from './devices.ts';
import { type Directory, type Entry, entryOf, interruptedStatus, statusOf } from './directory.ts';
import type { Lease } from './lease.ts';

export interface OwnershipOptions {
  readonly lease: Lease;
  /** Opens a pool of one connection, for the claims. */
  readonly open: () => Sql;
  readonly directory: Directory;
  /** What opens a device that is ours. */
  readonly access: (row: DeviceRow) => Access;
  readonly log: Logger;
  /** No thread may act for any device: every socket is closed before anything else. */
  readonly suspend: () => void;
  /** The same for one device. */
  readonly abandon: (entry: Entry) => void;
  /** Devices that are ours: those that have a place already are given to it again, the others get one. */
  readonly host: (entries: readonly Entry[]) => void;
  readonly changed: (entry: Entry, status: DeviceStatus) => void;
  /** The device is no more. */
  readonly removed: (entry: Entry) => void;
}

const CLAIMING = 'This node has taken its lease and is claiming its devices.';
const ELSEWHERE = 'another node runs this device';

export class Ownership {
  readonly #options: OwnershipOptions;
  readonly #claims: Claims;

  constructor(options: OwnershipOptions) {
    this.#options = options;
    const { lease, open, directory, log } = options;
    this.#claims = new Claims({
      lease,
      open,
      log,
      held: () => directory.held().map(({ no }) => no),
      taken: rows => this.take(rows),
      others: rows => this.#others(rows),
    });
    lease.watch({
      lost: () => this.#lost(),
      taken: () => {
        // What was ours may be another's by now: nothing is, until it is claimed.
        this.#claims.doubt();
        void this.#claims.nudge();
      },
    });
  }

  /** Claims what is free and goes on looking. Fails as the database does. */
  start(): Promise<void> {
    return this.#claims.start();
  }

  /** Takes nothing more. What is ours stays ours until the lease is given back. */
  stop(): Promise<void> {
    return this.#claims.stop();
  }

  view(): OwnershipView {
    const { directory } = this.#options;
    const here = directory.held().length;
    return { here, elsewhere: directory.size - here, missing: this.#missing };
  }

  /** Fails with STORE_UNAVAILABLE while this node may act for no device. */
  assertHeld(): void {
    const missing = this.#missing;
    if (missing !== undefined) throw new Failure('STORE_UNAVAILABLE', `${missing} Nothing was done.`);
  }

  /** The device, if it is ours. Fails with STORE_UNAVAILABLE or DEVICE_ELSEWHERE. */
  assertHere(entry: Entry): Entry {
    this.assertHeld();
    if (!entry.held) throw new Failure('DEVICE_ELSEWHERE', undefined, { results: { device_id: entry.id } });
    return entry;
  }

  /** A statement that changes who owns what has failed, or was refused: nobody knows what is ours. */
  doubt(): void {
    this.#claims.doubt();
  }

  /** A device that this node has made in that term. If the term has ended since, a claim decides whose it is. */
  made(row: DeviceRow, term: number): void {
    const { lease, directory } = this.#options;
    if (lease.held() && lease.term === term) {
      if (directory.get(row.id)?.no !== row.no) this.take([row]);
    } else {
      this.doubt();
      if (directory.get(row.id)?.no !== row.no) directory.add(entryOf(row));
    }
  }

  /** Ours from now on. One that was before has a new epoch, and its shard lets go of the earlier runtime. */
  take(rows: readonly DeviceRow[]): void {
    const { directory, host, changed, access } = this.#options;
    const taken = rows.map(row => {
      const known = directory.get(row.id);
      if (known?.held && known.no === row.no) {
        known.epoch = row.epoch;
        const barred = known.access.barred !== undefined;
        known.access = access(row);
        if (barred || known.access.barred !== undefined)
          directory.update(known, entryOf(row, known.access).status);
        return known;
      }
      const entry = entryOf(row, access(row));
      directory.add(entry);
      return entry;
    });
    host(taken);
    for (const entry of taken) changed(entry, entry.status);
  }

  /** A write in that epoch was refused. */
  fenced(entry: Entry | undefined, no: number, epoch: number): void {
    if (entry?.held && entry.no === no && entry.epoch === epoch) this.#letGo(entry);
    // Perhaps by a claim of our own whose answer was lost.
    this.doubt();
  }

  /** Why this node may run no device, or does not know yet which. */
  get #missing(): string | undefined {
    return this.#options.lease.missing ?? (this.#claims.known ? undefined : CLAIMING);
  }

  #lost(): void {
    const { directory, suspend } = this.#options;
    suspend();
    for (const entry of directory.held()) this.#close(entry, 'the node has lost its lease');
  }

  #letGo(entry: Entry): void {
    this.#options.abandon(entry);
    this.#close(entry, ELSEWHERE);
  }

  #close(entry: Entry, reason: string): void {
    entry.held = false;
    entry.shard = null;
    this.#options.changed(entry, interruptedStatus(entry, reason));
  }

  /** All devices that are not ours, as the database has them now. */
  #others(rows: readonly DeviceRow[]): void {
    const { directory, changed, removed } = this.#options;
    const listed = new Set<string>();
    for (const row of rows) {
      listed.add(row.id);
      const entry = directory.get(row.id);
      if (entry?.no !== row.no) {
        if (entry?.held) this.#options.abandon(entry);
        directory.add(entryOf(row));
        continue;
      }
      // One that we hold was taken after the list was made, unless its epoch says that another has taken it.
      if (entry.held && entry.epoch >= row.epoch) continue;
      if (entry.held) this.#letGo(entry);
      const status = statusOf(row, false);
      if (!same(entry.status, status)) changed(entry, status);
    }
    for (const entry of [...directory.entries()]) if (!entry.held && !listed.has(entry.id)) removed(entry);
  }
}

function same(a: DeviceStatus, b: DeviceStatus): boolean {
  const names = ['phase', 'since', 'linked', 'jid', 'lid', 'name', 'reason', 'pairing'] as const;
  return names.every(name => a[name] === b[name]);
}
