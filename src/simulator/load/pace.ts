// How many messages are due: a function of time, so that a late tick makes none late for ever and none too many.

export class Pace {
  #perSecond: number;
  /** Due before `#since`. */
  #before = 0;
  /** Since when the rate holds; undefined while paused. */
  #since: number | undefined;

  /** Times are milliseconds of any clock that runs evenly (`performance.now()`). */
  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond;
    this.#since = now;
  }

  get perSecond(): number {
    return this.#perSecond;
  }

  get paused(): boolean {
    return this.#since === undefined;
  }

  /** Whole messages due by now. */
  due(now: number): number {
    return Math.floor(this.#exactly(now) + 1e-9);
  }

  /** When message number `index` (from 1) was due; for those that are. Only since the last change of the rate or a pause. */
  dueAt(index: number): number {
    return (this.#since ?? 0) + ((index - this.#before) / this.#perSecond) * 1_000;
  }

  setRate(perSecond: number, now: number): void {
    this.#before = this.#exactly(now);
    if (this.#since !== undefined) this.#since = now;
    this.#perSecond = perSecond;
  }

  pause(now: number): void {
    this.#before = this.#exactly(now);
    this.#since = undefined;
  }

  resume(now: number): void {
    this.#since ??= now;
  }

  #exactly(now: number): number {
    return this.#since === undefined
      ? this.#before
      : this.#before + ((now - this.#since) / 1_000) * this.#perSecond;
  }
}
