import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import postgres from 'postgres';
import { Failure } from '../errors.ts';
import { arrayTypes } from './arrays.ts';
import { Fenced } from './fence.ts';

/** Where PostgreSQL is: a URL, or the folder of a unix socket (the embedded server). */
export type DatabaseAddress =
  | { readonly url: string }
  | { readonly socketDir: string; readonly user: string; readonly database: string };

/** A pool of connections that is also the tag of its statements. A bigint column arrives as a number. */
export type Sql = postgres.Sql<{ bigint: number }>;

export interface DatabaseOptions {
  readonly address: DatabaseAddress;
  /** How many connections the pool may open; it keeps them. */
  readonly connections: number;
  /** Shown by PostgreSQL as application_name. */
  readonly name: string;
  /** Milliseconds after which the server gives up on a statement; 0 is never. */
  readonly statementTimeout?: number;
  readonly onNotice?: (notice: postgres.Notice) => void;
}

/** How long a pool whose server does not write is used before another server is looked for under the same address. */
const READ_ONLY_FOR_MS = 1_000;
/** Told by the server, for every new session and when they change (PostgreSQL 14 and later). */
const READ_ONLY = new Set(['default_transaction_read_only', 'in_hot_standby']);

/**
 * Opens no connection yet: the first statement does. End it with `sql.end({ timeout: seconds })`. Connections to a server
 * that does not write (it was demoted, or is about to be) are given up for new ones, until one of them writes.
 */
export function openDatabase(options: DatabaseOptions): Sql {
  assertDriverPatched();
  let readOnlySince: number | undefined;
  const open = () =>
    openPool(options, (name, value) => {
      if (READ_ONLY.has(name) && value === 'on') readOnlySince ??= performance.now();
    });
  let pool = open();
  const replace = (timeout: number) => {
    const former = pool;
    readOnlySince = undefined;
    pool = open();
    void former.end({ timeout });
  };
  const current = () => {
    const demoted = readOnlySince !== undefined && performance.now() - readOnlySince >= READ_ONLY_FOR_MS;
    if (demoted) replace(5); // what is under way there ends
    return pool;
  };
  const sql = new Proxy(pool, {
    apply: (_, __, query: Parameters<Sql>) => current()(...query),
    get: (_, name) => Reflect.get(name === 'end' ? pool : current(), name),
  });
  replaced.set(sql, () => replace(0));
  return sql;
}

const replaced = new WeakMap<Sql, () => void>();

/**
 * Gives up the connections of a pool for new ones. After a partition whose other end is gone without a word the operating
 * system waits a quarter of an hour for answers, and so would every statement; what is under way fails as with a lost connection.
 */
export function giveUpConnections(sql: Sql): void {
  replaced.get(sql)?.();
}

function openPool(
  { address, connections, name, statementTimeout = 30_000, onNotice = () => {} }: DatabaseOptions,
  onParameter: (name: string, value: unknown) => void,
): Sql {
  const options = {
    max: connections,
    // The driver's own backoff counts the failures of all connections together: after one second without a server
    // the first answer came 5 s later and the last ones 14 to 44 s. A fixed 0.2 s is back at once.
    backoff: () => 0.2,
    connect_timeout: 5,
    // Connections live as long as the pool: a fixed number of them is the whole budget.
    max_lifetime: null,
    // With one busy connection pipelining gave 2.2 times the small reads and 1.3 times the upserts of max_pipeline 1.
    // Its price, waiting behind a slow statement, is only paid when every connection of the pool is busy.
    max_pipeline: 100,
    onnotice: onNotice,
    onparameter: onParameter,
    connection: {
      application_name: name,
      statement_timeout: statementTimeout,
      idle_in_transaction_session_timeout: 10_000,
    },
    // Sequence numbers and epochs never pass 2^53.
    types: {
      bigint: { to: 20, from: [20], serialize: (value: number) => String(value), parse: Number },
      ...arrayTypes,
    },
    fetch_types: false,
  };
  const socket = 'url' in address ? socketOf(address.url) : address;
  if ('url' in address && !socket) return postgres(usable(address.url), options);
  const { socketDir, ...login } = socket!;
  return postgres({ port: 5432, ...options, ...login, host: socketDir });
}

