// What happened, counted on the server's side: a test proves "nothing lost, nothing twice" with it.
import type { Clock } from '../clock.ts';
import type { Events } from '../events/events.ts';
import { messageKeyName } from './ciphertext.ts';

export interface MessageEntry {
  readonly id: string;
  /** JID of the sending device. */
  readonly from: string;
  /** As addressed by the sender. */
  readonly to: string;
  /** Unix ms. */
  readonly at: number;
  /** Stanzas with this id that the sender sent (retries included). */
  sent: number;
  /** Per recipient device: how often it was handed over, and the receipts that came back in order. */
  readonly devices: Record<string, { deliveries: number; receipts: string[] }>;
}

export interface Totals {
  messages: number;
  deliveries: number;
  receipts: number;
  retries: number;
  duplicates: number;
  logins: number;
  pairings: number;
  iqUnknown: number;
  protocolErrors: number;
  /** Messages that a simulated phone could not decrypt. */
  undecryptable: number;
  /** Sends and receipts that a simulated phone failed at. */
  phoneErrors: number;
  /** Patches of app state that a simulated phone could not verify. */
  appStateRefused: number;
}

// Bounds, so that a benchmark of hours ends in memory: the oldest are forgotten first.
const MAX_MESSAGES = 100_000;
const MAX_KEYS = 500_000;

export class Ledger {
  readonly totals: Totals = {
    messages: 0,
    deliveries: 0,
    receipts: 0,
    retries: 0,
    duplicates: 0,
    logins: 0,
    pairings: 0,
    iqUnknown: 0,
    protocolErrors: 0,
    undecryptable: 0,
    phoneErrors: 0,
    appStateRefused: 0,
  };
  /** Iqs that got an empty answer because nobody knows them: `xmlns/child` -> how often. */
  readonly unknown = new Map<string, number>();
  lastSaveError: string | undefined;
  lastPhoneError: string | undefined;
  lastProtocolError: string | undefined;
  readonly #messages = new Map<string, MessageEntry>();
  readonly #keys = new Set<string>();
  readonly #events: Events;
  readonly #clock: Clock;

  constructor(events: Events, clock: Clock) {
    this.#events = events;
    this.#clock = clock;
  }

  message(id: string): MessageEntry | undefined {
    return this.#messages.get(id);
  }

  sent(id: string, from: string, to: string): void {
    this.totals.messages++;
    this.#events.tell({ kind: 'sent', id, from, to });
    const known = this.#messages.get(id);
    if (known) {
      known.sent++;
      return;
    }
    this.#messages.set(id, { id, from, to, at: this.#clock.now(), sent: 1, devices: {} });
    forgetOldest(this.#messages, MAX_MESSAGES);
  }

  /** Counts a ciphertext whose message key was used before: a client that rewound its ratchet, or sent twice. */
  ciphertext(type: string, data: Buffer): void {
    const name = messageKeyName(type, data);
    if (name === undefined) return;
    if (this.#keys.has(name)) this.totals.duplicates++;
    this.#keys.add(name);
    forgetOldest(this.#keys, MAX_KEYS);
  }

  delivered(id: string, device: string): void {
    this.totals.deliveries++;
    this.#events.tell({ kind: 'delivered', id, jid: device });
    const entry = this.#entryOf(id, device);
    if (entry) entry.deliveries++;
  }

  receipt(id: string, device: string, type: string): void {
    this.#events.tell({ kind: 'receipt', id, jid: device, type });
    if (type === 'retry') this.totals.retries++;
    else this.totals.receipts++;
    this.#entryOf(id, device)?.receipts.push(type);
  }

  /** A client's connection was ended for what it sent. The last reason is kept for whoever looks. */
  protocolError(error: unknown): void {
    this.totals.protocolErrors++;
    this.lastProtocolError = error instanceof Error ? error.message : String(error);
  }

  /** A phone failed at what it was doing; kept for whoever looks. */
  phoneError(error: unknown): void {
    this.totals.phoneErrors++;
    this.lastPhoneError = error instanceof Error ? error.message : String(error);
  }

  /** The state file could not be written; the world goes on in memory. */
  saveError(error: unknown): void {
    this.lastSaveError = error instanceof Error ? error.message : String(error);
  }

  unknownIq(name: string): void {
    this.totals.iqUnknown++;
    this.unknown.set(name, (this.unknown.get(name) ?? 0) + 1);
  }

  #entryOf(id: string, device: string) {
    const message = this.#messages.get(id);
    if (!message) return undefined;
    message.devices[device] ??= { deliveries: 0, receipts: [] };
    return message.devices[device];
  }
}

function forgetOldest(
  kept: { size: number; keys(): Iterator<string>; delete(key: string): boolean },
  max: number,
): void {
  if (kept.size <= max) return;
  const oldest = kept.keys().next();
  if (!oldest.done) kept.delete(oldest.value);
}
