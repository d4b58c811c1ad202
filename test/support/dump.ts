// Everything that a database holds, as somebody has it who stole a dump.
import type { Sql } from '../../src/store/database.ts';

/** One value of one row: as text, or as bytes. */
export interface Cell {
  /** `table.column`. */
  readonly column: string;
  readonly value: string | Buffer;
}

/** Every row of every table as text, in an order that does not depend on where the rows lie. */
export async function dumpRows(sql: Sql): Promise<Record<string, string[]>> {
  const dump: Record<string, string[]> = {};
  for (const { table } of await tables(sql)) {
    const rows = await sql<
      { row: string }[]
    >`select to_jsonb(t)::text as row from ${sql(table)} t order by 1`;
    dump[table] = rows.map(({ row }) => row);
  }
  return dump;
}

/** Every value of every column of every table that is not null; bytea as bytes, the rest as PostgreSQL prints it. */
export async function dumpCells(sql: Sql): Promise<Cell[]> {
  const cells: Cell[] = [];
  for (const { table, columns } of await tables(sql))
    for (const { name, bytes } of columns) {
      const rows = bytes
        ? await sql<{ value: Buffer | null }[]>`select ${sql(name)} as value from ${sql(table)}`
        : await sql<{ value: string | null }[]>`select ${sql(name)}::text as value from ${sql(table)}`;
      for (const { value } of rows) if (value !== null) cells.push({ column: `${table}.${name}`, value });
    }
  return cells;
}

async function tables(sql: Sql) {
  return await sql<{ table: string; columns: { name: string; bytes: boolean }[] }[]>`
    select c.table_name as table,
           jsonb_agg(jsonb_build_object('name', c.column_name, 'bytes', c.data_type = 'bytea')
                     order by c.ordinal_position) as columns
      from information_schema.columns c
      join information_schema.tables t using (table_schema, table_name)
     where c.table_schema = 'public' and t.table_type = 'BASE TABLE'
     group by c.table_name order by c.table_name`;
}
