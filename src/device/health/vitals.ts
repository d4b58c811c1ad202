/**
 * What is measured of a device's connection, at the places where it happens: a few numbers, no timers. `health.ts` judges
 * them. All times are of the shard's `AwakeClock`, in milliseconds; `undefined` is "not on this connection".
 */

/** Outcomes of decryption that are remembered: the last so many, and none older than that. */
export const DECRYPTS_KEPT = 50;
const DECRYPTS_FOR = 15 * 60_000;
/** Sends that are followed until their ack; more are not sent at a time. */
const SENDS_FOLLOWED = 1_000;
const HOUR = 3_600_000;
/** Reconnects that are remembered; more within an hour look the same to whoever reads it. */
const OPENS_KEPT = 100;
/** Share of the newest round trip in the smoothed one, as TCP does it (RFC 6298). */
const NEWEST = 1 / 8;

export interface Measures {
  readonly openedAt: number | undefined;
  readonly heardAt: number | undefined;
  readonly pongAt: number | undefined;
  readonly ackAt: number | undefined;
  /** Round trip of a ping, in milliseconds: the last one, and smoothed. */
  readonly pingMs: number | undefined;
  readonly smoothMs: number | undefined;
  /** Stanzas that came and are not handled, and when one was last handled (or the first of them came). */
  readonly unhandled: number;
  readonly handledAt: number | undefined;
  readonly awaitingAck: number;
  /** When the oldest send that waits for its ack began. */
  readonly awaitingSince: number | undefined;
}

export class Vitals {
  readonly #now: () => number;
  readonly #sends = new Map<string, number>();
  readonly #opens: number[] = [];
  #decrypts: { readonly at: number; readonly failed: boolean }[] = [];
  #openedAt: number | undefined;
  #heardAt: number | undefined;
  #pongAt: number | undefined;
  #ackAt: number | undefined;
  #pingMs: number | undefined;
  #smoothMs: number | undefined;
  #unhandled = 0;
  #handledAt: number | undefined;
  /** Tells this connection from an earlier one whose late news must not count. */
  #line = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** WhatsApp serves the device on a new connection. */
  opened(): void {
    const now = this.#now();
    this.#openedAt = now;
    this.#pongAt = now;
    this.#opens.push(now);
    if (this.#opens.length > OPENS_KEPT) this.#opens.shift();
  }

  /** A connection begins or has ended: what was measured on the last one says nothing any more. */
  renew(): void {
    this.#line++;
    this.#openedAt = undefined;
    this.#heardAt = undefined;
    this.#pongAt = undefined;
    this.#ackAt = undefined;
    this.#unhandled = 0;
    this.#handledAt = undefined;
    this.#sends.clear();
  }

  /** A stanza came and could be read. */
  heard(): void {
    this.#heardAt = this.#now();
  }

  /** A ping leaves; call the result when its pong is there. It returns the round trip, or undefined on a later connection. */
  pinged(): () => number | undefined {
    const line = this.#line;
    const sent = this.#now();
    return () => {
      if (line !== this.#line) return undefined;
      this.#pongAt = this.#now();
      const ms = this.#pongAt - sent;
      this.#pingMs = ms;
      this.#smoothMs = this.#smoothMs === undefined ? ms : this.#smoothMs + (ms - this.#smoothMs) * NEWEST;
      return ms;
    };
  }

  /** A stanza came in; call the result when it is handled, well or not. */
  arrived(): () => void {
    const line = this.#line;
    if (this.#unhandled++ === 0) this.#handledAt = this.#now();
    return () => {
      if (line !== this.#line) return;
      this.#unhandled--;
      this.#handledAt = this.#now();
    };
  }

  sent(id: string): void {
    this.#sends.set(id, this.#now());
    if (this.#sends.size <= SENDS_FOLLOWED) return;
    for (const oldest of this.#sends.keys()) {
      this.#sends.delete(oldest);
      break;
    }
  }

  /** WhatsApp has answered for a message that was sent, with an ack or with an error. */
  acknowledged(id: string): void {
    this.#ackAt = this.#now();
    this.#sends.delete(id);
  }

  /** Nothing left under this id, or nobody waits for its ack any more. */
  unsent(id: string): void {
    this.#sends.delete(id);
  }

  decrypted(failed: boolean): void {
    this.#decrypts.push({ at: this.#now(), failed });
    if (this.#decrypts.length > DECRYPTS_KEPT) this.#decrypts.shift();
  }

  /** How many of the last messages (at most 50, of the last 15 minutes) could not be decrypted. */
  decrypts(): { readonly failed: number; readonly of: number } {
    const since = this.#now() - DECRYPTS_FOR;
    if ((this.#decrypts[0]?.at ?? since) < since)
      this.#decrypts = this.#decrypts.filter(({ at }) => at >= since);
    return { failed: this.#decrypts.filter(({ failed }) => failed).length, of: this.#decrypts.length };
  }

  /** Connections within the last hour beyond the first. */
  reconnects(): number {
    const since = this.#now() - HOUR;
    return Math.max(0, this.#opens.filter(at => at >= since).length - 1);
  }

  measures(): Measures {
    const [awaitingSince] = this.#sends.values();
    return {
      openedAt: this.#openedAt,
      heardAt: this.#heardAt,
      pongAt: this.#pongAt,
      ackAt: this.#ackAt,
      pingMs: this.#pingMs,
      smoothMs: this.#smoothMs,
      unhandled: this.#unhandled,
      handledAt: this.#handledAt,
      awaitingAck: this.#sends.size,
      awaitingSince,
    };
  }
}
