/**
 * One gate for all connects of the node: a token bucket. After a restart a thousand devices knock at once; WhatsApp, the
 * database and the processor see `perSecond` of them a second, first come first served. A device's own jitter is in its
 * backoff, so the order at the gate needs none.
 */
export interface ConnectGateOptions {
  readonly perSecond: number;
  readonly burst: number;
  readonly admit: (device: string) => void;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

export class ConnectGate {
  readonly #options: ConnectGateOptions;
  readonly #waiting = new Set<string>();
  #tokens: number;
  readonly #now: () => number;
  #filledAt: number;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: ConnectGateOptions) {
    this.#options = options;
    this.#tokens = options.burst;
    this.#now = options.now ?? (() => performance.now());
    this.#filledAt = this.#now();
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** A device that knocks twice keeps its place. */
  knock(device: string): void {
    if (this.#closed) return;
    this.#waiting.add(device);
    this.#open();
  }

  /** The device is gone, or its shard is: it will knock again. */
  forget(device: string): void {
    this.#waiting.delete(device);
  }

  close(): void {
    this.#closed = true;
    this.#waiting.clear();
    clearTimeout(this.#timer);
  }

  #open(): void {
    if (this.#timer) return;
    const { perSecond, burst, admit } = this.#options;
    const now = this.#now();
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#filledAt) * perSecond) / 1000);
    this.#filledAt = now;
    for (const device of this.#waiting) {
      if (this.#tokens < 1) break;
      this.#tokens -= 1;
      this.#waiting.delete(device);
      admit(device);
    }
    if (this.#waiting.size === 0 || this.#closed) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#open();
      },
      Math.max(5, ((1 - this.#tokens) * 1000) / perSecond),
    );
  }
}
