// What happened, written down on the server's side: a test proves "nothing lost, nothing twice" with it. Every entry is a
// few map operations, whatever the number of devices; only queries walk. Memory is bounded by the constants below: the
// oldest are forgotten first, 100,000 messages with 500,000 devices take some 400 MB at the very most.
import { BoundedMap, keepLast } from '../bounded.ts';
import type { Clock } from '../clock.ts';
import type { Events } from '../events.ts';
import { type BinaryNode, children } from '../wire/stanza.ts';
import { type DeviceLog, freshDeviceLog, KEPT_PER_DEVICE } from './device-log.ts';
import { COPIES, type DeviceEntry, MAX_RECEIPTS, type MessageEntry } from './entry.ts';
import { Messages } from './messages.ts';
import type { ProtocolFault } from './protocol-fault.ts';
import { SignalKeys } from './signal-keys.ts';
import type { Pending, Violation, ViolationKind } from './violations.ts';

const nothingYet = () => ({
  /** Message stanzas of clients and phones, retries included. */
  messages: 0,
  /** Copies handed to a device or put in its queue. */
  deliveries: 0,
  /** Message stanzas given to connections, redeliveries included. */
  handed: 0,
  receipts: 0,
  /** Receipts that asked again. */
  retries: 0,
  acks: 0,
  /** Acks with an error. */
  refusals: 0,
  /** Messages that a client gave up on. */
  nacks: 0,
  /** Ciphertexts whose message key was used before for another one. */
  duplicates: 0,
  /** Ciphertexts that were sent again, byte for byte. */
  resent: 0,
  preKeysHanded: 0,
  logins: 0,
  pairings: 0,
  restarts: 0,
  iqUnknown: 0,
  protocolErrors: 0,
  /** Messages that a simulated phone could not decrypt. */
  undecryptable: 0,
  /** Sends and receipts that a simulated phone failed at. */
  phoneErrors: 0,
  /** Patches of app state that a simulated phone could not verify. */
  appStateRefused: 0,
  violations: 0,
});
export type Totals = ReturnType<typeof nothingYet>;

const MAX_MESSAGES = 100_000;
const MAX_ROWS = 500_000;
const MAX_PAIRS = 200_000;
const MAX_VIOLATIONS = 10_000;
const MAX_UNKNOWN = 200;
const MAX_UNKNOWN_NAME = 100;

/** Receipts that say that a message came; `read` and `played` say what a person did, and `server-error` is about media. */
const CLAIMS = new Set(['delivered', 'inactive', 'sender', 'peer_msg', 'hist_sync', 'retry']);

/** Types are counted by name, and clients choose them: those that nobody knows are `other` (protocol.md 9.1). */
const RECEIPT_TYPES = new Set([...CLAIMS, 'read', 'read-self', 'played', 'played-self', 'server-error']);

