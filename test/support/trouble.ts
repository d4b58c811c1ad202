// What PostgreSQL may do to a statement, on request.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase, type Sql } from '../../src/store/database.ts';
import { administer, databaseUrl, startTestServer, TEMPLATE } from './database-server.ts';
import type { Scope } from './scope.ts';

/** A migrated database on a server of one's own, which keeps every commit when it is killed. It ends with the test. */
export async function ownDatabase(scope: Scope, options: { maxConnections?: number } = {}) {
  const server = await startTestServer({ durable: true, ...options });
  await administer(server.url, sql => sql.unsafe(`create database own template ${TEMPLATE}`));
  const address = { url: databaseUrl(server.url, 'own') };
  const sql = openDatabase({ address, connections: 2, name: 'own' });
  scope.after(async () => {
    await sql.end({ timeout: 1 });
    await server.stop();
  });
  return { address, sql };
}

/** The server dies as at a power cut; it is started again by itself. */
export async function killServer(sql: Sql): Promise<void> {
  const [row] = await sql<[{ dir: string }]>`select current_setting('data_directory') as dir`;
  process.kill(Number.parseInt(readFileSync(join(row.dir, 'postmaster.pid'), 'utf8'), 10), 'SIGQUIT');
}

/** Takes every connection that the server has left; the returned function gives them back. */
export async function takeConnections({ url }: { readonly url: string }): Promise<() => Promise<unknown>> {
  const taken: Sql[] = [];
  for (;;) {
    const one = openDatabase({ address: { url }, connections: 1, name: 'taken' });
    try {
      await one`select 1`;
    } catch (error) {
      await one.end({ timeout: 1 });
      if ((error as { code?: string }).code !== '53300') throw error;
      return () => Promise.all(taken.map(held => held.end({ timeout: 1 })));
    }
    taken.push(one);
  }
}

/** Ends every connection of the product to this database. */
export async function endBackends(sql: Sql): Promise<void> {
  await sql`
    select pg_terminate_backend(pid) from pg_stat_activity
     where application_name like 'cardume-%' and datname = current_database()`;
}

/** The tables that devices write. */
export const WRITTEN = ['journal', 'inbox', 'signal_key', 'credentials', 'outgoing'];

/**
 * Inserts into these tables fail so many times with this SQLSTATE, counted together; the returned function ends it. One
 * table at a time: whoever locks several waits for the product's statements, and they for it.
 */
export async function failInserts(
  sql: Sql,
  tables: readonly string[],
  code: string,
  times = Number.MAX_SAFE_INTEGER,
): Promise<() => Promise<void>> {
  await sql.unsafe(`
    create sequence trouble;
    grant all on sequence trouble to public;
    create function trouble() returns trigger language plpgsql as
      $$ begin
        if nextval('trouble') <= ${times} then raise exception 'trouble' using errcode = '${code}'; end if;
        return null;
      end $$`);
  for (const table of tables)
    await sql.unsafe(
      `create trigger trouble before insert on ${table} for each statement execute function trouble()`,
    );
  return async () => {
    for (const table of tables) await sql.unsafe(`drop trigger trouble on ${table}`);
    await sql.unsafe('drop function trouble; drop sequence trouble');
  };
}
