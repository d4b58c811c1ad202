// One run of the PostgreSQL server, and what an earlier run may have left behind.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { deferred } from '../lib/deferred.ts';
import { environment } from './embedded-binaries.ts';
import { type Home, refusal } from './embedded-home.ts';
import { exists, processes, processOf, type Running, signal } from './running.ts';

// A shell stands between Node and the server. Its stdin is a pipe whose only writer is Node: when Node is gone, however
// it went, a part of the shell sees the end of it and shuts the server down. The shell itself waits for the postmaster, so
// that its exit tells Node of that one's end. stderr belongs to the server alone: its end tells Node that the last process
// of the server is gone. The word and our pid let a later start recognise whose child it is.
const GUARD = `trap '' INT TERM HUP; shift; exec 3<&0; "$@" </dev/null 3<&- & p=$!; exec 2>/dev/null; { while read -r _ <&3; do :; done; kill -0 $$ && kill -INT $p; } & r=$!; exec 3<&-; wait $p; kill -KILL $r`;
const GUARD_NAME = 'cardume-guard';

const READY = 'database system is ready to accept connections';
/** Crash recovery on a slow disk takes minutes; nothing takes longer than this. */
const LONGEST_START_MS = 300_000;
/** After this time an orderly shutdown is cut short; the next start then replays the log, nothing is lost. */
const LONGEST_STOP_MS = 8000;
const ORPHANS_EVERY_MS = 100;

export interface Launch {
  readonly bin: string;
  readonly home: Home;
  readonly socketDir: string;
  /** Server settings, by their PostgreSQL names. */
  readonly settings: Readonly<Record<string, string | number>>;
  readonly log: Logger;
}

export interface Server {
  readonly pid: number;
  /** Resolves with the server's last words when none of its processes is left. */
  readonly gone: Promise<string>;
  stop(): Promise<void>;
}

/** Starts the server in a session of its own: Ctrl-C in the terminal reaches Node only. Resolves when it serves. */
export async function launch({ bin, home, socketDir, settings, log }: Launch): Promise<Server> {
  const named = { ...settings, cluster_name: nameOf(home) };
  const flags = Object.entries(named).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = [join(bin, 'postgres'), '-D', home.dataDir, '-k', socketDir, ...flags];
  const guard = spawn('/bin/sh', ['-c', GUARD, GUARD_NAME, String(process.pid), ...server], {
    ...home.account,
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
    env: environment,
  });
  const gone = deferred<string>();
  const ready = deferred<true>();
  const lines: string[] = [];
  let over = false;
  const ended = () => {
    over = true;
    guard.stdin.end();
    gone.resolve(lastWords(lines));
  };
  guard.stdin.on('error', () => {}); // the shell is gone: `exit` below tells
  guard.on('error', error => {
    lines.push(error.message);
    ended();
  });
  createInterface({ input: guard.stderr }).on('line', line => {
    log.debug({ line }, 'postgres');
    if (lines.push(line) > 20) lines.shift();
    if (line.includes(READY)) ready.resolve(true);
  });
  guard.stderr.on('close', ended);

  const patience = setTimeout(() => guard.stdin.end(), LONGEST_START_MS);
  const progress = setInterval(() => log.info('the embedded database is still starting'), 5000);
  const words = await Promise.race([ready.promise, gone.promise]);
  clearTimeout(patience);
  clearInterval(progress);
  if (words !== true) throw refusal(`The embedded PostgreSQL did not start: ${words}`);

  const pid = lockedBy(join(home.dataDir, 'postmaster.pid'))!;
  // Process numbers are used again, so nothing is ever sent to a server that is known to be gone.
  const tell = (name: NodeJS.Signals) => over || signal(pid, name);
  guard.on('exit', (_, killedBy) => {
    if (killedBy) tell('SIGINT'); // without its guard the server would outlive us: better a restart
    const look = setInterval(() => (over ? clearInterval(look) : endOrphans(home)), ORPHANS_EVERY_MS).unref();
  });
  // A running server keeps nobody from ending; whoever stops it waits for it.
  guard.unref();
  const ends = [guard.stdin, guard.stderr] as unknown as Socket[];
  for (const end of ends) end.unref();
  return {
    pid,
    gone: gone.promise,
    async stop() {
      guard.ref();
      for (const end of ends) end.ref();
      tell('SIGINT');
      const impatience = setTimeout(() => tell('SIGQUIT'), LONGEST_STOP_MS);
      await gone.promise;
      clearTimeout(impatience);
      if (guard.exitCode === null && guard.signalCode === null) await once(guard, 'exit');
    },
  };
}

