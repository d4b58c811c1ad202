import { setImmediate as breath } from 'node:timers/promises';

/** A thread answers its others after so long, whatever is under way. */
const TURN_MS = 5;

/** For long work on a thread that others need too: `if (pauses.due) await pauses.take()` between its pieces. */
export class Pauses {
  #until = performance.now() + TURN_MS;

  get due(): boolean {
    return performance.now() >= this.#until;
  }

  async take(): Promise<void> {
    await breath();
    this.#until = performance.now() + TURN_MS;
  }
}
