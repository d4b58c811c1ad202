// Where the embedded database lives and under which account it runs. PostgreSQL refuses uid 0, and the account it
// gets instead must reach its folders: a project under /root (mode 700) is out of its reach.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { Failure } from '../errors.ts';

/** What a program of PostgreSQL is started as; empty: as we are. Spread it into the options of a spawn. */
export type Account = { readonly uid: number; readonly gid: number } | Record<string, never>;

export interface Home {
  readonly folder: string;
  readonly dataDir: string;
  readonly account: Account;
}

/** The data of one major version; the packages bring no pg_upgrade, so another major version gets another folder. */
const DATA = 'pgdata-18';

/** Without a message that says what is wrong and what to do, nobody can help themselves: every refusal is a sentence. */
export function refusal(text: string, cause?: unknown): Failure {
  return new Failure('STORE_UNAVAILABLE', text, cause === undefined ? {} : { cause });
}

/**
 * Decides where the data of `dir` (absolute) lives and who runs the server. Existing data wins: it stays where it is
 * and is served by the account that owns it. As root a folder that the unprivileged account cannot reach is replaced
 * by /var/lib/cardume-<hash of dir>, said in the log.
 */
export function settle(dir: string, log: Logger): Home {
  if (process.getuid?.() !== 0) return settleAsUser(dir);
  const elsewhere = `/var/lib/cardume-${createHash('sha256').update(dir).digest('hex').slice(0, 8)}`;
  for (const folder of [dir, elsewhere]) {
    if (!existsSync(join(folder, DATA))) continue;
    const { uid, gid } = statSync(join(folder, DATA));
    const account = uid === 0 ? unprivileged() : { uid, gid };
    if (!reaches(account, folder)) {
      throw refusal(`The data in ${folder} belongs to uid ${account.uid}, which may not enter that folder`);
    }
    if (folder === elsewhere)
      log.info({ dataDir: dir, folder }, 'the embedded database keeps its data elsewhere');
    return homeOf(folder, account);
  }
  const account = unprivileged();
  makeFolder(dir, 0o711);
  // A fresh folder is ours to open as far as needed (mkdtemp makes it 700); one with something in it is not.
  if (readdirSync(dir).length === 0) chmodSync(dir, 0o711);
  if (reaches(account, dir)) return homeOf(dir, account);
  mkdirSync(elsewhere, { recursive: true, mode: 0o711 });
  if (!reaches(account, elsewhere))
    throw refusal(`uid ${account.uid} may enter neither ${dir} nor ${elsewhere}`);
  log.info(
    { dataDir: dir, folder: elsewhere },
    'PostgreSQL does not run as root and its account cannot reach the data folder: its data is kept elsewhere',
  );
  return homeOf(elsewhere, account);
}

function makeFolder(dir: string, mode: number): void {
  try {
    mkdirSync(dir, { recursive: true, mode });
  } catch (error) {
    throw refusal(
      `DATA_DIR: expected a folder that can be made or used, got ${dir}: ${(error as Error).message}`,
      error,
    );
  }
}

function settleAsUser(dir: string): Home {
  try {
    userInfo();
  } catch (error) {
    const text = `uid ${process.getuid?.()} has no entry in /etc/passwd, which PostgreSQL asks for; set DB_URI, or run as a user that has one`;
    throw refusal(text, error);
  }
  makeFolder(dir, 0o700);
  const home = homeOf(dir, {});
  if (existsSync(home.dataDir) && statSync(home.dataDir).uid !== process.getuid?.()) {
    const owner = statSync(home.dataDir).uid;
    throw refusal(
      `${home.dataDir} belongs to uid ${owner}; run as that user or as root, or set another DATA_DIR`,
    );
  }
  return home;
}

/** The real path, because a server is recognised by the folder on its command line. */
function homeOf(dir: string, account: Account): Home {
  const folder = realpathSync(dir);
  return { folder, dataDir: join(folder, DATA), account };
}

function unprivileged(): { uid: number; gid: number } {
  const rows = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map(line => line.split(':'));
  const row = rows.find(([name]) => name === 'postgres') ?? rows.find(([name]) => name === 'nobody');
  if (!row) {
    throw refusal(
      'PostgreSQL does not run as root and there is no account postgres or nobody for it; set DB_URI',
    );
  }
  return { uid: Number(row[2]), gid: Number(row[3]) };
}

function reaches(account: Account, folder: string): boolean {
  return spawnSync('/bin/sh', ['-c', 'test -x "$0"', folder], { ...account, cwd: '/' }).status === 0;
}

/** Makes a folder that only the account may enter. */
export function own(folder: string, account: Account): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (account.uid !== undefined && statSync(folder).uid !== account.uid) {
    chownSync(folder, account.uid, account.gid);
  }
}
