// How POSTs went, for whoever looks for the fault between us and a receiver.
import { arrays } from './arrays.ts';
import type { Sql } from './database.ts';

/** One POST. `status` is null when there was no answer, `head` the begin of the answer, sealed as a secret of the endpoint. */
export interface NewAttempt {
  readonly endpointNo: number;
  readonly deviceNo: number;
  readonly seq: number;
  readonly eventId: string;
  readonly at: number;
  readonly status: number | null;
  readonly error: string | null;
  readonly ms: number;
  readonly head: Buffer | null;
  readonly replay: boolean;
}

/** How long attempts are kept. */
const KEPT_DAYS = 7;

/** Writes down attempts, all in one statement. Those of endpoints and devices that are no more are passed over. */
export async function saveAttempts(sql: Sql, attempts: readonly NewAttempt[]): Promise<void> {
  const { bigint, boolean, bytea, float, int, text } = arrays(sql);
  await sql`
    insert into attempt (endpoint_no, device_no, seq, event_id, at, status, error, ms, head, replay)
    select a.endpoint_no, a.device_no, a.seq, a.event_id, to_timestamp(a.at), a.status, a.error, a.ms, a.head, a.replay
      from unnest(
        ${int(attempts.map(each => each.endpointNo))}, ${int(attempts.map(each => each.deviceNo))},
        ${bigint(attempts.map(each => each.seq))}, ${text(attempts.map(each => each.eventId))},
        ${float(attempts.map(each => each.at / 1000))}, ${int(attempts.map(each => each.status))},
        ${text(attempts.map(each => each.error))}, ${int(attempts.map(each => each.ms))},
        ${bytea(attempts.map(each => each.head))}, ${boolean(attempts.map(each => each.replay))}
      ) with ordinality as a (endpoint_no, device_no, seq, event_id, at, status, error, ms, head, replay, place)
      join endpoint e on e.no = a.endpoint_no
      join device d on d.no = a.device_no
     order by a.place`;
}

/** Takes out at most `limit` attempts that are older than they are kept; resolves with how many. */
export async function forgetAttempts(sql: Sql, limit: number): Promise<number> {
  const { count } = await sql`
    delete from attempt where no in (
      select no from attempt where at < now() - ${KEPT_DAYS} * interval '1 day' order by at limit ${limit}
    )`;
  return count;
}

/** One as it may be looked at. `ofDevice` is the device that the endpoint is of, whose key opens the head. */
export interface Attempt extends Omit<NewAttempt, 'at' | 'deviceNo' | 'endpointNo' | 'seq'> {
  readonly no: number;
  readonly deviceId: string | null;
  readonly seq: number | null;
  readonly at: Date;
}

/** An endpoint's attempts, the newest first, at most `limit` below a number. */
export async function readAttempts(
  sql: Sql,
  endpointNo: number,
  {
    before = Number.MAX_SAFE_INTEGER,
    limit,
    failed,
  }: { before?: number | undefined; limit: number; failed: boolean },
): Promise<Attempt[]> {
  return await sql<Attempt[]>`
    select a.no, d.id as "deviceId", a.seq, a.event_id as "eventId", a.at, a.status, a.error, a.ms, a.head, a.replay
      from attempt a left join device d on d.no = a.device_no
     where a.endpoint_no = ${endpointNo} and a.no < ${before} and (a.error is not null or not ${failed}::boolean)
     order by a.no desc limit ${limit}`;
}
