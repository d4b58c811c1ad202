import { type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

/** A process of ours that a test has started; killed with the test. */
export interface Child {
  readonly pid: number;
  /** What it has printed so far, line by line. */
  readonly lines: readonly string[];
  /** Resolves with the exit code, or with the signal that ended it. */
  readonly ended: Promise<number | string>;
  kill(signal: NodeJS.Signals): void;
}

/** Runs a compiled file, named relative to test/support. Its stderr is ours. */
export function runChild(t: TestContext, file: string, args: string[], options: SpawnOptions = {}): Child {
  const path = fileURLToPath(new URL(file.replace(/\.ts$/, '.js'), import.meta.url));
  const child = spawn(process.execPath, ['--enable-source-maps', path, ...args], {
    ...options,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  createInterface({ input: child.stdout! }).on('line', line => lines.push(line));
  return {
    pid: child.pid!,
    lines,
    ended: once(child, 'close').then(([code, signal]) => code ?? signal),
    kill: signal => child.kill(signal),
  };
}