/** The driver knows a socket folder only as an option; URLs name it as libpq's do: `//user@%2Fdir/db` or `?host=/dir`. */
function socketOf(text: string) {
  const url = new URL(text);
  const given = (name: string, part: string) => url.searchParams.get(name) ?? decodeURIComponent(part);
  const socketDir = given('host', url.hostname);
  if (!socketDir.startsWith('/')) return undefined;
  const user = given('user', url.username);
  const password = given('password', url.password);
  return {
    socketDir,
    port: Number(given('port', url.port) || 5432),
    database: given('dbname', url.pathname.slice(1)) || user,
    ...(user && { user }),
    ...(password && { password }),
  };
}

/** Takes out what only libpq understands: the driver would hand it to the server as a setting, which refuses it. */
function usable(text: string): string {
  const url = new URL(text);
  for (const name of ['channel_binding', 'gssencmode']) url.searchParams.delete(name);
  return url.href;
}

/**
 * Published postgres.js 3.4.9 can kill the process when a connection is lost, and commits the later statements of a
 * lost transaction one by one (docs/decisions/0001). Fails unless the patch in `patches/` has been applied.
 */
export function assertDriverPatched(driver: object = postgres): void {
  if (!('cardumePatch' in driver) || driver.cardumePatch !== 1) {
    throw new Error(
      'the postgres driver in node_modules is not patched: run `npm ci` without --ignore-scripts, or `npx patch-package`',
    );
  }
}

/**
 * Resolves when the database answers. While it cannot be reached it is tried again for `within` milliseconds, with a
 * log line every few seconds; then, or at once when it answers with a refusal, fails with STORE_UNAVAILABLE.
 */
export async function waitForDatabase(
  sql: Sql,
  { within, log }: { within: number; log: Logger },
): Promise<void> {
  const start = performance.now();
  let sayAt = 0;
  for (;;) {
    try {
      await sql`select 1`;
      return;
    } catch (error) {
      const waited = performance.now() - start;
      const reason = `${(error as Error).message} (${codeOf(error)})`;
      if (!unavailable(error)) {
        throw new Failure('STORE_UNAVAILABLE', `PostgreSQL refuses us: ${reason}`, { cause: error });
      }
      if (waited >= within) {
        const text = `The database did not answer within ${Math.round(within / 1000)} s: ${reason}`;
        throw new Failure('STORE_UNAVAILABLE', text, { cause: error });
      }
      if (waited >= sayAt) {
        log.warn({ reason, waited: Math.round(waited) }, 'the database cannot be reached; trying again');
        sayAt = waited + 3000;
      }
      await delay(200);
    }
  }
}

/** Our connections to this database by pool (`main`, `shard-0`, …), as the server sees them. */
export async function connectionsInUse(sql: Sql): Promise<{ pool: string; used: number }[]> {
  return await sql<{ pool: string; used: number }[]>`
    select substr(application_name, 9) as pool, count(*)::int as used
      from pg_stat_activity
     where datname = current_database() and application_name like 'cardume-%'
     group by 1 order by 1`;
}

/** Whether our role may do everything in every database of the server. */
export async function isSuperuser(sql: Sql): Promise<boolean> {
  const [row] = await sql<
    [{ yes: boolean }]
  >`select rolsuper as yes from pg_roles where rolname = current_user`;
  return row.yes;
}

/** How many connections the server gives to all of its clients together. */
export async function connectionLimit(sql: Sql): Promise<number> {
  const [row] = await sql<[{ limit: number }]>`
    select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as limit`;
  return row.limit;
}

