import postgres from 'postgres';
import { arrays } from './arrays.ts';
import type { Sql } from './database.ts';
import { codeOf, type OutgoingStep } from './outgoing.ts';

/**
 * A fact in its place. `payload` is sealed JSON text, or nothing where it has been taken out (retention.ts); `jid` the
 * account's JID without its device part ('' before pairing).
 */
export interface JournalRow {
  readonly deviceNo: number;
  readonly seq: number;
  readonly id: string;
  readonly event: string;
  readonly jid: string;
  readonly at: Date;
  readonly payload: Buffer;
}

/** A fact that has no place yet. */
export type NewRow = Omit<JournalRow, 'seq'>;

/** What the devices of a shard want to be on record, all of it in one statement. */
export interface Recording {
  /** The term of each device that is in it. */
  readonly epochs: ReadonlyMap<number, number>;
  readonly rows: readonly NewRow[];
  /** Stanzas whose facts are in `rows` or before: they leave the inbox. */
  readonly done: readonly { readonly deviceNo: number; readonly hash: Buffer }[];
  /** How far outgoing messages have come; one step per message. */
  readonly steps: readonly OutgoingStep[];
}

export interface Recorded {
  /** The rows that were written, each with its place. One whose id is in the journal already is not among them. */
  readonly placed: readonly { readonly id: string; readonly deviceNo: number; readonly seq: number }[];
  /** The devices of which nothing was written, because `owner` does not hold them in that epoch. */
  readonly fenced: Set<number>;
}

/**
 * Appends the rows in their order and gives them the next numbers of their devices, without a gap: the device row that
 * is the fence is also the counter, and it is locked until the commit. What the rows were made of leaves the inbox in
 * the same statement, so that a fact is neither lost nor told twice. When it fails with a lost connection nobody knows
 * whether it was committed; it may be tried again, because an id that is there is passed over.
 */
export async function record(sql: Sql, owner: string, recording: Recording): Promise<Recorded> {
  for (let again = 0; ; again++) {
    try {
      return await append(sql, owner, recording);
    } catch (error) {
      // Another statement wrote the same fact while this one waited for the device: it was not there when this one looked.
      const known = error instanceof postgres.PostgresError && error.constraint_name === 'seen_pkey';
      if (!known || again === AGAIN) throw error;
    }
  }
}

/** How often a statement that met a twin is carried out again: it may meet one for each device. */
const AGAIN = 5;

async function append(sql: Sql, owner: string, { epochs, rows, done, steps }: Recording): Promise<Recorded> {
  const { bigint, bytea, int, smallint, text, timestamptz } = arrays(sql);
  // `fence` locks the devices in the order of their numbers, as every statement does; the update alone would lock them
  // in the order of its plan, and two appends of the same devices could wait for each other.
  const found = await sql<{ deviceNo: number; id: string | null; seq: number | null }[]>`
    with fence as materialized (
      select d.no
        from device d
        join unnest(
               ${int([...epochs.keys()])}, ${bigint([...epochs.values()])}
             ) as w (no, epoch) on d.no = w.no and d.epoch = w.epoch
       where d.owner = ${owner}
       order by d.no
         for no key update of d
    ), wanted as materialized (
      select w.*
        from unnest(
               ${int(rows.map(row => row.deviceNo))},
               ${text(rows.map(row => row.id))}, ${text(rows.map(row => row.event))}, ${text(rows.map(row => row.jid))},
               ${timestamptz(rows.map(row => row.at))}, ${bytea(rows.map(row => row.payload))}
             ) with ordinality as w (device_no, id, event, jid, at, payload, place)
        join fence on fence.no = w.device_no
       where not exists (select from seen s where s.device_no = w.device_no and s.id = w.id)
    ), numbered as (
      -- A statement may have begun before the one that wrote the device's last event, with an older transaction: its events
      -- take the place of the newer one, so that a device's events stand in their order among those of all devices, too.
      update device d
         set last_seq = d.last_seq + n.rows, last_xid = greatest(d.last_xid, pg_current_xact_id()),
             degraded = coalesce(n.degraded, d.degraded)
        from (
          select device_no, count(*) as rows,
                 (array_agg(event = 'device.degraded' order by place desc)
                   filter (where event in ('device.degraded', 'device.recovered')))[1] as degraded
            from wanted group by device_no
        ) n
       where d.no = n.device_no
      returning d.no, d.last_seq - n.rows as before, d.last_xid
    ), placed as (
      insert into journal (device_no, seq, id, event, jid, at, payload, xid)
      select w.device_no, n.before + row_number() over (partition by w.device_no order by w.place),
             w.id, w.event, w.jid, w.at, w.payload, n.last_xid
        from wanted w
        join numbered n on n.no = w.device_no
       order by w.place
      returning device_no, id, seq, day
    ), known as (
      insert into seen (device_no, id, seq, day) select device_no, id, seq, day from placed
    ), done as (
      delete from inbox i
       using unnest(${int(done.map(row => row.deviceNo))}, ${bytea(done.map(row => row.hash))})
               as r (device_no, hash)
        join fence on fence.no = r.device_no
       where i.device_no = r.device_no and i.hash = r.hash
      returning i.device_no, i.hash, i.plaintext is not null as encrypted
    ), remembered as (
      insert into received (device_no, hash)
      select device_no, hash from done where encrypted
      on conflict (device_no, hash) do nothing
    ), advanced as (
      -- 5 is failed: only what WhatsApp has not taken (under 2) can fail, and only the receipt of a peer (3, 4) undoes it.
      update outgoing o
         set state = greatest(o.state % 5, s.state), tries = o.tries + s.tried,
             reason = case when s.state = 5 then s.reason end,
             state_at = case when greatest(o.state % 5, s.state) = o.state then o.state_at else now() end
        from unnest(
               ${int(steps.map(step => step.deviceNo))}, ${text(steps.map(step => step.id))},
               ${smallint(steps.map(step => codeOf(step.state)))},
               ${text(steps.map(step => step.reason ?? null))},
               ${smallint(steps.map(step => (step.tried ? 1 : 0)))}
             ) as s (device_no, id, state, reason, tried)
        join fence on fence.no = s.device_no
       where o.device_no = s.device_no and o.id = s.id
         and case when s.state = 5 then o.state < 2 when o.state = 5 then s.state in (3, 4) else true end
    )
    select no as "deviceNo", null as id, null as seq from fence
    union all
    select device_no, id, seq from placed`;
  const fenced = new Set(epochs.keys());
  for (const { deviceNo } of found) fenced.delete(deviceNo);
  const placed = found.filter((row): row is { deviceNo: number; id: string; seq: number } => row.id !== null);
  return { placed, fenced };
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
