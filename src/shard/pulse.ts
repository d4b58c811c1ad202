/** What a shard says of itself every two seconds: its load, its memory, and what its devices have counted since. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { Count, Pulse } from './protocol.ts';

const EVERY_MS = 2_000;
/** Milliseconds between two looks at the event loop. */
const LAG_RESOLUTION = 20;

/** What only the shard knows at the moment of a pulse. */
export type Load = Pick<Pulse, 'devices' | 'creditInUse' | 'eventsQueued'>;

export class Pulses {
  readonly #lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION });
  readonly #timer: NodeJS.Timeout;
  #pings: number[] = [];
  #counts: Partial<Record<Count, number>> = {};

  /** Begins at once. */
  constructor(load: () => Load, tell: (pulse: Pulse) => void) {
    this.#lag.enable();
    this.#timer = setInterval(() => tell(this.#take(load())), EVERY_MS);
  }

  /** A ping came back after so many milliseconds. */
  ponged(ms: number): void {
    this.#pings.push(ms);
  }

  counted(what: Count): void {
    this.#counts[what] = (this.#counts[what] ?? 0) + 1;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #take(load: Load): Pulse {
    const { used_heap_size: heapUsed, external_memory: external } = getHeapStatistics();
    const loopLagP99 = this.#lag.percentile(99) / 1e6;
    const pulse = { ...load, loopLagP99, heapUsed, external, pings: this.#pings, counts: this.#counts };
    this.#lag.reset();
    this.#pings = [];
    this.#counts = {};
    return pulse;
  }
}
