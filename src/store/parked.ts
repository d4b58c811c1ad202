// Events that a receiver answered and would not take: out of their lane, so that what comes after them goes on, and tried
// again on a schedule of their own until they are dead.
import { arrays } from './arrays.ts';
import type { Sql } from './database.ts';
import { type DueEndpoint, endpointColumns, takesNow, timeOf } from './due-endpoints.ts';
import type { JournalRow } from './journal.ts';
import { type LaneName, runOf } from './lanes.ts';

/** Which one. */
export interface ParkedName {
  readonly endpointNo: number;
  readonly deviceNo: number;
  readonly seq: number;
}

/** One whose time has come, its endpoint, and its event: null where the journal has it no more. */
export interface DueParked extends DueEndpoint, ParkedName {
  readonly deviceId: string;
  /** How often it was tried, in its lane and out of it. */
  readonly attempt: number;
  readonly replay: boolean;
  readonly id: string | null;
  readonly event: string;
  readonly jid: string;
  readonly at: Date;
  readonly payloadOf: Buffer;
}

/**
 * Takes the event after a lane's cursor out of the lane and parks it: the cursor is behind it then. `dead`: it is given up
 * at once. Nothing happens when the lane is not `owner`'s any more or has moved on.
 */
export async function park(
  sql: Sql,
  owner: string,
  { endpointNo, deviceNo, replay, seq, run }: LaneName & { readonly seq: number; readonly run: number },
  { attempt, notBefore, error, now }: { attempt: number; notBefore: number; error: string; now: number },
): Promise<void> {
  await sql`
    with moved as (
      update lane l
         set cursor = ${seq}, attempt = 0, refused = 0, frozen_to = null, not_before = '-infinity', last_error = null
        from device d
       where l.endpoint_no = ${endpointNo} and l.device_no = ${deviceNo} and l.replay = ${replay} and l.cursor < ${seq}
         and d.no = l.device_no and d.owner = ${owner} and ${runOf(sql, sql`l`)} = ${run}
      returning l.endpoint_no, l.device_no, l.replay
    )
    insert into parked (endpoint_no, device_no, seq, attempt, not_before, last_error, parked_at, replay)
    select endpoint_no, device_no, ${seq}, ${attempt}, ${timeOf(sql, notBefore)}, ${error}, ${timeOf(sql, now)}, replay
      from moved
    on conflict (endpoint_no, device_no, seq) do update set attempt = excluded.attempt, not_before = excluded.not_before`;
}

/**
 * At most `limit` parked events, at most `each` of one endpoint, of the devices that `owner` owns, whose time has come and
 * whose endpoint takes something and is not in `busy`. Those of other owners, whom it may take long, have no turn here.
 */
export async function dueParked(
  sql: Sql,
  owner: string,
  { limit, each, busy, now }: { limit: number; each: number; busy: readonly number[]; now: number },
): Promise<DueParked[]> {
  const { int } = arrays(sql);
  return await sql<DueParked[]>`
    select p.device_no as "deviceNo", p.seq, p.attempt, p.replay, p.device_id as "deviceId",
           j.id, j.event, j.jid, j.at, j.payload as "payloadOf", ${endpointColumns(sql, now)}
      from (
        select p.*, d.id as device_id, row_number() over (partition by p.endpoint_no order by p.not_before) as turn
          from parked p join device d on d.no = p.device_no join endpoint e on e.no = p.endpoint_no
         where p.not_before <= ${timeOf(sql, now)} and p.endpoint_no <> all(${int([...busy])})
           and d.owner = ${owner} and ${takesNow(sql, now)}
      ) p
      join endpoint e on e.no = p.endpoint_no
      left join journal j on j.device_no = p.device_no and j.seq = p.seq
     where p.turn <= ${each}::int
     order by p.turn, p.not_before limit ${limit}`;
}

/** It has arrived, or nobody wants it any more. */
export async function unpark(sql: Sql, { endpointNo, deviceNo, seq }: ParkedName): Promise<void> {
  await sql`delete from parked where endpoint_no = ${endpointNo} and device_no = ${deviceNo} and seq = ${seq}`;
}

/** It is tried again then. */
export async function repark(
  sql: Sql,
  { endpointNo, deviceNo, seq }: ParkedName,
  { attempt, notBefore, error }: { attempt: number; notBefore: number; error: string },
): Promise<void> {
  await sql`
    update parked set attempt = ${attempt}, not_before = ${timeOf(sql, notBefore)}, last_error = ${error}
     where endpoint_no = ${endpointNo} and device_no = ${deviceNo} and seq = ${seq}`;
}

/** It is given up. */
export async function bury(
  sql: Sql,
  { endpointNo, deviceNo, seq }: ParkedName,
  { reason, now }: { reason: string; now: number },
): Promise<void> {
  await sql`
    with given as (
      delete from parked where endpoint_no = ${endpointNo} and device_no = ${deviceNo} and seq = ${seq}
      returning endpoint_no, device_no, seq
    )
    insert into dead_letter (endpoint_no, device_no, from_seq, to_seq, reason, at)
    select endpoint_no, device_no, seq, seq, ${reason}, ${timeOf(sql, now)} from given`;
}

/** The stored event of a parked one. */
export function rowOf({
  deviceNo,
  seq,
  id,
  event,
  jid,
  at,
  payloadOf: payload,
}: DueParked): JournalRow | undefined {
  return id === null ? undefined : { deviceNo, seq, id, event, jid, at, payload };
}

/** One that waits, as it may be looked at. `event` and `id` are null where the journal has it no more. */
export interface ParkedRow {
  readonly deviceId: string;
  readonly seq: number;
  readonly id: string | null;
  readonly event: string | null;
  readonly attempt: number;
  readonly notBefore: Date;
  readonly lastError: string;
  readonly parkedAt: Date;
  readonly replay: boolean;
}

/** An endpoint's parked events, those that are due first at the front, at most `limit` from `offset` on. */
export async function readParked(
  sql: Sql,
  endpointNo: number,
  { limit, offset }: { limit: number; offset: number },
): Promise<ParkedRow[]> {
  return await sql<ParkedRow[]>`
    select d.id as "deviceId", p.seq, j.id, j.event, p.attempt, p.not_before as "notBefore", p.last_error as "lastError",
           p.parked_at as "parkedAt", p.replay
      from parked p join device d on d.no = p.device_no
      left join journal j on j.device_no = p.device_no and j.seq = p.seq
     where p.endpoint_no = ${endpointNo}
     order by p.not_before, p.device_no, p.seq limit ${limit} offset ${offset}`;
}
