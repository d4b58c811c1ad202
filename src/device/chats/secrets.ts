/**
 * The secrets of messages, with which answers to them are encrypted: of what came or went lately, of what the device has
 * sent, and of what the store has.
 */
import type { proto, WAMessage } from '@whiskeysockets/baileys';
import { isStorable } from '../../store/names.ts';
import type { Caches } from '../line/caches.ts';
import type { Outgoing } from '../sending/outgoing.ts';
import { pollOptionsIn, saidIn } from '../translate/content/content.ts';
import type { Holds, Opens, Secret } from '../translate/secrets.ts';

export interface SecretsOptions {
  readonly no: number;
  readonly caches: Pick<Caches, 'secrets'>;
  readonly outgoing: () => Pick<Outgoing, 'own'>;
  readonly stored: (chat: string, id: string) => Promise<WAMessage | undefined>;
}

export class Secrets {
  readonly #options: SecretsOptions;

  constructor(options: SecretsOptions) {
    this.#options = options;
  }

  keep({ id, chats, secret, options }: Holds): void {
    for (const chat of chats)
      this.#options.caches.secrets.set(this.#place(chat, id), { secret, ...(options && { options }) });
  }

  /** Fails as the database does. */
  async of({ chats, target }: Opens): Promise<Secret | undefined> {
    const { caches, outgoing, stored } = this.#options;
    for (const chat of chats) {
      const known = caches.secrets.get(this.#place(chat, target));
      if (known) return known;
    }
    // A stranger names it: what cannot be in the database must not be looked for there.
    if (!isStorable(target)) return undefined;
    const own = secretIn((await outgoing().own(target))?.message);
    if (own) return own;
    for (const chat of chats.filter(isStorable)) {
      const found = secretIn((await stored(chat, target))?.message);
      if (found) return found;
    }
    return undefined;
  }

  #place(chat: string, id: string): string {
    return `${this.#options.no}/${chat} ${id}`;
  }
}

function secretIn(message: proto.IMessage | null | undefined): Secret | undefined {
  const secret = message ? saidIn(message).secret : undefined;
  if (!message || !secret) return undefined;
  const options = pollOptionsIn(message);
  return { secret, ...(options && { options }) };
}
