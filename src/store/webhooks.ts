// Webhooks as they are made through the API, and all others as they may be looked at: beside those of the settings and the
// devices' own (endpoints.ts) they add to where events go, and replace nothing. A new one is owed what comes from then on.
//
// Every change counts up one row, so that deliverers on other nodes, which no call reaches, find out.
import { arrays } from './arrays.ts';
import type { Sql } from './database.ts';

/** What a webhook wants and how; sealed what is secret. */
export interface WebhookFields {
  readonly name: string;
  readonly url: string;
  readonly events: readonly string[];
  readonly chats: readonly string[];
  readonly direction: 'any' | 'incoming' | 'outgoing';
  readonly own: boolean;
  readonly payload: 'fat' | 'thin';
  readonly headers: Buffer | null;
  readonly batchEvents: number;
  readonly batchMs: number;
  readonly strict: boolean;
  readonly maxInFlight: number;
  readonly timeoutMs: number;
}

export interface WebhookRow extends WebhookFields {
  readonly no: number;
  readonly id: string;
  readonly source: 'settings' | 'device' | 'api';
  /** Null: it is for all devices. */
  readonly deviceNo: number | null;
  readonly deviceId: string | null;
  /** The account of the device, without its device part. */
  readonly jid: string | null;
  /** Each sealed, the one that counts first; none: the installation's. */
  readonly secrets: readonly Buffer[];
  readonly skipTlsVerify: boolean;
  readonly state: 'active' | 'paused' | 'disabled' | 'gone';
  readonly reason: string | null;
  readonly stateAt: Date;
  /** Failures in a row, and when the first of them was. */
  readonly fails: number;
  readonly firstFailAt: Date | null;
  readonly lastOkAt: Date | null;
  /** Until then nothing is tried. */
  readonly restsUntil: Date | null;
  /** Events that it has not been told and that are not known to be unwanted. */
  readonly behind: number;
  readonly createdAt: Date;
}

/** Which webhooks: those of these devices (all, and those for all devices, unless given), one, or a page of them. */
export interface WebhookQuery {
  readonly devices?: readonly number[] | undefined;
  readonly id?: string;
  readonly after?: number;
  readonly limit?: number;
}

/** Webhooks by their numbers. One of a device that was cleared and has got all it was owed is none any more. */
export async function readWebhooks(
  sql: Sql,
  { devices, id, after = 0, limit = 1 }: WebhookQuery,
): Promise<WebhookRow[]> {
  const { int } = arrays(sql);
  return await sql<WebhookRow[]>`
    select e.no, e.id, e.source, e.device_no as "deviceNo", d.id as "deviceId",
           regexp_replace(d.jid, ':\\d+@', '@') as jid, e.name, e.url, e.events, e.chats, e.direction, e.own, e.payload,
           e.headers, e.batch_events as "batchEvents", e.batch_ms as "batchMs", e.strict,
           e.max_inflight as "maxInFlight", e.timeout_ms as "timeoutMs", e.skip_tls_verify as "skipTlsVerify",
           e.state, e.reason, e.state_at as "stateAt", e.fails, e.first_fail_at as "firstFailAt",
           e.last_ok_at as "lastOkAt", e.created_at as "createdAt",
           case when e.breaker_until > now() then e.breaker_until end as "restsUntil",
           array(
             select s.value from endpoint_secret s
             where s.endpoint_no = e.no and (s.expires_at is null or s.expires_at > now())
             order by s.expires_at desc nulls first
           ) as secrets,
           coalesce((
             select sum(least(l.until, v.last_seq) - l.cursor) from lane l join device v on v.no = l.device_no
             where l.endpoint_no = e.no and not l.replay and l.cursor < least(l.until, v.last_seq)
           ), 0)::bigint as behind
      from endpoint e left join device d on d.no = e.device_no
     where e.active and e.no > ${after}
       and (e.source <> 'device' or exists (
             select from lane l where l.endpoint_no = e.no and not l.replay and (l.until is null or l.cursor < l.until)))
       and ${devices === undefined ? sql`true` : sql`e.device_no = any(${int([...devices])})`}
       and ${id === undefined ? sql`true` : sql`e.id = ${id}`}
     order by e.no limit ${limit}`;
}

/**
 * Makes a webhook with its secret, and with a cursor at the end of each of its devices' events. Resolves with its id; undefined when
 * there are `most` for all devices, or for this one, already, or when the device is no more.
 */
export async function insertWebhook(
  sql: Sql,
  deviceNo: number | null,
  fields: WebhookFields,
  secret: Buffer,
  most: number,
): Promise<string | undefined> {
  const { text } = arrays(sql);
  const [made] = await sql<{ no: number; id: string }[]>`
    with told as (
      update endpoint_version set version = version + 1
    ), d as (
      select no, last_seq from device where ${deviceNo}::int is null or no = ${deviceNo}::int
    ), made as (
      insert into endpoint (source, device_no, name, url, events, chats, direction, own, payload, headers,
                            batch_events, batch_ms, strict, max_inflight, timeout_ms)
      select 'api', ${deviceNo}::int, ${fields.name}, ${fields.url}, ${text([...fields.events])},
             ${text([...fields.chats])}, ${fields.direction}, ${fields.own}, ${fields.payload},
             ${fields.headers}::bytea, ${fields.batchEvents}, ${fields.batchMs}, ${fields.strict},
             ${fields.maxInFlight}, ${fields.timeoutMs}
       where (select count(*) from endpoint
               where source = 'api' and device_no is not distinct from ${deviceNo}::int) < ${most}::int
         and (${deviceNo}::int is null or exists (select from d))
      returning no, id
    ), signed as (
      insert into endpoint_secret (endpoint_no, value) select no, ${secret}::bytea from made
    ), opened as (
      insert into lane (endpoint_no, device_no, cursor) select made.no, d.no, d.last_seq from made cross join d
    )
    select no, id from made`;
  if (!made) return undefined;
  if (deviceNo === null) await completeLanes(sql);
  return made.id;
}

