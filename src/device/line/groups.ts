/**
 * Who is in a group, as far as a send must know. Baileys asks WhatsApp at every group message; here the answer is kept
 * until the group says that it has changed, the connection ends, or some minutes have passed.
 */
import type { BaileysEventMap, GroupMetadata, WASocket } from '@whiskeysockets/baileys';
import { LRUCache } from 'lru-cache';

const KEPT = 64;
const FRESH_MS = 5 * 60_000;

export class Groups {
  readonly #known = new LRUCache<string, GroupMetadata>({ max: KEPT, ttl: FRESH_MS });
  readonly #socket: () => WASocket;

  constructor(socket: () => WASocket) {
    this.#socket = socket;
  }

  /** What is known without asking. */
  peek(jid: string): GroupMetadata | undefined {
    return this.#known.get(jid);
  }

  /** Fails as Baileys' query does: with a Boom for a group that we are not in. */
  async of(jid: string): Promise<GroupMetadata> {
    const known = this.#known.get(jid);
    if (known) return known;
    const metadata = await this.#socket().groupMetadata(jid);
    this.#known.set(jid, metadata);
    return metadata;
  }

  /** We have changed a group ourselves; WhatsApp may not tell us so. */
  forget(): void {
    this.#known.clear();
  }

  /** Something has happened that may have changed a group. */
  changed(events: Partial<BaileysEventMap>): void {
    for (const { id } of events['groups.update'] ?? []) if (id) this.#known.delete(id);
    for (const { id } of events['groups.upsert'] ?? []) this.#known.delete(id);
    const participants = events['group-participants.update'];
    if (participants) this.#known.delete(participants.id);
  }
}
