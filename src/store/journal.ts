import { ARRAY } from './arrays.ts';
import type { Sql } from './database.ts';

/** A fact in its place. `payload` is JSON text, `jid` the account's JID without its device part ('' before pairing). */
export interface JournalRow {
  readonly deviceNo: number;
  readonly seq: number;
  readonly id: string;
  readonly event: string;
  readonly jid: string;
  readonly at: Date;
  readonly payload: string;
}

/** A fact that has no place yet, from a writer that holds the device in `epoch`. */
export type NewRow = Omit<JournalRow, 'seq'> & { readonly epoch: number };

export interface Appended {
  /** The rows that were written, each with its place. */
  readonly placed: readonly { readonly id: string; readonly deviceNo: number; readonly seq: number }[];
  /** The devices of rows that were not, because `owner` does not hold them in that epoch. */
  readonly fenced: Set<number>;
}

/**
 * Appends the rows in their order and gives them the next numbers of their devices, without a gap: the device row that
 * is the fence is also the counter, and it is locked until the commit. One statement, so there is no half of it. When it
 * fails with a lost connection nobody knows whether it was committed.
 */
export async function appendEvents(sql: Sql, owner: string, rows: readonly NewRow[]): Promise<Appended> {
  const text = (values: string[]) => sql.array(values, ARRAY.text);
  // `fence` locks the devices in the order of their numbers, as every statement does; the update alone would lock them
  // in the order of its plan, and two appends of the same devices could wait for each other.
  const placed = await sql<{ id: string; deviceNo: number; seq: number }[]>`
    with wanted as materialized (
      select *
        from unnest(
               ${sql.array(
                 rows.map(row => row.deviceNo),
                 ARRAY.int,
               )}, ${sql.array(
                 rows.map(row => row.epoch),
                 ARRAY.bigint,
               )},
               ${text(rows.map(row => row.id))}, ${text(rows.map(row => row.event))}, ${text(rows.map(row => row.jid))},
               ${sql.array(
                 rows.map(row => row.at),
                 ARRAY.timestamptz,
               )}, ${text(rows.map(row => row.payload))}
             ) with ordinality as w (device_no, epoch, id, event, jid, at, payload, place)
    ), counted as (
      select device_no, epoch, count(*) as rows from wanted group by device_no, epoch
    ), fence as materialized (
      select d.no, counted.rows
        from device d
        join counted on d.no = counted.device_no and d.epoch = counted.epoch
       where d.owner = ${owner}
       order by d.no
         for no key update of d
    ), numbered as (
      update device d
         set last_seq = d.last_seq + fence.rows
        from fence
       where d.no = fence.no
      returning d.no, d.epoch, d.last_seq - fence.rows as before
    )
    insert into journal (device_no, seq, id, event, jid, at, payload)
    select w.device_no, n.before + row_number() over (partition by w.device_no order by w.place),
           w.id, w.event, w.jid, w.at, w.payload
      from wanted w
      join numbered n on n.no = w.device_no and n.epoch = w.epoch
    returning id, device_no as "deviceNo", seq`;
  const written = new Set(placed.map(row => row.deviceNo));
  return {
    placed,
    fenced: new Set(rows.map(row => row.deviceNo).filter(no => !written.has(no))),
  };
}

/** The events of a device after a number, in order, at most `limit`. Only what is committed, and never past a gap. */
export async function readEvents(
  sql: Sql,
  deviceNo: number,
  after: number,
  limit: number,
): Promise<JournalRow[]> {
  return await sql<JournalRow[]>`
    select device_no as "deviceNo", seq, id, event, jid, at, payload
      from journal
     where device_no = ${deviceNo} and seq > ${after}
     order by seq
     limit ${limit}`;
}

/** The number of the device's newest event, 0 when it has none. */
export async function lastSeq(sql: Sql, deviceNo: number): Promise<number> {
  const [row] = await sql<{ seq: number }[]>`select last_seq as seq from device where no = ${deviceNo}`;
  return row?.seq ?? 0;
}
