/** The processes that the benchmark starts: compiled files of this repository, ended with it however it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const STOP_WITHIN = 30_000;
const LAST_LINES = 20;

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export interface ChildOptions {
  /** Its whole environment but PATH: settings in the caller's shell must not decide what is measured. */
  readonly env?: Readonly<Record<string, string>>;
  /** For Node itself. */
  readonly nodeOptions?: readonly string[];
  /** Whether it talks over IPC; `clones`: of whatever can be cloned, not of JSON. */
  readonly ipc?: boolean | 'clones';
}

export interface Child {
  readonly pid: number;
  readonly process: ChildProcess;
  /** Resolves with the first line it prints that fits. Fails when it ends without one, or after `within` ms. */
  line(fits: (line: string) => boolean, within?: number): Promise<string>;
  /** The last lines it printed, errors included: what to show when it failed. */
  readonly last: readonly string[];
  /** Ends it in order, or by force after 30 s; resolves when it is gone. */
  stop(): Promise<void>;
}

/** `file` is relative to the compiled tree, as in `scripts/simulator.js`. */
export function startChild(file: string, args: readonly string[], options: ChildOptions = {}): Child {
  const { env = {}, nodeOptions = [], ipc = false } = options;
  const path = fileURLToPath(new URL(`../../${file}`, import.meta.url));
  const child = spawn(process.execPath, [...nodeOptions, path, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', ...(ipc ? (['ipc'] as const) : [])],
    ...(ipc === 'clones' && { serialization: 'advanced' as const }),
    env: { PATH: process.env.PATH ?? '', ...env },
  });
  running.add(child);
  const gone = once(child, 'close').finally(() => running.delete(child));
  gone.catch(() => {}); // a spawn that fails is told by `line`
  const last: string[] = [];
  const lines: string[] = [];
  let heard = () => {};
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on('line', line => {
      if (last.push(line) > LAST_LINES) last.shift();
      // Only those of the start are waited for: libsignal prints by the megabyte.
      if (lines.length < LAST_LINES) lines.push(line);
      heard();
    });
  }
  return {
    pid: child.pid ?? 0,
    process: child,
    last,
    async line(fits, within = 60_000) {
      const found = new Promise<string>(resolve => {
        heard = () => {
          const line = lines.find(fits);
          if (line !== undefined) resolve(line);
        };
        heard();
      });
      const ended = gone.then(() => undefined);
      const line = await inTime(Promise.race([found, ended]), within, `${file} did not start`);
      if (line === undefined) throw new Error(`${file} ended: ${last.join('\n')}`);
      return line;
    },
    async stop() {
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN);
      await gone.finally(() => clearTimeout(force));
    },
  };
}

/** Fails with the sentence when the promise takes longer than `ms`. */
export async function inTime<T>(promise: Promise<T>, ms: number, sentence: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${sentence} within ${Math.round(ms / 1000)} s`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

export const pause = (ms: number): Promise<void> => new Promise(next => setTimeout(next, ms));
