/**
 * Our own pings, instead of Baileys' keep-alive: that goes by the wall clock, does not say how long an answer took, and
 * takes any stanza for one. A ping without an answer ends nothing here: `health.ts` judges.
 */
import type { WASocket } from '@whiskeysockets/baileys';
import type { Vitals } from '../health/vitals.ts';

export class Ping {
  readonly #socket: WASocket;
  readonly #vitals: Vitals;
  readonly #answered: (ms: number) => void;
  #sentAt = Number.NEGATIVE_INFINITY;
  #waitsFor: string | undefined;

  /** `answered` is told the round trip in milliseconds. */
  constructor(socket: WASocket, vitals: Vitals, answered: (ms: number) => void) {
    this.#socket = socket;
    this.#vitals = vitals;
    this.#answered = answered;
  }

  /** Pings if the last one is `everyMs` old, answered or not. */
  due(now: number, everyMs: number): void {
    if (now - this.#sentAt < everyMs) return;
    this.#sentAt = now;
    const { ws } = this.#socket;
    if (this.#waitsFor !== undefined) ws.removeAllListeners(this.#waitsFor);
    const id = this.#socket.generateMessageTag();
    const ponged = this.#vitals.pinged();
    // Baileys emits every answer under this name (Socket/socket.ts, "waitForMessage").
    this.#waitsFor = `TAG:${id}`;
    ws.once(this.#waitsFor, () => {
      this.#waitsFor = undefined;
      const ms = ponged();
      if (ms !== undefined) this.#answered(ms);
    });
    // A line that takes nothing any more is told by its close, or judged by its silence.
    this.#socket
      .sendNode({
        tag: 'iq',
        attrs: { id, to: '@s.whatsapp.net', type: 'get', xmlns: 'w:p' },
        content: [{ tag: 'ping', attrs: {} }],
      })
      .catch(() => {});
  }
}
