import { arrays } from './arrays.ts';
import type { Sql } from './database.ts';
import { Fenced, type Term } from './fence.ts';

/** How long what is kept of a device is. */
interface Kept {
  readonly chatRetentionDays?: number | null;
  readonly eventRetention?: 'none' | 'metadata' | number | null;
}

/** What was set for each of these devices, sealed; one for which nothing was set has no entry. */
export async function readDeviceSettings(sql: Sql, nos: readonly number[]): Promise<Map<number, Buffer>> {
  const { int } = arrays(sql);
  const rows = await sql<{ no: number; value: Buffer }[]>`
    select device_no as no, value from device_settings where device_no = any(${int(nos)})`;
  return new Map(rows.map(({ no, value }) => [no, value]));
}

/**
 * Sets all of it anew. How long messages and events are kept is beside it in clear: what takes old ones out knows no keys.
 * Fails with Fenced.
 */
export async function writeDeviceSettings(
  sql: Sql,
  { no, owner, epoch }: Term,
  value: Buffer,
  { chatRetentionDays, eventRetention }: Kept,
): Promise<void> {
  const { count } = await sql`
    with fence as (
      update device
         set chat_retention_days = ${chatRetentionDays ?? null}::integer,
             event_days = ${typeof eventRetention === 'number' ? eventRetention : eventRetention === 'none' ? 0 : null}::integer,
             -- How far a device of its own days went says nothing once it has none: the place among all devices is of all.
             expired_xid = case when ${typeof eventRetention === 'number' || eventRetention === 'none'} then expired_xid end,
             expired_pos = case when ${typeof eventRetention === 'number' || eventRetention === 'none'} then expired_pos end,
             event_payloads = ${eventRetention !== 'metadata'}
       where no = ${no} and owner = ${owner} and epoch = ${epoch}
      returning no
    )
    insert into device_settings (device_no, value) select no, ${value} from fence
    on conflict (device_no) do update set value = excluded.value, updated_at = now()`;
  if (count === 0) throw new Fenced(no);
}
