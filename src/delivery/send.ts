import type { Attempts } from './attempts.ts';
import type { Endpoint } from './endpoint.ts';
import { letterOf } from './letter.ts';
import type { Poster } from './post.ts';
import type { Outcome } from './schedule.ts';

/** Events of a device that go as one POST. */
export interface Parcel {
  readonly deviceNo: number;
  readonly events: readonly { readonly seq: number; readonly id: string; readonly body: string }[];
  readonly replay: boolean;
}

/** Posts a parcel and notes how it went. `cut` says nothing about the endpoint. */
export type Send = (endpoint: Endpoint, parcel: Parcel) => Promise<Outcome | 'cut'>;

export function sender({
  poster,
  attempts,
  now,
}: {
  poster: Poster;
  attempts: Attempts;
  now: () => number;
}): Send {
  return async (endpoint, { deviceNo, events, replay }) => {
    const { url, skipTlsVerify, trusted, timeoutMs } = endpoint;
    const at = now();
    const begun = performance.now();
    const { headers, body } = letterOf(endpoint.shape, events, at, { replay });
    const outcome = await poster.post({ url, headers, body, skipTlsVerify, trusted, timeoutMs });
    if (outcome === 'cut') return outcome;
    const ms = Math.round(performance.now() - begun);
    const eventId = headers['webhook-id'] ?? '';
    attempts.note(endpoint, { deviceNo, seq: events[0]!.seq, eventId, at, ms, replay, outcome });
    return outcome;
  };
}