/**
 * Makes way for a server in this home: waits for one that is stopping, stops an orphan (its Node and its guard were
 * killed), removes locks whose process number now belongs to something else. Refuses while another Node lives that runs
 * a server here.
 */
export async function clearLeftovers(home: Home, socketDir: string, log: Logger): Promise<void> {
  const { dataDir } = home;
  const locks = [join(dataDir, 'postmaster.pid'), join(socketDir, '.s.PGSQL.5432.lock')];
  const start = performance.now();
  let told: 'SIGINT' | 'SIGQUIT' | undefined;
  for (;;) {
    const pids = locks.map(lockedBy);
    const pid = pids.find(pid => pid !== undefined && processOf(pid)?.command.includes(commandOf(home)));
    if (pid === undefined) {
      if (await answers(join(socketDir, '.s.PGSQL.5432'))) {
        throw refusal(
          `${dataDir} is served by a PostgreSQL that this process cannot see; is it another container's?`,
        );
      }
      locks.forEach((lock, index) => {
        discardIfReused(lock, pids[index], log);
      });
      while (endOrphans(home) > 0) await delay(50);
      return;
    }
    const guard = processOf(processOf(pid)?.parent ?? 0);
    const node = Number(guard?.command.match(`${GUARD_NAME} (\\d+) `)?.[1] ?? 0);
    if (node > 0 && node === guard?.parent) {
      throw refusal(`${dataDir} is in use by process ${node}: stop it first, or set another DATA_DIR`);
    }
    const waited = performance.now() - start;
    if (told !== 'SIGQUIT' && waited > LONGEST_STOP_MS) {
      told = 'SIGQUIT';
      signal(pid, told);
    } else if (!told && !node) {
      log.info({ pid }, 'stopping the database server that a killed process left behind');
      told = 'SIGINT';
      signal(pid, told);
    } else if (waited > 2 * LONGEST_STOP_MS) {
      throw refusal(`The PostgreSQL of an earlier run (process ${pid}) does not stop`);
    }
    await delay(50);
  }
}

/** The folder of the socket at which a running server serves this home's data; undefined while none does. */
export async function servedAt({ dataDir }: Home): Promise<string | undefined> {
  const lock = join(dataDir, 'postmaster.pid');
  if (lockedBy(lock) === undefined) return undefined;
  // Its fifth line, as PostgreSQL documents the file (src/include/utils/pidfile.h).
  const socketDir = readFileSync(lock, 'utf8').split('\n')[4];
  return socketDir && (await answers(join(socketDir, '.s.PGSQL.5432'))) ? socketDir : undefined;
}

/** What the command line of the postmaster has. */
function commandOf({ dataDir }: Home): string {
  return `-D ${dataDir} -k `;
}

/** What the titles of the server's processes begin with, after `postgres: `. */
function nameOf({ dataDir }: Home): string {
  return `cardume-${createHash('sha256').update(dataDir).digest('hex').slice(0, 16)}`;
}

/**
 * Ends the processes of a server whose postmaster was killed, and says how many there were. PostgreSQL's own notice it when
 * they wait for a client; one whose client has always sent the next statement already serves it for ever, and no new
 * server can start. The log has what was committed, and the next server repairs the rest: they need no time for anything.
 */
function endOrphans(home: Home): number {
  const title = `postgres: ${nameOf(home)}: `;
  const orphaned = ({ command, parent }: Running) =>
    command.startsWith(title) && !processOf(parent)?.command.includes(commandOf(home));
  const orphans = processes().filter(orphaned);
  for (const { pid } of orphans) signal(pid, 'SIGKILL');
  return orphans.length;
}

/** PostgreSQL clears the lock of a dead process itself, but not that of a zombie or of a process with a reused number. */
function discardIfReused(lock: string, pid: number | undefined, log: Logger): void {
  if (pid === undefined || !exists(pid) || lockedBy(lock) !== pid) return;
  log.info({ lock, pid }, 'removed a stale lock of an earlier run of the database server');
  rmSync(lock, { force: true });
}

function lastWords(lines: string[]): string {
  const fatal = lines.findIndex(line => /^(FATAL|PANIC):/.test(line));
  return lines.slice(fatal).join(' ') || 'it said nothing';
}

/** The process number that a lock file of PostgreSQL begins with. */
function lockedBy(lock: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(lock, 'utf8'), 10);
    return pid > 0 ? pid : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
