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

/** What the lane does next. `error` is for `lane.last_error` and the log. */
export type Next =
  | { readonly do: 'advance' }
  | { readonly do: 'retry'; readonly waitMs: number; readonly error: string; readonly blame: Class }
  | { readonly do: 'close'; readonly error: string };

/** Seconds before the second, third … try of an event; the last one repeats. */
export const waits = [1, 2, 5, 15, 30, 60, 120, 300] as const;
const JITTER = 0.2;
const RETRY_AFTER_MIN_MS = 1_000;
const RETRY_AFTER_MAX_MS = 15 * 60_000;

// Answers that say nothing about the event: wrong credentials or path, too slow, too many, moved.
const ENDPOINT_STATUSES = new Set([401, 403, 404, 405, 407, 408, 421, 425, 426, 429, 451]);

/** Milliseconds to wait after `failures` failures in a row (1 is the first), ±20 % by `random` in [0, 1). */
export function backoff(failures: number, random: () => number): number {
  const seconds = waits[Math.min(Math.max(failures, 1), waits.length) - 1] ?? 0;
  return Math.round(seconds * 1000 * (1 - JITTER + 2 * JITTER * random()));
}

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

/**
 * The one place that decides what an outcome leads to. `failures` counts this one if it is one.
 *
 * Both kinds of failure keep the lane at this event, so that nothing is lost or overtaken. Policy to come enters here
 * and nowhere else: parking an event that the receiver does not take, and a breaker for an endpoint that takes nothing.
 */
export function decide(
  outcome: Outcome,
  failures: number,
  { now, random }: { now: number; random: () => number },
): Next {
  const blame = classify(outcome);
  switch (blame) {
    case 'delivered':
      return { do: 'advance' };
    case 'gone':
      return { do: 'close', error: describe(outcome) };
    case 'endpoint':
    case 'event': {
      const asked = 'error' in outcome ? undefined : retryAfter(outcome.retryAfter, now);
      return { do: 'retry', waitMs: asked ?? backoff(failures, random), error: describe(outcome), blame };
    }
  }
}

function describe(outcome: Outcome): string {
  return 'error' in outcome ? outcome.error : `HTTP ${outcome.status}`;
}
