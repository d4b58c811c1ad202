// A database of one's own for a test, cloned from a migrated template in some 50 ms.
// The runner (scripts/test.ts) starts one server for all test files, each of which is a process of its own, and names
// it in CARDUME_TEST_DB_URI. A test file that is run alone starts a server for itself.
import { after, type TestContext } from 'node:test';
import { type DatabaseAddress, openDatabase, type Sql } from '../../src/store/database.ts';
import { administer, databaseUrl, startTestServer, TEMPLATE, type TestServer } from './database-server.ts';

/**
 * A migrated database that only this test uses, and a pool of four connections to it. Both go with the test; pools
 * that the test opens itself it ends itself.
 */
export async function testDatabase(t: TestContext): Promise<{ address: DatabaseAddress; sql: Sql }> {
  const url = await server();
  const name = `test_${process.pid}_${++made}`;
  await administer(url, sql => sql.unsafe(`create database ${name} template ${TEMPLATE}`));
  const address = { url: databaseUrl(url, name) };
  const sql = openDatabase({ address, connections: 4, name });
  t.after(async () => {
    await sql.end({ timeout: 1 });
    await administer(url, admin => admin.unsafe(`drop database ${name} with (force)`));
  });
  return { address, sql };
}

let made = 0;
let own: Promise<TestServer> | undefined;
after(async () => (await own)?.stop());

async function server(): Promise<string> {
  const given = process.env.CARDUME_TEST_DB_URI;
  if (given) return given;
  own ??= startTestServer();
  return (await own).url;
}
