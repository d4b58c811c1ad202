import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testDatabase } from '../support/database.ts';

test('a migrated database knows its version', async t => {
  const { sql } = await testDatabase(t);
  const [row] = await sql`select max(version) as version from schema_migration`;
  assert.equal(row!.version, 1);
});
