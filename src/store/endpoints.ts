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
      update endpoint set active = false where source = 'settings' and active and url <> all(${[...urls]}::text[])
    ), kept as (
      insert into endpoint (url, events, skip_tls_verify)
      select distinct url, ${lower(events)}::text[], ${skipTlsVerify}::boolean from unnest(${[...urls]}::text[]) url
      on conflict (url) where source = 'settings' do update
        set active = true, state = case endpoint.state when 'gone' then 'active' else endpoint.state end,
            events = excluded.events, skip_tls_verify = excluded.skip_tls_verify
      returning no, xmax = 0 as added
    ), replaced as (
      select l.device_no from lane l join endpoint e on e.no = l.endpoint_no
      where e.source = 'device' and l.until is null
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
    select e.url, s.value as secret, e.events, e.skip_tls_verify as "skipTlsVerify"
    from endpoint e
    join lane l on l.endpoint_no = e.no and l.device_no = e.device_no and not l.replay
    left join endpoint_secret s on s.endpoint_no = e.no and s.expires_at is null
    where e.device_no = ${deviceNo} and e.source = 'device' and l.until is null`;
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
      select s.value as secret, e.events, e.skip_tls_verify
      from endpoint e
      join lane l on l.endpoint_no = e.no and l.device_no = e.device_no and not l.replay
      left join endpoint_secret s on s.endpoint_no = e.no and s.expires_at is null
      where e.device_no = ${deviceNo} and e.source = 'device' and l.until is null
    ), ended as (
      update lane l set until = d.last_seq from d, endpoint e
      where l.device_no = d.no and e.no = l.endpoint_no and e.source = 'settings' and l.until is null
    ), own as (
      insert into endpoint (source, device_no, url, events, skip_tls_verify)
      select 'device', d.no, ${url}, coalesce(${events ? lower(events) : null}::text[], b.events, '{}'),
             coalesce(${skipTlsVerify ?? null}::boolean, b.skip_tls_verify, false)
      from d left join before b on true
      on conflict (device_no) where source = 'device' do update
        set url = excluded.url, events = excluded.events, skip_tls_verify = excluded.skip_tls_verify,
            state = case endpoint.state when 'paused' then 'paused' else 'active' end,
            fails = 0, first_fail_at = null, warned_at = null, breaker_until = '-infinity'
      returning no, url, events, skip_tls_verify
    ), secret as materialized (
      select own.no, case when ${secret === undefined} then b.secret else ${secret ?? null}::bytea end as value
      from own left join before b on true
    ), signed as (
      insert into endpoint_secret (endpoint_no, value) select no, value from secret where value is not null
      on conflict (endpoint_no) where expires_at is null do update set value = excluded.value
    ), unsigned as (
      delete from endpoint_secret s using secret where s.endpoint_no = secret.no and secret.value is null
    ), opened as (
      insert into lane (endpoint_no, device_no, cursor) select own.no, d.no, d.last_seq from own, d
      on conflict (endpoint_no, device_no, replay) do update
        set cursor = case when lane.cursor >= lane.until then excluded.cursor else lane.cursor end,
            until = null, attempt = 0, refused = 0, not_before = '-infinity', last_error = null
    )
    select own.url, secret.value as secret, own.events, own.skip_tls_verify as "skipTlsVerify"
    from own join secret on secret.no = own.no`;
  if (!row) throw new Failure('DEVICE_NOT_FOUND');
  return row;
}

/** Gives the device back to the global endpoints. Without an own endpoint nothing changes. */
export async function clearDeviceEndpoint(sql: Sql, deviceNo: number): Promise<void> {
  await sql`
    with ended as (
      update lane l set until = d.last_seq from device d, endpoint e
      where d.no = ${deviceNo} and l.device_no = d.no and e.no = l.endpoint_no and e.device_no = d.no and e.source = 'device'
        and l.until is null
      returning l.device_no, l.until as last_seq
    )
    update lane l set cursor = case when l.cursor >= l.until then d.last_seq else l.cursor end, until = null
    from ended d, endpoint e
    where l.device_no = d.device_no and e.no = l.endpoint_no and e.source = 'settings' and l.until is not null`;
}

const lower = (events: readonly string[]): string[] => events.map(event => event.trim().toLowerCase());
