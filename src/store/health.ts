import { arrays } from './arrays.ts';
import type { Sql } from './database.ts';

/** Those of the devices whose last `device.degraded` was not followed by a `device.recovered`. */
export async function readDegraded(sql: Sql, nos: readonly number[]): Promise<Set<number>> {
  const { int } = arrays(sql);
  const rows = await sql<{ no: number }[]>`
    select no from device where no = any(${int(nos)}) and degraded`;
  return new Set(rows.map(({ no }) => no));
}
