// The messages of the ledger, in order, found by id, forgotten from the oldest on.
import { type DeviceEntry, freshDeviceEntry, type MessageEntry } from './entry.ts';

export class Messages {
  readonly #byId = new Map<string, MessageEntry>();
  readonly #bySeq = new Map<number, MessageEntry>();
  readonly #most: number;
  readonly #mostRows: number;
  #first = 1;
  #last = 0;
  #rows = 0;

  /** At most so many messages, and so many devices of messages over all. */
  constructor(most: number, mostRows: number) {
    this.#most = most;
    this.#mostRows = mostRows;
  }

  get size(): number {
    return this.#bySeq.size;
  }

  /** Some messages are not in here any more. */
  get forgetful(): boolean {
    return this.#first > 1;
  }

  get(id: string): MessageEntry | undefined {
    return this.#byId.get(id);
  }

  add(id: string, from: string, to: string, at: number): MessageEntry {
    const entry: MessageEntry = {
      seq: ++this.#last,
      id,
      from,
      to,
      at,
      sent: 0,
      ackedAt: undefined,
      ackError: undefined,
      devices: {},
    };
    this.#byId.set(id, entry);
    this.#bySeq.set(entry.seq, entry);
    this.#trim();
    return entry;
  }

  row(entry: MessageEntry, device: string): DeviceEntry {
    const known = entry.devices[device];
    if (known) return known;
    const made = freshDeviceEntry();
    entry.devices[device] = made;
    this.#rows++;
    this.#trim();
    return made;
  }

  /** In order, from the one after `seq` on. */
  *after(seq: number): Generator<MessageEntry> {
    for (let next = Math.max(seq + 1, this.#first); next <= this.#last; next++) {
      const entry = this.#bySeq.get(next);
      if (entry) yield entry;
    }
  }

  clear(): void {
    this.#byId.clear();
    this.#bySeq.clear();
    this.#first = this.#last + 1;
    this.#rows = 0;
  }

  /** The newest one stays, however many devices it has. */
  #trim(): void {
    while (this.#first < this.#last && (this.size > this.#most || this.#rows > this.#mostRows)) {
      const oldest = this.#bySeq.get(this.#first);
      this.#bySeq.delete(this.#first++);
      if (!oldest) continue;
      if (this.#byId.get(oldest.id) === oldest) this.#byId.delete(oldest.id);
      this.#rows -= Object.keys(oldest.devices).length;
    }
  }
}
