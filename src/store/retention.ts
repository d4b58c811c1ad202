// How long events are kept. A device's `expired_seq` says up to where they are not: it is raised first, then whoever had not
// read so far is moved there and told (a dead letter), and only then rows go. So a node may end in between, and several may
// do it at once.
import type { Logger } from '../lib/logger.ts';
import { persist, type Sql } from './database.ts';
import { daysBefore, dropDay, makeDays, utcDay } from './journal-days.ts';

/** Rows of one statement: enough to keep up, few enough to hold nobody up. */
const AT_ONCE = 5_000;
/** How long it is known which events there were, whatever became of them. */
const SEEN_DAYS = 14;

export interface Retention {
  readonly sql: Sql;
  readonly log: Logger;
  /** Of devices that have no days of their own. */
  readonly days: number;
  /** True when the node stops. */
  readonly stopped: () => boolean;
}

/** Makes the days that come, and takes out what is kept no longer. */
export async function keepJournal({ sql, log, days, stopped }: Retention): Promise<void> {
  await makeDays(sql).catch((err: unknown) =>
    log.warn({ err }, 'the next days of the journal are made later'),
  );
  // One day for all of it: what is dropped at the end is what was told of at the beginning, over midnight too.
  const today = await utcDay(sql);
  await persist(() => expireOld(sql, days, today));
  await persist(() => expireDelivered(sql));
  while (!stopped() && (await lapse(sql, log)) > 0);
  // A lane that was being written may be behind still; what it is owed stays until it is not.
  if (stopped() || (await anyBehind(sql))) return;
  const longest = await longestDays(sql, days);
  const forgets = [
    () => forgetOwn(sql, longest > days),
    () => forgetStray(sql, longest, today),
    () => strip(sql),
    () => forgetSeen(sql, Math.max(longest, SEEN_DAYS), today),
  ];
  for (const forget of forgets) while (!stopped() && (await persist(forget)) === AT_ONCE);
  for (const name of await daysBefore(sql, longest, today)) {
    if (stopped()) return;
    await dropDay(sql, name);
    log.info({ partition: name }, 'a day of the journal is not kept any longer');
  }
}

/** For how many days a partition is needed by any device. */
async function longestDays(sql: Sql, days: number): Promise<number> {
  const [row] = await sql<[{ days: number }]>`
    select greatest(max(event_days), ${days}::int) as days from device`;
  return row.days;
}

/** What is up to `old` is not kept any more; devices are locked in the order of their numbers, as everywhere. */
const raised = (sql: Sql) => sql`
  fence as materialized (
    select d.no from device d join old on old.no = d.no order by d.no for no key update of d
  )
  update device d set expired_seq = old.seq, expired_xid = old.xid, expired_pos = old.pos
    from old join fence on fence.no = old.no
   where d.no = old.no and d.expired_seq < old.seq`;

/** Events of a day that is over, by the days of each device. */
async function expireOld(sql: Sql, days: number, today: string): Promise<void> {
  await sql`
    with old as materialized (
      select d.no, last.seq, last.xid, last.pos
        from device d
       cross join lateral (
         select j.seq, j.xid, j.pos from journal j
          where j.device_no = d.no and j.seq > d.expired_seq
            and j.day < ${today}::date - coalesce(nullif(d.event_days, 0), ${days}::int)
          order by j.seq desc limit 1
       ) last
    ), ${raised(sql)}`;
}

/** The number up to which nobody is owed an event of the device `d` any more. */
const passed = (sql: Sql) => sql`
  least(
    d.last_seq,
    (select min(l.cursor) from lane l where l.device_no = d.no and (l.until is null or l.cursor < l.until)),
    (select min(p.seq) - 1 from parked p where p.device_no = d.no)
  )`;

/** Events that were delivered, of devices that keep them no longer. */
async function expireDelivered(sql: Sql): Promise<void> {
  await sql`
    with old as materialized (
      select d.no, j.seq, j.xid, j.pos
        from device d
       cross join lateral (select ${passed(sql)} as seq) p
        join journal j on j.device_no = d.no and j.seq = p.seq
       where d.event_days = 0 and p.seq > d.expired_seq
    ), ${raised(sql)}`;
}

interface Lapsed {
  readonly device: string;
  readonly endpoint: string;
  readonly from: number;
  readonly to: number;
}

/**
 * Moves lanes that have not come so far past what is not kept any more, and parked events out, each with a dead letter; a
 * lane that goes on growing old has one. Resolves with how many there were.
 */
