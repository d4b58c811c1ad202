// Forward-only migrations: migrations/NNNN_name.sql, numbered without a hole, never edited once applied.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { Failure } from '../errors.ts';
import { failpoint } from '../lib/failpoint.ts';
import { type DatabaseAddress, openDatabase, type Sql, storeFailure, unavailable } from './database.ts';

interface Migration {
  readonly version: number;
  readonly name: string;
  readonly text: string;
  readonly sha256: string;
}

export interface MigrateOptions {
  readonly address: DatabaseAddress;
  readonly log: Logger;
  /** The folder of the files; ours unless a test brings its own. */
  readonly folder?: string;
}

/** The key of the advisory lock that one runner at a time holds. */
const LOCK = 727_001;
/** First line of a file that cannot run in a transaction. It then holds one statement that may be run twice. */
const NO_TRANSACTION = '-- no-transaction';

/**
 * Brings the database to the newest version and resolves with the names of the files that were applied. Any number
 * of processes may start at once. Fails with STORE_UNAVAILABLE and a sentence when an applied file was edited, when
 * the database is newer than this program, or with the file's name when one does not run; what it did is then undone.
 */
export async function migrate({ address, log, folder = ours }: MigrateOptions): Promise<string[]> {
  const files = read(folder);
  const sql = openDatabase({ address, connections: 1, name: 'cardume-migrate', statementTimeout: 0 });
  try {
    await lock(sql, log);
    await sql`
      create table if not exists schema_migration (
        version    integer primary key,
        name       text not null,
        sha256     text not null,
        applied_at timestamptz not null default now()
      )`;
    const rows = await sql<{ version: number; name: string; sha256: string }[]>`
      select version, name, sha256 from schema_migration order by version`;
    const applied = new Map(rows.map(row => [row.version, row]));
    const newest = rows.at(-1)?.version ?? 0;
    if (newest > files.length) {
      throw refused(
        `The database is at version ${newest} and this program knows ${files.length}: run a newer one`,
      );
    }
    const todo = files.filter(file => {
      const row = applied.get(file.version);
      if (row && row.sha256 !== file.sha256) {
        throw refused(
          `Migration ${file.name} was changed after it had been applied; restore it, add a new file`,
        );
      }
      return !row;
    });
    for (const file of todo) {
      await lock(sql, log); // held already, unless the connection was lost in between
      await failpoint('migrate.before_file');
      await apply(sql, file);
      await failpoint('migrate.after_file');
      log.info({ migration: file.name }, 'migrated the database');
    }
    return todo.map(file => file.name);
  } catch (error) {
    throw storeFailure(error);
  } finally {
    await sql.end({ timeout: 5 }); // frees the lock
  }
}

const ours = fileURLToPath(new URL('./migrations/', import.meta.url));

function refused(text: string, cause?: unknown): Failure {
  return new Failure('STORE_UNAVAILABLE', text, cause === undefined ? {} : { cause });
}

function read(folder: string): Migration[] {
  const names = readdirSync(folder).filter(name => /^\d{4}_[\w-]+\.sql$/.test(name));
  return names.sort().map((name, index) => {
    const version = Number(name.slice(0, 4));
    if (version !== index + 1) throw refused(`Migration ${name} should have the number ${index + 1}`);
    // The same file checked out with other line ends is the same file.
    const text = readFileSync(`${folder}/${name}`, 'utf8').replaceAll('\r\n', '\n');
    return { version, name, text, sha256: createHash('sha256').update(text).digest('hex') };
  });
}

/** Polled, because a session that waits inside pg_advisory_lock() deadlocks with `create index concurrently`. */
async function lock(sql: Sql, log: Logger): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const [row] = await sql<[{ ours: boolean }]>`select pg_try_advisory_lock(${LOCK}) as ours`;
    if (row.ours) return;
    if (attempt % 50 === 0) log.info('waiting for another process that migrates the database');
    await delay(100);
  }
}

/**
 * A file and its record are one message, which PostgreSQL runs as one transaction: a lost connection cannot leave a
 * half of it, as it could with begin and commit (docs/decisions/0001).
 */
async function apply(sql: Sql, { version, name, text, sha256 }: Migration): Promise<void> {
  const record = `insert into schema_migration (version, name, sha256) values (${version}, '${name}', '${sha256}')`;
  try {
    if (text.startsWith(NO_TRANSACTION)) {
      await sql.unsafe(text).simple();
      await sql.unsafe(record).simple();
    } else {
      await sql.unsafe(`${record};\n${text}`).simple();
    }
  } catch (error) {
    if (unavailable(error)) throw error;
    throw refused(`Migration ${name}: ${(error as Error).message}`, error);
  }
}
