// The key of an installation that was given none: a file that only its owner may read, one key per line as base64.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** The keys of a text, one per line or separated by commas, in order. Fails with a RangeError that says which is wrong. */
export function parseKeys(text: string): Buffer[] {
  const keys = text
    .split(/[\n,]/)
    .map(line => line.trim())
    .filter(line => line !== '')
    .map((line, at) => {
      const key = Buffer.from(line, 'base64');
      // Buffer.from takes what it understands of a malformed text: the key would be another than the one meant.
      if (key.length !== 32 || key.toString('base64') !== line)
        throw new RangeError(`key ${at + 1} is not the base64 of 32 bytes`);
      return key;
    });
  if (keys.length === 0) throw new RangeError('there is no key');
  for (const [at, key] of keys.entries())
    if (keys.findIndex(other => other.equals(key)) !== at)
      throw new RangeError(`key ${at + 1} is there twice`);
  return keys;
}

/** The keys in the file; undefined when there is no file. Fails when others may read it or it holds something else. */
export function readKeyFile(path: string): Buffer[] | undefined {
  let mode: number;
  try {
    mode = statSync(path).mode;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  if ((mode & 0o077) !== 0)
    throw new Error(
      `others than its owner may use ${path} (mode ${(mode & 0o777).toString(8)}): run chmod 600 on it, and make a new key if somebody may have read it`,
    );
  return parseKeys(readFileSync(path, 'utf8'));
}

/**
 * Makes a key and keeps it in the file, on disk before it is used; resolves with what the file then holds, for of two
 * processes that do so at once one is first.
 */
export function makeKeyFile(path: string): Buffer[] {
  const draft = `${path}.new-${process.pid}`;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  rmSync(draft, { force: true });
  const file = openSync(draft, 'wx', 0o600);
  try {
    writeSync(file, `${randomBytes(32).toString('base64')}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  try {
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  const folder = openSync(dirname(path), 'r');
  fsyncSync(folder);
  closeSync(folder);
  return readKeyFile(path)!;
}
