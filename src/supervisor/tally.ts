/** What the shards count, added up over all of them and over their restarts. */
import type { Count, Pulse } from '../shard/protocol.ts';

/** Round trips that wait for a scrape; who never scrapes loses the oldest. */
const PINGS_KEPT = 20_000;

export class Tally {
  readonly #counts = new Map<Count, number>();
  #pings: number[] = [];

  add({ pings, counts }: Pulse): void {
    this.#pings.push(...pings);
    if (this.#pings.length > PINGS_KEPT) this.#pings.splice(0, this.#pings.length - PINGS_KEPT);
    for (const [what, times] of Object.entries(counts) as [Count, number][])
      this.#counts.set(what, this.count(what) + times);
  }

  count(what: Count): number {
    return this.#counts.get(what) ?? 0;
  }

  /** The round trips since the last call, in milliseconds. */
  takePings(): number[] {
    const taken = this.#pings;
    this.#pings = [];
    return taken;
  }
}
