/**
 * The process that looks into files: sharp and ffmpeg, which strangers' bytes may break, are kept away from everything
 * else. It is started with the first job, does few at a time, and is ended when it has nothing to do, when a job takes too
 * long, or when it takes more memory than it may. Jobs that died with it are tried once more.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { Failure } from '../errors.ts';
import { type Deferred, deferred } from '../lib/deferred.ts';
import type { FromWorker, Job, Looked, ToWorker } from './jobs.ts';

/** Two: a picture does not wait for a film, and two large ones do not meet. */
const AT_ONCE = 2;
const MOST_WAITING = 64;
/** Films of others may take minutes: who waits for his turn so long is told to come again. */
const WAITING_MS = 60_000;
const IDLE_MS = 60_000;
const LOOK_EVERY_MS = 250;
const PAGE_BYTES = 4096;

export interface TransformerOptions {
  /** The process may take so much, in bytes; where the machine does not tell (no /proc), the heap's limit counts. */
  readonly memory: number;
  readonly ffmpeg: string;
  readonly log: Logger;
  /** Milliseconds that a job may wait for its turn, instead of a minute. */
  readonly waitingMs?: number;
}

interface Work extends Deferred<Looked> {
  readonly job: Job;
  readonly ms: number;
  tries: number;
  late?: NodeJS.Timeout;
}

export class Transformer {
  readonly #options: TransformerOptions;
  readonly #waiting: Work[] = [];
  readonly #running = new Map<number, Work>();
  #child: ChildProcess | undefined;
  #watch: NodeJS.Timeout | undefined;
  #idle: NodeJS.Timeout | undefined;
  #next = 1;
  #stopped = false;

  constructor(options: TransformerOptions) {
    this.#options = options;
  }

  /** Fails with MEDIA_UNREADABLE, also when it takes more than `ms`; with FFMPEG_MISSING, MEDIA_BUSY or SHUTTING_DOWN. */
  async do(job: Job, ms: number): Promise<Looked> {
    if (this.#stopped) throw new Failure('SHUTTING_DOWN');
    if (this.#waiting.length >= MOST_WAITING) throw new Failure('MEDIA_BUSY');
    const work: Work = { ...deferred<Looked>(), job, ms, tries: 0 };
    this.#wait(work);
    this.#waiting.push(work);
    this.#fill();
    return work.promise;
  }

  /** Ends the process; what runs or waits fails. */
  stop(): void {
    this.#stopped = true;
    const left = [...this.#running.values(), ...this.#waiting.splice(0)];
    this.#running.clear();
    this.#end();
    for (const work of left) {
      clearTimeout(work.late);
      work.reject(new Failure('SHUTTING_DOWN'));
    }
  }

  #wait(work: Work): void {
    work.late = setTimeout(() => {
      this.#waiting.splice(this.#waiting.indexOf(work), 1);
      work.reject(new Failure('MEDIA_BUSY'));
    }, this.#options.waitingMs ?? WAITING_MS);
  }

  #fill(): void {
    clearTimeout(this.#idle);
    while (this.#waiting.length > 0 && this.#fits(this.#waiting[0]!)) this.#give(this.#waiting.shift()!);
    if (this.#running.size > 0 || !this.#child) return;
    this.#idle = setTimeout(() => this.#end(), IDLE_MS);
    this.#idle.unref();
  }

  /** One whose process died is tried again alone: it must not fail for what another file did, nor take a third one with it. */
  #fits({ tries }: Work): boolean {
    if (tries > 0) return this.#running.size === 0;
    return this.#running.size < AT_ONCE && [...this.#running.values()].every(({ tries }) => tries === 1);
  }

  #give(work: Work): void {
    const id = this.#next++;
    work.tries++;
    this.#running.set(id, work);
    clearTimeout(work.late);
    work.late = setTimeout(() => {
      this.#running.delete(id);
      work.reject(unreadable('it takes too long'));
      this.#gone('a job took too long');
    }, work.ms);
    const message: ToWorker = { id, job: work.job };
    this.#started().send(message, error => {
      if (error)
        this.#options.log.debug({ err: error }, 'the media process was gone before a job reached it');
    });
  }

  #started(): ChildProcess {
    if (this.#child) return this.#child;
    const { memory, ffmpeg, log } = this.#options;
    const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
    const entry = fileURLToPath(new URL(`../../workers/media${extension}`, import.meta.url));
    const child = fork(entry, [ffmpeg], {
      // A group of its own, so that the ffmpeg that it has started ends with it.
      detached: true,
      execArgv: [`--max-old-space-size=${Math.max(64, Math.floor(memory / 4 / 1_048_576))}`],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    child.on('message', message => this.#hear(message as FromWorker));
    child.on('error', err => log.warn({ err }, 'the media process cannot be started'));
    child.on('close', (code, signal) => {
      if (this.#child === child) this.#gone(`it ended with ${signal ?? code}`);
    });
    // Jobs have timers: an idle process keeps nobody from ending.
    child.unref();
    child.channel?.unref();
    this.#child = child;
    this.#watch = setInterval(() => {
      if (residentBytes(child.pid) > memory) this.#gone('it took too much memory');
    }, LOOK_EVERY_MS);
    this.#watch.unref();
    return child;
  }

  #hear(message: FromWorker): void {
    const work = this.#running.get(message.id);
    if (!work) return;
    this.#running.delete(message.id);
    clearTimeout(work.late);
    if (message.ok) work.resolve(message.looked);
    else if (message.why === 'no-ffmpeg') work.reject(new Failure('FFMPEG_MISSING'));
    else work.reject(unreadable(message.detail));
    this.#fill();
  }

  /** It died, or has to: the jobs that it had are tried once more, by another. */
  #gone(why: string): void {
    const left = [...this.#running.values()];
    this.#running.clear();
    this.#end();
    if (left.length > 0) this.#options.log.warn({ why, jobs: left.length }, 'the media process is replaced');
    for (const work of left) {
      clearTimeout(work.late);
      if (work.tries > 1) {
        work.reject(unreadable(why));
        continue;
      }
      this.#wait(work);
      this.#waiting.unshift(work);
    }
    this.#fill();
  }

  #end(): void {
    clearInterval(this.#watch);
    const child = this.#child;
    this.#child = undefined;
    if (child?.pid === undefined) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      child.kill('SIGKILL'); // not a group, where there are none
    }
  }
}

function unreadable(detail: string): Failure {
  return new Failure('MEDIA_UNREADABLE', undefined, { cause: new Error(detail) });
}

/** What a process has in memory; 0 where that is not told. */
function residentBytes(pid: number | undefined): number {
  try {
    const [, pages = '0'] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ');
    return Number(pages) * PAGE_BYTES;
  } catch {
    return 0;
  }
}
