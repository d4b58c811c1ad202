/**
 * A device's facts on their way into the journal, in order, each stored before the next. Their receipts are already out
 * (Baileys sends them first), so a fact is kept and tried again for as long as the database is away; the device's socket
 * is closed meanwhile, so there are few of them. "Nothing lost" moves this behind the inbox.
 */
import type { Logger } from 'pino';
import type { Draft } from '../journal/event.ts';
import type { Journal } from '../journal/journal.ts';
import type { Seat, Streamed } from '../shard/protocol.ts';
import { Fenced } from '../store/fence.ts';

const AGAIN_MS = 500;
/** Of so many failed attempts one is worth a line. */
const TOLD = 20;

export interface FactsOptions {
  readonly journal: Journal;
  readonly seat: Seat;
  readonly jid: () => string;
  readonly streamed: (events: Streamed[]) => void;
  readonly log: Logger;
  /** The time by which the age of what waits is told. */
  readonly now?: () => number;
}

export class Facts {
  readonly #options: FactsOptions;
  readonly #now: () => number;
  readonly #waiting: Draft[] = [];
  #storing: Promise<void> | undefined;
  #given = false;
  /** When the facts were added that wait, oldest first: one entry for each call of `add`. */
  readonly #added: { readonly at: number; left: number }[] = [];

  constructor(options: FactsOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  add(drafts: readonly Draft[]): void {
    if (drafts.length === 0) return;
    this.#waiting.push(...drafts);
    this.#added.push({ at: this.#now(), left: drafts.length });
    this.#storing ??= this.#store().finally(() => {
      this.#storing = undefined;
    });
  }

  /** When the oldest fact was added that is not in the journal. */
  get since(): number | undefined {
    return this.#added[0]?.at;
  }

  /** Resolves when everything added so far is stored, or can never be. */
  async stored(): Promise<void> {
    await this.#storing;
  }

  /** Stops trying; what is not stored by then is reported. */
  giveUp(): void {
    this.#given = true;
  }

  async #store(): Promise<void> {
    const { journal, seat, jid, streamed, log } = this.#options;
    let failures = 0;
    while (this.#waiting.length > 0) {
      const drafts = this.#waiting.slice();
      try {
        streamed(await journal.append({ ...seat, jid: jid() }, drafts));
        this.#waiting.splice(0, drafts.length);
        this.#stored(drafts.length);
      } catch (err) {
        if (err instanceof Fenced || this.#given) {
          log.error({ err, events: this.#waiting.length }, 'events could not be stored and are lost here');
          this.#waiting.length = 0;
          this.#added.length = 0;
          return;
        }
        if (failures++ % TOLD === 0)
          log.warn({ err, events: this.#waiting.length }, 'events wait for the database');
        await new Promise(next => setTimeout(next, AGAIN_MS));
      }
    }
  }

  #stored(facts: number): void {
    for (let left = facts; left > 0; ) {
      const oldest = this.#added[0];
      if (!oldest) return;
      const taken = Math.min(left, oldest.left);
      left -= taken;
      oldest.left -= taken;
      if (oldest.left === 0) this.#added.shift();
    }
  }
}
