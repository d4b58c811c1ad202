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
  /** The device is another's: ends it. */
  readonly fenced?: (failure: Fenced) => void;
  readonly log: Logger;
}

export class Facts {
  readonly #options: FactsOptions;
  readonly #waiting: Draft[] = [];
  #storing: Promise<void> | undefined;
  #given = false;

  constructor(options: FactsOptions) {
    this.#options = options;
  }

  add(drafts: readonly Draft[]): void {
    this.#waiting.push(...drafts);
    this.#storing ??= this.#store().finally(() => {
      this.#storing = undefined;
    });
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
      } catch (err) {
        if (err instanceof Fenced || this.#given) {
          log.error({ err, events: this.#waiting.length }, 'events could not be stored and are lost here');
          this.#waiting.length = 0;
          if (err instanceof Fenced) this.#options.fenced?.(err);
          return;
        }
        if (failures++ % TOLD === 0)
          log.warn({ err, events: this.#waiting.length }, 'events wait for the database');
        await new Promise(next => setTimeout(next, AGAIN_MS));
      }
    }
  }
}
