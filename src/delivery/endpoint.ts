// An endpoint in memory, shared by its lanes.
import { type Health, healthy, phase } from './breaker.ts';
import type { Filter } from './filter.ts';
import type { Shape } from './letter.ts';
import type { OpenEndpoint } from './secrets.ts';
import { signer } from './sign.ts';

export interface Endpoint {
  readonly no: number;
  readonly webhookId: string;
  /** The device that it is of; null: it is for all. */
  readonly ofDevice: number | null;
  url: string;
  /** The one that counts first. */
  secrets: readonly [string, ...string[]];
  shape: Shape;
  filter: Filter;
  /** The operator's own, by the settings: its address is not judged. */
  trusted: boolean;
  skipTlsVerify: boolean;
  batch: { readonly events: number; readonly ms: number };
  strict: boolean;
  maxInFlight: number;
  timeoutMs: number;
  health: Health;
  /** When `health` was last changed here, by the process's clock: what was read before is older. */
  changedAt: number;
  /** Nothing more is sent to it: it is gone or was given up. */
  closed: boolean;
  /** Whether the last POST failed or there was none, so that the success after it is worth a note. */
  failedLast: boolean;
  /** Successes since the last one that was noted. */
  unnoted: number;
  /** Whether it was of use since the last sweep. */
  used: boolean;
}

export function endpointOf(row: OpenEndpoint, secret: string): Endpoint {
  return {
    no: row.endpointNo,
    webhookId: row.webhookId,
    ofDevice: row.ofDevice,
    ...settingsOf(row, secretsOf(row, secret)),
    health: healthOf(row),
    ...{ changedAt: 0, closed: false, failedLast: true, unnoted: 0, used: true },
  };
}

/** Takes over what the database says of the endpoint now, and of its health unless that was changed here since `readAt`. */
export function updateEndpoint(endpoint: Endpoint, row: OpenEndpoint, secret: string, readAt: number): void {
  const secrets = secretsOf(row, secret);
  const sign = secrets.join() === endpoint.secrets.join() ? endpoint.shape.sign : undefined;
  Object.assign(endpoint, settingsOf(row, secrets, sign));
  if (endpoint.changedAt >= readAt) return;
  endpoint.health = healthOf(row);
  endpoint.closed = false;
}

/** How many POSTs it may be sent at a time by now; one where it is to be found out whether it takes anything. */
export function placesOf({ closed, health, maxInFlight }: Endpoint, now: number): number {
  if (closed) return 0;
  const places = { closed: maxInFlight, open: 0, 'half-open': 1 };
  return places[phase(health, now)];
}

/** Whether lanes rest on account of it: what is streamed is not kept for them then, it is in the journal. */
export const takesNothing = ({ closed, health }: Endpoint): boolean => closed || health.until !== -Infinity;

function settingsOf(row: OpenEndpoint, secrets: readonly [string, ...string[]], sign = signer(...secrets)) {
  return {
    url: row.url,
    secrets,
    shape: { payload: row.payload, headers: row.openHeaders, sign },
    filter: {
      ...{ events: new Set(row.events), chats: new Set(row.chats) },
      ...{ direction: row.direction, own: row.own },
    },
    trusted: row.source === 'settings',
    skipTlsVerify: row.skipTlsVerify,
    batch: { events: row.batchEvents, ms: row.batchMs },
    strict: row.strict,
    maxInFlight: row.maxInFlight,
    timeoutMs: row.timeoutMs,
  };
}

function secretsOf(
  { secrets: [first, ...older] }: OpenEndpoint,
  installation: string,
): [string, ...string[]] {
  return first === undefined ? [installation] : [first, ...older];
}

function healthOf({ fails, firstFailAt, lastOkAt, breakerUntil, warned }: OpenEndpoint): Health {
  return {
    ...healthy,
    ...{ fails, warned, until: breakerUntil ?? -Infinity },
    ...{ firstFailAt: firstFailAt ?? undefined, lastOkAt: lastOkAt ?? undefined },
  };
}
