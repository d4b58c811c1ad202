/** Who is kept from the others: which devices run in the quarantine thread, and until when. */
import type { Logger } from '../lib/logger.ts';
import type { Sql } from '../store/database.ts';
import type { Directory, Entry } from './directory.ts';
import type { Shards } from './shards.ts';
import { Suspects } from './suspects.ts';

const LOOK_EVERY = 60_000;

export interface IsolationOptions {
  readonly sql: Sql;
  readonly node: string;
  readonly log: Logger;
  readonly directory: Directory;
  readonly shards: Shards;
  /** The device has a new place, the quarantine thread. */
  readonly moved: (entry: Entry) => void;
  /** These have no place any more, and may go wherever there is room. */
  readonly freed: () => void;
}

export class Isolation {
  readonly #options: IsolationOptions;
  readonly #suspects: Suspects;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: IsolationOptions) {
    this.#options = options;
    this.#suspects = new Suspects(options);
  }

  /** Remembers what earlier runs have seen. Before anything is placed. */
  async start(): Promise<void> {
    await this.#suspects.load();
    this.#timer = setInterval(() => void this.#look(), LOOK_EVERY);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#suspects.saved();
  }

  has({ no, shard }: Entry): boolean {
    return this.#suspects.standing(no) !== 'free' || shard === this.#options.shards.quarantine;
  }

  /** Gives it a place, if it is one to be kept from the others; else false. */
  place(entry: Entry): boolean {
    const { shards } = this.#options;
    if (this.#suspects.standing(entry.no) === 'free') return false;
    entry.shard = shards.quarantine;
    entry.quarantined = true;
    shards.isolate();
    return true;
  }

  /** Why it must rest. */
  crashed({ no }: Entry): string | undefined {
    return this.#suspects.standing(no) === 'crashed'
      ? 'its thread died of it again and again, at last in quarantine'
      : undefined;
  }

  /** Its thread has died, with this device at work. */
  blame(no: number, thread: number): void {
    const { directory, node, log, moved, shards } = this.#options;
    const entry = directory.held().find(one => one.no === no);
    if (entry?.shard !== thread) return;
    const standing = this.#suspects.accuse({ no, owner: node, epoch: entry.epoch });
    log.error({ device: entry.id, shard: thread, standing }, 'a thread died with this device at work');
    if (standing === 'free' || thread === shards.quarantine) return;
    this.place(entry);
    moved(entry);
  }

  /** A person wants it to be tried at once. */
  pardon({ no, epoch }: Entry): void {
    this.#suspects.pardon({ no, owner: this.#options.node, epoch });
  }

  forget({ no }: Entry): void {
    this.#suspects.forget(no);
  }

  /** When all that were isolated have behaved for long enough, they go back among the others together. */
  async #look(): Promise<void> {
    const { directory, shards, log, freed } = this.#options;
    // A device may have come from another node, with a past that we have not seen.
    await this.#suspects.load().catch((err: unknown) => log.warn({ err }, 'suspicions cannot be read'));
    const isolated = directory.held().filter(({ shard }) => shard === shards.quarantine);
    if (isolated.some(({ no }) => this.#suspects.standing(no) !== 'free')) return;
    if (isolated.length > 0) log.info({ devices: isolated.length }, 'the quarantine is over');
    await shards.release();
    for (const entry of isolated) {
      entry.shard = null;
      delete entry.quarantined;
    }
    freed();
  }
}
