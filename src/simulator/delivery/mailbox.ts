// What a device still has to get, in order, and what it got but has not confirmed (protocol.md 9.3, 9.4).
// States: away -> waiting (logged in, not yet active) -> draining (offline preview sent) -> live.
import { forgetOldest } from '../bounded.ts';
import { type BinaryNode, node, SERVER } from '../wire/stanza.ts';
import { Backlog } from './backlog.ts';

/** What the mailbox needs of a connection. */
export interface Line {
  send(stanza: BinaryNode): void;
}

interface Sent {
  readonly order: number;
  readonly stanza: BinaryNode;
}

type State = 'away' | 'waiting' | 'draining' | 'live';

/** Sent right after the preview, before any request (whatsapp-rust src/client/offline_resume.rs). */
const PRIMER = 5;
/** What Baileys asks for; also what goes out when a client that confirmed everything has not asked for more. */
const BATCH = 100;
/** A client that neither asks nor confirms gets the next batch all the same (protocol.md 9.4) [inferred]. */
const BATCH_PATIENCE_MS = 10_000;
/** Messages that the client asked for again and has not said its last word about. */
const MAX_ASKED_AGAIN = 1_000;
/** A client that confirms nothing: the oldest of these are not sent again at its next login. */
const MAX_UNCONFIRMED = 20_000;

export class Mailbox {
  readonly #backlog = new Backlog();
  readonly #unconfirmed = new Map<string, Sent[]>();
  #unconfirmedCount = 0;
  #forgotten = 0;
  readonly #askedAgain = new Set<string>();
  #order = 0;
  #state: State = 'away';
  #line: Line | undefined;
  #patience: NodeJS.Timeout | undefined;
  #drained: (() => void) | undefined;
  /** Of the backlog at the time of the preview: what is still to come, and what was announced. */
  #left = 0;
  #announced = 0;
  #numbered = 0;

  /** Stanzas that the device has not confirmed, sent or not. */
  get pending(): number {
    return this.#backlog.size + this.#unconfirmedCount;
  }

  /** Stanzas that were given up because too many waited, or were sent and are not sent again though nobody confirmed them. */
  get dropped(): number {
    return this.#backlog.dropped + this.#forgotten;
  }

  get live(): boolean {
    return this.#state === 'live';
  }

