// Pages of the journal for those who read it themselves: of one device by its numbers, or of several by the place of an event
// among those of all devices, which is only told once nothing can come before it any more.
import { arrays } from './arrays.ts';
import type { Sql } from './database.ts';
import type { JournalRow } from './journal.ts';

/** Where an event stands among those of all devices; decimal, since a transaction's number may be longer than a number here. */
export interface Place {
  readonly xid: string;
  readonly pos: string;
}

/** A row with its device's id, and its place. */
export type PageRow = JournalRow & Place & { readonly deviceId: string };

/** Which events: none named, all but those `without`. Names in lower case. */
export interface Kinds {
  readonly events: readonly string[];
  readonly without: readonly string[];
}

interface Page {
  readonly rows: readonly PageRow[];
  /** There is more behind it already. */
  readonly more: boolean;
}

/** Rows that one page looks at to find those that are wanted, and bytes after which it ends. */
const SCANNED = 2_000;
const BYTES = 256 * 1024;

/** Of the rows that are `near`, the wanted ones; the page's bytes are known before any payload is read. */
const taken = (sql: Sql, { events, without }: Kinds, limit: number, also = sql``) => {
  const { text } = arrays(sql);
  return sql`
    wanted as materialized (
      select * from near
       where (${events.length === 0} or lower(event) = any(${text(events)})) and event <> all(${text(without)}) ${also}
       order by place limit ${limit}
    ), sized as (
      select w.place, j.*,
             sum(octet_length(j.payload)) over (order by w.place) - octet_length(j.payload) as before
        from wanted w join journal j on j.device_no = w.device_no and j.seq = w.seq and j.day = w.day
    ), page as (
      select s.place, s.device_no, s.seq, s.id, s.event, s.jid, s.at, s.payload, s.xid, s.pos, d.id as device_id
        from sized s join device d on d.no = s.device_no where s.before < ${BYTES}
    )`;
};

const columns = (sql: Sql) => sql`
  page.device_no as "deviceNo", page.seq, page.id, page.event, page.jid, page.at, page.payload,
  page.device_id as "deviceId", page.xid::text as xid, page.pos::text as pos,
  (select count(*)::int from wanted) as found, (select count(*)::int from near) as looked`;

interface Head {
  readonly seq: number | null;
  readonly found: number;
  readonly looked: number;
}

/** The rows of a page; whether it has all that was wanted of what it looked at, and whether it looked at all there is. */
function judged<R extends Head>(found: readonly R[], limit: number) {
  const rows = found.filter(({ seq }) => seq !== null) as unknown as readonly (R & PageRow)[];
  const [first] = found;
  const whole = rows.length === (first?.found ?? 0) && rows.length < limit;
  return { rows, whole, all: whole && (first?.looked ?? 0) < SCANNED };
}

export interface DevicePage extends Page {
  /** Everything up to it is in the page or unwanted. */
  readonly next: number;
  readonly last: number;
  /** Events up to this number are not kept. */
  readonly expired: number;
}

/** Events of a device after a number, at most `limit`. Undefined when there is no such device. */
export async function readDevicePage(
  sql: Sql,
  { deviceNo, after, limit, ...kinds }: Kinds & { deviceNo: number; after: number; limit: number },
): Promise<DevicePage | undefined> {
  const found = await sql<(Head & { last: number; expired: number; scanned: number | null })[]>`
    with near as materialized (
      select device_no, seq, day, event, row_number() over (order by seq) as place
        from (
          select device_no, seq, day, event from journal
           where device_no = ${deviceNo} and seq > ${after} order by seq limit ${SCANNED}
        ) j
    ), ${taken(sql, kinds, limit)}
    select ${columns(sql)}, d.last_seq as last, d.expired_seq as expired, (select max(seq) from near) as scanned
      from device d left join page on true
     where d.no = ${deviceNo}
     order by page.place`;
  const [head] = found;
  if (!head) return undefined;
  const { rows, whole, all } = judged(found, limit);
  const next = all ? Math.max(head.last, after) : whole ? head.scanned! : rows.at(-1)!.seq;
  return { rows, next, more: next < head.last, last: head.last, expired: head.expired };
}

export interface WholePage extends Page {
  readonly next: Place;
  /** Place of the newest event that is not kept any more, of a device without days of its own. */
  readonly expired: Place | undefined;
  /** The first transaction that has not begun: no place can be behind it. */
  readonly end: string;
}

