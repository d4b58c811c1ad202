/**
 * Committed events on their way up, in batches and under a credit, so that a shard cannot flood the main thread
 * (unbounded, 200,000 events stalled it for 9.8 s). The journal has them all: when the credit is spent for long, the
 * oldest are dropped here, and whoever wants them reads the journal.
 */
import type { Streamed } from './protocol.ts';

const BATCH = 64;
const KEPT = 2_000;

export class Outbox {
  readonly #post: (events: Streamed[]) => void;
  #waiting: Streamed[] = [];
  #credit: number;
  readonly #granted: number;
  #scheduled = false;

  constructor(credit: number, post: (events: Streamed[]) => void) {
    this.#credit = credit;
    this.#granted = credit;
    this.#post = post;
  }

  get queued(): number {
    return this.#waiting.length;
  }

  get creditInUse(): number {
    return this.#granted - this.#credit;
  }

  add(events: readonly Streamed[]): void {
    this.#waiting.push(...events);
    if (this.#waiting.length > KEPT) this.#waiting.splice(0, this.#waiting.length - KEPT);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  /** The main thread has finished with so many events. */
  grant(events: number): void {
    // What a shard before us had under way comes back to us; it was never ours to spend.
    this.#credit = Math.min(this.#granted, this.#credit + events);
    this.flush();
  }

  /** Sends everything, whatever the credit: the shard ends. */
  empty(): void {
    if (this.#waiting.length > 0) this.#post(this.#waiting.splice(0));
  }

  flush(): void {
    while (this.#waiting.length > 0 && this.#credit > 0) {
      const batch = this.#waiting.splice(0, Math.min(BATCH, this.#credit));
      this.#credit -= batch.length;
      this.#post(batch);
    }
  }
}
