import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../src/errors.ts';
import { arrays } from '../../src/store/arrays.ts';
import {
  assertDriverPatched,
  connectionLimit,
  openDatabase,
  storeFailure,
  unavailable,
  waitForDatabase,
} from '../../src/store/database.ts';
import { testDatabase } from '../support/database.ts';
import { quiet } from '../support/database-server.ts';

const nowhere = { socketDir: '/nonexistent', user: 'x', database: 'x' };
const failed = (statement: PromiseLike<unknown>) =>
  statement.then(
    () => assert.fail('it did not fail'),
    (error: unknown) => error,
  );

test('a driver without the patch is refused with the command that applies it', () => {
  assertDriverPatched();
  assert.throws(() => assertDriverPatched(() => {}), /not patched: run `npm ci` without --ignore-scripts/);
});

test('bigints, bytes, texts and times come back as they were sent, alone and in arrays', async t => {
  const { sql } = await testDatabase(t);
  const bytes = [Buffer.from([0, 1, 255]), Buffer.alloc(0), Buffer.from('"\\x{},')];
  const at = new Date('2026-11-22T16:00:00.123Z');
  const texts = ['', 'NULL', '{}', 'a,"b"\\', 'ü\n ✓'];
  const id = '6f5e8f0a-27a5-4f4c-9c3b-1d2b7c1f9a55';
  const { bytea, text, timestamptz } = arrays(sql);
  const [row] = await sql`
    select 9007199254740991::bigint as n, ${'{"a\\'}::text as text, ${at}::timestamptz as at,
           ${bytea(bytes)} as bytes, ${text([])} as none, ${texts}::text[] as texts,
           ${timestamptz([at])} as times, array[1, null, 2]::bigint[] as ns,
           ${id} = any(${[id]}::uuid[]) as found, array[true, false] as flags`;
  assert.deepEqual(
    { ...row },
    {
      n: 9007199254740991,
      text: '{"a\\',
      at,
      bytes,
      none: [],
      texts,
      times: [at],
      ns: [1, null, 2],
      found: true,
      flags: [true, false],
    },
  );
});

test('a socket folder is reached by both of the URLs that libpq knows for it', async t => {
  const { address } = await testDatabase(t);
  const url = new URL(address.url);
  if (!decodeURIComponent(url.hostname).startsWith('/')) return t.skip('the test server is reached by TCP');
  const other = `postgres:///${url.pathname.slice(1)}?host=${url.hostname}&user=${url.username}`;
  for (const text of [address.url, other]) {
    const sql = openDatabase({ address: { url: text }, connections: 1, name: 'by url' });
    t.after(() => sql.end());
    const [row] = await sql`select current_database() as name, current_setting('application_name') as app`;
    assert.deepEqual({ ...row }, { name: url.pathname.slice(1), app: 'by url' });
  }
});

test('a statement that takes too long is ended, and that is no fault of ours', async t => {
  const { address } = await testDatabase(t);
  const sql = openDatabase({ address, connections: 1, name: 'slow', statementTimeout: 50 });
  t.after(() => sql.end());
  const error = await failed(sql`select pg_sleep(20)`);
  assert.ok(unavailable(error));
  assert.equal(storeFailure(error).code, 'STORE_UNAVAILABLE');
});

test('callers learn whether the database or the statement is to blame, and when nobody knows what was done', async t => {
  const { sql } = await testDatabase(t);
  const away = openDatabase({ address: nowhere, connections: 1, name: 'x' });
  t.after(() => away.end());
  const unreachable = await failed(away`select 1`);
  const failure = storeFailure(unreachable);
  assert.deepEqual([failure.code, failure.cause], ['STORE_UNAVAILABLE', unreachable]);
  assert.match(failure.message, /nothing was done/);

  const lost = await failed(sql`select pg_terminate_backend(pg_backend_pid())`);
  assert.match(storeFailure(lost).message, /may have been done/);

  const wrong = await failed(sql`select no_such_column`);
  assert.equal(unavailable(wrong), false);
  assert.equal(storeFailure(wrong).code, 'INTERNAL_SERVER_ERROR');

  const ours = new Failure('DEVICE_EXISTS');
  assert.equal(storeFailure(ours), ours);
});

test('a database that is not there is waited for and said to be missing, one that refuses is not waited for', async t => {
  const { address, sql } = await testDatabase(t);
  await waitForDatabase(sql, { within: 0, log: quiet });
  const lines: unknown[] = [];
  const log = { ...quiet, warn: (facts: unknown) => lines.push(facts) } as never;
  const away = openDatabase({ address: nowhere, connections: 1, name: 'x' });
  t.after(() => away.end());
  await assert.rejects(waitForDatabase(away, { within: 500, log }), {
    code: 'STORE_UNAVAILABLE',
    message: /did not answer within .*ENOENT/,
  });
  assert.equal(lines.length, 1);

  const missing = openDatabase({
    address: { url: address.url.replace(/\/[^/]+$/, '/missing') },
    connections: 1,
    name: 'x',
  });
  t.after(() => missing.end());
  await assert.rejects(
    waitForDatabase(missing, { within: 60_000, log }),
    /refuses us: .*"missing" does not exist/,
  );
});

test('the server says how many connections it has for everyone', async t => {
  const { sql } = await testDatabase(t);
  assert.ok((await connectionLimit(sql)) >= 20);
});
