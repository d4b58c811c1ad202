/**
 * How much of its memory this process has used. In a container the limit is the container's, and what counts is what the
 * kernel counts against it before it kills somebody: everything in it but the file cache that it can drop.
 */
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const CGROUP = '/sys/fs/cgroup';

/** Used bytes by the limit, 0 to 1. */
export function memoryShare(): number {
  const constrained = process.constrainedMemory?.() ?? 0;
  if (constrained <= 0 || constrained >= totalmem()) return process.memoryUsage.rss() / totalmem();
  return Math.max(process.memoryUsage.rss(), usedInGroup() ?? 0) / constrained;
}

let collect: (() => void) | undefined;

/**
 * Gives back what this thread holds and does not use. V8 does so by itself when it comes near to limits of its own, which
 * know nothing of the other threads: 300 devices in a group of 512 MB were killed with 60 MB of garbage in each thread.
 */
export function collectGarbage(): void {
  if (!collect) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
}

/** Of cgroup v2; undefined where there is none to read, and what this process holds must do. */
function usedInGroup(): number | undefined {
  try {
    const current = Number(readFileSync(`${CGROUP}/memory.current`, 'utf8'));
    const cache = /^inactive_file (\d+)$/m.exec(readFileSync(`${CGROUP}/memory.stat`, 'utf8'));
    return current - Number(cache?.[1] ?? 0);
  } catch {
    return undefined;
  }
}
