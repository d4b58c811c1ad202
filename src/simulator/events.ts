// What happens in a world, as it happens, for those who watch: the page, a test, a dashboard. The last ones are kept, so that
// a watcher who comes late or lost the line misses nothing.

/** One thing that happened. JIDs are in number form unless the sender wrote another. */
export type Happening =
  | { readonly kind: 'phone'; readonly change: 'added' | 'renamed' | 'removed'; readonly phone: string }
  /** A socket offers QR codes (and, with `phone`, waits for a pairing code), or stopped doing so. */
  | { readonly kind: 'waiting'; readonly id: string; readonly waits: boolean; readonly phone?: string }
  | { readonly kind: 'linked' | 'unlinked' | 'login'; readonly jid: string }
  /** A device's connection ended; `close` says how. */
  | { readonly kind: 'close'; readonly jid: string; readonly close: string }
  /** The server took a message from a device or a phone. */
  | { readonly kind: 'sent'; readonly id: string; readonly from: string; readonly to: string }
  /** A message stanza was handed to a device, or put in its queue. */
  | { readonly kind: 'delivered'; readonly id: string; readonly jid: string }
  /** A phone can read this message: its own, a companion's, or one that came. */
  | {
      readonly kind: 'message';
      readonly phone: string;
      readonly id: string;
      readonly chat: string;
      readonly from: string;
      readonly fromMe: boolean;
      readonly type: string;
      readonly text: string;
    }
  /** A device said of a message: delivered, read, played, retry, … */
  | { readonly kind: 'receipt'; readonly id: string; readonly jid: string; readonly type: string }
  /** composing, recording, paused. */
  | { readonly kind: 'typing'; readonly from: string; readonly chat: string; readonly state: string }
  | { readonly kind: 'presence'; readonly jid: string; readonly available: boolean }
  /** Something changed in a group (by nobody: by the server), or somebody came or went; people are numbers. */
  | {
      readonly kind: 'group';
      readonly group: string;
      readonly change: string;
      readonly by?: string;
      readonly people?: readonly string[];
    }
  /** A call began, or ended (`how`). */
  | {
      readonly kind: 'call';
      readonly id: string;
      readonly from: string;
      readonly to: readonly string[];
      readonly how: string;
    }
  | { readonly kind: 'faults' };

/** `seq` counts from 1; `at` is the world's time in Unix milliseconds. */
export type WorldEvent = Happening & { readonly seq: number; readonly at: number };

const KEPT = 2_000;

export class Events {
  readonly #now: () => number;
  readonly #kept: (WorldEvent | undefined)[] = new Array(KEPT);
  readonly #listeners = new Set<(event: WorldEvent) => void>();
  #seq = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The number of the newest event; 0 before the first. */
  get last(): number {
    return this.#seq;
  }

  /** Tells everybody who listens. Never throws: a listener must not. */
  tell(happening: Happening): void {
    const event = { ...happening, seq: ++this.#seq, at: this.#now() };
    this.#kept[event.seq % KEPT] = event;
    for (const listener of this.#listeners) listener(event);
  }

  /** Those that are kept and newer than `seq`, in order. */
  after(seq: number): WorldEvent[] {
    const events: WorldEvent[] = [];
    for (let next = Math.max(seq + 1, this.#seq - KEPT + 1, 1); next <= this.#seq; next++) {
      const event = this.#kept[next % KEPT];
      if (event) events.push(event);
    }
    return events;
  }

  /** Calls `listener` for each from now on, until the returned function is called. */
  listen(listener: (event: WorldEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Waits for an event that `found` takes; false after `ms`, or as soon as `signal` is aborted. What happened before the
   * call does not count.
   */
  next(found: (event: WorldEvent) => boolean, ms: number, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    return new Promise(resolve => {
      const settle = (came: boolean) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', gone);
        stop();
        resolve(came);
      };
      const gone = () => settle(false);
      const timer = setTimeout(gone, ms);
      signal.addEventListener('abort', gone, { once: true });
      const stop = this.listen(event => {
        if (found(event)) settle(true);
      });
    });
  }
}
