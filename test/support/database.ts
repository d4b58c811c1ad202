// A database of one's own for a test, cloned from a migrated template in some 50 ms.
// The runner (scripts/test.ts) starts one server for all test files, each of which is a process of its own, and names
// it in CARDUME_TEST_DB_URI. A test file that is run alone starts a server for itself.
import { after, type TestContext } from 'node:test';
import { openDatabase, type Sql } from '../../src/store/database.ts';
import { administer, databaseUrl, startTestServer, TEMPLATE, type TestServer } from './database-server.ts';

/**
 * A migrated database that only this test uses, and a pool of four connections to it. Both are there until the last test
 * of the file has ended, hooks included, so that a node which the test has started can still stop in order. Pools that
 * the test opens itself it ends itself.
 */
export async function testDatabase(
  _t: TestContext,
  { migrated = true } = {},
): Promise<{ address: { readonly url: string }; sql: Sql }> {
  const url = await server();
  const name = `test_${process.pid}_${++made}`;
  const template = migrated ? TEMPLATE : 'template0';
  await administer(url, sql => sql.unsafe(`create database ${name} template ${template}`));
  const address = { url: databaseUrl(url, name) };
  const sql = openDatabase({ address, connections: 4, name });
  databases.push({ name, sql });
  return { address, sql };
}

const databases: { name: string; sql: Sql }[] = [];
let made = 0;
let own: Promise<TestServer> | undefined;

after(async () => {
  await Promise.all(databases.map(({ sql }) => sql.end({ timeout: 1 })));
  if (own) return await (await own).stop();
  if (databases.length === 0) return;
  await administer(await server(), async admin => {
    for (const { name } of databases) await admin.unsafe(`drop database ${name} with (force)`);
  });
});

async function server(): Promise<string> {
  const given = process.env.CARDUME_TEST_DB_URI;
  if (given) return given;
  own ??= startTestServer();
  return (await own).url;
}
