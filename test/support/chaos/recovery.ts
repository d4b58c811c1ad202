// How soon devices are back after the product has died. For information: nothing is promised here.
import type { Evidence } from '../oracle/evidence.ts';

export interface Recovery {
  /** Milliseconds from the death of a process to the first login, and to the login of every device; medians and worst. */
  readonly first: Spread;
  readonly all: Spread;
}

interface Spread {
  readonly deaths: number;
  readonly median: number;
  readonly worst: number;
}

export function recoveries({ processes, sockets, devices }: Evidence): Recovery {
  const deaths = processes.map(({ endedAt }) => endedAt);
  const first: number[] = [];
  const all: number[] = [];
  for (const [index, death] of deaths.entries()) {
    const next = deaths[index + 1] ?? Number.POSITIVE_INFINITY;
    const logins = sockets.filter(({ kind, at }) => kind === 'login' && at > death && at < next);
    const since = new Map<string, number>();
    for (const { jid, at } of logins) if (!since.has(jid)) since.set(jid, at - death);
    const times = [...since.values()];
    if (times.length > 0) first.push(Math.min(...times));
    // The next death may come before everybody is back.
    if (since.size === devices.length) all.push(Math.max(...times));
  }
  return { first: spread(first), all: spread(all) };
}

function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return { deaths: sorted.length, median: sorted[sorted.length >> 1] ?? 0, worst: sorted.at(-1) ?? 0 };
}
