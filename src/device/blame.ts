/**
 * In whose name this thread works right now. Everything that a device does runs in its name (`inTheNameOf`), through
 * awaits, timers and sockets, so that whatever breaks in the thread is blamed on the one whose work it was:
 * `blamed` answers in every callback, and in handlers of unhandled rejections and of uncaught exceptions too.
 *
 * A thread that runs out of memory can say nothing any more: for that the number of the device is also in shared memory
 * while its synchronous work lasts (`blameIn`).
 */
import { AsyncLocalStorage } from 'node:async_hooks';

export interface Blamed {
  readonly no: number;
  /** Something of it broke where nobody was there to catch it. */
  failed(error: unknown): void;
}

const names = new AsyncLocalStorage<Blamed>();
let slots: Int32Array = new Int32Array(1);
let slot = 0;

/** Where the number of the device at work is written; 0 is nobody. */
export function blameIn(shared: Int32Array, index: number): void {
  slots = shared;
  slot = index;
}

export function blamed(): Blamed | undefined {
  return names.getStore();
}

/** Writes down who is to blame, for a thread that is about to die. */
export function confess(no: number): void {
  Atomics.store(slots, slot, no);
}

export function inTheNameOf<T>(who: Blamed, work: () => T): T {
  const before = Atomics.exchange(slots, slot, who.no);
  try {
    // Not nested: the frames of a storage are a chain, and a device may call itself through many of its own callbacks.
    return names.getStore() === who ? work() : names.run(who, work);
  } finally {
    Atomics.store(slots, slot, before);
  }
}
