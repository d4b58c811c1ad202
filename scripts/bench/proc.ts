/**
 * What a process has used, read from Linux's /proc: nothing runs in the process that is measured. Other systems have no
 * such place, and the benchmark says so instead of measuring something else.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Milliseconds per clock tick: USER_HZ is 100 on every platform that Node runs on. */
const TICK_MS = 10;
const MB = 1024 * 1024;

export interface Stat {
  readonly parent: number;
  /** User and system time of all threads, the ended ones included, in milliseconds. */
  readonly cpuMs: number;
}

/** Parses /proc/<pid>/stat. The name in parentheses may itself have spaces and parentheses. */
export function parseStat(text: string): Stat {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  // After the name: state, ppid, … with utime as the 14th and stime as the 15th field of the whole line.
  return { parent: Number(fields[1]), cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS };
}

/** Resident memory in MB from /proc/<pid>/status, shared pages (Node's own code) included. */
export function parseRss(text: string): number {
  const kb = /^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1];
  if (kb === undefined) throw new Error('/proc/<pid>/status has no VmRSS');
  return (Number(kb) * 1024) / MB;
}

export function assertProc(): void {
  if (process.platform === 'linux') return;
  throw new Error('the benchmark reads CPU time and memory from /proc, so it runs on Linux only');
}

export function cpuMs(pid: number): number {
  return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8')).cpuMs;
}

export function rssMb(pid: number): number {
  return parseRss(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

/** CPU time of the process and of all its children that are there now: the database server with its backends. */
export function familyCpuMs(pid: number): number {
  let sum = cpuMs(pid);
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = statOf(Number(name));
    if (stat?.parent === pid) sum += stat.cpuMs;
  }
  return sum;
}

export function parentOf(pid: number): number {
  return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8')).parent;
}

function statOf(pid: number): Stat | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch (error) {
    // It ended between the listing and the look.
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
