// The partitions of the journal, one for each day (UTC), and its order over all devices after a restore.
import type { Logger } from '../lib/logger.ts';
import { persist, type Sql } from './database.ts';

/** Days that have a partition before they begin: a node that is down for a weekend finds the days that it needs. */
const AHEAD = 3;
/** Of an advisory lock: one node at a time makes days and drops them. */
const LOCK = 727_002;
/** Rows of one statement. */
const AT_ONCE = 5_000;

/**
 * Makes the partitions of today and the next days where there are none. A day that is in the default partition already stays
 * there. Whoever holds the journal for longer than two seconds is let pass: the next time is soon enough.
 */
export async function makeDays(sql: Sql): Promise<void> {
  await sql.unsafe(`
    do $$
    declare today date := (now() at time zone 'utc')::date;
    begin
      if not pg_try_advisory_xact_lock(${LOCK}) then return; end if;
      perform set_config('lock_timeout', '2s', true);
      for one in 0..${AHEAD} loop
        if to_regclass('journal_' || to_char(today + one, 'YYYYMMDD')) is null
           and not exists (select from journal_default where day = today + one) then
          execute format('create table %I partition of journal for values from (%L) to (%L)',
                         'journal_' || to_char(today + one, 'YYYYMMDD'), today + one, today + one + 1);
        end if;
      end loop;
    end $$`);
}

/** What day it is, in UTC, as the database has it: 2026-11-26. */
export async function utcDay(sql: Sql): Promise<string> {
  const [row] = await sql<[{ day: string }]>`select to_char(now() at time zone 'utc', 'YYYY-MM-DD') as day`;
  return row.day;
}

/** The partitions of days that are more than so many days ago, the oldest first. */
export async function daysBefore(sql: Sql, days: number, today: string): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select c.relname as name
      from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'journal'::regclass and c.relname ~ '^journal_[0-9]{8}$'
       and to_date(right(c.relname, 8), 'YYYYMMDD') < ${today}::date - ${days}::int
     order by 1`;
  return rows.map(({ name }) => name);
}

/** Drops a partition, with what is in it. */
export async function dropDay(sql: Sql, name: string): Promise<void> {
  if (!/^journal_\d{8}$/.test(name)) throw new RangeError(`${name} is no day of the journal`);
  await sql.unsafe(`
    do $$
    begin
      if not pg_try_advisory_xact_lock(${LOCK}) then return; end if;
      perform set_config('lock_timeout', '2s', true);
      drop table if exists ${name};
    end $$`);
}

/**
 * A database that was restored from a dump counts its transactions from the beginning, and events of the one before stand
 * where no reader of all devices comes for years. They are put before everything that is written from now on, in their
 * order. Resolves with how many there were; none elsewhere.
 */
export async function mendPlaces(sql: Sql): Promise<number> {
  // What has a number that is still to be given can be seen by nobody unless it is of another server.
  await sql`
    with foreign_ones as materialized (
      select no from device
       where greatest(last_xid, expired_xid) >= pg_snapshot_xmax(pg_current_snapshot()) order by no for no key update
    )
    update device d set last_xid = null, expired_xid = pg_current_xact_id(), expired_pos = 0
      from foreign_ones f where d.no = f.no`;
  for (let mended = 0; ; ) {
    const { count } = await persist(
      () => sql`
        with foreign_ones as materialized (
          select device_no, seq, day from journal
           where xid >= pg_snapshot_xmax(pg_current_snapshot()) order by xid, pos limit ${AT_ONCE}
        )
        update journal j set xid = pg_current_xact_id()
          from foreign_ones f
         where j.device_no = f.device_no and j.seq = f.seq and j.day = f.day`,
    );
    mended += count;
    if (count < AT_ONCE) return mended;
  }
}

/** The journal as a node finds it at its start, ready to be written and read. */
export async function prepareJournal(sql: Sql, log: Logger): Promise<void> {
  await makeDays(sql).catch((err: unknown) =>
    log.warn({ err }, 'the next days of the journal are made later'),
  );
  const events = await mendPlaces(sql);
  if (events > 0)
    log.warn({ events }, 'the database was restored: its events have a new place among those of all devices');
}
