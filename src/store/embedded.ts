// The database that starts by itself when none is named: PostgreSQL 18 on a unix socket, under this process.
// It is never shared: a second process on the same data is refused. It ends with us, however we end (a guard sees to
// that), and it is started again when it ends alone.
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Logger } from 'pino';
import { deferred } from '../lib/deferred.ts';
import type { DatabaseAddress } from './database.ts';
import { binaries, environment } from './embedded-binaries.ts';
import { type Home, own, refusal, settle } from './embedded-home.ts';
import { clearLeftovers, launch, type Server, servedAt } from './embedded-process.ts';

export interface EmbeddedOptions {
  /** DATA_DIR, absolute. */
  readonly dir: string;
  readonly maxConnections: number;
  readonly log: Logger;
  /** Further server settings by their PostgreSQL names; tests switch fsync off. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

export interface Embedded {
  readonly address: DatabaseAddress;
  /** Orderly shutdown; may be called twice. */
  stop(): Promise<void>;
  /** Resolves when the server is gone for good: after `stop`, or with the reason why it could not be started again. */
  readonly exited: Promise<string>;
}

const USER = 'cardume';
const MAX_RESTARTS = 5;
const RESTARTS_WITHIN_MS = 60_000;
/** Two servers that start at once on the same data: one of them reads this, and then finds out whose the other is. */
const OCCUPIED = /postmaster\.pid" already exists|pre-existing shared memory|is already in use/;

/** Starts the server, making its data on the first start. Fails with STORE_UNAVAILABLE and a sentence for a person. */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const { dir, maxConnections, log } = options;
  const home = settle(dir, log);
  const bin = binaries(home);
  await createData(bin, home, log);
  const { socketDir, forget } = socketFolder(home);
  const settings = {
    listen_addresses: '',
    max_connections: maxConnections,
    shared_buffers: '128MB',
    max_wal_size: '1GB',
    wal_level: 'minimal', // nobody replicates from it
    max_wal_senders: 0,
    jit: 'off', // our statements are short; compiling them costs more than it gives
    max_parallel_workers_per_gather: 0,
    log_min_messages: 'log', // failed statements are reported by us; with their values they do not belong in a log
    log_checkpoints: 'off',
    log_line_prefix: '',
    ...options.settings,
  };

  const boot = async (): Promise<Server> => {
    for (let attempt = 1; ; attempt++) {
      await clearLeftovers(home, socketDir, log);
      try {
        return await launch({ bin, home, socketDir, settings, log });
      } catch (error) {
        if (attempt === 20 || !OCCUPIED.test((error as Error).message)) throw error;
        await delay(200); // the memory of a killed server is freed in a moment
      }
    }
  };

  let server = await boot().catch(error => {
    forget();
    throw error;
  });
  let stopping = false;
  const exited = deferred<string>();

  const keepAlive = async (): Promise<string> => {
    let deaths: number[] = [];
    let reason = await server.gone;
    while (!stopping) {
      const now = performance.now();
      deaths = [...deaths.filter(at => now - at < RESTARTS_WITHIN_MS), now];
      if (deaths.length > MAX_RESTARTS) return reason;
      log.error({ reason }, 'the embedded database ended; starting it again');
      if (deaths.length > 1) await delay(50 * 2 ** deaths.length); // at once the first time, then ever slower
      if (stopping) break;
      try {
        server = await boot();
      } catch (error) {
        reason = (error as Error).message;
        continue;
      }
      log.info('the embedded database is back');
      if (stopping) await server.stop();
      reason = await server.gone;
    }
    return 'stopped';
  };
  keepAlive()
    .catch(error => `${error}`)
    .then(reason => {
      forget();
      exited.resolve(reason);
    });

  return {
    address: { socketDir, user: USER, database: 'postgres' },
    exited: exited.promise,
    async stop() {
      stopping = true;
      await server.stop();
      await exited.promise;
    },
  };
}

/** The server that another process of ours runs on the data of this folder, for work beside it; undefined while none does. */
export async function runningEmbedded(dir: string, log: Logger): Promise<DatabaseAddress | undefined> {
  const socketDir = await servedAt(settle(dir, log));
  return socketDir === undefined ? undefined : { socketDir, user: USER, database: 'postgres' };
}

/** Made beside and renamed, so that a killed first start leaves nothing that looks like a database. */
async function createData(bin: string, { folder, dataDir, account }: Home, log: Logger): Promise<void> {
  if (existsSync(dataDir)) return;
  for (const name of readdirSync(folder)) {
    if (name.startsWith('pgdata-18.new-')) discardIfAbandoned(join(folder, name));
  }
  const start = performance.now();
  const draft = `${dataDir}.new-${process.pid}`;
  own(draft, account);
  const args = ['-D', draft, '-U', USER, '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
  try {
    await promisify(execFile)(join(bin, 'initdb'), args, { ...account, cwd: '/', env: environment });
    // One sync of the file system instead of initdb's of every file.
    spawnSync('sync', process.platform === 'linux' ? ['-f', draft] : []);
    renameSync(draft, dataDir);
    log.info({ dataDir, took: Math.round(performance.now() - start) }, 'made the embedded database');
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (existsSync(dataDir)) return; // another start was quicker; the lock decides between us
    const { stderr = '' } = error as { stderr?: string };
    throw refusal(
      `The embedded database could not be made in ${folder}: ${stderr || (error as Error).message}`,
      error,
    );
  }
}

function discardIfAbandoned(draft: string): void {
  try {
    process.kill(Number(draft.split('-').at(-1)), 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') rmSync(draft, { recursive: true, force: true });
  }
}

/** Beside the data, or, where that path is too long for a socket (108 bytes, 104 on macOS), a temporary folder. */
function socketFolder({ folder, account }: Home): { socketDir: string; forget: () => void } {
  const beside = join(folder, 'run');
  const fits = Buffer.byteLength(join(beside, '.s.PGSQL.5432.lock')) < 100;
  const socketDir = fits ? beside : mkdtempSync(join(tmpdir(), 'cardume-'));
  own(socketDir, account);
  return { socketDir, forget: () => !fits && rmSync(socketDir, { recursive: true, force: true }) };
}
