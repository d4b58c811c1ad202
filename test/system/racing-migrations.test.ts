import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sql } from '../../src/store/database.ts';
import { testDatabase } from '../support/database.ts';
import { TEST_KEYS } from '../support/keys.ts';
import { startProgram } from '../support/program.ts';

test('two processes that start at once on one empty database both come up, and the schema is made once', async t => {
  const migrated = await testDatabase(t);
  const empty = await testDatabase(t, { migrated: false });
  const settings = { PORT: '0', DB_URI: empty.address.url, SEALING_KEYS: TEST_KEYS, WORKERS: '1' };
  const both = await Promise.all([startProgram(t, settings), startProgram(t, settings)]);

  for (const program of both) {
    const made = await program.api('POST', '/devices', { device_id: `device-${program.pid}` });
    assert.equal(made.status, 200);
  }
  assert.deepEqual(await schemaOf(empty.sql), await schemaOf(migrated.sql));
  for (const program of both) program.kill('SIGTERM');
  assert.deepEqual(await Promise.all(both.map(({ ended }) => ended)), [0, 0]);
});

/** What there is, table by table, and which migrations say that they made it. */
async function schemaOf(sql: Sql) {
  return {
    columns: await sql`
      select table_name, column_name, data_type, is_nullable, column_default from information_schema.columns
       where table_schema = 'public' order by table_name, ordinal_position`,
    indexes: await sql`select indexdef from pg_indexes where schemaname = 'public' order by indexname`,
    migrations: await sql`select version, name, sha256 from schema_migration order by version`,
  };
}