async function lapse(sql: Sql, log: Logger): Promise<number> {
  const lapsed = await persist(
    () => sql<Lapsed[]>`
      with behind as materialized (
        select l.endpoint_no, l.device_no, l.replay, l.cursor, l.until,
               least(d.expired_seq, coalesce(l.until, d.expired_seq)) as upto
          from lane l join device d on d.no = l.device_no
         where l.cursor < least(d.expired_seq, coalesce(l.until, d.expired_seq))
         limit ${AT_ONCE}
           for update of l skip locked
      ), moved as (
        update lane l set cursor = b.upto, attempt = 0, refused = 0, frozen_to = null, not_before = '-infinity', last_error = null
          from behind b
         where l.endpoint_no = b.endpoint_no and l.device_no = b.device_no and l.replay = b.replay
           and not (b.replay and b.upto = b.until)
      ), ended as (
        delete from lane l using behind b
         where l.endpoint_no = b.endpoint_no and l.device_no = b.device_no and l.replay = b.replay
           and b.replay and b.upto = b.until
      ), grown as (
        update dead_letter x set to_seq = b.upto, at = now()
          from behind b
         where x.endpoint_no = b.endpoint_no and x.device_no = b.device_no and x.reason = 'expired' and not b.replay
           and x.to_seq = b.cursor and b.cursor > 0
        returning x.endpoint_no, x.device_no
      ), out_of_lane as (
        delete from parked p
         using (
           select p.endpoint_no, p.device_no, p.seq from parked p join device d on d.no = p.device_no
            where p.seq <= d.expired_seq limit ${AT_ONCE} for update of p skip locked
         ) old
         where p.endpoint_no = old.endpoint_no and p.device_no = old.device_no and p.seq = old.seq
        returning p.endpoint_no, p.device_no, p.seq
      ), told as (
        insert into dead_letter (endpoint_no, device_no, from_seq, to_seq, reason)
        select b.endpoint_no, b.device_no, b.cursor + 1, b.upto, 'expired'
          from behind b
         where b.replay or not exists (
           select from grown g where g.endpoint_no = b.endpoint_no and g.device_no = b.device_no)
        union all
        select endpoint_no, device_no, seq, seq, 'expired' from out_of_lane
      )
      select d.id as device, e.id as endpoint, g."from", g."to"
        from (
          select endpoint_no, device_no, cursor + 1 as "from", upto as "to" from behind
          union all
          select endpoint_no, device_no, seq, seq from out_of_lane
        ) g
        join device d on d.no = g.device_no join endpoint e on e.no = g.endpoint_no`,
  );
  for (const about of lapsed)
    log.warn(about, 'events were not delivered as long as they were kept; they are dead letters');
  return lapsed.length;
}

async function anyBehind(sql: Sql): Promise<boolean> {
  const { count } = await sql`
    select from lane l join device d on d.no = l.device_no
     where l.cursor < least(d.expired_seq, coalesce(l.until, d.expired_seq)) limit 1`;
  return count > 0;
}

/** Rows of devices that keep theirs for a shorter time than their partition is there. */
async function forgetOwn(sql: Sql, all: boolean): Promise<number> {
  const { count } = await sql`
    delete from journal g
     using (
       select j.device_no, j.seq, j.day
         from device d
        cross join lateral (
          select j.device_no, j.seq, j.day from journal j
           where j.device_no = d.no and j.seq <= d.expired_seq order by j.seq limit ${AT_ONCE}
        ) j
        where d.event_days is not null or ${all}
        limit ${AT_ONCE}
     ) old
     where g.device_no = old.device_no and g.seq = old.seq and g.day = old.day`;
  return count;
}

/** Rows of days that had no partition. */
async function forgetStray(sql: Sql, days: number, today: string): Promise<number> {
  const { count } = await sql`
    delete from journal_default
     where ctid = any(array(
       select ctid from journal_default where day < ${today}::date - ${days}::int limit ${AT_ONCE}))`;
  return count;
}

async function forgetSeen(sql: Sql, days: number, today: string): Promise<number> {
  const { count } = await sql`
    delete from seen
     where ctid = any(array(
       select ctid from seen where day < ${today}::date - ${days}::int limit ${AT_ONCE}))`;
  return count;
}

/** Takes out what is in the events that were delivered, of devices that keep no more than that they were. */
async function strip(sql: Sql): Promise<number> {
  const { count } = await sql`
    with full_ones as materialized (
      select d.no, j.seq, j.day
        from device d
       cross join lateral (select ${passed(sql)} as seq) p
       cross join lateral (
         select j.seq, j.day from journal j
          where j.device_no = d.no and j.seq > greatest(d.stripped_seq, d.expired_seq) and j.seq <= p.seq
          order by j.seq limit ${AT_ONCE}
       ) j
       where not d.event_payloads
       limit ${AT_ONCE}
    ), fence as materialized (
      select d.no from device d where d.no in (select no from full_ones) order by d.no for no key update
    ), marked as (
      update device d set stripped_seq = greatest(d.stripped_seq, f.seq)
        from (select f.no, max(f.seq) as seq from full_ones f join fence on fence.no = f.no group by f.no) f
       where d.no = f.no
    )
    update journal j set payload = '' from full_ones f
     where j.device_no = f.no and j.seq = f.seq and j.day = f.day`;
  return count;
}
