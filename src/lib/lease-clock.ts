/**
 * Until when this process may act for its devices, in memory that all of its threads share. The main thread renews the
 * lease and moves the limit; every thread looks at it before it acts, without a message and without the database.
 *
 * Two clocks, neither of which a change of the time of day moves: the one of timers, exact and cheap, which on Linux
 * stands still while the machine sleeps; and the time since the machine was started, which does not. Both go on while the
 * process is stopped. The lease has run out when either says so.
 */
import { uptime } from 'node:os';

/** Slots: the limit by the clock of timers (ns), by the machine's (ms), and the number of the term. */
const UNTIL = 0;
const UNTIL_UPTIME = 1;
const TERM = 2;
export const LEASE_BYTES = 3 * 8;

/** A moment on both clocks. */
export interface Moment {
  readonly ns: bigint;
  readonly uptimeMs: number;
}

export interface Clocks {
  ns(): bigint;
  uptimeMs(): number;
}

const clocks: Clocks = {
  ns: () => process.hrtime.bigint(), // 0.04 µs
  uptimeMs() {
    try {
      return Math.round(uptime() * 1000); // 7 µs: it reads a file
    } catch {
      return 0; // Some sandboxes forbid the question; then the other clock is all there is.
    }
  },
};

export class LeaseClock {
  readonly shared: SharedArrayBuffer;
  readonly #slots: BigInt64Array;
  readonly #clocks: Clocks;

  /** Without `shared` a new one, run out. Other clocks are for tests. */
  constructor(
    shared: SharedArrayBuffer = new SharedArrayBuffer(LEASE_BYTES),
    { ns, uptimeMs }: Clocks = clocks,
  ) {
    this.shared = shared;
    this.#slots = new BigInt64Array(shared);
    this.#clocks = { ns, uptimeMs };
  }

  /** Counts how often the lease was taken anew: what was begun in an earlier term has ended with it. */
  get term(): number {
    return Number(Atomics.load(this.#slots, TERM));
  }

  now(): Moment {
    return { ns: this.#clocks.ns(), uptimeMs: this.#clocks.uptimeMs() };
  }

  /** Whether the term goes on. Asks the exact clock only: cheap enough for every frame. */
  holds(term: number): boolean {
    return (
      Atomics.load(this.#slots, TERM) === BigInt(term) && this.#clocks.ns() < Atomics.load(this.#slots, UNTIL)
    );
  }

  /** As `holds`, and asks whether the machine has slept: for every thread's own timer, ten times a second. */
  sound(term: number): boolean {
    return this.holds(term) && this.#clocks.uptimeMs() <= Atomics.load(this.#slots, UNTIL_UPTIME);
  }

  /** The lease holds for `ms` from a moment that has passed, in a new term or in the one under way. */
  extend(from: Moment, ms: number, anew: boolean): void {
    // The term first: what belongs to an earlier one must not take the new limit for its own.
    if (anew) Atomics.add(this.#slots, TERM, 1n);
    Atomics.store(this.#slots, UNTIL_UPTIME, BigInt(from.uptimeMs + ms));
    Atomics.store(this.#slots, UNTIL, from.ns + BigInt(ms) * 1_000_000n);
  }

  /** It is over: for every thread, from the next look on. */
  end(): void {
    Atomics.store(this.#slots, UNTIL, 0n);
  }
}
