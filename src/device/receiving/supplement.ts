/**
 * What a fact lacks is added on its way into the journal, in order: the number of somebody who is known by LID alone, and
 * what is encrypted with the secret of another message. `translate/` is pure and says what is missing; here it is looked up.
 */
import type { WAMessage } from '@whiskeysockets/baileys';
import type { Fact } from '../../journal/event.ts';
import { isStorable } from '../../store/names.ts';
import type { DeviceChats } from '../chats/device-chats.ts';
import { bare } from '../jid.ts';
import type { Identity } from '../signal/identity.ts';
import type { Surroundings } from '../surroundings.ts';
import { saidIn } from '../translate/content/content.ts';
import type { Told } from '../translate/envelope.ts';
import { namedTwice, numbered } from '../translate/numbers.ts';
import { type Fields, given, timeOf } from '../translate/read.ts';
import { openedFields } from '../translate/secrets.ts';

export class Supplement {
  readonly #around: Pick<Surroundings, 'caches' | 'vault'>;
  readonly #identity: Pick<Identity, 'keys'>;
  readonly #chats: () => Pick<DeviceChats, 'message' | 'secrets'>;

  constructor(
    around: Pick<Surroundings, 'caches' | 'vault'>,
    identity: Pick<Identity, 'keys'>,
    chats: () => Pick<DeviceChats, 'message' | 'secrets'>,
  ) {
    this.#around = around;
    this.#identity = identity;
    this.#chats = chats;
  }

  /** The fact, whole. Fails as the database does: then it is asked for again. */
  async whole({ opens, holds, recalls, ...fact }: Fact & Told): Promise<Fact> {
    const { secrets } = this.#chats();
    if (holds) secrets.keep(holds);
    const opened = opens ? openedFields(opens, await secrets.of(opens)) : {};
    const found = recalls ? await this.#recalled(recalls) : opened;
    for (const [lid, number] of namedTwice(fact.payload))
      this.#around.caches.numbers.set(this.#place(lid), number);
    const payload = await numbered(fact.payload, {
      numberOf: lid => this.#numberOf(lid),
      lidOf: number => this.#lidOf(number),
    });
    return { ...fact, payload: { ...called(payload), ...found } };
  }

  async #numberOf(lid: string): Promise<string | undefined> {
    const { caches, vault } = this.#around;
    const id = `${lid}_reverse`;
    if (!isStorable(id)) return undefined;
    return caches.numbers.get(this.#place(lid)) ?? (await vault.othersOf(this.#identity.keys, [id])).get(id);
  }

  async #lidOf(number: string): Promise<string | undefined> {
    const { vault } = this.#around;
    return isStorable(number) ? vault.lidOf(this.#identity.keys, number) : undefined;
  }

  async #recalled({ chat, id }: NonNullable<Told['recalls']>): Promise<Fields> {
    const original = isStorable(chat) && isStorable(id) ? await this.#chats().message(chat, id) : undefined;
    return original ? originalFields(original) : {};
  }

  #place(name: string): string {
    return `${this.#identity.keys.seat.no}/${name}`;
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
