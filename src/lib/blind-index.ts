/**
 * Finds texts that are sealed. A text becomes the set of its trigrams, each of them four bytes that say nothing without
 * the key; what holds all trigrams of a query is a candidate, and is opened to see whether it really has it.
 *
 * A trigram is one block of AES under a key of the device: a pseudorandom function of the block, of which four bytes are
 * kept. All of a text are one call, some 5 µs for a short one. What a stolen index tells: which messages share trigrams.
 */
import { createCipheriv } from 'node:crypto';
import type { Seal } from './seal.ts';

/** So many characters of a text are found; what stands behind them is not. */
export const INDEXED_CHARACTERS = 4_096;
const BLOCK = 16;

const keys = new WeakMap<Seal, Buffer>();

/**
 * What is compared: without marks, case and forms that look alike; any space is one space. Marks go first, too: to put
 * sixty thousand of them into their order takes seconds, and whoever sends a message chooses them.
 */
export function normalised(text: string): string {
  const bare = text.replace(/\p{M}/gu, '').normalize('NFKD');
  return bare.toLowerCase().replace(/\p{M}/gu, '').replace(/\s+/gu, ' ').trim();
}

/** The trigrams of a text in the device's index; none when it has less than three characters. */
export function gramsOf(seal: Seal, text: string): number[] {
  const characters = [...normalised(text.slice(0, 4 * INDEXED_CHARACTERS))].slice(0, INDEXED_CHARACTERS);
  const grams = new Set<string>();
  for (let n = 2; n < characters.length; n++)
    grams.add(characters[n - 2]! + characters[n - 1]! + characters[n]!);
  if (grams.size === 0) return [];
  const blocks = Buffer.alloc(grams.size * BLOCK);
  let at = 0;
  for (const gram of grams) {
    let place = at;
    for (const character of gram) place = blocks.writeUInt32LE(character.codePointAt(0)!, place);
    at += BLOCK;
  }
  const cipher = createCipheriv('aes-128-ecb', keyOf(seal), null).setAutoPadding(false);
  const hidden = Buffer.concat([cipher.update(blocks), cipher.final()]);
  const found = new Set<number>();
  for (let n = 0; n < hidden.length; n += BLOCK) found.add(hidden.readInt32LE(n));
  return [...found];
}

function keyOf(seal: Seal): Buffer {
  const known = keys.get(seal) ?? seal.derive('cardume search index').subarray(0, 16);
  keys.set(seal, known);
  return known;
}