// Codes of the driver and of the operating system. `inFlight`: the statement may have been carried out.
const inFlight = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'ECONNRESET',
  'EPIPE',
  '57P01',
  '57P02',
]);
const unreachable = new Set([
  ...['CONNECTION_ENDED', 'CONNECT_TIMEOUT', 'ECONNREFUSED', 'ENOENT', 'ETIMEDOUT', 'EHOSTUNREACH'],
  ...['ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN', 'ENOTFOUND', 'EAI_AGAIN', 'EACCES'],
  '57P03', // starting or stopping
  '57P05', // idle session timeout
  '57014', // statement timeout
  '25006', // read only: a replica, or a failover under way
  '25P03', // idle in transaction timeout
]);
// Classes of SQLSTATE: connection, resources (full disk, memory, connections), rolled back by a deadlock, I/O.
const classes = new Set(['08', '53', '40', '58']);

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}

/** Whether the database cannot be reached or cannot serve now: the statement is not at fault and may be tried later. */
export function unavailable(error: unknown): boolean {
  const code = codeOf(error);
  return (
    inFlight.has(code) ||
    unreachable.has(code) ||
    (/^[0-9A-Z]{5}$/.test(code) && classes.has(code.slice(0, 2)))
  );
}

// Rolled back for the sake of others: they go on, and then it is our turn. PostgreSQL takes a second to see each deadlock.
const rolledBack = new Set([
  '40001', // serialization failure
  '40P01', // deadlock
]);
const ROLLED_BACK_FOR_MS = 10_000;
// Not begun, or undone by what somebody else removed meanwhile, and the next moment may let it through.
const momentary = new Set([
  '23503', // a row that was read for another one to name was deleted in between
  '55P03', // lock not available
  '53300', // too many connections
]);
const RETRIES = 3;
const RETRY_MS = 25;
const LONGEST_RETRY_MS = 800;

/**
 * Carries out one statement, and again when the database did nothing of it only because of what others do at the same
 * moment: up to three times when it could not begin, or when a row that it names was deleted under it; for ten seconds when it was rolled back, for what it is in the way of
 * may take several goes. Never when its fate is unknown.
 */
export async function persist<T>(statement: () => Promise<T>): Promise<T> {
  const start = performance.now();
  for (let retry = 1; ; retry++) {
    try {
      return await statement();
    } catch (error) {
      const code = codeOf(error);
      const again = rolledBack.has(code)
        ? performance.now() - start < ROLLED_BACK_FOR_MS
        : momentary.has(code) && retry <= RETRIES;
      if (!again) throw error;
      await delay(Math.min(RETRY_MS * 2 ** retry, LONGEST_RETRY_MS) * (0.5 + Math.random()));
    }
  }
}

/**
 * Whether the fault is with the values of a statement: they break a constraint or cannot be stored (SQLSTATE classes 22,
 * 23 and 54). Nothing was done, trying again is of no use, and other values may be taken.
 */
export function refusesValues(error: unknown): boolean {
  const cause = error instanceof Failure ? error.cause : error;
  return /^(22|23|54)[0-9A-Z]{3}$/.test(codeOf(cause));
}

/**
 * What a caller is told of a failed statement: STORE_FULL when there is no space, STORE_UNAVAILABLE when the database is
 * to blame otherwise, with a sentence that admits it when nobody can know whether the statement was committed;
 * INTERNAL_SERVER_ERROR when we are. A Failure passes unchanged. The cause is kept.
 */
export function storeFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (!unavailable(error)) return new Failure('INTERNAL_SERVER_ERROR', undefined, { cause: error });
  if (codeOf(error) === '53100') return new Failure('STORE_FULL', undefined, { cause: error });
  const text = inFlight.has(codeOf(error))
    ? 'The connection to the database was lost before it answered; what was asked for may have been done.'
    : undefined;
  return new Failure('STORE_UNAVAILABLE', text, { cause: error });
}

/** The result of one statement, tried as `persist` does; its failure as `storeFailure` tells it. */
export async function reachStore<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await persist(work);
  } catch (cause) {
    if (cause instanceof Fenced) throw new Failure('DEVICE_ELSEWHERE', undefined, { cause });
    throw storeFailure(cause);
  }
}
