// What an attempt's outcome means and when the next one is. Values in, values out: no clock and no dice of its own.

/**
 * How a POST ended: with an answer, whose first text is told where somebody may read it, or without one. `error` is for
 * whoever has written the URL (`connect_failed`, `timeout`, `tls_failed` or `blocked`), and `detail` for the operator alone: it says what there is in our network.
 */
export type Outcome =
  | { readonly status: number; readonly retryAfter: string | undefined; readonly head?: string | undefined }
  | { readonly error: string; readonly detail?: string };

/**
 * delivered: the event has arrived. gone: the receiver wants nothing more (410). endpoint: no event could arrive there
 * now. event: the receiver answers, but does not take this event.
 */
export type Class = 'delivered' | 'gone' | 'endpoint' | 'event';

/**
 * What the lane does next. wait: it is the endpoint's failure, and no event's attempts are spent; `asked` is how long the
 * receiver wants to be left alone. refused: it is the event's. `error` is for `lane.last_error`, the attempts and the log.
 */
export type Next =
  | { readonly do: 'advance' }
  | {
      readonly do: 'wait';
      readonly waitMs: number;
      readonly asked: number | undefined;
      readonly error: string;
      /** For the log alone. */
      readonly detail: string | undefined;
    }
  | { readonly do: 'refused'; readonly error: string }
  | { readonly do: 'close'; readonly error: string };

/** Seconds before the second, third … try of an event; the last one repeats. */
export const waits = [1, 2, 5, 15, 30, 60, 120, 300] as const;
/** Seconds before the second and the third try of an event that is refused, and how often it is tried before it is parked. */
const laneWaits = [5, 30] as const;
export const LANE_TRIES = laneWaits.length + 1;
/** The same where it blocks its lane, the last one repeating. */
const strictWaits = [5, 30, 60, 120, 300] as const;
/** Minutes before each try of a parked event: with the two waits in the lane, 75 h 35 min and 35 s in all. */
export const parkedWaits = [5, 30, 120, 300, 600, 840, 1200, 1440] as const;
const JITTER = 0.2;
const RETRY_AFTER_MIN_MS = 1_000;
const RETRY_AFTER_MAX_MS = 15 * 60_000;

// Answers that say nothing about the event: wrong credentials or path, too slow, too many, moved.
const ENDPOINT_STATUSES = new Set([401, 403, 404, 405, 407, 408, 421, 425, 426, 429, 451]);

/** Milliseconds to wait after `failures` failures in a row (1 is the first), ±20 % by `random` in [0, 1). */
export function backoff(failures: number, random: () => number): number {
  const seconds = waits[Math.min(Math.max(failures, 1), waits.length) - 1] ?? 0;
  return spread(seconds * 1000, random);
}

const spread = (ms: number, random: () => number) => Math.round(ms * (1 - JITTER + 2 * JITTER * random()));

/**
 * Milliseconds that a Retry-After header asks for, within 1 s and 15 min; undefined when there is none or it is neither
 * seconds (a fraction rounds up) nor an HTTP date. `now` in ms since 1970.
 */
export function retryAfter(value: string | undefined, now: number): number | undefined {
  const text = value?.trim() ?? '';
  let wait: number;
  if (/^\d{1,9}(\.\d+)?$/.test(text)) wait = Math.ceil(Number(text)) * 1000;
  else if (/^[A-Z][a-z]{2,8}, .* GMT$/.test(text)) wait = Date.parse(text) - now;
  else return undefined;
  if (Number.isNaN(wait)) return undefined;
  return Math.min(Math.max(wait, RETRY_AFTER_MIN_MS), RETRY_AFTER_MAX_MS);
}

/** Whose failure it is, if it is one. A redirect is not followed and counts as the endpoint's. */
export function classify(outcome: Outcome): Class {
  if ('error' in outcome) return 'endpoint';
  const { status } = outcome;
  if (status >= 200 && status < 300) return 'delivered';
  if (status === 410) return 'gone';
  if (status >= 400 && status < 500 && !ENDPOINT_STATUSES.has(status)) return 'event';
  return 'endpoint';
}

/** The one place that decides what an outcome leads to. `failures` counts those of the lane in a row, this one included. */
export function decide(
  outcome: Outcome,
  failures: number,
  { now, random }: { now: number; random: () => number },
): Next {
  const error = describe(outcome);
  switch (classify(outcome)) {
    case 'delivered':
      return { do: 'advance' };
    case 'gone':
      return { do: 'close', error };
    case 'event':
      return { do: 'refused', error };
    case 'endpoint': {
      const detail = 'error' in outcome ? outcome.detail : undefined;
      const asked = 'error' in outcome ? undefined : asksFor(outcome, now);
      return { do: 'wait', waitMs: asked ?? backoff(failures, random), asked, error, detail };
    }
  }
}

/** Only these two say how long: elsewhere the header is about something else (a redirect, a queue). */
const asksFor = (
  { status, retryAfter: value }: { status: number; retryAfter: string | undefined },
  now: number,
) => (status === 429 || status === 503 ? retryAfter(value, now) : undefined);

/** Milliseconds before an event that was refused `tries` times is tried again in its lane; undefined: it is taken out of it. */
export function refusedWait(tries: number, strict: boolean): number | undefined {
  const seconds = strict ? strictWaits : laneWaits;
  const wait = seconds[strict ? Math.min(tries, seconds.length) - 1 : tries - 1];
  return wait === undefined ? undefined : wait * 1000;
}

/** Milliseconds until an event out of its lane is tried again, after `tries` in all; undefined: it is dead. */
export function parkedWait(tries: number, random: () => number): number | undefined {
  const minutes = parkedWaits[Math.max(tries, LANE_TRIES) - LANE_TRIES];
  return minutes === undefined ? undefined : spread(minutes * 60_000, random);
}

export function describe(outcome: Outcome): string {
  return 'error' in outcome ? outcome.error : `HTTP ${outcome.status}`;
}
