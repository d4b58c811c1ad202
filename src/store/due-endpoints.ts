import type { Sql } from './database.ts';

/** An endpoint with everything that a delivery needs of it; what is secret is sealed. Times in ms since 1970. */
export interface DueEndpoint {
  readonly endpointNo: number;
  readonly webhookId: string;
  readonly source: 'settings' | 'device' | 'api';
  readonly url: string;
  /** The device that the endpoint is of; null: it is for all. */
  readonly ofDevice: number | null;
  /** Each sealed, in base64, the one that counts first; none: the installation's. */
  readonly secrets: readonly string[];
  /** JSON of names and values, sealed, in base64. */
  readonly headers: string | null;
  readonly skipTlsVerify: boolean;
  readonly events: readonly string[];
  readonly chats: readonly string[];
  readonly direction: 'any' | 'incoming' | 'outgoing';
  readonly own: boolean;
  readonly payload: 'fat' | 'thin';
  readonly batchEvents: number;
  readonly batchMs: number;
  readonly strict: boolean;
  readonly maxInFlight: number;
  readonly timeoutMs: number;
  readonly fails: number;
  readonly firstFailAt: number | null;
  readonly lastOkAt: number | null;
  readonly warned: boolean;
  /** Null: its breaker is closed. */
  readonly breakerUntil: number | null;
}

/** A time as a parameter. Whoever is asked when something is due is told what time it is. */
export const timeOf = (sql: Sql, ms: number) => sql`to_timestamp(${ms / 1000}::float8)`;

/** The columns of `DueEndpoint` from an `endpoint e`. */
export const endpointColumns = (sql: Sql, now: number) => sql`
  e.no as "endpointNo", e.id as "webhookId", e.source, e.url, e.device_no as "ofDevice",
  array(
    select encode(s.value, 'base64') from endpoint_secret s
    where s.endpoint_no = e.no and (s.expires_at is null or s.expires_at > ${timeOf(sql, now)})
    order by s.expires_at desc nulls first
  ) as secrets,
  encode(e.headers, 'base64') as headers, e.skip_tls_verify as "skipTlsVerify", e.events, e.chats, e.direction, e.own,
  e.payload, e.batch_events as "batchEvents", e.batch_ms as "batchMs", e.strict, e.max_inflight as "maxInFlight",
  e.timeout_ms as "timeoutMs", e.fails, extract(epoch from e.first_fail_at)::float8 * 1000 as "firstFailAt",
  extract(epoch from e.last_ok_at)::float8 * 1000 as "lastOkAt", e.warned_at is not null as warned,
  case when isfinite(e.breaker_until) then extract(epoch from e.breaker_until)::float8 * 1000 end as "breakerUntil"`;

/** What it is delivered to by now: an `endpoint e` whose breaker is not open. */
export const takesNow = (sql: Sql, now: number) => sql`
  e.active and e.state = 'active' and e.breaker_until <= ${timeOf(sql, now)}`;
