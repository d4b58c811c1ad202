// Chance that is the same every time: numbers that follow from a text.
import { sha256 } from '../wire/crypto.ts';

/** Draws from a sequence that is wholly decided by its seed. */
export interface Dice {
  /** A whole number from 0 up to, and without, `limit`. */
  below(limit: number): number;
  /** True in `percent` of 100 draws. */
  chance(percent: number): boolean;
  pick<T>(from: readonly T[]): T;
  bytes(count: number): Buffer;
}

/** The sequence of one seed. */
export function dice(seed: string): Dice {
  const digest = sha256(Buffer.from(seed));
  let state = digest.readUInt32LE(0);
  // mulberry32: 32 bits of state are plenty for a chat, and a draw costs some nanoseconds.
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const below = (limit: number) => Math.floor((next() / 2 ** 32) * limit);
  return {
    below,
    chance: percent => below(100) < percent,
    pick: from => from[below(from.length)]!,
    bytes: count => Buffer.from(Array.from({ length: count }, () => next() & 0xff)),
  };
}
