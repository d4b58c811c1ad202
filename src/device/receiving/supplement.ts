/**
 * What a fact lacks is added on its way into the journal, in order: the number of somebody who is known by LID alone, and
 * what is encrypted with the secret of another message. `translate/` is pure and says what is missing; here it is looked up.
 */
import type { proto, WAMessage } from '@whiskeysockets/baileys';
import type { Fact } from '../../journal/event.ts';
import { isStorable } from '../../store/names.ts';
import type { Said } from '../asking/command.ts';
import { bare } from '../jid.ts';
import type { Outgoing } from '../sending/outgoing.ts';
import type { Identity } from '../signal/identity.ts';
import type { Surroundings } from '../surroundings.ts';
import { pollOptionsIn, saidIn } from '../translate/content/content.ts';
import type { Told } from '../translate/envelope.ts';
import { namedTwice, numbered } from '../translate/numbers.ts';
import { type Fields, given, timeOf } from '../translate/read.ts';
import { type Holds, type Opens, openedFields, type Secret } from '../translate/secrets.ts';

export class Supplement {
  readonly #around: Pick<Surroundings, 'caches' | 'vault'>;
  readonly #identity: Pick<Identity, 'keys'>;
  readonly #outgoing: () => Pick<Outgoing, 'own'>;
  readonly #chats: () => Pick<Said, 'message'>;

  constructor(
    around: Pick<Surroundings, 'caches' | 'vault'>,
    identity: Pick<Identity, 'keys'>,
    outgoing: () => Pick<Outgoing, 'own'>,
    chats: () => Pick<Said, 'message'>,
  ) {
    this.#around = around;
    this.#identity = identity;
    this.#outgoing = outgoing;
    this.#chats = chats;
  }

  /** The fact, whole. Fails as the database does: then it is asked for again. */
  async whole({ opens, holds, recalls, ...fact }: Fact & Told): Promise<Fact> {
    if (holds) this.#keep(holds);
    const opened = opens ? openedFields(opens, await this.#secretOf(opens)) : {};
    const found = recalls ? await this.#recalled(recalls) : opened;
    for (const [lid, number] of namedTwice(fact.payload))
      this.#around.caches.numbers.set(this.#place(lid), number);
    const payload = await numbered(fact.payload, lid => this.#numberOf(lid));
    return { ...fact, payload: { ...called(payload), ...found } };
  }

  async #numberOf(lid: string): Promise<string | undefined> {
    const { caches, vault } = this.#around;
    const id = `${lid}_reverse`;
    if (!isStorable(id)) return undefined;
    return caches.numbers.get(this.#place(lid)) ?? (await vault.othersOf(this.#identity.keys, [id])).get(id);
  }

  async #recalled({ chat, id }: NonNullable<Told['recalls']>): Promise<Fields> {
    const original = isStorable(chat) && isStorable(id) ? await this.#chats().message(chat, id) : undefined;
    return original ? originalFields(original) : {};
  }

  #keep({ id, chats, secret, options }: Holds): void {
    for (const chat of chats)
      this.#around.caches.secrets.set(this.#place(`${chat} ${id}`), { secret, ...(options && { options }) });
  }

  async #secretOf({ chats, target }: Opens): Promise<Secret | undefined> {
    const { secrets } = this.#around.caches;
    for (const chat of chats) {
      const known = secrets.get(this.#place(`${chat} ${target}`));
      if (known) return known;
    }
    // A stranger names it: what cannot be in the database must not be looked for there.
    if (!isStorable(target)) return undefined;
    const own = secretIn((await this.#outgoing().own(target))?.message);
    if (own) return own;
    for (const chat of chats.filter(isStorable)) {
      const stored = secretIn((await this.#chats().message(chat, target))?.message);
      if (stored) return stored;
    }
    return undefined;
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

function secretIn(message: proto.IMessage | null | undefined): Secret | undefined {
  const secret = message ? saidIn(message).secret : undefined;
  if (!message || !secret) return undefined;
  const options = pollOptionsIn(message);
  return { secret, ...(options && { options }) };
}
