// Many cases by chance. A failure names its seed: FUZZ_SEED=<seed> runs that one alone, FUZZ_TIMES=<n> n times as many.
import { seeded } from './random.ts';

const ONLY = process.env.FUZZ_SEED;
const TIMES = Number(process.env.FUZZ_TIMES ?? 1);

/** The seeds of `count` cases; just one when it is asked for. */
export function seeds(count: number): number[] {
  if (ONLY !== undefined) return [Number(ONLY)];
  return Array.from({ length: Math.round(count * TIMES) }, (_, index) => index + 1);
}

/** Runs `check` for every seed. What `show` makes of the case is in the failure. Resolves with the number of cases. */
export async function fuzz<T>(
  count: number,
  make: (random: () => number) => T,
  check: (made: T, random: () => number, seed: number) => void | Promise<void>,
  show: (made: T) => string,
): Promise<number> {
  const all = seeds(count);
  for (const seed of all) {
    const random = seeded(seed);
    const made = make(random);
    try {
      const done = check(made, random, seed);
      if (done) await done;
    } catch (error) {
      throw new Error(`FUZZ_SEED=${seed}: ${show(made).slice(0, 4_000)}`, { cause: error });
    }
  }
  return all.length;
}
