import type { Service } from '../lib/service.ts';

export interface PollOptions {
  /** One round. */
  readonly look: () => Promise<void>;
  /** Told of a round that failed; the next one comes all the same. */
  readonly failed: (error: unknown) => void;
  /** Milliseconds from the end of a round to the next one. */
  readonly everyMs: number;
  /** The same after a nudge: what else nudges until then shares the round. */
  readonly nudgedMs: number;
}

/** Looks again and again, one round at a time, and sooner when nudged. */
export class Poll implements Service {
  readonly #options: PollOptions;
  #loop: Promise<void> | undefined;
  #stopping = false;
  #nudged = false;
  #pause: { readonly end: () => void; timer: NodeJS.Timeout } | undefined;

  constructor(options: PollOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    if (!this.#stopping) this.#loop ??= this.#run();
  }

  /** Resolves when the round under way has ended. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#pause) clearTimeout(this.#pause.timer);
    this.#pause?.end();
    await this.#loop;
  }

  nudge(): void {
    if (this.#nudged) return;
    this.#nudged = true;
    if (!this.#pause) return;
    clearTimeout(this.#pause.timer);
    this.#pause.timer = setTimeout(this.#pause.end, this.#options.nudgedMs);
  }

  async #run(): Promise<void> {
    const { look, failed, everyMs, nudgedMs } = this.#options;
    while (!this.#stopping) {
      this.#nudged = false;
      await look().catch(failed);
      if (this.#stopping) return;
      await new Promise<void>(end => {
        this.#pause = { end, timer: setTimeout(end, this.#nudged ? nudgedMs : everyMs) };
      });
      this.#pause = undefined;
    }
  }
}
