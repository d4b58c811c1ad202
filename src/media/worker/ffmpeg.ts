/**
 * ffmpeg, started once per job. It reads the one file that it is given, with the one reader that it is told, and may open
 * neither the network nor other files; the machine ends it when it computes or takes more than it may.
 */
import { spawn } from 'node:child_process';
import type { Source } from '../jobs.ts';

/** There is no such program. */
export class NoFfmpeg extends Error {
  override readonly name = 'NoFfmpeg';
}

/** Seconds of a processor, of all its threads together. */
const CPU_SECONDS = 240;
/** Of addresses, not of memory: its libraries alone are 300 MB of those. */
const ADDRESS_KIB = 2_000_000;
const SHELL = `ulimit -t ${CPU_SECONDS}; ulimit -v ${ADDRESS_KIB} 2>/dev/null; ulimit -c 0; exec "$@"`;
/** What a shell ends with when there is no such program, or none that may be run. */
const MISSING = [126, 127];
/** Of what it says: the head tells about the file. */
const MOST_WORDS = 64 * 1024;

export interface Run {
  readonly ffmpeg: string;
  readonly source: Source;
  /** Before the input, and after it. */
  readonly before?: readonly string[];
  readonly after: readonly string[];
  /** Gets what it writes to its standard output. */
  readonly heard?: (bytes: Buffer) => void;
}

/** Resolves with what it said when it succeeds. Fails with NoFfmpeg, or with its last words. */
export function ffmpeg({ ffmpeg, source, before = [], after, heard }: Run): Promise<string> {
  const input = ['-protocol_whitelist', 'file,pipe', '-f', source.demuxer, '-i', `file:${source.from}`];
  const quiet = ['-nostdin', '-hide_banner', '-nostats', '-y', '-threads', '2'];
  const shell = ['-c', SHELL, 'cardume-ffmpeg', ffmpeg, ...quiet, ...before, ...input, ...after];
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', shell, { stdio: ['ignore', 'pipe', 'pipe'], cwd: '/' });
    let words = '';
    child.stdout.on('data', (bytes: Buffer) => heard?.(bytes));
    child.stderr.on('data', (bytes: Buffer) => {
      if (words.length < MOST_WORDS) words += bytes.toString('latin1');
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(words);
      else if (code !== null && MISSING.includes(code)) reject(new NoFfmpeg(words.trim()));
      else reject(new Error(`ffmpeg ended with ${signal ?? code}: ${words.trim().split('\n').at(-1)}`));
    });
  });
}
