// Places for work that others may make slow: some for each device and some in all, given round robin to the devices that
// wait, so that one with a thousand slow servers waits for itself.
import { Failure } from '../errors.ts';
import { type Deferred, deferred } from '../lib/deferred.ts';

export interface PlacesOptions {
  readonly each: number;
  readonly inAll: number;
  /** Who waits longer is refused. */
  readonly waitMs: number;
  readonly late: () => Failure;
}

interface Line {
  taken: number;
  /** In the order in which they came. */
  readonly waiting: Set<Deferred<void>>;
}

export class Places {
  readonly #options: PlacesOptions;
  readonly #lines = new Map<number, Line>();
  /** Of them those that could have a place now, the next first. */
  readonly #ready = new Set<number>();
  #taken = 0;
  #stopped = false;

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  /** Does the work in a place of the line's. Fails as `late` says, with SHUTTING_DOWN, or as the work does. */
  async within<T>(line: number, work: () => Promise<T>): Promise<T> {
    await this.#turn(line);
    try {
      return await work();
    } finally {
      this.#leave(line);
    }
  }

  /** Who waits is refused, and who comes. */
  stop(): void {
    this.#stopped = true;
    for (const { waiting } of this.#lines.values())
      for (const turn of waiting) turn.reject(new Failure('SHUTTING_DOWN'));
  }

  async #turn(no: number): Promise<void> {
    if (this.#stopped) throw new Failure('SHUTTING_DOWN');
    const line = this.#lines.get(no) ?? { taken: 0, waiting: new Set() };
    this.#lines.set(no, line);
    const turn = deferred<void>();
    line.waiting.add(turn);
    this.#sort(no, line);
    this.#fill();
    if (!line.waiting.has(turn)) return;
    const { waitMs, late } = this.#options;
    const timer = setTimeout(() => turn.reject(late()), waitMs);
    try {
      await turn.promise;
    } catch (error) {
      line.waiting.delete(turn);
      this.#sort(no, line);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #fill(): void {
    for (const no of this.#ready) {
      if (this.#taken >= this.#options.inAll) return;
      const line = this.#lines.get(no)!;
      const [turn] = line.waiting;
      line.waiting.delete(turn!);
      line.taken++;
      this.#taken++;
      // It goes behind the others, who are served before it comes again.
      this.#ready.delete(no);
      this.#sort(no, line);
      turn!.resolve();
    }
  }

  #leave(no: number): void {
    const line = this.#lines.get(no)!;
    line.taken--;
    this.#taken--;
    this.#sort(no, line);
    this.#fill();
  }

  /** Where the line belongs by now; one that nobody is in is forgotten. */
  #sort(no: number, { taken, waiting }: Line): void {
    if (waiting.size > 0 && taken < this.#options.each) this.#ready.add(no);
    else this.#ready.delete(no);
    if (waiting.size === 0 && taken === 0) this.#lines.delete(no);
  }
}
