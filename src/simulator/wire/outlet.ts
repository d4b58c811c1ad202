// What goes to one client: in order, as late as the network is, and no more than the client reads.
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { DelayLine } from './delay-line.ts';
import type { Limits } from './limits.ts';
import { binaryMessage } from './web-socket-message.ts';

/** So many times its backlog a client may never have waiting, not even for a moment. */
const TOO_FAR_BEHIND = 8;

export class Outlet {
  readonly #socket: WebSocket;
  readonly #raw: Duplex;
  readonly #limits: Limits;
  readonly #stuck: () => void;
  readonly #line: DelayLine;
  #mute = false;
  /** Runs while the client has more waiting than it should, and is given some time. */
  #behind: NodeJS.Timeout | undefined;

  /**
   * `raw` is what `socket` was made of: whole messages are written to it, everything else is left to `ws`. `delay` is in
   * ms; `stuck` is called for a client that does not read.
   */
  constructor(socket: WebSocket, raw: Duplex, limits: Limits, delay: () => number, stuck: () => void) {
    this.#socket = socket;
    this.#raw = raw;
    this.#limits = limits;
    this.#stuck = stuck;
    this.#line = new DelayLine(delay);
  }

  /** Runs something behind all that was pushed before; see {@link DelayLine}. */
  push(run: () => void, gapMs?: number): void {
    this.#line.push(run, gapMs);
  }

  /** Everything that is written while `run` runs goes to the kernel at once. */
  together(run: () => void): void {
    this.#raw.cork();
    run();
    this.#raw.uncork();
  }

  /** Writes a message now: out of turn, unless it is called by what was pushed. */
  write(bytes: Uint8Array): void {
    if (this.#mute || this.#socket.readyState !== this.#socket.OPEN) return;
    this.#raw.write(binaryMessage(bytes));
    const { backlogBytes, backlogMs } = this.#limits;
    const waiting = this.#raw.writableLength;
    if (waiting <= backlogBytes) return;
    if (waiting > TOO_FAR_BEHIND * backlogBytes) this.#stuck();
    else
      this.#behind ??= setTimeout(() => {
        this.#behind = undefined;
        if (this.#raw.writableLength > backlogBytes) this.#stuck();
      }, backlogMs);
  }

  /** Once what was pushed is out, nothing is written any more. */
  mute(): void {
    this.#line.push(() => {
      this.#mute = true;
    });
  }

  /** The client is gone. */
  clear(): void {
    clearTimeout(this.#behind);
    this.#line.clear();
  }
}
