import type { Sql } from './database.ts';
import type { Term } from './fence.ts';

/** A device that was at work when its thread died: how often, and when last (ms since 1970). */
export interface SuspicionRow {
  readonly no: number;
  readonly deaths: number;
  readonly at: number;
}

export async function readSuspicions(sql: Sql): Promise<SuspicionRow[]> {
  const rows = await sql<{ no: number; deaths: number; at: Date }[]>`
    select device_no as no, deaths, at from suspicion order by device_no`;
  return rows.map(row => ({ ...row, at: row.at.getTime() }));
}

/** Does nothing when `owner` does not hold the device in that epoch: then its deaths are another node's to count. */
export async function saveSuspicion(
  sql: Sql,
  { no, owner, epoch }: Term,
  { deaths, at }: { deaths: number; at: number },
): Promise<void> {
  await sql`
    insert into suspicion (device_no, deaths, at)
    select d.no, ${deaths}, ${new Date(at)}
      from (select no from device where no = ${no} and owner = ${owner} and epoch = ${epoch} for share) as d
    on conflict (device_no) do update set deaths = excluded.deaths, at = excluded.at`;
}
