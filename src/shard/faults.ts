/** What goes wrong in a thread, by name, so that tests and the demo can prove what the supervisor promises. */
import type { Fault } from './protocol.ts';

const hoard: unknown[] = [];
const hour = 3_600_000;

const faults: Record<Exclude<Fault, 'return'>, () => void> = {
  throw: () => {
    setTimeout(() => {
      throw new Error('fault: throw');
    });
  },
  reject: () => {
    void Promise.reject(new Error('fault: reject'));
  },
  exit: () => process.exit(4),
  // Later, as most work is done: only the asynchronous context says then in whose name.
  loop: () => {
    setTimeout(() => {
      for (;;);
    });
  },
  heap: () => {
    for (;;) hoard.push({ a: [1, 2, 3] });
  },
  // Slow enough (20 MB/s) for the soft limit to see it: a Map that outgrows the hard one kills the whole process.
  map: () => {
    const map = new Map<string, { i: number }>();
    hoard.push(map);
    setInterval(() => {
      for (let i = 0; i < 5_000; i++) map.set(`${map.size}`, { i });
    }, 20);
  },
  'clock-forward': () => setClock(hour),
  'clock-back': () => setClock(-hour),
};

/** Somebody sets the wall clock, for this thread alone. */
function setClock(byMs: number): void {
  const Real = Date;
  globalThis.Date = class extends Real {
    constructor(...given: [] | [number | string | Date]) {
      if (given.length === 0) super(Real.now() + byMs);
      else super(given[0]);
    }
    static override now(): number {
      return Real.now() + byMs;
    }
  } as DateConstructor;
}

/** `return` ends the task, which only the thread's entry can do. */
export function commit(fault: Fault, end: () => void): void {
  if (fault === 'return') end();
  else faults[fault]();
}
