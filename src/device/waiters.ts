import { Failure } from '../errors.ts';
import { within } from '../lib/deadline.ts';
import type { State } from './state.ts';

/** What is said of a command when the node lets go of the device under it. */
export function abandoned(cause?: unknown): Failure {
  return new Failure('STORE_UNAVAILABLE', 'This node may not run the device any more; nothing was done.', {
    cause,
  });
}

/** Those who wait for a device to come to a state. */
export class Waiters {
  readonly #state: () => State;
  readonly #waiting = new Set<() => void>();
  #over = false;

  constructor(state: () => State) {
    this.#state = state;
  }

  /** The first state that fits, this one or a later; fails with `late()` at the deadline, or when all is over. */
  async until(fits: (state: State) => boolean, deadline: number, late: () => Failure): Promise<State> {
    if (this.#over) throw abandoned();
    if (fits(this.#state())) return this.#state();
    let waiter!: () => void;
    const fitting = new Promise<State>((resolve, reject) => {
      waiter = () => {
        if (this.#over) reject(abandoned());
        else if (fits(this.#state())) resolve(this.#state());
      };
      this.#waiting.add(waiter);
    });
    return within(fitting, deadline, late).finally(() => this.#waiting.delete(waiter));
  }

  changed(): void {
    for (const waiter of [...this.#waiting]) waiter();
  }

  /** The device comes to no state any more. */
  end(): void {
    this.#over = true;
    this.changed();
  }
}
