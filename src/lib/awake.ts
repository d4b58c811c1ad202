/**
 * Time for deciding who has been silent for too long: monotonic, and standing still while nobody could have been heard.
 * A thread that was stopped (SIGSTOP, a suspended machine, a stall of its event loop) would otherwise find on waking that
 * all of its devices are deaf, and restart them at once. The wall clock, which anybody may set, has no part in it.
 */
export class AwakeClock {
  readonly #every: number;
  readonly #monotonic: () => number;
  #ticked: number;
  #slept = 0;

  /** `everyMs` is how often `tick` will be called. */
  constructor(everyMs: number, monotonic: () => number = () => performance.now()) {
    this.#every = everyMs;
    this.#monotonic = monotonic;
    this.#ticked = monotonic();
  }

  /** Milliseconds, from an arbitrary beginning. */
  now = (): number => this.#monotonic() - this.#slept;

  /** To be called regularly: a tick that comes late by more than one interval was slept through. Returns `now`. */
  tick(): number {
    const at = this.#monotonic();
    const late = at - this.#ticked - this.#every;
    if (late > this.#every) this.#slept += late;
    this.#ticked = at;
    return this.now();
  }
}
