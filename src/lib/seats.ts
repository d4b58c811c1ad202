/** Places for those who stay: so many in all, and so many for each name, so that one cannot have them all. */
export interface SeatLimits {
  readonly most: number;
  /** Of one name. */
  readonly each: number;
}

export class Seats {
  readonly #limits: SeatLimits;
  readonly #taken = new Map<string, number>();
  #all = 0;

  constructor(limits: SeatLimits) {
    this.#limits = limits;
  }

  /** Which limit keeps one more of this name out; undefined: there is a place. Without a name only the places in all count. */
  full(name?: string): 'all' | 'each' | undefined {
    // Whoever has their own share would not be let in if there were room for others either.
    if (name !== undefined && (this.#taken.get(name) ?? 0) >= this.#limits.each) return 'each';
    return this.#all >= this.#limits.most ? 'all' : undefined;
  }

  /** Takes a place, which there must be; what it returns gives it back, however often it is called. */
  take(name?: string): () => void {
    this.#all += 1;
    if (name !== undefined) this.#taken.set(name, (this.#taken.get(name) ?? 0) + 1);
    let mine = true;
    return () => {
      if (!mine) return;
      mine = false;
      this.#all -= 1;
      if (name === undefined) return;
      const left = this.#taken.get(name)! - 1;
      if (left > 0) this.#taken.set(name, left);
      else this.#taken.delete(name);
    };
  }
}