  /** Delivers now, or as soon as the device is there. For message, receipt, notification and call. */
  push(stanza: BinaryNode): void {
    if (this.#state === 'live') this.#transmit(stanza);
    else this.#backlog.push(stanza);
  }

  /** Whether this very stanza still waits for the device to be there. */
  holds(stanza: BinaryNode): boolean {
    return this.#backlog.has(stanza);
  }

  /** For presence and chat states: a device that is away gets them later only if `worthless` is given and then false. */
  pushVolatile(stanza: BinaryNode, worthless?: () => boolean): void {
    if (this.#state === 'live') this.#line?.send(stanza);
    else if (worthless) this.#backlog.push(stanza, worthless);
  }

  /** A login: everything unconfirmed goes back to the front of the queue, in the order it was sent. */
  attach(line: Line): void {
    this.detach();
    this.#line = line;
    this.#state = 'waiting';
  }

  detach(): void {
    clearTimeout(this.#patience);
    const sent = this.#inOrder();
    this.#unconfirmed.clear();
    this.#unconfirmedCount = 0;
    this.#askedAgain.clear();
    if (sent.length > 0) this.#backlog.putBack(sent);
    this.#line = undefined;
    this.#drained = undefined;
    this.#state = 'away';
  }

  /** The client is active: starts the offline drain. `drained` is called once, after `<ib><offline/></ib>`. */
  activate(drained: () => void): void {
    if (this.#state !== 'waiting') return;
    this.#drained = drained;
    this.#state = 'draining';
    this.#left = this.#backlog.size;
    this.#numbered = 0;
    const counts = preview(this.#backlog.stanzas);
    this.#announced = Number(counts.count);
    if (this.#announced > 0)
      this.#line?.send(node('ib', { from: SERVER }, [node('offline_preview', counts)]));
    this.#sendBatch(this.#announced > 0 ? PRIMER : this.#left);
  }

  /** The client asks for more: Baileys once per preview, WA Web and whatsapp-rust again and again. */
  batchRequested(count = BATCH): void {
    if (this.#state === 'draining' && count > 0) this.#sendBatch(count);
  }

  /** A receipt or ack named this stanza: it is delivered for good. False when nothing of that id was out. */
  confirm(tag: string, id: string): boolean {
    const key = `${tag} ${id}`;
    const sent = this.#unconfirmed.get(key);
    if (!sent) return false;
    if (sent.length > 1) sent.shift();
    else this.#unconfirmed.delete(key);
    this.#unconfirmedCount--;
    if (this.#state === 'draining' && this.#unconfirmedCount === 0) this.#sendBatch(BATCH);
    return true;
  }

  /** A retry receipt: the copy counts as confirmed, and another one is to come. */
  askAgain(id: string): boolean {
    this.#askedAgain.add(id);
    forgetOldest(this.#askedAgain, MAX_ASKED_AGAIN);
    return this.confirm('message', id);
  }

  /**
   * Whether an ack with an error is about a copy that was asked for again: Baileys sends one 250 ms after its retry receipt
   * (messages-recv.js), when the next copy is often out already, and that one must not count as confirmed.
   */
  gaveUpBefore(id: string): boolean {
    return this.#askedAgain.delete(id);
  }

  /** Everything unconfirmed in order, for keeping. */
  contents(): BinaryNode[] {
    return [...this.#inOrder(), ...this.#backlog.stanzas];
  }

  restore(stanzas: BinaryNode[]): void {
    this.#backlog.putBack(stanzas);
  }

  #inOrder(): BinaryNode[] {
    const sent = [...this.#unconfirmed.values()].flat().sort((a, b) => a.order - b.order);
    return sent.map(one => one.stanza);
  }

  #sendBatch(count: number): void {
    clearTimeout(this.#patience);
    const now = Math.min(count, this.#left);
    this.#left -= now;
    if (!this.#transmitAll(now, true)) return;
    if (this.#left > 0) this.#patience = setTimeout(() => this.#sendBatch(BATCH), BATCH_PATIENCE_MS);
    else this.#finish();
  }

  #finish(): void {
    // Sent with 0 as well: Baileys holds every event back until it comes.
    const line = this.#line;
    line?.send(node('ib', { from: SERVER }, [node('offline', { count: String(this.#announced) })]));
    if (this.#line !== line) return;
    this.#state = 'live';
    // What came meanwhile.
    if (!this.#transmitAll(this.#backlog.size, false)) return;
    const drained = this.#drained;
    this.#drained = undefined;
    drained?.();
  }

  #transmit(stanza: BinaryNode): void {
    this.#await(stanza);
    this.#line?.send(stanza);
  }

  /**
   * The first `count` of the backlog. False when the line ended at one of them, as it may inside any `send`: all of them
   * count as sent before the first one is, so that they go back to the backlog together and in order.
   */
  #transmitAll(count: number, offline: boolean): boolean {
    const line = this.#line;
    const batch = this.#backlog.take(count);
    for (const { stanza, lasting } of batch) if (lasting) this.#await(stanza);
    for (const { stanza, lasting } of batch) {
      if (this.#line !== line) return false;
      const marked = offline && lasting ? { offline: String(this.#numbered++) } : undefined;
      line?.send(marked ? { ...stanza, attrs: { ...stanza.attrs, ...marked } } : stanza);
    }
    return this.#line === line;
  }

  #await(stanza: BinaryNode): void {
    if (stanza.attrs.id === undefined) return;
    const key = `${stanza.tag} ${stanza.attrs.id}`;
    const entry = { order: this.#order++, stanza };
    const list = this.#unconfirmed.get(key);
    if (list) list.push(entry);
    else this.#unconfirmed.set(key, [entry]);
    if (++this.#unconfirmedCount <= MAX_UNCONFIRMED) return;
    for (const [oldest, sent] of this.#unconfirmed) {
      this.#unconfirmed.delete(oldest);
      this.#unconfirmedCount -= sent.length;
      this.#forgotten += sent.length;
      break;
    }
  }
}

/** What waits, by kind. */
function preview(stanzas: readonly BinaryNode[]): Record<string, string> {
  const count = { message: 0, receipt: 0, notification: 0, call: 0 };
  for (const { tag } of stanzas) if (tag in count) count[tag as keyof typeof count]++;
  return {
    count: String(stanzas.length),
    message: String(count.message),
    receipt: String(count.receipt),
    notification: String(count.notification),
    call: String(count.call),
    appdata: '0',
  };
}