export class Ledger {
  readonly totals: Totals = nothingYet();
  /** Iqs that got an empty answer because nobody knows them: `xmlns/type/child` -> how often. */
  readonly unknown = new Map<string, number>();
  readonly protocolErrors: Partial<Record<ProtocolFault, number>> = {};
  readonly receiptTypes: Record<string, number> = {};
  lastSaveError: string | undefined;
  lastPhoneError: string | undefined;
  lastProtocolError: string | undefined;
  readonly #messages = new Messages(MAX_MESSAGES, MAX_ROWS);
  readonly #devices = new Map<string, DeviceLog>();
  readonly #keys = new SignalKeys({
    totals: this.totals,
    log: device => this.#log(device),
    violated: (kind, id, device, detail) => this.#violated(kind, id, device, detail),
  });
  /** Per sending and addressed device: the copy handed last. */
  readonly #handedLast = new BoundedMap<number>(MAX_PAIRS);
  #violations: Violation[] = [];
  #copy = 0;
  /** Messages passed that were sent before this ledger began. */
  #partial = false;

  readonly #events: Events;
  readonly #clock: Clock;

  constructor(events: Events, clock: Clock) {
    this.#events = events;
    this.#clock = clock;
  }

  message(id: string): MessageEntry | undefined {
    return this.#messages.get(id);
  }

  /** In order. `device` leaves those that it neither sent nor was to get. */
  messages(query: { after?: number; device?: string | undefined; limit: number }): MessageEntry[] {
    const found: MessageEntry[] = [];
    for (const entry of this.#messages.after(query.after ?? 0)) {
      if (query.device !== undefined && entry.from !== query.device && !entry.devices[query.device]) continue;
      found.push(entry);
      if (found.length === query.limit) break;
    }
    return found;
  }

  device(jid: string): DeviceLog | undefined {
    return this.#devices.get(jid);
  }

  /** A message stanza came from a client or phone. */
  sent(id: string, from: string, to: string): void {
    this.totals.messages++;
    this.#events.tell({ kind: 'sent', id, from, to });
    this.#log(from).sent++;
    const entry = this.#messages.get(id) ?? this.#messages.add(id, from, to, this.#clock.now());
    entry.sent++;
  }

  /** The server told the sender that it has the message, or with which error it refused it. */
  acked(id: string, error?: string): void {
    const entry = this.#messages.get(id);
    this.totals[error === undefined ? 'acks' : 'refusals']++;
    if (!entry) return;
    this.#log(entry.from)[error === undefined ? 'acks' : 'refusals']++;
    if (error === undefined) entry.ackedAt ??= this.#clock.now();
    else entry.ackError = error;
  }

  /** The sender made this copy for that device: `stanza` is what the device is to get. */
  addressed(stanza: BinaryNode, device: string): void {
    const entry = this.#messages.get(stanza.attrs.id ?? '');
    if (!entry) return;
    const row = this.#messages.row(entry, device);
    row.addressed++;
    row.settled = undefined;
    row[COPIES].push(++this.#copy);
    for (const enc of children(stanza, 'enc')) this.#keys.used(entry, device, row, enc);
  }

  /** The copy goes nowhere: a fault took it. */
  lost(id: string, device: string): void {
    this.#messages.get(id)?.devices[device]?.[COPIES].pop();
  }

  /** A fault changed the copy on its way to the device. */
  spoiled(id: string, device: string): void {
    const row = this.#messages.get(id)?.devices[device];
    if (row) row.spoiled++;
  }

  /** The world goes on from a state file: devices know of messages that are not in here. */
  resumed(): void {
    this.#partial = true;
  }

  /** The copy is in the device's queue, or was handed to it. */
  delivered(id: string, device: string): void {
    this.totals.deliveries++;
    this.#events.tell({ kind: 'delivered', id, jid: device });
    const entry = this.#messages.get(id);
    if (entry) this.#messages.row(entry, device).deliveries++;
  }

  /** A message was given to the device's connection. A phone has none: what it is handed is settled. */
  handed(stanza: BinaryNode, device: string, settled = false): void {
    this.totals.handed++;
    this.#log(device).handed++;
    const entry = this.#messages.get(stanza.attrs.id ?? '');
    const row = entry?.devices[device];
    if (!entry || !row) {
      this.#partial = true;
      return;
    }
    row.handed++;
    row.handedAt ??= this.#clock.now();
    const copy = row[COPIES].shift();
    if (copy === undefined) {
      // A redelivery.
      if (row.open === 0)
        this.#violated('delivered-after-receipt', entry.id, device, `settled before: ${row.settled}`);
      return;
    }
    row.open++;
    if (settled) settle(row, 'delivered');
    const pair = `${entry.from} ${device}`;
    const last = this.#handedLast.get(pair) ?? 0;
    if (copy < last) this.#violated('order-inverted', entry.id, device, `copy ${copy} after ${last}`);
    else this.#handedLast.set(pair, copy);
  }

  receipt(id: string, device: string, given: string): void {
    const type = RECEIPT_TYPES.has(given) ? given : 'other';
    this.#events.tell({ kind: 'receipt', id, jid: device, type });
    const log = this.#log(device);
    if (type === 'retry') {
      this.totals.retries++;
      log.retries++;
    } else this.totals.receipts++;
    log.receipts[type] = (log.receipts[type] ?? 0) + 1;
    this.receiptTypes[type] = (this.receiptTypes[type] ?? 0) + 1;
    const entry = this.#messages.get(id);
    const row = entry?.devices[device];
    if (CLAIMS.has(type) && !row?.handed && (entry || !this.#incomplete))
      this.#violated('receipt-without-delivery', id, device, type);
    if (!row) return;
    keepLast(row.receipts, { type, at: this.#clock.now() }, MAX_RECEIPTS);
    if (CLAIMS.has(type)) settle(row, type === 'retry' ? 'retry' : 'delivered');
  }

  /** An `<ack class="message">` of a client: with an error it gave the message up. `late`: a copy that it asked for again. */
  nacked(id: string, device: string, error: string | undefined, late = false): void {
    if (error !== undefined) {
      this.totals.nacks++;
      this.#log(device).nacks++;
    }
    const row = this.#messages.get(id)?.devices[device];
    // After a retry receipt Baileys gives its copy up; what it waits for is the next one.
    if (!late && row?.handed && row.settled !== 'retry')
      settle(row, error === undefined ? 'delivered' : 'nack');
  }

  /** The server gave a one-time prekey of that device away. */
  preKeyHanded(device: string, id: number): void {
    this.totals.preKeysHanded++;
    this.#keys.handed(device, id);
  }

  /** A client uploaded this one-time prekey. */
  preKeyUploaded(device: string, id: number, key: Uint8Array): void {
    this.#keys.uploaded(device, id, key);
  }

  loggedIn(device: string): void {
    this.totals.logins++;
    keepLast(this.#log(device).logins, this.#clock.now(), KEPT_PER_DEVICE);
  }

  closed(device: string, name: string): void {
    keepLast(this.#log(device).closes, { at: this.#clock.now(), name }, KEPT_PER_DEVICE);
  }

  /** A client's connection was ended for what it sent. The last reason is kept for whoever looks. */
  protocolError(fault: ProtocolFault, error: unknown): void {
    this.totals.protocolErrors++;
    this.protocolErrors[fault] = (this.protocolErrors[fault] ?? 0) + 1;
    this.lastProtocolError = sentenceOf(error);
  }

  /** A phone failed at what it was doing; kept for whoever looks. */
  phoneError(error: unknown): void {
    this.totals.phoneErrors++;
    this.lastPhoneError = sentenceOf(error);
  }

  /** The state file could not be written; the world goes on in memory. */
  saveError(error: unknown): void {
    this.lastSaveError = sentenceOf(error);
  }

  unknownIq(name: string): void {
    this.totals.iqUnknown++;
    // Clients choose the name: what is kept of it, and of how many, has an end.
    const short = name.slice(0, MAX_UNKNOWN_NAME);
    if (this.unknown.size < MAX_UNKNOWN || this.unknown.has(short))
      this.unknown.set(short, (this.unknown.get(short) ?? 0) + 1);
  }

  /** Those noted as they happened, and those that show only now: `live` says if a device is past its offline drain. */
  violations(live: (device: string) => boolean): Violation[] {
    const found = [...this.#violations];
    for (const [entry, device, row] of this.#rows()) {
      const add = (kind: ViolationKind, detail: string) =>
        found.push({ kind, at: entry.at, id: entry.id, device, detail });
      if (row.deliveries < row.addressed && entry.ackedAt !== undefined)
        add('acked-but-lost', `${row.addressed} copies, ${row.deliveries} delivered`);
      else if (row.handed === 0 && row.deliveries > 0 && live(device))
        add('not-handed', 'connected and live');
    }
    return found;
  }

  /** What devices were handed and have not settled, in order of the messages. */
  pending(): Pending[] {
    const found: Pending[] = [];
    for (const [entry, device, row] of this.#rows()) {
      if (row.handed === 0 || (row.settled && row.settled !== 'retry')) continue;
      const waitsFor = row.settled === 'retry' ? 'resend' : 'receipt';
      found.push({ id: entry.id, device, waitsFor, since: row.handedAt ?? entry.at });
    }
    return found;
  }

  /** Forgets everything, counters included. */
  clear(): void {
    Object.assign(this.totals, nothingYet());
    for (const counted of [this.protocolErrors, this.receiptTypes])
      for (const name of Object.keys(counted)) delete (counted as Record<string, number>)[name];
    this.unknown.clear();
    this.#messages.clear();
    this.#devices.clear();
    this.#keys.clear();
    this.#handedLast.clear();
    this.#violations = [];
    this.#partial = true;
    this.lastSaveError = undefined;
    this.lastPhoneError = undefined;
    this.lastProtocolError = undefined;
  }

  get #incomplete(): boolean {
    return this.#partial || this.#messages.forgetful;
  }

  *#rows(): Generator<[MessageEntry, string, DeviceEntry]> {
    for (const entry of this.#messages.after(0))
      for (const device in entry.devices) yield [entry, device, entry.devices[device] as DeviceEntry];
  }

  #log(device: string): DeviceLog {
    const known = this.#devices.get(device);
    if (known) return known;
    const made = freshDeviceLog();
    this.#devices.set(device, made);
    return made;
  }

  #violated(kind: ViolationKind, id: string, device: string, detail: string): void {
    this.totals.violations++;
    keepLast(this.#violations, { kind, at: this.#clock.now(), id, device, detail }, MAX_VIOLATIONS);
  }
}

function settle(row: DeviceEntry, how: NonNullable<DeviceEntry['settled']>): void {
  row.open = Math.max(0, row.open - 1);
  // A copy that is still to come, or another one that is open, decides.
  if (row.open === 0) row.settled = how;
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
