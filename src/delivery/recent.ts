export interface Recent<T> {
  find(same: (entry: T) => boolean): T | undefined;
  /** Takes the place of the oldest. */
  add(entry: T): void;
}

/**
 * The last few of what was made, for who asks for the same within moments. Not a Map that loses its oldest entry with each
 * new one: V8 leaves a chain of the tables that such a Map outgrows, and once one of them is old, all that was ever in the
 * later ones outlives the short collections, which take several times as long then.
 */
export function recent<T>(most: number): Recent<T> {
  const entries: T[] = [];
  let oldest = 0;
  return {
    find: same => entries.find(same),
    add(entry) {
      entries[oldest] = entry;
      oldest = (oldest + 1) % most;
    },
  };
}
