// Which processes live beside this one, as far as Linux says; elsewhere nothing is known, and nothing is concluded.
import { readFileSync, readlinkSync } from 'node:fs';

/**
 * The space in which process numbers mean the same: this boot of this machine, and this namespace of processes (each
 * container has its own, whatever its host name). Undefined where there is no /proc.
 */
export function processSpace(): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return undefined; // not Linux, or /proc is hidden
  }
}

/**
 * Whether the process of this number and birth is known to have ended. False whenever there is doubt: where /proc hides
 * the processes of other users (`hidepid`), a file that is not there says nothing, and a living process would be taken
 * for a dead one. The signal 0 is answered all the same: there is no such process, or there is one that is not ours.
 */
export function hasEnded(pid: number, birth: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
  const found = statOf(pid);
  return found !== undefined && (ended.includes(found.state) || found.birth !== birth);
}

/**
 * When a process was started, in ticks since the boot: with its number it names the process, because numbers come back.
 * Undefined when there is none (any more), or when /proc does not tell.
 */
export function birthOf(pid: number): string | undefined {
  const found = statOf(pid);
  return found && !ended.includes(found.state) ? found.birth : undefined;
}

/** Dead, and dead but not reaped: no socket is open any more. */
const ended = ['Z', 'X'];

function statOf(pid: number): { readonly state: string; readonly birth: string } | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The name, in brackets, may hold anything. After it: the state (proc(5), field 3), and 19 fields on the start (22).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', birth: fields[19] ?? '' };
}
