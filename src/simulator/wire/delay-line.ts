// Network latency: things come out in the order they went in, each at least `ms()` after it went in.

export class DelayLine {
  readonly #ms: () => number;
  #waiting: { due: number; run: () => void }[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(ms: () => number) {
    this.#ms = ms;
  }

  push(run: () => void): void {
    const delay = this.#ms();
    if (delay <= 0 && this.#waiting.length === 0) {
      run();
      return;
    }
    const last = this.#waiting.at(-1)?.due ?? 0;
    this.#waiting.push({ due: Math.max(last, performance.now() + delay), run });
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
    while (this.#waiting[0] && this.#waiting[0].due <= now) this.#waiting.shift()?.run();
    this.#arm();
  }
}
