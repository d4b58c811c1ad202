// What is known of how endpoints take what they are sent. Every node that delivers to one writes it.
import { arrays } from './arrays.ts';
import type { Sql } from './database.ts';
import { timeOf } from './due-endpoints.ts';

/** Times in ms since 1970; `until` is -Infinity where the breaker is closed. */
export interface EndpointHealth {
  readonly endpointNo: number;
  readonly fails: number;
  readonly firstFailAt: number | undefined;
  readonly lastOkAt: number | undefined;
  readonly until: number;
}

/** Remembers how endpoints are, all in one statement. */
export async function saveHealth(sql: Sql, endpoints: readonly EndpointHealth[]): Promise<void> {
  if (endpoints.length === 0) return;
  const { float, int } = arrays(sql);
  const seconds = (ms: number | undefined) => (ms === undefined || ms === -Infinity ? null : ms / 1000);
  await sql`
    update endpoint e
       set fails = s.fails, first_fail_at = to_timestamp(s.first), last_ok_at = greatest(e.last_ok_at, to_timestamp(s.ok)),
           breaker_until = coalesce(to_timestamp(s.until), '-infinity')
      from unnest(
        ${int(endpoints.map(each => each.endpointNo))}, ${int(endpoints.map(each => each.fails))},
        ${float(endpoints.map(each => seconds(each.firstFailAt)))},
        ${float(endpoints.map(each => seconds(each.lastOkAt)))},
        ${float(endpoints.map(each => seconds(each.until)))}
      ) as s (endpoint_no, fails, first, ok, until)
     where e.no = s.endpoint_no`;
}

/**
 * Takes the one try of an endpoint whose breaker's time is over, so that no other node has it too: until `until` nobody
 * else gets it. False when another has it, or the endpoint is not delivered to any more.
 */
export async function claimProbe(
  sql: Sql,
  endpointNo: number,
  { now, until }: { now: number; until: number },
): Promise<boolean> {
  const rows = await sql`
    update endpoint set breaker_until = ${timeOf(sql, until)}
     where no = ${endpointNo} and active and state = 'active' and breaker_until <= ${timeOf(sql, now)}
    returning no`;
  return rows.length === 1;
}

/** Sends nothing more to an endpoint; its lanes stand still until it is configured again or resumed. */
export async function closeEndpoint(
  sql: Sql,
  endpointNo: number,
  { state, reason, now }: { state: 'gone' | 'disabled'; reason: string; now: number },
): Promise<void> {
  await sql`
    update endpoint set state = ${state}, reason = ${reason}, state_at = ${timeOf(sql, now)}
     where no = ${endpointNo} and state = 'active'`;
}

/** Notes that it was told that the endpoint fails, or with `undefined` that this is over. */
export async function noteWarned(sql: Sql, endpointNo: number, at: number | undefined): Promise<void> {
  await sql`
    update endpoint set warned_at = ${at === undefined ? null : new Date(at)}::timestamptz where no = ${endpointNo}`;
}

/** A device of whose events an endpoint has not had all: `behind` of them. `since` is when the endpoint last took something, or was made. */
export interface BehindDevice {
  readonly no: number;
  readonly id: string;
  readonly jid: string;
  readonly owner: string;
  readonly epoch: number;
  readonly behind: number;
  readonly since: Date;
}

/** The devices that some node runs and whose events the endpoint is behind with. */
export async function devicesBehind(sql: Sql, endpointNo: number): Promise<BehindDevice[]> {
  return await sql<BehindDevice[]>`
    select d.no, d.id, coalesce(regexp_replace(d.jid, ':\\d+@', '@'), '') as jid, d.owner, d.epoch,
           least(l.until, d.last_seq) - l.cursor as behind, coalesce(e.last_ok_at, e.created_at) as since
      from endpoint e join lane l on l.endpoint_no = e.no join device d on d.no = l.device_no
     where e.no = ${endpointNo} and not l.replay and d.owner is not null and l.cursor < least(l.until, d.last_seq)
     order by d.no`;
}
