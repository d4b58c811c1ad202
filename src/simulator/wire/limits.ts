// What one connection may cost the server. Generous: an honest client never meets them.

export interface Limits {
  /** From the TCP connection to the login or the request to be linked. Clients give up after 20 s themselves. */
  readonly handshakeMs: number;
  /** Without a byte from the client. Clients ping every 20 to 30 s (protocol.md 5.4). */
  readonly idleMs: number;
  /** Stanzas of one client within a second, besides the confirmations of what the server sent it. */
  readonly framesPerSecond: number;
  /** Chunks of one client that wait for their latency to pass. */
  readonly waitingChunks: number;
  /** Requests of the server that one client has not answered; the oldest are forgotten. */
  readonly pendingAnswers: number;
  /**
   * Bytes that wait in the socket of a client that does not read. When it is more for `backlogMs`, or eight times as much
   * at any time, the client is cut off; its stanzas stay queued. A large drain to a client that reads is neither.
   */
  readonly backlogBytes: number;
  readonly backlogMs: number;
}

export const defaultLimits: Limits = {
  handshakeMs: 20_000,
  idleMs: 600_000,
  framesPerSecond: 10_000,
  waitingChunks: 20_000,
  pendingAnswers: 256,
  backlogBytes: 16 * 1024 * 1024,
  backlogMs: 5_000,
};

/** Counts frames in windows of a second. */
export class FloodGuard {
  readonly #most: number;
  #windowEnds = 0;
  #seen = 0;

  constructor(framesPerSecond: number) {
    this.#most = framesPerSecond;
  }

  /** True when it is too much. */
  count(): boolean {
    const now = performance.now();
    if (now > this.#windowEnds) {
      this.#windowEnds = now + 1_000;
      this.#seen = 0;
    }
    return ++this.#seen > this.#most;
  }

  /** The last one does not count: the server itself asked for it. */
  forgive(): void {
    this.#seen--;
  }
}
