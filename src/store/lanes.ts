// The cursors of endpoints over devices' journals. One row says everything that a restart must know of a delivery: how
// far it came, how often the next event was tried, and when it may be tried again (by the database's clock).
import { arrays } from './arrays.ts';
import type { Sql } from './database.ts';
import type { JournalRow } from './journal.ts';

/** A lane with something to deliver, and its endpoint. `upto` is the seq of the last event that it is owed so far. */
export interface DueLane {
  readonly endpointNo: number;
  readonly deviceNo: number;
  readonly deviceId: string;
  readonly cursor: number;
  readonly until: number | null;
  readonly upto: number;
  /** How often in a row the event after the cursor has failed. */
  readonly attempt: number;
  readonly url: string;
  /** The device that the endpoint is of; null: it is for all. */
  readonly ofDevice: number | null;
  /** Each sealed, in base64, the one that counts first; none: the installation's. */
  readonly secrets: readonly string[];
  readonly events: readonly string[];
  readonly skipTlsVerify: boolean;
  /** It is the operator's own, by the settings. */
  readonly trusted: boolean;
}

/** The next events of a lane that its endpoint wants. All events up to `scanned` are among them or unwanted. */
export interface Batch {
  readonly rows: readonly JournalRow[];
  readonly scanned: number;
}

/** A lane as it is to be remembered. With a failure the lane rests for `waitMs` from now. */
export interface LaneState {
  readonly endpointNo: number;
  readonly deviceNo: number;
  readonly cursor: number;
  readonly attempt: number;
  readonly failure?: { readonly waitMs: number; readonly error: string } | undefined;
}

/** A batch ends after the event with which it reaches this many bytes, so that 256 of them stay under 64 MB. */
const BATCH_BYTES = 256 * 1024;

/**
 * Lanes of the devices that `owner` owns, with undelivered events whose endpoint is active and whose rest is over: at most `limit`, at most `each` of one
 * endpoint, those of the endpoints in `busy` left out. Which of an endpoint's lanes is left to chance: any fixed order
 * starves its last ones while the endpoint takes less than comes in.
 */
export async function dueLanes(
  sql: Sql,
  owner: string,
  { limit, each, busy }: { limit: number; each: number; busy: readonly number[] },
): Promise<DueLane[]> {
  return sql<DueLane[]>`
    select "endpointNo", "deviceNo", "deviceId", cursor, until, upto, attempt, url, "ofDevice", secrets, events,
           "skipTlsVerify", trusted
    from (
      select l.endpoint_no as "endpointNo", l.device_no as "deviceNo", d.id as "deviceId", l.cursor, l.until,
             least(l.until, d.last_seq) as upto, l.attempt, e.url, e.device_no as "ofDevice", e.events,
             array(
               select encode(s.value, 'base64') from endpoint_secret s
               where s.endpoint_no = e.no and (s.expires_at is null or s.expires_at > now())
               order by s.expires_at desc nulls first
             ) as secrets,
             e.skip_tls_verify as "skipTlsVerify", e.source = 'settings' as trusted,
             row_number() over (partition by l.endpoint_no order by random()) as turn
      from lane l join device d on d.no = l.device_no join endpoint e on e.no = l.endpoint_no
      where l.cursor < least(l.until, d.last_seq) and l.not_before <= now()
        and d.owner = ${owner} and e.active and e.state = 'active' and not l.replay and e.no <> all(${[...busy]}::int[])
    ) due
    where turn <= ${each} order by turn limit ${limit}`;
}

/**
 * Reads at most `limit` events after `cursor` that the lane is owed and its endpoint wants; unwanted ones are passed
 * over inside the database, and with them those of `byNameOnly` where it names none. Undefined when the lane is no more (its device was removed).
 */
export async function readBatch(
  sql: Sql,
  { endpointNo, deviceNo, cursor }: { endpointNo: number; deviceNo: number; cursor: number },
  limit: number,
  byNameOnly: readonly string[],
): Promise<Batch | undefined> {
  const found = await sql<(Nullable<JournalRow> & { upto: number; found: number | null })[]>`
    with span as (
      select e.events, least(l.until, d.last_seq) as upto
      from lane l join device d on d.no = l.device_no join endpoint e on e.no = l.endpoint_no
      where l.endpoint_no = ${endpointNo} and l.device_no = ${deviceNo} and not l.replay
    ), wanted as (
      select j.* from journal j, span
      where j.device_no = ${deviceNo} and j.seq > ${cursor} and j.seq <= span.upto
        and case when span.events = '{}' then j.event <> all(${arrays(sql).text(byNameOnly)})
                 else lower(j.event) = any(span.events) end
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
  const rows = found.filter((row): row is JournalRow & { upto: number; found: number } => row.seq !== null);
  const whole = rows.length === (first.found ?? 0) && rows.length < limit;
  return { rows, scanned: whole ? Math.max(first.upto, cursor) : rows.at(-1)!.seq };
}

/**
 * Remembers lanes, all in one statement; a cursor never moves back. Without a failure the lane is due as soon as it has
 * something. Lanes that are no more, and those of devices that `owner` does not own, are passed over.
 */
export async function saveLanes(sql: Sql, owner: string, lanes: readonly LaneState[]): Promise<void> {
  if (lanes.length === 0) return;
  await sql`
    update lane l
       set cursor = greatest(l.cursor, s.cursor), attempt = s.attempt, last_error = s.error,
           not_before = case when s.wait is null then '-infinity' else now() + s.wait * interval '1 millisecond' end
      from unnest(
        ${lanes.map(lane => lane.endpointNo)}::int[], ${lanes.map(lane => lane.deviceNo)}::int[],
        ${lanes.map(lane => lane.cursor)}::bigint[], ${lanes.map(lane => lane.attempt)}::int[],
        ${lanes.map(lane => lane.failure?.waitMs ?? null)}::float8[],
        ${lanes.map(lane => lane.failure?.error ?? null)}::text[]
      ) as s (endpoint_no, device_no, cursor, attempt, wait, error)
      join device d on d.no = s.device_no and d.owner = ${owner}
     where l.endpoint_no = s.endpoint_no and l.device_no = s.device_no and not l.replay`;
}

type Nullable<T> = { [K in keyof T]: T[K] | null };
