import { type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Scope } from './scope.ts';

/** A process of ours that a test has started; killed with the test. */
export interface Child {
  readonly pid: number;
  /** What it has printed so far, line by line. */
  readonly lines: readonly string[];
  /** What it has complained of so far. */
  readonly errors: readonly string[];
  /** Resolves with the exit code, or with the signal that ended it. */
  readonly ended: Promise<number | string>;
  kill(signal: NodeJS.Signals): void;
  /** Calls for each line that it prints from now on. */
  line(heard: (line: string) => void): void;
}

export interface ChildOptions extends SpawnOptions {
  /** Keeps its complaints to itself: the test expects some. */
  readonly quiet?: boolean;
}

/** Runs a compiled file, named relative to test/support. Its stderr is ours too. */
export function runChild(
  t: Scope,
  file: string,
  args: readonly string[],
  { quiet = false, ...options }: ChildOptions = {},
): Child {
  const path = fileURLToPath(new URL(file.replace(/\.ts$/, '.js'), import.meta.url));
  const child = spawn(process.execPath, ['--enable-source-maps', path, ...args], {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  const errors: string[] = [];
  const printed = createInterface({ input: child.stdout! }).on('line', line => lines.push(line));
  createInterface({ input: child.stderr! }).on('line', line => {
    errors.push(line);
    if (!quiet) process.stderr.write(`${line}\n`);
  });
  return {
    pid: child.pid!,
    lines,
    errors,
    ended: once(child, 'close').then(([code, signal]) => code ?? signal),
    kill: signal => child.kill(signal),
    line: heard => void printed.on('line', heard),
  };
}
