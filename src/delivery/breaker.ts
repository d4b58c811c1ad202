// Whether an endpoint as a whole takes anything. Values in, values out: no clock and no dice of its own.
//
//   closed ── 5 failures in a row, or a Retry-After ──▶ open ── its time is over ──▶ half-open: one POST tries
//     ▲                                                  ▲                                │
//     └──────────────── any success, of any lane ────────┴──────── it failed ─────────────┘
//
// Failures are counted over all lanes of the endpoint, and any success of any of them sets the count to nothing: one that
// answers 503 to every fifth POST is slow, not down, and must go on getting what it takes.
import { backoff } from './schedule.ts';

/** What is known of an endpoint, all times in ms since 1970. It is in the endpoint's row and survives a restart. */
export interface Health {
  /** Failures in a row, over all its lanes; those of POSTs that were under way when it opened count for nothing. */
  readonly fails: number;
  /** Of that row. */
  readonly firstFailAt: number | undefined;
  readonly lastOkAt: number | undefined;
  /** Nothing is sent to it before; -Infinity: it is closed. */
  readonly until: number;
  /** Whether it was told that it has been failing for long. */
  readonly warned: boolean;
}

export const healthy: Health = {
  ...{ fails: 0, firstFailAt: undefined, lastOkAt: undefined, until: -Infinity, warned: false },
};

/** So many failures in a row open it. */
export const OPENS_AFTER = 5;
/** Without one success: told after an hour, given up after five days. */
export const FAILING_AFTER_MS = 3_600_000;
export const DISABLED_AFTER_MS = 120 * 3_600_000;

export function phase({ until }: Health, now: number): 'closed' | 'open' | 'half-open' {
  if (until === -Infinity) return 'closed';
  return now < until ? 'open' : 'half-open';
}

/** After a failure that is the endpoint's. `asked` is how long it asks to be left alone, in ms. */
export function failed(
  health: Health,
  { now, random, asked }: { now: number; random: () => number; asked?: number | undefined },
): Health {
  const firstFailAt = health.firstFailAt ?? now;
  if (asked !== undefined) {
    const fails = phase(health, now) === 'open' ? health.fails : health.fails + 1;
    return { ...health, fails, firstFailAt, until: Math.max(health.until, now + asked) };
  }
  if (phase(health, now) === 'open') return { ...health, firstFailAt };
  const fails = health.fails + 1;
  const opens = fails >= OPENS_AFTER || phase(health, now) === 'half-open';
  const step = Math.max(1, fails - OPENS_AFTER + 1);
  return { ...health, fails, firstFailAt, until: opens ? now + backoff(step, random) : -Infinity };
}

/** After a success. Whether it had been told that it fails is for the teller to take back. */
export function succeeded(health: Health, now: number): Health {
  return { ...healthy, lastOkAt: now, warned: health.warned };
}

/** What is to be told of it by now, or done about it. */
export function verdict({ firstFailAt, warned }: Health, now: number): 'failing' | 'disabled' | undefined {
  const failing = firstFailAt === undefined ? 0 : now - firstFailAt;
  if (failing >= DISABLED_AFTER_MS) return 'disabled';
  return failing >= FAILING_AFTER_MS && !warned ? 'failing' : undefined;
}
