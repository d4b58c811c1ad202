// Where events are delivered. A global endpoint comes from the settings and serves every device; a device's own endpoint
// replaces all of them for that device, from the event after the one that was the last when it was set.
//
// The rows say it with lanes: the span of a device's journal that an endpoint is owed ends at `until`, if at all. Setting
// and clearing a device's endpoint ends lanes at the device's `last_seq` and opens the others at the same number, in one
// statement and from one reading of it, so that no event falls between two endpoints. What an ended lane still owes it
// keeps delivering. A lane has one span only: one that is opened again before it has caught up goes on from where it is,
// so its receiver gets the events in between too (more than it was owed, never less).
import { Failure } from '../errors.ts';
import type { Sql } from './database.ts';

/** A device's own endpoint. `secret` is sealed, null means the installation's; no `events` means all. */
export interface DeviceEndpoint {
  readonly url: string;
  readonly secret: Buffer | null;
  readonly events: readonly string[];
  readonly skipTlsVerify: boolean;
}

/** What is not given stays as it was, or has its default: the installation's secret, all events, TLS verified. */
export interface DeviceEndpointChange {
  readonly url: string;
  readonly secret?: Buffer | null;
  readonly events?: readonly string[];
  readonly skipTlsVerify?: boolean;
}

/**
 * Makes the global endpoints those of the settings; run it before events flow.
 *
 * A URL seen for the first time gets the events from now on. One that is no longer configured becomes inactive: nothing
 * is sent to it and its lanes stand still. When it is configured again it goes on where it was, with everything since
 * (devices made in the meantime included), because a setting that was lost for an hour must not lose the hour's
 * messages. An endpoint that answered 410 is tried again.
 */
export async function syncGlobalEndpoints(
  sql: Sql,
  urls: readonly string[],
  { skipTlsVerify, events }: { skipTlsVerify: boolean; events: readonly string[] },
): Promise<void> {
  await sql`
    with removed as (
      update endpoint set active = false where device_no is null and active and url <> all(${[...urls]}::text[])
    ), kept as (
      insert into endpoint (url, events, skip_tls_verify)
      select distinct url, ${lower(events)}::text[], ${skipTlsVerify}::boolean from unnest(${[...urls]}::text[]) url
      on conflict (url) where device_no is null do update
        set active = true, events = excluded.events, skip_tls_verify = excluded.skip_tls_verify
      returning no, xmax = 0 as added
    ), replaced as (
      select l.device_no from lane l join endpoint e on e.no = l.endpoint_no
      where e.device_no = l.device_no and l.until is null
    )
    insert into lane (endpoint_no, device_no, cursor, until)
    select k.no, d.no, case when k.added or r.device_no is not null then d.last_seq else 0 end,
           case when r.device_no is not null then d.last_seq end
    from kept k cross join device d left join replaced r on r.device_no = d.no
    on conflict do nothing`;
}

/** The device's own endpoint, undefined when it has none (one that was cleared and still owes events is none). */
export async function deviceEndpoint(sql: Sql, deviceNo: number): Promise<DeviceEndpoint | undefined> {
  const [row] = await sql<DeviceEndpoint[]>`
    select e.url, e.secret, e.events, e.skip_tls_verify as "skipTlsVerify"
    from endpoint e join lane l on l.endpoint_no = e.no and l.device_no = e.device_no
    where e.device_no = ${deviceNo} and l.until is null`;
  return row;
}

/**
 * Gives the device its own endpoint or changes it; resolves with it as it is then. A changed endpoint is active and due
 * at once, and what the old URL has not taken goes to the new one. Fails with DEVICE_NOT_FOUND.
 */
export async function setDeviceEndpoint(
  sql: Sql,
  deviceNo: number,
  { url, secret, events, skipTlsVerify }: DeviceEndpointChange,
): Promise<DeviceEndpoint> {
  const [row] = await sql<DeviceEndpoint[]>`
    with d as (
      select no, last_seq from device where no = ${deviceNo}
    ), before as (
      select e.secret, e.events, e.skip_tls_verify
      from endpoint e join lane l on l.endpoint_no = e.no and l.device_no = e.device_no
      where e.device_no = ${deviceNo} and l.until is null
    ), ended as (
      update lane l set until = d.last_seq from d, endpoint e
      where l.device_no = d.no and e.no = l.endpoint_no and e.device_no is null and l.until is null
    ), own as (
      insert into endpoint (device_no, url, secret, events, skip_tls_verify)
      select d.no, ${url}, case when ${secret === undefined} then b.secret else ${secret ?? null}::bytea end,
             coalesce(${events ? lower(events) : null}::text[], b.events, '{}'),
             coalesce(${skipTlsVerify ?? null}::boolean, b.skip_tls_verify, false)
      from d left join before b on true
      on conflict (device_no) do update
        set url = excluded.url, secret = excluded.secret, events = excluded.events,
            skip_tls_verify = excluded.skip_tls_verify, active = true
      returning no, url, secret, events, skip_tls_verify
    ), opened as (
      insert into lane (endpoint_no, device_no, cursor) select own.no, d.no, d.last_seq from own, d
      on conflict (endpoint_no, device_no) do update
        set cursor = case when lane.cursor >= lane.until then excluded.cursor else lane.cursor end,
            until = null, attempt = 0, not_before = '-infinity', last_error = null
    )
    select url, secret, events, skip_tls_verify as "skipTlsVerify" from own`;
  if (!row) throw new Failure('DEVICE_NOT_FOUND');
  return row;
}

/** Gives the device back to the global endpoints. Without an own endpoint nothing changes. */
export async function clearDeviceEndpoint(sql: Sql, deviceNo: number): Promise<void> {
  await sql`
    with ended as (
      update lane l set until = d.last_seq from device d, endpoint e
      where d.no = ${deviceNo} and l.device_no = d.no and e.no = l.endpoint_no and e.device_no = d.no
        and l.until is null
      returning l.device_no, l.until as last_seq
    )
    update lane l set cursor = case when l.cursor >= l.until then d.last_seq else l.cursor end, until = null
    from ended d, endpoint e
    where l.device_no = d.device_no and e.no = l.endpoint_no and e.device_no is null and l.until is not null`;
}

/** Sends nothing more to an endpoint that said 410, until it is configured again; its lanes stand still. */
export async function closeEndpoint(sql: Sql, endpointNo: number): Promise<void> {
  await sql`update endpoint set active = false where no = ${endpointNo}`;
}

const lower = (events: readonly string[]): string[] => events.map(event => event.trim().toLowerCase());
