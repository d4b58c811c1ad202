import type { Sql } from './database.ts';

/** The setting's value; undefined when it was never made. */
export async function readSetting(sql: Sql, name: string): Promise<string | undefined> {
  const [row] = await sql<{ value: string }[]>`select value from setting where name = ${name}`;
  return row?.value;
}

/**
 * The setting's value, made now if there is none. Of several processes that make it at once all get the same one.
 */
export async function ensureSetting(sql: Sql, name: string, make: () => string): Promise<string> {
  const kept = await readSetting(sql, name);
  if (kept !== undefined) return kept;
  // Not `do nothing`: that returns no row to the slower one, and its snapshot does not show the quicker one's.
  const [row] = await sql<[{ value: string }]>`
    insert into setting (name, value) values (${name}, ${make()})
    on conflict (name) do update set value = setting.value
    returning value`;
  return row.value;
}
