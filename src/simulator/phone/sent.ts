// What a phone has sent lately, for those who cannot read it and ask again. Bounded by size and age, not by number: in a
// flood a retry comes long after its message.
import { proto } from '@whiskeysockets/baileys';

export interface Sent {
  /** JID of the chat, as it was addressed. */
  readonly to: string;
  readonly content: Uint8Array;
  /** Unix ms. */
  readonly at: number;
  /** To a companion of one's own, outside of any chat. */
  readonly peer?: boolean | undefined;
}

/** About 25,000 texts; whatsmeow keeps 256 messages, Baileys' cache 512. */
const KEPT_BYTES = 8 * 1024 * 1024;
const KEPT_MS = 24 * 60 * 60_000;
/** What an entry takes besides its content, about. */
const OVERHEAD = 256;

export class SentMessages {
  readonly #maxBytes: number;
  readonly #byId = new Map<string, Sent>();
  #bytes = 0;

  constructor(maxBytes = KEPT_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** `at` in Unix ms. */
  add(id: string, to: string, message: proto.IMessage, at: number, peer?: boolean): void {
    const content = proto.Message.encode(message).finish();
    this.restore(id, { to, content, at, peer });
  }

  restore(id: string, sent: Sent): void {
    this.#remove(id);
    this.#byId.set(id, sent);
    this.#bytes += sent.content.length + OVERHEAD;
    const expired = sent.at - KEPT_MS;
    for (const [oldest, { at }] of this.#byId) {
      if (oldest === id || (this.#bytes <= this.#maxBytes && at >= expired)) break;
      this.#remove(oldest);
    }
  }

  get(id: string): Sent | undefined {
    return this.#byId.get(id);
  }

  entries(): IterableIterator<[string, Sent]> {
    return this.#byId.entries();
  }

  #remove(id: string): void {
    const sent = this.#byId.get(id);
    if (!sent) return;
    this.#bytes -= sent.content.length + OVERHEAD;
    this.#byId.delete(id);
  }
}
