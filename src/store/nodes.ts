// The lease of each process: what it may run is known from rows, by the database's clock alone.
import type { Sql } from './database.ts';

export interface NodeRow {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  /** Where the pid is known, and when the process was started (lib/processes.ts). */
  readonly space: string | null;
  readonly birth: string | null;
}

/**
 * Takes the lease for `ttlMs` from now, anew where it had run out. Rows that ran out a day ago go: nobody asks for
 * them, a device of theirs is as free without them.
 */
export async function takeLease(
  sql: Sql,
  { id, host, pid, space, birth }: NodeRow,
  ttlMs: number,
): Promise<void> {
  await sql`
    with gone as (
      delete from node where expires_at < now() - interval '1 day' and id <> ${id}
    )
    insert into node (id, host, pid, space, birth, expires_at)
    values (${id}, ${host}, ${pid}, ${space}, ${birth}, now() + ${ttlMs} * interval '1 millisecond')
    on conflict (id) do update set expires_at = excluded.expires_at`;
}

/** Renews a lease for `ttlMs` from now. False when it has run out: others may have taken its devices since. */
export async function renewLease(sql: Sql, id: string, ttlMs: number): Promise<boolean> {
  const { count } = await sql`
    update node set expires_at = now() + ${ttlMs} * interval '1 millisecond'
     where id = ${id} and expires_at > now()`;
  return count > 0;
}

/** Ends every lease: for a process that knows that no other can be alive on this database. */
export async function endLeases(sql: Sql): Promise<void> {
  await sql`delete from node`;
}

/**
 * Hands everything of a node over: its devices have no owner from now on and its lease is gone, in one statement. Their
 * sockets must be closed and their state stored before.
 */
export async function handOver(sql: Sql, id: string): Promise<void> {
  // In the order of their numbers, as every statement that locks devices.
  await sql`
    with mine as materialized (
      select no from device where owner = ${id} order by no for no key update
    ), left_behind as (
      update device set owner = null from mine where device.no = mine.no
    )
    delete from node where id = ${id}`;
}

/** The other nodes in a space of processes whose lease has not run out. */
export async function listNeighbours(
  sql: Sql,
  id: string,
  space: string,
): Promise<{ id: string; pid: number; birth: string }[]> {
  return await sql<{ id: string; pid: number; birth: string }[]>`
    select id, pid, birth from node
     where space = ${space} and id <> ${id} and birth is not null and expires_at > now()`;
}

/** Ends the lease of a node whose process is known to have ended. */
export async function endLease(sql: Sql, id: string): Promise<void> {
  await sql`delete from node where id = ${id}`;
}
