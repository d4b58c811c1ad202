// The cursors of endpoints over devices' journals. One row says everything that a restart must know of a delivery: how
// far it came, how often the next event was tried, and when it may be tried again.
import { arrays } from './arrays.ts';
import { persist, type Sql } from './database.ts';
import { type DueEndpoint, endpointColumns, takesNow, timeOf } from './due-endpoints.ts';
import type { JournalRow } from './journal.ts';

/** Which lane: the live one of an endpoint over a device, or the second cursor that tells it again. */
export interface LaneName {
  readonly endpointNo: number;
  readonly deviceNo: number;
  readonly replay: boolean;
}

/** A lane with something to deliver, and its endpoint. `upto` is the seq of the last event that it is owed so far. */
export interface DueLane extends DueEndpoint, LaneName {
  readonly deviceId: string;
  readonly cursor: number;
  readonly until: number | null;
  readonly upto: number;
  /** How often in a row the endpoint has failed this lane, and the receiver has refused the event after the cursor. */
  readonly attempt: number;
  readonly refused: number;
  /** The last seq of the batch that was tried and has not arrived. */
  readonly frozenTo: number | null;
  /** Of a replay which of them, in their order; 0: it is none. */
  readonly run: number;
}

/**
 * The next events of a lane that its endpoint wants by their names. All events up to `scanned` are among them or
 * unwanted.
 */
export interface Batch {
  readonly rows: readonly JournalRow[];
  readonly scanned: number;
}

/** A lane as it is to be remembered. With a failure the lane rests until then (ms since 1970). */
export interface LaneState extends LaneName {
  readonly cursor: number;
  readonly attempt: number;
  readonly refused: number;
  readonly frozenTo: number | undefined;
  readonly run: number;
  readonly failure?: { readonly until: number; readonly error: string } | undefined;
}

/** Which run a lane `lane` is of: a replay that began anew is another. */
export const runOf = (sql: Sql, lane: ReturnType<Sql>) =>
  sql`coalesce(extract(epoch from ${lane}.began_at) * 1000000, 0)::bigint`;

/** A batch ends after the event with which it reaches this many bytes, so that 256 of them stay under 64 MB. */
const BATCH_BYTES = 256 * 1024;

/** Which lanes a look is for. */
export interface Wanted {
  readonly limit: number;
  readonly each: number;
  readonly busy: readonly number[];
  readonly now: number;
  /** Devices that had nothing to be delivered when they had so many events. */
  readonly settled: ReadonlyMap<number, number>;
}

/**
 * Lanes of the devices that `owner` owns, with undelivered events, whose rest is over and whose endpoint takes something:
 * at most `limit`, at most `each` of one endpoint (one where it is to be found out whether it takes anything), those of
 * the endpoints in `busy` left out, its replays where the number is negative. Which of an endpoint's lanes is left to chance: any fixed order starves its last ones
 * while the endpoint takes less than comes in.
 */
export async function dueLanes(sql: Sql, owner: string, wanted: Wanted): Promise<DueLane[]> {
  return await sql<DueLane[]>`${dueQuery(sql, owner, wanted)}`;
}

/** Its statement. A query that stands by itself (`offset 0`) is asked for each row before it, by its index, and never of all webhooks. */
export function dueQuery(sql: Sql, owner: string, { limit, each, busy, now, settled }: Wanted) {
  const { int } = arrays(sql);
  return sql`
    with ${openDevices(sql, owner, settled)}, due as (
      select l.*, d.id, least(l.until, d.last_seq) as upto, isfinite(e.breaker_until) as unsure,
             row_number() over (partition by l.endpoint_no, l.replay order by random()) as turn
        from open d
       cross join lateral (
         select * from lane l
          where l.device_no = d.no and l.cursor < least(l.until, d.last_seq) and l.not_before <= ${timeOf(sql, now)}
            and case when l.replay then -l.endpoint_no else l.endpoint_no end <> all(${int([...busy])}) offset 0
       ) l
       cross join lateral (
         select e.breaker_until from endpoint e where e.no = l.endpoint_no and ${takesNow(sql, now)} offset 0
       ) e
    ), taken as (
      select * from due where turn <= case when unsure then 1 else ${each}::int end order by turn limit ${limit}
    )
    select t.device_no as "deviceNo", t.id as "deviceId", t.replay, t.cursor, t.until, t.upto, t.attempt, t.refused,
           t.frozen_to as "frozenTo", ${runOf(sql, sql`t`)} as run, ${endpointColumns(sql, now)}
      from taken t cross join lateral (select * from endpoint e where e.no = t.endpoint_no offset 0) e
     order by t.turn`;
}

/** Devices of `owner` that have had events since they were settled. */
const openDevices = (sql: Sql, owner: string, settled: ReadonlyMap<number, number>) => {
  const { bigint, int } = arrays(sql);
  return sql`
    open as materialized (
      select d.no, d.id, d.last_seq
        from device d
        left join unnest(${int([...settled.keys()])}, ${bigint([...settled.values()])}) as s (no, seq) on s.no = d.no
       where d.owner = ${owner} and d.last_seq > coalesce(s.seq, 0)
    )`;
};

/** A device that no endpoint is owed anything of, and how many events it has. */
export interface SettledDevice {
  readonly no: number;
  readonly seq: number;
}

/** Devices of `owner`, beside those that are known to be `settled`, of which nothing waits that is not for a webhook that is off. */
export async function settledDevices(
  sql: Sql,
  owner: string,
  settled: ReadonlyMap<number, number>,
): Promise<SettledDevice[]> {
  return await sql<SettledDevice[]>`
    with ${openDevices(sql, owner, settled)}
    select d.no, d.last_seq as seq
      from open d
      left join lateral (
        select true as owed
          from lane l
         cross join lateral (
           select from endpoint e where e.no = l.endpoint_no and e.active and e.state = 'active' offset 0
         ) e
         where l.device_no = d.no and l.cursor < least(l.until, d.last_seq) limit 1
      ) w on true
     where w.owed is null`;
}

