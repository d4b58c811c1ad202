// One direction of a connection that goes through a proxy: bytes in order, as late and as slowly as the network says.
import type { Socket } from 'node:net';

export interface Network {
  /** Milliseconds that everything is late, and up to how many more, drawn for each piece. */
  readonly latencyMs?: number;
  readonly jitterMs?: number;
  readonly bytesPerSecond?: number;
}

/** What a line asks of its proxy, which may change its mind at any time. */
export interface Weather {
  readonly network: Network;
  /** Draws the jitter; [0, 1). */
  readonly random: () => number;
}

/** Waiting bytes after which the sender is not read any more, as behind a full buffer of the system. */
const HELD = 256 * 1024;

export class Line {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #weather: Weather;
  readonly #waiting: { readonly chunk: Buffer; readonly at: number }[] = [];
  #bytes = 0;
  #lastAt = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Bytes that may still pass; after them everything stays here. */
  #allowed = Number.POSITIVE_INFINITY;
  #finished = false;

  constructor(from: Socket, to: Socket, weather: Weather) {
    this.#from = from;
    this.#to = to;
    this.#weather = weather;
    to.on('drain', () => this.#pass());
  }

  push(chunk: Buffer): void {
    const { network, random } = this.#weather;
    const { latencyMs = 0, jitterMs = 0, bytesPerSecond } = network;
    const arrives = performance.now() + latencyMs + jitterMs * random();
    const takes = bytesPerSecond ? (chunk.length / bytesPerSecond) * 1_000 : 0;
    this.#lastAt = Math.max(arrives, this.#lastAt) + takes;
    this.#waiting.push({ chunk, at: latencyMs + jitterMs + takes > 0 ? this.#lastAt : 0 });
    this.#bytes += chunk.length;
    if (this.#bytes > HELD) this.#from.pause();
    this.#pass();
  }

  /** Holds what comes after so many more bytes, until it is `Infinity` again. */
  allow(bytes: number): void {
    this.#allowed = bytes;
    this.#pass();
  }

  /** The sender has closed: the receiver is told when everything before has arrived. */
  finish(): void {
    this.#finished = true;
    this.#pass();
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#waiting.length = 0;
  }

  #pass(): void {
    clearTimeout(this.#timer);
    for (let first = this.#waiting[0]; first && this.#allowed > 0; first = this.#waiting[0]) {
      if (this.#to.writableNeedDrain || this.#to.destroyed) return;
      const early = first.at - performance.now();
      if (early > 0) {
        this.#timer = setTimeout(() => this.#pass(), early);
        return;
      }
      this.#waiting.shift();
      const now = first.chunk.subarray(0, this.#allowed);
      const later = first.chunk.subarray(now.length);
      if (later.length > 0) this.#waiting.unshift({ chunk: later, at: 0 });
      this.#allowed -= now.length;
      this.#bytes -= now.length;
      this.#to.write(now);
    }
    if (this.#bytes <= HELD && this.#from.isPaused()) this.#from.resume();
    if (this.#finished && this.#waiting.length === 0 && this.#allowed > 0) this.#to.end();
  }
}
