// Chance that can be played again: every draw is a function of the seed, of a name and of how many were drawn under it.
// What happens to one device does therefore not depend on how the traffic of others falls between.

/** FNV-1a, 32 bits. */
function hash(text: string, seed: number): number {
  let value = (seed ^ 0x811c9dc5) >>> 0;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return value;
}

/** splitmix32's finaliser: neighbouring inputs give unrelated outputs. */
function mixed(value: number): number {
  let state = (value + 0x9e3779b9) >>> 0;
  state = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
  state = Math.imul(state ^ (state >>> 15), 0x735a2d97);
  return (state ^ (state >>> 15)) >>> 0;
}

export class Chance {
  readonly #seed: number;
  readonly #drawn = new Map<string, number>();

  /** `seed` is a whole number; its low 32 bits count. */
  constructor(seed: number) {
    this.#seed = seed >>> 0;
  }

  /** The next number of that name's own sequence, from 0 up to but not 1. */
  draw(name: string): number {
    const index = this.#drawn.get(name) ?? 0;
    this.#drawn.set(name, index + 1);
    return mixed((hash(name, this.#seed) + Math.imul(index, 0x9e3779b1)) >>> 0) / 2 ** 32;
  }

  /** The next whole number of that name's sequence, from 0 up to but not `below`. */
  below(name: string, below: number): number {
    return Math.floor(this.draw(name) * below);
  }
}