/** Events of these devices (all, unless given) after a place, at most `limit`. */
export async function readPage(
  sql: Sql,
  {
    deviceNos,
    after,
    limit,
    ...kinds
  }: Kinds & { deviceNos: readonly number[] | undefined; after: Place; limit: number },
): Promise<WholePage> {
  const { int } = arrays(sql);
  const mine = deviceNos ? sql`and device_no = any(${int(deviceNos)})` : sql``;
  const found = await sql<
    (Head & {
      readonly begun: string;
      readonly end: string;
      readonly expiredXid: string | null;
      readonly expiredPos: string | null;
      readonly scannedXid: string | null;
      readonly scannedPos: string | null;
    })[]
  >`
    with snap as materialized (
      select pg_snapshot_xmin(s) as begun, pg_snapshot_xmax(s) as "end" from pg_current_snapshot() s
    ), near as materialized (
      select device_no, seq, day, event, xid, pos, row_number() over (order by xid, pos) as place
        from (
          select device_no, seq, day, event, xid, pos from journal
           where (xid, pos) > (${after.xid}::text::xid8, ${after.pos}::text::bigint) and xid < (select begun from snap)
           order by xid, pos limit ${SCANNED}
        ) j
    ), ${taken(sql, kinds, limit, mine)}, expired as (
      select expired_xid, expired_pos from device
       where event_days is null and expired_xid is not null ${deviceNos ? sql`and no = any(${int(deviceNos)})` : sql``}
       order by expired_xid desc, expired_pos desc limit 1
    ), scanned as (
      select xid, pos from near order by place desc limit 1
    )
    select ${columns(sql)}, snap.begun::text as begun, snap."end"::text as "end",
           expired.expired_xid::text as "expiredXid", expired.expired_pos::text as "expiredPos",
           scanned.xid::text as "scannedXid", scanned.pos::text as "scannedPos"
      from snap left join expired on true left join scanned on true left join page on true
     order by page.place`;
  const head = found[0]!;
  const { rows, whole, all } = judged(found, limit);
  const last = rows.at(-1);
  const scanned = { xid: head.scannedXid ?? '0', pos: head.scannedPos ?? '0' };
  const reached = all ? { xid: head.begun, pos: '0' } : whole ? scanned : { xid: last!.xid, pos: last!.pos };
  return {
    rows,
    next: isBefore(reached, after) ? after : reached,
    more: !all,
    expired: head.expiredXid === null ? undefined : { xid: head.expiredXid, pos: head.expiredPos! },
    end: head.end,
  };
}

export function isBefore(a: Place, b: Place): boolean {
  return BigInt(a.xid) < BigInt(b.xid) || (a.xid === b.xid && BigInt(a.pos) < BigInt(b.pos));
}

/** The place after all that is told now, for who wants what comes. */
export async function endPlace(sql: Sql): Promise<Place> {
  const [row] = await sql<[Place]>`
    select pg_snapshot_xmin(pg_current_snapshot())::text as xid, '0' as pos`;
  return row;
}

/** The event of this id among those of these devices (all, unless given); `row` is undefined when it is not kept any more. */
export async function readEvent(
  sql: Sql,
  id: string,
  deviceNos: readonly number[] | undefined,
): Promise<{ row: PageRow | undefined } | undefined> {
  const { int } = arrays(sql);
  // Without the devices the key of `seen` would be of no use.
  const mine = deviceNos ? sql`${int(deviceNos)}` : sql`array(select no from device)`;
  const [found] = await sql<(PageRow & { kept: boolean })[]>`
    select s.device_no as "deviceNo", s.seq, s.id, j.event, j.jid, j.at, j.payload, d.id as "deviceId",
           j.xid::text as xid, j.pos::text as pos, j.seq is not null as kept
      from seen s
      join device d on d.no = s.device_no
      left join journal j
        on j.device_no = s.device_no and j.seq = s.seq and j.day = s.day and j.seq > d.expired_seq
     where s.device_no = any(${mine}) and s.id = ${id}
     limit 1`;
  return found && { row: found.kept ? found : undefined };
}

/** What was written after a place: whose, and which; and the place to go on from. At most 1,000. */
export async function readNews(
  sql: Sql,
  after: Place,
): Promise<{ events: readonly { deviceNo: number; event: string }[]; next: Place; more: boolean }> {
  const most = 1_000;
  const found = await sql<
    { begun: string; deviceNo: number | null; event: string; xid: string; pos: string }[]
  >`
    with snap as materialized (select pg_snapshot_xmin(pg_current_snapshot()) as begun)
    select snap.begun::text as begun, j.device_no as "deviceNo", j.event, j.xid::text as xid, j.pos::text as pos
      from snap left join lateral (
        select device_no, event, xid, pos from journal
         where (xid, pos) > (${after.xid}::text::xid8, ${after.pos}::text::bigint) and xid < snap.begun
         order by xid, pos limit ${most}
      ) j on true
     order by j.xid, j.pos`;
  const events = found.filter((row): row is typeof row & { deviceNo: number } => row.deviceNo !== null);
  const more = events.length === most;
  const { xid, pos } = events.at(-1) ?? after;
  return { events, next: more ? { xid, pos } : { xid: found[0]!.begun, pos: '0' }, more };
}
