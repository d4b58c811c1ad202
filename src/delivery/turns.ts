// Whose turn it is. One line per endpoint, and one for what is told again, whose number is the negative one; served round
// robin, each with its own limit: a slow or crowded endpoint fills its own places and no other's.

/** A place taken; give it back with `done`. */
export interface Turn<T> {
  readonly item: T;
  readonly line: number;
  readonly suspect: boolean;
}

export interface Limits {
  /** Places in all. */
  readonly inAll: number;
  /** Places of the line by now. */
  readonly each: (line: number) => number;
  /** Places that a line and its negative have together by now. */
  readonly both: (line: number) => number;
  /** Places of all lines together that are under suspicion, so that many dead endpoints leave room for living ones. */
  readonly suspects: number;
}

export interface Turns<T> {
  /** Puts an item at the end of its line. */
  add(line: number, item: T): void;
  /** Takes the place of the next item that may have one; undefined when every place that could be given is taken. */
  next(): Turn<T> | undefined;
  done(turn: Turn<T>): void;
  /** Sends away who waits in the line. */
  drop(line: number): readonly T[];
  /** How many items wait. */
  readonly waiting: number;
  /** Lines with at least this many items, waiting or served. */
  crowded(atLeast: number): number[];
}

/** Makes the empty lines. `suspect` tells whether a line's last attempts failed; it is asked at each turn. */
export function turns<T>(limits: Limits, suspect: (line: number) => boolean): Turns<T> {
  const lines = new Map<number, T[]>(); // those in which someone waits, the next to be served first
  const served = new Map<number, number>();
  let places = 0;
  let suspects = 0;
  let waiting = 0;
  const taken = (line: number) => served.get(line) ?? 0;
  const full = (line: number) =>
    taken(line) >= limits.each(line) || taken(line) + taken(-line) >= limits.both(line);

  return {
    add(line, item) {
      const queue = lines.get(line);
      if (queue) queue.push(item);
      else lines.set(line, [item]);
      waiting += 1;
    },

    next() {
      if (places >= limits.inAll) return undefined;
      for (const [line, queue] of lines) {
        if (full(line)) continue;
        const doubtful = suspect(line);
        if (doubtful && suspects >= limits.suspects) continue;
        const item = queue.shift()!;
        lines.delete(line);
        if (queue.length > 0) lines.set(line, queue);
        served.set(line, taken(line) + 1);
        places += 1;
        waiting -= 1;
        if (doubtful) suspects += 1;
        return { item, line, suspect: doubtful };
      }
      return undefined;
    },

    done({ line, suspect: doubtful }) {
      if (taken(line) === 1) served.delete(line);
      else served.set(line, taken(line) - 1);
      places -= 1;
      if (doubtful) suspects -= 1;
    },

    drop(line) {
      const queue = lines.get(line) ?? [];
      lines.delete(line);
      waiting -= queue.length;
      return queue;
    },

    get waiting() {
      return waiting;
    },

    crowded(atLeast) {
      const all = new Set([...lines.keys(), ...served.keys()]);
      return [...all].filter(line => (lines.get(line)?.length ?? 0) + taken(line) >= atLeast);
    },
  };
}
