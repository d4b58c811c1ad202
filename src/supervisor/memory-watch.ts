/**
 * What is done when the process runs short of memory, before the kernel does something about it. From 75 % of the limit
 * on threads give back what they do not use, every ten seconds at most; from 85 % on no new devices are taken and no history is loaded, until it is under 80 % again; from 95 % on the largest thread is
 * replaced, in good order, and not before the last replacement has had its time.
 */
import { memoryShare } from '../lib/memory.ts';

const EVERY = 500;
const COLLECTED_AT = 0.75;
const COLLECTED_EVERY = 10_000;
const PRESSED_AT = 0.85;
const RELIEVED_AT = 0.8;
const REPLACED_AT = 0.95;
const REPLACED_EVERY = 60_000;

export interface MemoryWatchOptions {
  /** Used memory by the limit, 0 to 1. */
  readonly read?: () => number;
  readonly collect: () => void;
  readonly press: (on: boolean, share: number) => void;
  readonly replace: (share: number) => void;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

export class MemoryWatch {
  readonly #options: MemoryWatchOptions;
  readonly #timer: NodeJS.Timeout;
  #pressed = false;
  #collectedAt = Number.NEGATIVE_INFINITY;
  #replacedAt = Number.NEGATIVE_INFINITY;

  constructor(options: MemoryWatchOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.look(), EVERY);
    this.#timer.unref();
  }

  get pressed(): boolean {
    return this.#pressed;
  }

  look(): void {
    const { read = memoryShare, collect, press, replace, now = () => performance.now() } = this.#options;
    let share = read();
    if (share >= COLLECTED_AT && now() - this.#collectedAt >= COLLECTED_EVERY) {
      this.#collectedAt = now();
      collect();
      share = read();
    }
    const pressed = share >= (this.#pressed ? RELIEVED_AT : PRESSED_AT);
    if (pressed !== this.#pressed) {
      this.#pressed = pressed;
      press(pressed, share);
    }
    if (share < REPLACED_AT || now() - this.#replacedAt < REPLACED_EVERY) return;
    this.#replacedAt = now();
    replace(share);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
