/** The database of the measured product: the embedded server, started here so that devices can be in it beforehand. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeLogger } from '../../src/lib/logger.ts';
import { openDatabase, type Sql } from '../../src/store/database.ts';
import { startEmbedded } from '../../src/store/embedded.ts';
import { migrate } from '../../src/store/migrate.ts';
import { familyCpuMs, parentOf } from './proc.ts';

/** Two of them: the product's budget for 2 workers is 8, ours is 4. */
const CONNECTIONS = 40;

export interface Storage {
  /** Makes a migrated database of its own; its pool is closed with the storage. */
  database(name: string): Promise<{ readonly url: string; readonly sql: Sql }>;
  /** CPU time of the server with all its backends. */
  cpuMs(): number;
  stop(): Promise<void>;
}

/** With the settings of the product's own embedded server: commits reach the disk. */
export async function startStorage(): Promise<Storage> {
  const log = makeLogger('silent', {});
  const dir = mkdtempSync(join(tmpdir(), 'cardume-bench-'));
  chmodSync(dir, 0o711); // as root the server runs under another account
  const pools: Sql[] = [];
  const server = await startEmbedded({ dir, maxConnections: CONNECTIONS, log }).catch(error => {
    rmSync(dir, { recursive: true, force: true });
    throw error;
  });
  const stop = async () => {
    await Promise.all(pools.map(sql => sql.end({ timeout: 1 })));
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  };
  const { address } = server;
  if ('url' in address) throw new Error('the embedded server has a socket');
  const urlOf = (name: string) =>
    `postgres://${address.user}@${encodeURIComponent(address.socketDir)}/${name}`;
  const open = (name: string) => {
    const sql = openDatabase({ address: { url: urlOf(name) }, connections: 2, name: 'cardume-bench' });
    pools.push(sql);
    return sql;
  };
  try {
    const admin = open(address.database);
    const [row] = await admin<[{ pid: number }]>`select pg_backend_pid() as pid`;
    const postmaster = parentOf(row.pid);
    return {
      cpuMs: () => familyCpuMs(postmaster),
      stop,
      async database(name) {
        await admin.unsafe(`create database ${name}`);
        await migrate({ address: { url: urlOf(name) }, log });
        return { url: urlOf(name), sql: open(name) };
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
