// The product as it is run: dist/src/main.js in a process and an environment of its own.
import { type Calls, callsTo } from './calls.ts';
import { type Child, runChild } from './child.ts';
import { ownFolder } from './own-folder.ts';
import type { Scope } from './scope.ts';
import { until } from './until.ts';

export interface Program extends Child, Calls {
  readonly url: string;
  /** Resolves when these devices are open. */
  opened(ids: readonly string[]): Promise<void>;
}

interface Listed {
  readonly device_id: string;
  readonly state: string;
}

/** Runs it with these settings and nothing else of our environment. Its logs are off unless LOG_LEVEL says otherwise. */
export function runProgram(
  t: Scope,
  settings: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Child {
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, LOG_LEVEL: 'silent', ...settings };
  return runChild(t, '../../src/main.ts', args, { env, cwd: ownFolder(t), quiet: true });
}

/** Runs it and resolves when it is up. */
export function startProgram(
  t: Scope,
  settings: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Promise<Program> {
  return up(runProgram(t, settings, args));
}

/** Resolves when it says where it listens. Fails with what it complained of when it ends before. */
export async function up(child: Child): Promise<Program> {
  let ended: number | string | undefined;
  void child.ended.then(how => {
    ended = how;
  });
  const url = await until(
    () => {
      if (ended !== undefined) throw new Ended(`it ended with ${ended}: ${child.errors.join('\n')}`);
      return child.lines.map(line => /^Cardume \S+ at (http\S+)/.exec(line)?.[1]).find(Boolean);
    },
    { within: 60_000, what: 'the line that says where it listens', unless: Ended },
  );
  const calls = callsTo(() => url);
  return {
    ...child,
    ...calls,
    url,
    async opened(ids) {
      await until(
        async () => {
          const { body } = await calls.api<Listed[]>('GET', '/device/list');
          const open = new Set(
            (body.results ?? []).filter(({ state }) => state === 'open').map(({ device_id }) => device_id),
          );
          return ids.every(id => open.has(id));
        },
        { within: 90_000, what: `open: ${ids.length} devices` },
      );
    },
  };
}

class Ended extends Error {}
