// One device of a random run: a real client that comes back whenever its connection ends, and sends one thing at a time.
import type { WAMessage } from '@whiskeysockets/baileys';
import type { LinkedDevice } from '../../../src/simulator/control/client.ts';
import { type Client, client } from '../../simulator/client.ts';
import type { Scope } from '../scope.ts';
import { until } from '../until.ts';

/** A client that was told nothing for this long looks at its connection; 5 s more and it gives up (Baileys). */
const KEEP_ALIVE_MS = 2_000;
const AGAIN_MS = 50;

export class Person {
  readonly jid: string;
  readonly phone: string;
  /** By message id: in which connection, counted from 1, and how its text was shown, each time. */
  readonly shown = new Map<string, string[]>();
  /** Sends that failed before the server had them; they were tried again as new messages. */
  failedSends = 0;
  readonly #client: Client;
  #lane: Promise<unknown> = Promise.resolve();
  #away = false;
  #open = false;
  #over = false;
  #attempt = 0;

  constructor(scope: Scope, socketUrl: string, linked: LinkedDevice) {
    this.jid = linked.jid;
    this.phone = linked.phone;
    this.#client = client(scope, socketUrl, linked, {
      keepAliveIntervalMs: KEEP_ALIVE_MS,
      connectTimeoutMs: 15_000,
      defaultQueryTimeoutMs: 15_000,
      markOnlineOnConnect: true,
    });
    scope.after(() => {
      this.#over = true;
    });
  }

  get open(): boolean {
    return this.#open;
  }

  get reconnects(): number {
    return this.#attempt - 1;
  }

  connect(): void {
    if (this.#over) return;
    const attempt = ++this.#attempt;
    this.#open = false;
    const sock = this.#client.connect();
    sock.ev.on('connection.update', ({ connection }) => {
      if (attempt !== this.#attempt) return;
      if (connection === 'open') this.#open = true;
      if (connection !== 'close') return;
      this.#open = false;
      if (!this.#away) setTimeout(() => attempt === this.#attempt && this.connect(), AGAIN_MS);
    });
    sock.ev.on('messages.upsert', ({ messages, type }) => {
      for (const message of messages) this.#note(message, `${attempt} ${type}`);
    });
    // A message that could not be read when it came is shown as an update of its stub.
    sock.ev.on('messages.update', updates => {
      for (const { key, update } of updates)
        if (update.message) this.#note({ key, ...update } as WAMessage, `${attempt} update`);
    });
  }

  /** Leaves and comes back: what is queued for the device comes again. */
  async reconnect(): Promise<void> {
    this.#away = true;
    this.#client.sock.end(undefined);
    this.#away = false;
    this.connect();
    await until(() => this.#open, { within: 60_000, what: `${this.jid} back` });
  }

  /** One after the other; resolves with the id under which it left. `makeId` gives a new one for each attempt. */
  send(to: string, text: string, makeId: () => string): Promise<string> {
    const sent = this.#lane.then(() => this.#send(to, text, makeId));
    this.#lane = sent.catch(() => {});
    return sent;
  }

  async #send(to: string, text: string, makeId: () => string): Promise<string> {
    for (;;) {
      await until(() => this.#open, { within: 120_000, what: `${this.jid} open` });
      const messageId = makeId();
      try {
        await this.#client.sock.sendMessage(to, { text }, { messageId });
        return messageId;
      } catch {
        this.failedSends++;
        await new Promise(next => setTimeout(next, AGAIN_MS));
      }
    }
  }

  #note({ key, message }: WAMessage, how: string): void {
    const text = message?.conversation ?? message?.extendedTextMessage?.text;
    if (!text || !key.id || !text.startsWith('message ')) return;
    const before = this.shown.get(key.id);
    if (before) before.push(how);
    else this.shown.set(key.id, [how]);
  }
}