/**
 * Reads at most `limit` events after `cursor` that the lane is owed and its endpoint wants by their names; others are
 * passed over inside the database, and with them those of `byNameOnly` where it names none. Undefined when the lane is no
 * more (its device was removed).
 */
export async function readBatch(
  sql: Sql,
  { endpointNo, deviceNo, replay, cursor }: LaneName & { cursor: number },
  limit: number,
  byNameOnly: readonly string[],
): Promise<Batch | undefined> {
  type Found = Nullable<JournalRow> & { upto: number; found: number | null };
  const found = await sql<Found[]>`
    with span as (
      select e.events, l.events as replayed, least(l.until, d.last_seq) as upto
      from lane l join device d on d.no = l.device_no join endpoint e on e.no = l.endpoint_no
      where l.endpoint_no = ${endpointNo} and l.device_no = ${deviceNo} and l.replay = ${replay}
    ), wanted as (
      select j.* from journal j, span
      where j.device_no = ${deviceNo} and j.seq > ${cursor} and j.seq <= span.upto
        and case when span.events = '{}' then j.event <> all(${arrays(sql).text(byNameOnly)})
                 else lower(j.event) = any(span.events) end
        and (span.replayed = '{}' or lower(j.event) = any(span.replayed))
      order by j.seq limit ${limit}
    ), sized as (
      select w.*, count(*) over () as found,
             sum(octet_length(payload)) over (order by seq) - octet_length(payload) as before
      from wanted w
    )
    select s.device_no as "deviceNo", s.seq, s.id, s.event, s.jid, s.at, s.payload, span.upto, s.found
    from span left join sized s on s.before < ${BATCH_BYTES} order by s.seq`;
  const [first] = found;
  if (!first) return undefined;
  const rows = found.filter((row): row is JournalRow & Found => row.seq !== null);
  const whole = rows.length === (first.found ?? 0) && rows.length < limit;
  return { rows, scanned: whole ? Math.max(first.upto, cursor) : rows.at(-1)!.seq };
}

/**
 * Remembers lanes, all in one statement; a cursor never moves back. Without a failure the lane is due as soon as it has
 * something. Lanes that are no more, and those of devices that `owner` does not own, are passed over. They are locked in the
 * order of their names, as in `wakeLanes` and where a webhook is changed or resumed, so that these do not wait for each other in a circle.
 */
export async function saveLanes(sql: Sql, owner: string, lanes: readonly LaneState[]): Promise<void> {
  if (lanes.length === 0) return;
  const { bigint, boolean, float, int, text } = arrays(sql);
  await sql`
    with mine as materialized (
      select l.endpoint_no, l.device_no, l.replay, s.cursor, s.attempt, s.refused, s.frozen_to, s.rest, s.error
        from unnest(
          ${int(lanes.map(lane => lane.endpointNo))}, ${int(lanes.map(lane => lane.deviceNo))},
          ${boolean(lanes.map(lane => lane.replay))}, ${bigint(lanes.map(lane => lane.cursor))},
          ${int(lanes.map(lane => lane.attempt))}, ${int(lanes.map(lane => lane.refused))},
          ${bigint(lanes.map(lane => lane.frozenTo ?? null))},
          ${float(lanes.map(({ failure }) => (failure ? failure.until / 1000 : null)))},
          ${text(lanes.map(lane => lane.failure?.error ?? null))}, ${bigint(lanes.map(lane => lane.run))}
        ) as s (endpoint_no, device_no, replay, cursor, attempt, refused, frozen_to, rest, error, run)
        join device d on d.no = s.device_no and d.owner = ${owner}
        join lane l on l.endpoint_no = s.endpoint_no and l.device_no = s.device_no and l.replay = s.replay
       where ${runOf(sql, sql`l`)} = s.run
       order by l.endpoint_no, l.device_no, l.replay ${lanes.length > 1 ? sql`for no key update of l` : sql``}
    )
    update lane l
       set cursor = greatest(l.cursor, m.cursor), attempt = m.attempt, refused = m.refused, frozen_to = m.frozen_to,
           last_error = m.error, not_before = coalesce(to_timestamp(m.rest), '-infinity')
      from mine m
     where l.endpoint_no = m.endpoint_no and l.device_no = m.device_no and l.replay = m.replay`;
}

/** Takes out the replays among these lanes that have told everything. */
export async function endReplays(sql: Sql, owner: string, lanes: readonly LaneName[]): Promise<void> {
  const { int } = arrays(sql);
  await sql`
    delete from lane l
     using unnest(${int(lanes.map(lane => lane.endpointNo))}, ${int(lanes.map(lane => lane.deviceNo))}) as s (endpoint_no, device_no)
      join device d on d.no = s.device_no and d.owner = ${owner}
     where l.endpoint_no = s.endpoint_no and l.device_no = s.device_no and l.replay and l.cursor >= l.until`;
}

/** Lets lanes that rest because the endpoint failed go on: it takes something again. */
export async function wakeLanes(sql: Sql, endpointNo: number): Promise<void> {
  await persist(
    () => sql`
      with resting as materialized (
        select device_no, replay from lane
         where endpoint_no = ${endpointNo} and not_before > '-infinity' and refused = 0
         order by device_no, replay for no key update
      )
      update lane l set not_before = '-infinity' from resting r
       where l.endpoint_no = ${endpointNo} and l.device_no = r.device_no and l.replay = r.replay`,
  );
}

type Nullable<T> = { [K in keyof T]: T[K] | null };
