/**
 * What a fact lacks is added on its way into the journal, in order: the number of somebody who is known by LID alone, and
 * what is encrypted with the secret of another message. `translate/` is pure and says what is missing; here it is looked up.
 */
import type { proto, WAMessage } from '@whiskeysockets/baileys';
import type { Fact } from '../journal/event.ts';
import type { Caches } from './caches.ts';
import { bare } from './jid.ts';
import { pollOptionsIn, saidIn } from './translate/content/content.ts';
import type { Told } from './translate/envelope.ts';
import { namedTwice, numbered } from './translate/numbers.ts';
import { type Fields, given, timeOf } from './translate/read.ts';
import { type Holds, type Opens, openedFields, type Secret } from './translate/secrets.ts';

export interface SupplementOptions {
  readonly no: number;
  readonly secrets: Caches['secrets'];
  readonly numbers: Caches['numbers'];
  /** The number behind a LID, without its server. */
  readonly numberOf: (lid: string) => Promise<string | undefined>;
  /** A message of this device's own. */
  readonly sent: (id: string) => Promise<proto.IMessage | undefined>;
  /** A message of the chat store. */
  readonly said: (chat: string, id: string) => Promise<WAMessage | undefined>;
}

export class Supplement {
  readonly #options: SupplementOptions;

  constructor(options: SupplementOptions) {
    this.#options = options;
  }

  /** The fact, whole. Fails as the database does: then it is asked for again. */
  async whole({ opens, holds, recalls, ...fact }: Fact & Told): Promise<Fact> {
    const { no, numbers } = this.#options;
    if (holds) this.#keep(holds);
    const opened = opens ? openedFields(opens, await this.#secretOf(opens)) : {};
    const found = recalls ? await this.#recalled(recalls) : opened;
    for (const [lid, number] of namedTwice(fact.payload)) numbers.set(`${no}/${lid}`, number);
    const numberOf = async (lid: string) =>
      numbers.get(`${no}/${lid}`) ?? (await this.#options.numberOf(lid));
    const payload = await numbered(fact.payload, numberOf);
    return { ...fact, payload: { ...called(payload), ...found } };
  }

  async #recalled({ chat, id }: NonNullable<Told['recalls']>): Promise<Fields> {
    const original = await this.#options.said(chat, id);
    return original ? originalFields(original) : {};
  }

  #keep({ id, chats, secret, options }: Holds): void {
    for (const chat of chats)
      this.#options.secrets.set(this.#place(chat, id), { secret, ...(options && { options }) });
  }

  async #secretOf({ chats, target }: Opens): Promise<Secret | undefined> {
    const { secrets, sent, said } = this.#options;
    for (const chat of chats) {
      const known = secrets.get(this.#place(chat, target));
      if (known) return known;
    }
    const own = secretIn(await sent(target));
    if (own) return own;
    for (const chat of chats) {
      const stored = secretIn((await said(chat, target))?.message);
      if (stored) return stored;
    }
    return undefined;
  }

  #place(chat: string, id: string): string {
    return `${this.#options.no}/${chat} ${id}`;
  }
}

/** Who has not said what they are called is shown by what they are reached under, as gowa does. */
function called(payload: Fact['payload']): Fact['payload'] {
  const { sender_display_name, from } = payload;
  if (sender_display_name !== '' || typeof from !== 'string') return payload;
  return { ...payload, sender_display_name: from.slice(0, Math.max(from.indexOf('@'), 0)) };
}

/** What gowa tells of a message that was deleted. */
function originalFields({ key, message, messageTimestamp }: WAMessage): Fields {
  const said = message ? saidIn(message) : undefined;
  return given({
    original_content: said?.text ?? said?.label ?? '',
    original_sender:
      bare(key.participantAlt ?? key.participant ?? key.remoteJidAlt ?? key.remoteJid) || undefined,
    original_timestamp: new Date(timeOf(messageTimestamp)).toISOString(),
    was_from_me: key.fromMe === true,
    original_media_type: said?.media?.kind,
    original_filename: said?.media?.filename,
  });
}

function secretIn(message: proto.IMessage | null | undefined): Secret | undefined {
  const secret = message ? saidIn(message).secret : undefined;
  if (!message || !secret) return undefined;
  const options = pollOptionsIn(message);
  return { secret, ...(options && { options }) };
}
