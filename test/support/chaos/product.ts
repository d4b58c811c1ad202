// The product as a child process that dies and is started again, and an account of every one of its runs.
import { createWriteStream, type WriteStream } from 'node:fs';
import { type Calls, callsTo } from '../calls.ts';
import { type Child, runChild } from '../child.ts';
import type { ProcessRun } from '../oracle/evidence.ts';
import { ownFolder } from '../own-folder.ts';
import type { Scope } from '../scope.ts';
import { until } from '../until.ts';

/** The exit code of a node whose threads had to be quarantined too often. */
const TOO_OFTEN = 70;

export class Product {
  readonly runs: ProcessRun[] = [];
  /** Times of deaths (ms since 1970). */
  readonly deaths: number[] = [];
  readonly calls: Calls;
  readonly #scope: Scope;
  readonly #settings: Readonly<Record<string, string>>;
  readonly #log: WriteStream | undefined;
  readonly #folder: string;
  #child: Child | undefined;
  #url: string | undefined;
  #wanted: number | string = 0;

  /** `log` is a file for what it prints. */
  constructor(scope: Scope, settings: Readonly<Record<string, string>>, log?: string) {
    this.#scope = scope;
    this.#settings = settings;
    this.#folder = ownFolder(scope);
    this.#log = log === undefined ? undefined : createWriteStream(log);
    this.calls = callsTo(() => {
      if (this.#url === undefined) throw new Error('the product is not up');
      return this.#url;
    });
  }

  get up(): boolean {
    return this.#url !== undefined;
  }

  /** Where it listens while it is up. */
  get url(): string | undefined {
    return this.#url;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  /** Starts it. One that dies at a failpoint is as good as killed by us. */
  start(failpoints?: string): void {
    if (this.#child) throw new Error('the product is running');
    const { PATH = '', HOME = '' } = process.env;
    const env = {
      PATH,
      HOME,
      ...this.#settings,
      ...(failpoints !== undefined && { FAILPOINTS: failpoints }),
    };
    this.#wanted = 0;
    const child = runChild(this.#scope, '../../src/main.ts', [], { env, cwd: this.#folder, quiet: true });
    this.#child = child;
    child.line(line => {
      this.#log?.write(`${line}\n`);
      this.#url ??= /^Cardume \S+ at (http\S+)/.exec(line)?.[1];
    });
    void child.ended.then(ended => {
      const endedAt = Date.now();
      this.#url = undefined;
      this.#child = undefined;
      this.deaths.push(endedAt);
      const { pid, errors: complaints } = child;
      for (const line of complaints) this.#log?.write(`${line}\n`);
      this.#log?.write(`process ${pid} ended with ${ended}\n`);
      this.runs.push({ pid, ended, wanted: endOf(complaints, ended) ?? this.#wanted, complaints, endedAt });
    });
  }

  /** Resolves when it answers; fails when it ends before. */
  async listening(within = 60_000): Promise<void> {
    await until(
      () => {
        if (!this.#child) throw new Gone('the product ended before it was up');
        return this.#url;
      },
      { within, what: 'the product is up', unless: Gone },
    );
  }

  /** Sends the signal and resolves when the process is gone. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#wanted = signal === 'SIGKILL' ? 'SIGKILL' : 0;
    child.kill(signal);
    await child.ended;
    await until(() => this.#child === undefined);
  }
}

/** How a failpoint may have ended it: at once, or as the node does whose threads have ended too often. */
function endOf(complaints: readonly string[], ended: number | string): number | string | undefined {
  const did = (action: string) =>
    complaints.some(line => line.startsWith('failpoint ') && line.includes(`: ${action} at`));
  if (did('kill')) return 'SIGKILL';
  return ended === TOO_OFTEN && did('exit') ? TOO_OFTEN : undefined;
}

export class Gone extends Error {}
