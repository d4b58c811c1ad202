// The processes of this machine, as far as the embedded database must know them: from /proc on Linux, else from `ps`.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export interface Running {
  readonly pid: number;
  readonly parent: number;
  /** The command line with spaces between the words; processes of PostgreSQL write there what they are. */
  readonly command: string;
}

const linux = process.platform === 'linux';

/** A live process. Undefined: there is none, or it is a zombie. */
export function processOf(pid: number): Running | undefined {
  try {
    if (!linux) return listed('-p', String(pid))[0];
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if ('ZX'.includes(state)) return undefined;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    return { pid, parent: Number(parent), command };
  } catch {
    return undefined; // that is how the absence of a process shows
  }
}

/** All live processes that we may see. */
export function processes(): Running[] {
  if (!linux) return listed('-ax');
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => processOf(Number(name)) ?? []);
}

function listed(...which: string[]): Running[] {
  const lines = execFileSync('ps', ['-ww', '-o', 'pid=,stat=,ppid=,command=', ...which], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  return lines.split('\n').flatMap(line => {
    const [, pid, state = 'Z', parent, command = ''] = line.match(/^\s*(\d+)\s+(\S+)\s+(\d+)\s+(.*)/) ?? [];
    return state.startsWith('Z') ? [] : { pid: Number(pid), parent: Number(parent), command };
  });
}

export function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it ended meanwhile: that was the aim
  }
}
