// The world's own time: what stanzas say, and what expires. A test moves it instead of waiting. Timers that are about the
// machine (a socket's patience, a typing delay) do not follow it.

export class Clock {
  #offsetMs = 0;

  /** Unix milliseconds. */
  now(): number {
    return Date.now() + this.#offsetMs;
  }

  /** Unix seconds as stanzas carry them. */
  seconds(): string {
    return this.unixSeconds().toString();
  }

  /** Unix seconds. */
  unixSeconds(): number {
    return Math.floor(this.now() / 1000);
  }

  /** How far it is ahead of the machine's clock. */
  get offsetMs(): number {
    return this.#offsetMs;
  }

  set offsetMs(ms: number) {
    this.#offsetMs = ms;
  }
}
