// What was given up: an event that a receiver refused every time, or a span that was not taken as long as it was kept.
import { arrays } from './arrays.ts';
import type { Sql } from './database.ts';
import { timeOf } from './due-endpoints.ts';

/** `id` and `event` are of a single event that the journal still has; `kept`: it has something of it, so it may be tried again. */
export interface DeadLetter {
  readonly no: number;
  readonly deviceId: string;
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly reason: string;
  readonly at: Date;
  readonly id: string | null;
  readonly event: string | null;
  readonly kept: boolean;
}

/** Which of an endpoint's: from a number to a number; all, unless given. */
export interface Letters {
  readonly endpointNo: number;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

const LAST = Number.MAX_SAFE_INTEGER;

/** An endpoint's dead letters, the newest first, at most `limit` below a number. */
export async function readDeadLetters(
  sql: Sql,
  endpointNo: number,
  { before = LAST, limit }: { before?: number | undefined; limit: number },
): Promise<DeadLetter[]> {
  return await sql<DeadLetter[]>`
    select x.no, d.id as "deviceId", x.from_seq as "fromSeq", x.to_seq as "toSeq", x.reason, x.at, j.id, j.event,
           exists (
             select from journal k where k.device_no = x.device_no and k.seq between x.from_seq and x.to_seq
           ) as kept
      from dead_letter x join device d on d.no = x.device_no
      left join journal j on j.device_no = x.device_no and j.seq = x.from_seq and x.from_seq = x.to_seq
     where x.endpoint_no = ${endpointNo} and x.no < ${before}
     order by x.no desc limit ${limit}`;
}

/** Of `found` letters `events` events are tried again; letters of which the journal has nothing stay. */
export interface Revived {
  readonly found: number;
  readonly revived: number;
  readonly events: number;
}

/**
 * Has at most `limit` letters tried again, the oldest first: they are parked, due now, and told to be told again. Nobody has
 * asked of a span's events whether the endpoint wants them: those that it does not by their names, or that it has to name
 * (`byNameOnly`) and does not, are passed over.
 */
export async function reviveDeadLetters(
  sql: Sql,
  { endpointNo, from = 0, to = LAST }: Letters,
  {
    attempt,
    limit,
    now,
    byNameOnly,
  }: { attempt: number; limit: number; now: number; byNameOnly: readonly string[] },
): Promise<Revived> {
  const [row] = await sql<[Revived]>`
    with found as materialized (
      select no, device_no, from_seq, to_seq, reason from dead_letter
       where endpoint_no = ${endpointNo} and no between ${from} and ${to}
       order by no limit ${limit} for update
    ), kept as materialized (
      select f.no, f.device_no, j.seq, f.reason,
             case when f.reason <> 'expired' then true
                  when e.events = '{}' then j.event <> all(${arrays(sql).text(byNameOnly)})
                  else lower(j.event) = any(e.events) end as wanted
        from found f join journal j on j.device_no = f.device_no and j.seq between f.from_seq and f.to_seq
        join endpoint e on e.no = ${endpointNo}
    ), gone as (
      delete from dead_letter x where x.no in (select no from kept)
    ), back as (
      insert into parked (endpoint_no, device_no, seq, attempt, not_before, last_error, parked_at, replay)
      select ${endpointNo}, device_no, seq, ${attempt}, ${timeOf(sql, now)}, min(reason), ${timeOf(sql, now)}, true
        from kept where wanted group by device_no, seq
      on conflict (endpoint_no, device_no, seq) do nothing
    )
    select (select count(*) from found) as found, (select count(distinct no) from kept) as revived,
           (select count(*) from kept where wanted) as events`;
  return row;
}

/** Forgets letters; resolves with how many there were. */
export async function dropDeadLetters(
  sql: Sql,
  { endpointNo, from = 0, to = LAST }: Letters,
): Promise<number> {
  const { count } = await sql`
    delete from dead_letter where endpoint_no = ${endpointNo} and no between ${from} and ${to}`;
  return count;
}
