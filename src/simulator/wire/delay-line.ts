// Network latency: things come out in the order they went in, each at least `ms()` after it went in.

interface Waiting {
  readonly due: number;
  readonly run: () => void;
}

export class DelayLine {
  readonly #ms: () => number;
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** When the last thing came out or will. */
  #last = 0;

  constructor(ms: () => number) {
    this.#ms = ms;
  }

  /** Things that have not come out. */
  get size(): number {
    return this.#waiting.length;
  }

  /** `gapMs`: at least that long after what went in before it came out. */
  push(run: () => void, gapMs = 0): void {
    const delay = this.#ms();
    if (delay <= 0 && gapMs <= 0 && this.#waiting.length === 0) {
      run();
      return;
    }
    const now = performance.now();
    this.#last = Math.max(this.#last + gapMs, now + delay);
    this.#waiting.push({ due: this.#last, run });
    this.#arm();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting = [];
  }

  #arm(): void {
    const first = this.#waiting[0];
    if (this.#timer !== undefined || !first) return;
    this.#timer = setTimeout(() => this.#release(), Math.max(0, first.due - performance.now()));
  }

  #release(): void {
    this.#timer = undefined;
    // Timers fire up to a millisecond early.
    const now = performance.now() + 1;
    let done = 0;
    // One splice instead of a shift per item: a long line would be moved once for each.
    while (done < this.#waiting.length && (this.#waiting[done] as Waiting).due <= now) done++;
    const due = this.#waiting.slice(0, done);
    // They stay in the line while they run, so that what one of them sends goes behind them.
    const line = this.#waiting;
    for (const { run } of due) {
      if (this.#waiting !== line) return; // cleared by one of them
      run();
    }
    if (this.#waiting === line) this.#waiting.splice(0, done);
    this.#arm();
  }
}
