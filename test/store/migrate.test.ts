import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { migrate } from '../../src/store/migrate.ts';
import { runChild } from '../support/child.ts';
import { testDatabase } from '../support/database.ts';
import { quiet as log } from '../support/database-server.ts';

function folderOf(t: TestContext, files: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), 'cardume-migrations-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const write = (more: Record<string, string>) => {
    for (const [name, text] of Object.entries(more)) writeFileSync(join(folder, name), text);
  };
  write(files);
  return { folder, write };
}

test('our migrations run on an empty database and a second run has nothing to do', async t => {
  const { address, sql } = await testDatabase(t, { migrated: false });
  const applied = await migrate({ address, log });
  assert.equal(applied[0], '0001_initial.sql');
  assert.deepEqual(await migrate({ address, log }), []);
  assert.equal((await sql`select from device`).count, 0);
});

test('processes that start at the same time apply each file once and all go on', async t => {
  const { address, sql } = await testDatabase(t, { migrated: false });
  const { folder } = folderOf(t, {
    '0001_slow.sql': 'create table a (n int); select pg_sleep(0.5); insert into a values (1);',
    '0002_index.sql': '-- no-transaction\ncreate index concurrently if not exists a_n on a (n)',
    '0003_more.sql': 'insert into a values (2);',
  });
  const children = [1, 2, 3].map(() => runChild(t, 'store-process.ts', ['migrate', address.url, folder]));
  for (const child of children) assert.equal(await child.ended, 0, child.lines.join());
  assert.deepEqual(children.flatMap(({ lines }) => JSON.parse(lines[0]!)).toSorted(), [
    '0001_slow.sql',
    '0002_index.sql',
    '0003_more.sql',
  ]);
  assert.deepEqual([...(await sql`select n from a order by n`)], [{ n: 1 }, { n: 2 }]);
});

test('a file that was edited after it had been applied is refused, one with other line ends is not', async t => {
  const { address } = await testDatabase(t, { migrated: false });
  const { folder, write } = folderOf(t, { '0001_a.sql': 'create table a (n int);\n' });
  await migrate({ address, log, folder });
  write({ '0001_a.sql': 'create table a (n int);\r\n' });
  assert.deepEqual(await migrate({ address, log, folder }), []);
  write({ '0001_a.sql': 'create table a (n bigint);\n' });
  await assert.rejects(migrate({ address, log, folder }), /0001_a\.sql was changed after/);
});

test('a database of a newer program is refused', async t => {
  const { address, sql } = await testDatabase(t);
  await sql`insert into schema_migration (version, name, sha256) values (99, '0099_future.sql', '')`;
  await assert.rejects(migrate({ address, log }), /at version 99 and this program knows \d+: run a newer/);
});

test('a file that fails leaves nothing behind, those before it stay, and the next start tries it again', async t => {
  const { address, sql } = await testDatabase(t, { migrated: false });
  const { folder, write } = folderOf(t, {
    '0001_a.sql': 'create table a (n int);',
    '0002_b.sql': 'create table b (n int); insert into a values (1); select 1 / 0;',
  });
  await assert.rejects(migrate({ address, log, folder }), {
    code: 'STORE_UNAVAILABLE',
    message: 'Migration 0002_b.sql: division by zero',
  });
  assert.equal((await sql`select from a`).count, 0);
  assert.equal((await sql`select from pg_class where relname = 'b'`).count, 0);
  write({ '0002_b.sql': 'create table b (n int);' });
  assert.deepEqual(await migrate({ address, log, folder }), ['0002_b.sql']);
});

test('a missing number is refused', async t => {
  const { folder } = folderOf(t, { '0001_a.sql': 'select 1', '0003_c.sql': 'select 1' });
  const nowhere = { url: 'postgres://127.0.0.1:1/x' };
  await assert.rejects(migrate({ address: nowhere, log, folder }), /0003_c\.sql should have the number 2/);
});
