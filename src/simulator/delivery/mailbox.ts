// What a device still has to get, in order, and what it got but has not confirmed (protocol.md 9.3, 9.4).
// States: away -> waiting (logged in, not yet active) -> previewed (offline preview sent) -> live.
import { type BinaryNode, node, SERVER } from '../wire/stanza.ts';

/** What the mailbox needs of a connection. */
export interface Line {
  send(stanza: BinaryNode): void;
}

interface Sent {
  readonly order: number;
  readonly stanza: BinaryNode;
}

type State = 'away' | 'waiting' | 'previewed' | 'live';

// Baileys asks for its batch at once; a client that never asks gets it all the same (protocol.md 9.4) [inferred].
const BATCH_PATIENCE_MS = 3_000;

export class Mailbox {
  #queue: BinaryNode[] = [];
  readonly #unconfirmed = new Map<string, Sent[]>();
  #order = 0;
  #state: State = 'away';
  #line: Line | undefined;
  #patience: NodeJS.Timeout | undefined;
  #drained: (() => void) | undefined;

  /** Stanzas that the device has not confirmed, sent or not. */
  get pending(): number {
    let sent = 0;
    for (const list of this.#unconfirmed.values()) sent += list.length;
    return this.#queue.length + sent;
  }

  get live(): boolean {
    return this.#state === 'live';
  }

  /** Delivers now, or as soon as the device is there. For message, receipt, notification and call. */
  push(stanza: BinaryNode): void {
    if (this.#state === 'live') this.#transmit(stanza);
    else this.#queue.push(stanza);
  }

  /** Whether this very stanza still waits for the device to be there. */
  holds(stanza: BinaryNode): boolean {
    return this.#queue.includes(stanza);
  }

  /** For presence and chat states: worthless later, so only a live device gets them. */
  pushVolatile(stanza: BinaryNode): void {
    if (this.#state === 'live') this.#line?.send(stanza);
  }

  /** A login: everything unconfirmed goes back to the front of the queue, in the order it was sent. */
  attach(line: Line): void {
    this.detach();
    this.#line = line;
    this.#state = 'waiting';
  }

  detach(): void {
    clearTimeout(this.#patience);
    const sent = [...this.#unconfirmed.values()].flat().sort((a, b) => a.order - b.order);
    this.#unconfirmed.clear();
    if (sent.length > 0) this.#queue = [...sent.map(one => one.stanza), ...this.#queue];
    this.#line = undefined;
    this.#drained = undefined;
    this.#state = 'away';
  }

  /** The client is active: starts the offline drain. `drained` is called once, after `<ib><offline/></ib>`. */
  activate(drained: () => void): void {
    if (this.#state !== 'waiting') return;
    this.#drained = drained;
    if (this.#queue.length === 0) {
      this.drain();
      return;
    }
    this.#state = 'previewed';
    this.#line?.send(node('ib', { from: SERVER }, [node('offline_preview', this.#preview())]));
    this.#patience = setTimeout(() => this.drain(), BATCH_PATIENCE_MS);
  }

  /** The client asked for its batch. Baileys asks once per preview, so the first request brings everything. */
  batchRequested(): void {
    if (this.#state === 'previewed') this.drain();
  }

  /** A receipt or ack named this stanza: it is delivered for good. False when nothing of that id was out. */
  confirm(tag: string, id: string): boolean {
    const key = `${tag} ${id}`;
    const sent = this.#unconfirmed.get(key);
    if (!sent) return false;
    if (sent.length > 1) sent.shift();
    else this.#unconfirmed.delete(key);
    return true;
  }

  /** Everything unconfirmed in order, for keeping. */
  contents(): BinaryNode[] {
    const sent = [...this.#unconfirmed.values()].flat().sort((a, b) => a.order - b.order);
    return [...sent.map(one => one.stanza), ...this.#queue];
  }

  restore(stanzas: BinaryNode[]): void {
    this.#queue = stanzas;
  }

  #preview(): Record<string, string> {
    const count = { message: 0, receipt: 0, notification: 0, call: 0 };
    for (const { tag } of this.#queue) if (tag in count) count[tag as keyof typeof count]++;
    return {
      count: String(this.#queue.length),
      message: String(count.message),
      receipt: String(count.receipt),
      notification: String(count.notification),
      call: String(count.call),
      appdata: '0',
    };
  }

  drain(): void {
    clearTimeout(this.#patience);
    const batch = this.#queue;
    this.#queue = [];
    batch.forEach((stanza, index) => {
      this.#transmit(stanza, { offline: String(index) });
    });
    // Sent with 0 as well: Baileys holds every event back until it comes.
    this.#line?.send(node('ib', { from: SERVER }, [node('offline', { count: String(batch.length) })]));
    this.#state = 'live';
    const drained = this.#drained;
    this.#drained = undefined;
    drained?.();
  }

  #transmit(stanza: BinaryNode, extra?: Record<string, string>): void {
    const id = stanza.attrs.id;
    if (id !== undefined) {
      const key = `${stanza.tag} ${id}`;
      const entry = { order: this.#order++, stanza };
      const list = this.#unconfirmed.get(key);
      if (list) list.push(entry);
      else this.#unconfirmed.set(key, [entry]);
    }
    this.#line?.send(extra ? { ...stanza, attrs: { ...stanza.attrs, ...extra } } : stanza);
  }
}