/**
 * Gives every device a lane of every webhook that is for all devices: one that was made in the same moment as the webhook may
 * have none, for neither statement saw the other's row. It is owed all events of such a device.
 */
export async function completeLanes(sql: Sql): Promise<number> {
  const { count } = await sql`
    insert into lane (endpoint_no, device_no)
    select e.no, d.no from endpoint e cross join device d
     where e.source = 'api' and e.device_no is null
       and not exists (select from lane l where l.endpoint_no = e.no and l.device_no = d.no and not l.replay)
    on conflict do nothing`;
  return count;
}

/** Its lanes, locked in the order in which whoever saves them locks them (`saveLanes`). */
const lockedLanes = (sql: Sql, no: number, which = sql`true`) => sql`
    locked as materialized (
      select device_no, replay from lane where endpoint_no = ${no} and ${which} order by device_no, replay for no key update
    )`;

/** Changes all that it wants. What it has not taken is due at once: the change may have mended it. */
export async function updateWebhook(sql: Sql, no: number, fields: WebhookFields): Promise<void> {
  const { text } = arrays(sql);
  await sql`
    with told as (
      update endpoint_version set version = version + 1
    ), ${lockedLanes(sql, no, sql`not_before > now()`)}, due as (
      update lane l set not_before = '-infinity' from locked k
       where l.endpoint_no = ${no} and l.device_no = k.device_no and l.replay = k.replay
    )
    update endpoint
       set name = ${fields.name}, url = ${fields.url}, events = ${text([...fields.events])},
           chats = ${text([...fields.chats])}, direction = ${fields.direction}, own = ${fields.own},
           payload = ${fields.payload}, headers = ${fields.headers}::bytea, batch_events = ${fields.batchEvents},
           batch_ms = ${fields.batchMs}, strict = ${fields.strict}, max_inflight = ${fields.maxInFlight},
           timeout_ms = ${fields.timeoutMs}, breaker_until = '-infinity', fails = 0, first_fail_at = null,
           state = case state when 'paused' then 'paused' else 'active' end, reason = null, warned_at = null,
           state_at = case when state in ('active', 'paused') then state_at else now() end
     where no = ${no}`;
}

/** Removes it with everything that it was owed. */
export async function deleteWebhook(sql: Sql, no: number): Promise<void> {
  await sql`
    with told as (update endpoint_version set version = version + 1)
    delete from endpoint where no = ${no}`;
}

/** Old secrets that go on beside the one that counts. */
const OLD_SECRETS = 10;

/** Another secret counts; the one before it signs along for `overlapSeconds`. The oldest of more than ten go. */
export async function rotateSecret(
  sql: Sql,
  no: number,
  secret: Buffer,
  overlapSeconds: number,
): Promise<void> {
  await sql`
    with told as (
      update endpoint_version set version = version + 1
    ), gone as (
      delete from endpoint_secret where endpoint_no = ${no} and no in (
        select s.no from endpoint_secret s where s.endpoint_no = ${no} and s.expires_at is not null
        order by s.expires_at > now() desc, s.no desc offset ${OLD_SECRETS - 1})
    ), old as (
      update endpoint_secret set expires_at = now() + ${overlapSeconds}::int * interval '1 second'
       where endpoint_no = ${no} and expires_at is null
      returning endpoint_no
    )
    insert into endpoint_secret (endpoint_no, value) select endpoint_no, ${secret}::bytea from old`;
}

/** Nothing more is sent to it; what comes waits in the journal. */
export async function pauseWebhook(sql: Sql, no: number): Promise<void> {
  await sql`
    with told as (update endpoint_version set version = version + 1)
    update endpoint set state = 'paused', reason = null, state_at = now() where no = ${no} and state <> 'paused'`;
}

/** Goes on with what has waited, or, `now`, with what comes from now on. Its failures are forgotten. */
export async function resumeWebhook(sql: Sql, no: number, from: 'backlog' | 'now'): Promise<void> {
  await sql`
    with told as (
      update endpoint_version set version = version + 1
    ), ${lockedLanes(sql, no)}, due as (
      update lane l
         set not_before = '-infinity', attempt = 0, refused = 0, frozen_to = null, last_error = null,
             cursor = case when ${from === 'now'} and not l.replay then greatest(l.cursor, least(l.until, d.last_seq)) else l.cursor end
        from device d, locked k
       where l.endpoint_no = ${no} and d.no = l.device_no and k.device_no = l.device_no and k.replay = l.replay
    )
    update endpoint
       set state = 'active', reason = null, state_at = case state when 'active' then state_at else now() end,
           fails = 0, first_fail_at = null, warned_at = null, breaker_until = '-infinity'
     where no = ${no}`;
}

/** Counts up with every change of a webhook, on whatever node. */
export async function webhookVersion(sql: Sql): Promise<number> {
  const [row] = await sql<{ version: number }[]>`select version from endpoint_version`;
  return row?.version ?? 0;
}
