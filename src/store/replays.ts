// Telling an endpoint again what it was told: a second cursor over a device's events, beside the live one, which it never
// moves. It ends where the live one was when it began, and is gone then.
import { arrays } from './arrays.ts';
import type { Sql } from './database.ts';

/** From where to where: by number, or by when it happened. `types` are lower-case names; none: all. */
export interface Span {
  readonly fromSeq?: number | undefined;
  readonly since?: Date | undefined;
  readonly toSeq?: number | undefined;
  readonly until?: Date | undefined;
  readonly types: readonly string[];
}

/** What became of the wish for a device. */
export interface Begun {
  readonly deviceId: string;
  /** Of its events that are to be told again; none where there is nothing. */
  readonly fromSeq: number;
  readonly toSeq: number;
  /** False: there was one under way already, and it goes on as it was; or there is nothing to be told. */
  readonly begun: boolean;
  readonly running: boolean;
}

/** A replay under way: `done` of its events are behind it. */
export interface Replay {
  readonly deviceId: string;
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly seq: number;
  readonly types: readonly string[];
  readonly beganAt: Date;
  readonly lastError: string | null;
}

/** Begins to tell an endpoint again what it was told of one device, or of all. */
export async function beginReplays(
  sql: Sql,
  { endpointNo, deviceNo }: { endpointNo: number; deviceNo: number | undefined },
  { fromSeq, since, toSeq, until, types }: Span,
): Promise<Begun[]> {
  const { text } = arrays(sql);
  // One that had told everything when its process was killed is over, whatever its row says.
  await sql`delete from lane where endpoint_no = ${endpointNo} and replay and cursor >= until`;
  return await sql<Begun[]>`
    with live as materialized (
      select l.device_no, d.id, l.cursor, d.expired_seq
        from lane l join device d on d.no = l.device_no
       where l.endpoint_no = ${endpointNo} and not l.replay and (${deviceNo ?? null}::int is null or d.no = ${deviceNo ?? null})
    ), wanted as materialized (
      select v.device_no, v.id,
             greatest(
               v.expired_seq + 1, ${fromSeq ?? null}::bigint,
               case when ${since ?? null}::timestamptz is null then 1 else coalesce(
                 (select min(j.seq) from journal j where j.device_no = v.device_no and j.at >= ${since ?? null}), v.cursor + 1
               ) end
             ) as first,
             least(
               v.cursor, ${toSeq ?? null}::bigint,
               case when ${until ?? null}::timestamptz is null then v.cursor else coalesce(
                 (select max(j.seq) from journal j where j.device_no = v.device_no and j.at <= ${until ?? null}), 0
               ) end
             ) as last
        from live v
    ), begun as (
      insert into lane (endpoint_no, device_no, replay, cursor, until, events, start_seq, began_at)
      select ${endpointNo}, device_no, true, first - 1, last, ${text([...types])}, first, now()
        from wanted where last >= first
      on conflict (endpoint_no, device_no, replay) do nothing
      returning device_no
    )
    select w.id as "deviceId", w.first as "fromSeq", w.last as "toSeq", b.device_no is not null as begun,
           r.device_no is not null as running
      from wanted w left join begun b on b.device_no = w.device_no
      left join lane r on r.endpoint_no = ${endpointNo} and r.device_no = w.device_no and r.replay
     order by w.id`;
}

/** Those of an endpoint that are under way. */
export async function readReplays(sql: Sql, endpointNo: number): Promise<Replay[]> {
  return await sql<Replay[]>`
    select d.id as "deviceId", l.start_seq as "fromSeq", l.until as "toSeq", l.cursor as seq, l.events as types,
           l.began_at as "beganAt", l.last_error as "lastError"
      from lane l join device d on d.no = l.device_no
     where l.endpoint_no = ${endpointNo} and l.replay order by d.id`;
}

/** Ends them, of one device or all; resolves with how many there were. */
export async function cancelReplays(
  sql: Sql,
  { endpointNo, deviceNo }: { endpointNo: number; deviceNo: number | undefined },
): Promise<number> {
  const { count } = await sql`
    with told as (update endpoint_version set version = version + 1)
    delete from lane where endpoint_no = ${endpointNo} and replay
       and (${deviceNo ?? null}::int is null or device_no = ${deviceNo ?? null})`;
  return count;
}
