import { arrays } from './arrays.ts';
import type { Sql } from './database.ts';

/** Those of the devices whose last `device.degraded` was not followed by a `device.recovered`. */
export async function readDegraded(sql: Sql, nos: readonly number[]): Promise<Set<number>> {
  const { int } = arrays(sql);
  const rows = await sql<{ no: number }[]>`
    select w.no
      from unnest(${int(nos)}) as w (no)
     cross join lateral (
       select j.event
         from journal j
        where j.device_no = w.no and j.event in ('device.degraded', 'device.recovered')
        order by j.seq desc
        limit 1
     ) as last
     where last.event = 'device.degraded'`;
  return new Set(rows.map(({ no }) => no));
}
