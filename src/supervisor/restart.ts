/**
 * How often things may die, as numbers (after Erlang's supervisors). Pure.
 * A shard that dies 3 times in 60 s is quarantined: its devices move to the others and it is tried again ever later.
 * A node that had to quarantine 3 times in 5 min is sick itself: the process ends, and whoever runs it starts it anew.
 */
import type { Intensity } from '../lib/intensity.ts';

export const SHARD_DEATHS: Intensity = { times: 3, within: 60_000 };
/** Replacements for memory: more often than this, and the shard is quarantined. */
export const REPLACEMENTS: Intensity = { times: 4, within: 600_000 };
export const NODE_QUARANTINES: Intensity = { times: 3, within: 300_000 };

const FIRST_WAIT = 100;
const LONGEST_WAIT = 30_000;
const FIRST_QUARANTINE = 30_000;
const LONGEST_QUARANTINE = 600_000;

/** The wait before the n-th restart in a row: at once at first (a warm thread is ready), then doubling with jitter. */
export function restartWait(death: number, random: number): number {
  if (death <= 1) return 0;
  return Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (death - 2)) * (0.5 + random / 2);
}

export function quarantineWait(quarantine: number): number {
  return Math.min(LONGEST_QUARANTINE, FIRST_QUARANTINE * 2 ** (quarantine - 1));
}
