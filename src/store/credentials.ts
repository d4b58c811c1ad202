import { arrays } from './arrays.ts';
import type { Sql } from './database.ts';

/** The credentials of the devices that have some, by device number. They are written by commit.ts. */
export async function readCredentials(sql: Sql, nos: readonly number[]): Promise<Map<number, Buffer>> {
  const { int } = arrays(sql);
  const rows = await sql<{ no: number; value: Buffer }[]>`
    select device_no as no, value from credentials where device_no = any(${int(nos)})`;
  return new Map(rows.map(row => [row.no, row.value]));
}
