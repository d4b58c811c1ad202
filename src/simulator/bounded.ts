// Things that forget their oldest, so that a benchmark of hours ends in memory.

/** Adds to the end of a list of at most `most`. */
export function keepLast<T>(list: T[], one: T, most: number): void {
  list.push(one);
  if (list.length > most) list.shift();
}

/** Drops the oldest of a map or set that has become larger than `most`; with many entries, see {@link BoundedMap}. */
export function forgetOldest<K>(kept: Map<K, unknown> | Set<K>, most: number): void {
  if (kept.size <= most) return;
  for (const oldest of kept.keys()) {
    kept.delete(oldest);
    return;
  }
}

/**
 * A map of at most `most` entries that forgets by halves. One at a time is no cheaper than it looks: V8 finds the first
 * key of a Map by stepping over all that were deleted before it, which at 100,000 takes longer than a whole message.
 */
export class BoundedMap<V> {
  #young = new Map<string, V>();
  #old = new Map<string, V>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get(key: string): V | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  /** Counts as new, also when the key was there. */
  set(key: string, value: V): void {
    this.#young.set(key, value);
    if (this.#young.size <= this.#most / 2) return;
    this.#old = this.#young;
    this.#young = new Map();
  }

  /** The older ones first. */
  *entries(): Generator<[string, V]> {
    for (const entry of this.#old) if (!this.#young.has(entry[0])) yield entry;
    yield* this.#young;
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }
}
