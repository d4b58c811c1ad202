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
 * When a process was started, in ticks since the boot: with its number it names the process, because numbers come back.
 * Undefined when there is none (any more): one that has ended and was not reaped holds no socket. Fails when it cannot be
 * seen: who has no file descriptor left must not take the living for dead.
 */
export function birthOf(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
  // The name, in brackets, may hold anything. After it: the state (proc(5), field 3), and 19 fields on the start (22).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

/** Whether the process of that number and birth has ended, as far as it can be seen: if not, it may live. */
export function hasEnded(pid: number, birth: string): boolean {
  try {
    return birthOf(pid) !== birth;
  } catch {
    return false;
  }
}
