/** Who is who: of the two names of a person, the one that the store uses, as far as it is known when it is written. */
import { isJidBroadcast, isJidStatusBroadcast, type WAMessageKey } from '@whiskeysockets/baileys';
import { type ChatName, isPerson } from '../../store/chats/rows.ts';
import { isStorable } from '../../store/names.ts';
import { bare } from '../jid.ts';

const NUMBER = '@s.whatsapp.net';
const LID = '@lid';

const userOf = (jid: string) => jid.slice(0, jid.indexOf('@'));
const lookUp = (jid: string) => (jid.endsWith(LID) ? `${userOf(jid)}_reverse` : userOf(jid));

/** Looks up the other names of people: `<number>` gives a LID's digits, `<lid>_reverse` a number's. */
export type Others = (ids: readonly string[]) => Promise<ReadonlyMap<string, string>>;

export class People {
  readonly #others: ReadonlyMap<string, string>;

  private constructor(others: ReadonlyMap<string, string>) {
    this.#others = others;
  }

  /** Knows those whose two names are told together, and asks for the others of `jids`. */
  static async of(
    told: readonly (readonly [one: string | null | undefined, other?: string | null | undefined])[],
    others: Others,
  ): Promise<People> {
    const known = new Map<string, string>();
    const asked = new Set<string>();
    for (const names of told) {
      const [one = '', other = ''] = names.map(bare).map(name => (isStorable(name) ? name : ''));
      if (isPerson(one) && isPerson(other) && one.endsWith(LID) !== other.endsWith(LID)) {
        known.set(lookUp(one), userOf(other));
        known.set(lookUp(other), userOf(one));
      } else if (isPerson(one)) asked.add(lookUp(one));
    }
    const missing = [...asked].filter(id => !known.has(id));
    const found = missing.length > 0 ? await others(missing) : [];
    return new People(new Map([...found, ...known]));
  }

  /** The chat, or the person, of a JID. */
  named(jid: string | null | undefined): ChatName {
    const one = bare(jid);
    if (!isPerson(one)) return { jid: one };
    const other = this.#others.get(lookUp(one));
    if (one.endsWith(LID))
      return other === undefined ? { jid: one } : { jid: `${other}${NUMBER}`, also: one };
    return { jid: one, also: other === undefined ? undefined : `${other}${LID}` };
  }
}

/** In which chat a message is: what came over somebody's broadcast list is in the chat with him (Baileys, getChatId). */
export function chatOf({ remoteJid, participant, fromMe }: WAMessageKey): string {
  const chat = remoteJid ?? '';
  const list = isJidBroadcast(chat) && !isJidStatusBroadcast(chat) && fromMe !== true;
  return list ? (participant ?? chat) : chat;
}
