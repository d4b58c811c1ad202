// The server that the tests share, with a migrated template in it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { openDatabase, type Sql } from '../../src/store/database.ts';
import { type Embedded, startEmbedded } from '../../src/store/embedded.ts';
import { migrate } from '../../src/store/migrate.ts';

export const TEMPLATE = 'cardume_template';
export const quiet = pino({ level: 'silent' });

export interface TestServer {
  /** The server's URL; its path is the maintenance database. */
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * A server in a temporary folder with the migrated template in it. Fast rather than durable; `durable` keeps every commit
 * when the server itself is killed (not when the machine is).
 */
export async function startTestServer({ durable = false, maxConnections = 300 } = {}): Promise<TestServer> {
  const dir = mkdtempSync(join(tmpdir(), 'cardume-test-'));
  const remove = () => rmSync(dir, { recursive: true, force: true });
  let server: Embedded;
  try {
    const settings = {
      fsync: 'off',
      synchronous_commit: durable ? 'on' : 'off',
      full_page_writes: durable ? 'on' : 'off',
    };
    server = await startEmbedded({ dir, maxConnections, log: quiet, settings });
  } catch (error) {
    remove();
    throw error;
  }
  const { address } = server;
  if ('url' in address) throw new Error('the embedded server has a socket');
  const url = `postgres://${address.user}@${encodeURIComponent(address.socketDir)}/${address.database}`;
  const stop = async () => {
    await server.stop();
    remove();
  };
  try {
    await prepareTemplate(url);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, stop };
}

/** Makes the template on a server that is there already. */
export async function prepareTemplate(url: string): Promise<void> {
  await administer(url, async sql => {
    await sql.unsafe(`drop database if exists ${TEMPLATE} with (force)`);
    await sql.unsafe(`create database ${TEMPLATE}`);
  });
  await migrate({ address: { url: databaseUrl(url, TEMPLATE) }, log: quiet });
}

export function databaseUrl(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

export async function administer(url: string, work: (sql: Sql) => Promise<unknown>): Promise<void> {
  const sql = openDatabase({ address: { url }, connections: 1, name: 'cardume-test' });
  try {
    await work(sql);
  } finally {
    await sql.end({ timeout: 1 });
  }
}
