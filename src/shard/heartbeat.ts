/** The sign of life of a shard, readable while the shard or its port is flooded: no message, a counter in shared memory. */
import { getHeapStatistics } from 'node:v8';
import { collectGarbage } from '../lib/memory.ts';
import { pressureIn } from '../lib/pressure.ts';
import { BEATS, BUFFERS_KIB, COLLECTED, HEAP_KIB, PRESSED } from './protocol.ts';

const EVERY_MS = 100;

/** Beats until it is stopped. The supervisor reads the heap of this thread here too, for its soft limit. */
export function startHeartbeat(shared: SharedArrayBuffer): { stop(): void } {
  const slots = new Int32Array(shared);
  pressureIn(slots, PRESSED);
  let collected = 0;
  const beat = () => {
    const wanted = Atomics.load(slots, COLLECTED);
    if (wanted !== collected) collectGarbage();
    collected = wanted;
    // Not process.memoryUsage(): that asks the system for the RSS of the process too, ten times a second per shard.
    const { used_heap_size: heapUsed, external_memory: arrayBuffers } = getHeapStatistics();
    Atomics.add(slots, BEATS, 1);
    Atomics.store(slots, HEAP_KIB, Math.round(heapUsed / 1024));
    Atomics.store(slots, BUFFERS_KIB, Math.round(arrayBuffers / 1024));
  };
  beat();
  const timer = setInterval(beat, EVERY_MS);
  return { stop: () => clearInterval(timer) };
}
