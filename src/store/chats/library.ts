/**
 * The chats of all devices for whoever asks over HTTP: rows read and opened. A value that does not open (it was changed or
 * moved) is left out and told; the rest of the answer stands.
 */
import { setImmediate as breath } from 'node:timers/promises';
import { gramsOf, normalised } from '../../lib/blind-index.ts';
import type { Logger } from '../../lib/logger.ts';
import { type Seal, SealBroken } from '../../lib/seal.ts';
import { reachStore, type Sql } from '../database.ts';
import { places } from '../places.ts';
import {
  type ChatFilter,
  type ChatRow,
  countChats,
  countMessages,
  type MessageFilter,
  type Part,
  readAnswers,
  readChat,
  readChats,
  readContacts,
  readMessages,
  readNames,
  readReactions,
  type StoredContact,
  type StoredMessage,
  type StoredWord,
} from './reading.ts';
import { isPerson } from './rows.ts';

/** A name as it is shown, and where it comes from. */
export interface Names {
  readonly saved: string;
  readonly push: string;
  readonly business: string;
}

export type OpenChat = Omit<ChatRow, 'name'> & { readonly name: string };

export interface OpenMessage extends Omit<StoredMessage, 'said' | 'chatNo'> {
  readonly senderName: string;
  readonly text: string;
  readonly filename: string;
  readonly mimetype: string;
  readonly url: string;
  readonly length: number;
  readonly call?: Readonly<Record<string, unknown>>;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly reactions: readonly OpenReaction[];
  readonly answers: readonly OpenAnswer[];
}

/** Who says it, and when. */
interface By {
  readonly sender: string;
  readonly senderName: string;
  readonly fromMe: boolean;
  readonly at: Date;
}

export interface OpenReaction extends By {
  readonly emoji: string;
}

export interface OpenAnswer extends By {
  readonly said: Readonly<Record<string, unknown>>;
}

export interface OpenContact extends Names {
  readonly jid: string;
  readonly lid: string | null;
}

/** The account itself, as its own messages name it. */
export interface Self {
  readonly jid: string;
  readonly name: string;
}

/** What `said` has in it, as device/chats/content.ts writes it. */
interface Shown {
  readonly text?: string;
  readonly filename?: string;
  readonly mimetype?: string;
  readonly url?: string;
  readonly length?: number;
  readonly call?: Readonly<Record<string, unknown>>;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Texts that are opened for one search, and chats whose names are looked through: what is older is found by going on. */
const SEARCHED = 2_000;
/** Opened (some 15 µs each) before other work has a turn. */
const AT_ONCE = 200;

export interface LibraryOptions {
  readonly sql: Sql;
  readonly seals: { sealOf(deviceNo: number): Seal | Promise<Seal> };
  readonly log: Logger;
}

export class Library {
  readonly #options: LibraryOptions;

  constructor(options: LibraryOptions) {
    this.#options = options;
  }

  /** Chats, the newest first. With `search` those whose name or number has it. */
  async chats(
    deviceNo: number,
    { search, part, ...filter }: ChatFilter & { readonly search?: string | undefined; readonly part: Part },
  ): Promise<{ chats: OpenChat[]; total?: number }> {
    const { sql } = this.#options;
    const wanted = normalised(search ?? '');
    if (wanted === '') {
      const keyset = part.before ?? part.after;
      const [rows, total] = await reachStore(() =>
        Promise.all([
          readChats(sql, deviceNo, filter, part),
          keyset ? undefined : countChats(sql, deviceNo, filter),
        ]),
      );
      const chats = await this.#openChats(deviceNo, rows);
      return { chats, ...(total !== undefined && { total }) };
    }
    const { limit, offset = 0, ...place } = part;
    const rows = await reachStore(() => readChats(sql, deviceNo, filter, { limit: SEARCHED, ...place }));
    const all = await this.#openChats(deviceNo, rows);
    const found = all.filter(({ name, jid }) => normalised(name).includes(wanted) || jid.includes(wanted));
    return { chats: found.slice(offset, offset + limit), total: found.length };
  }

  /** The chat that a JID leads to, whichever of its person's. */
  async chat(deviceNo: number, jid: string): Promise<OpenChat | undefined> {
    const row = await reachStore(() => readChat(this.#options.sql, deviceNo, jid));
    return row && (await this.#openChats(deviceNo, [row]))[0];
  }

  /** Messages, the newest first. */
  async messages(
    deviceNo: number,
    self: Self,
    filter: MessageFilter,
    part: Part,
  ): Promise<{ messages: OpenMessage[]; total?: number }> {
    const { sql } = this.#options;
    const keyset = part.before ?? part.after;
    const [rows, total] = await reachStore(() =>
      Promise.all([
        readMessages(sql, deviceNo, filter, part),
        keyset ? undefined : countMessages(sql, deviceNo, filter),
      ]),
    );
    const messages = await this.#openMessages(deviceNo, self, rows);
    return { messages, ...(total !== undefined && { total }) };
  }

  /**
   * Messages whose text or file name has this in it, the newest first; what was opened for it at most `SEARCHED`. `more`
   * is from where to go on when there may be more.
   */
  async search(
    deviceNo: number,
    self: Self,
    query: string,
    filter: MessageFilter,
    { limit, offset = 0, before }: Part,
  ): Promise<{ messages: OpenMessage[]; total: number; complete: boolean; last?: StoredMessage }> {
    const { sql, seals } = this.#options;
    const wanted = normalised(query);
    const seal = await reachStore(async () => seals.sealOf(deviceNo));
    // Less than three characters are in no index: the newest messages are looked through.
    const narrowed = { ...filter, grams: gramsOf(seal, wanted) };
    const rows = await reachStore(() => readMessages(sql, deviceNo, narrowed, { limit: SEARCHED, before }));
    const found: StoredMessage[] = [];
    for (const [n, row] of rows.entries()) {
      if (n % AT_ONCE === AT_ONCE - 1) await breath();
      const { text = '', filename = '' } = this.#shown(deviceNo, seal, row);
      if (normalised(`${text} ${filename}`).includes(wanted)) found.push(row);
    }
    const page = found.slice(offset, offset + limit);
    const rest = found.length > offset + limit;
    const complete = !rest && rows.length < SEARCHED;
    const last = rest ? page.at(-1) : rows.at(-1);
    const messages = await this.#openMessages(deviceNo, self, page);
    return { messages, total: found.length, complete, ...(!complete && last && { last }) };
  }

  /** Everybody of whom a name is known. */
  async contacts(deviceNo: number): Promise<OpenContact[]> {
    const { sql, seals } = this.#options;
    const rows = await reachStore(() => readContacts(sql, deviceNo));
    const seal = await reachStore(async () => seals.sealOf(deviceNo));
    const contacts: OpenContact[] = [];
    for (const row of rows) {
      if (contacts.length % AT_ONCE === AT_ONCE - 1) await breath();
      contacts.push({ jid: row.jid, lid: row.lid, ...this.#names(deviceNo, seal, row) });
    }
    return contacts;
  }

  /** What the people of these JIDs are called, as far as that is known. */
  async names(deviceNo: number, jids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const { seals } = this.#options;
    return this.#known(deviceNo, await reachStore(async () => seals.sealOf(deviceNo)), jids);
  }

  async #openChats(deviceNo: number, rows: readonly ChatRow[]): Promise<OpenChat[]> {
    const { seals } = this.#options;
    const seal = await reachStore(async () => seals.sealOf(deviceNo));
    const nameOf = await this.#naming(
      deviceNo,
      seal,
      rows.map(({ jid }) => jid),
    );
    const chats: OpenChat[] = [];
    for (const { name, ...row } of rows) {
      if (chats.length % AT_ONCE === AT_ONCE - 1) await breath();
      const own = name && this.#open(seal, places.chatName(deviceNo, row.jid), name);
      chats.push({ ...row, name: own?.toString() || nameOf(row.jid) });
    }
    return chats;
  }

  async #openMessages(deviceNo: number, self: Self, rows: readonly StoredMessage[]): Promise<OpenMessage[]> {
    const { sql, seals } = this.#options;
    const [seal, reactions, answers] = await reachStore(() =>
      Promise.all([
        seals.sealOf(deviceNo),
        readReactions(sql, deviceNo, rows),
        readAnswers(sql, deviceNo, rows),
      ]),
    );
    const personOf = (chat: string, sender: string, fromMe: boolean) => (fromMe ? self.jid : sender || chat);
    const chats = new Map(rows.map(({ chatNo, chat }) => [chatNo, chat]));
    const nameOf = await this.#naming(deviceNo, seal, [
      ...rows.map(({ chat, sender, fromMe }) => personOf(chat, sender, fromMe)),
      ...[...reactions, ...answers].map(({ chatNo, sender, fromMe }) =>
        personOf(chats.get(chatNo) ?? '', sender, fromMe),
      ),
    ]);
    const called = (jid: string) => (jid === self.jid ? self.name || userOf(jid) : nameOf(jid));
    const by = ({ chatNo, sender, fromMe, at }: StoredWord): By => {
      const jid = personOf(chats.get(chatNo) ?? '', sender, fromMe);
      return { sender: jid, senderName: called(jid), fromMe, at };
    };
    const [reactionsTo, answersTo] = [byMessage(reactions), byMessage(answers)];
    return rows.map(({ said, chatNo, ...row }) => {
      const shown = this.#shown(deviceNo, seal, { id: row.id, said });
      const { text = '', filename = '', mimetype = '', url = '', length = 0, call, details } = shown;
      const sender = personOf(row.chat, row.sender, row.fromMe);
      const key = `${chatNo} ${row.id}`;
      return {
        ...row,
        sender,
        senderName: called(sender),
        text,
        filename,
        mimetype,
        url,
        length,
        ...(call && { call }),
        ...(details && { details }),
        reactions: (reactionsTo.get(key) ?? []).flatMap(word => {
          const emoji = this.#open(seal, places.reaction(deviceNo, row.id), word.said)?.toString();
          return emoji ? [{ emoji, ...by(word) }] : [];
        }),
        answers: (answersTo.get(key) ?? []).flatMap(word => {
          const opened = this.#open(seal, places.chatAnswer(deviceNo, row.id), word.said);
          return opened ? [{ said: JSON.parse(opened.toString()) as OpenAnswer['said'], ...by(word) }] : [];
        }),
      };
    });
  }

  /** What to call the people of these JIDs: as saved, as they call themselves, as a business, by their number. */
  async #naming(deviceNo: number, seal: Seal, jids: readonly string[]): Promise<(jid: string) => string> {
    const known = await this.#known(deviceNo, seal, jids);
    return jid => known.get(jid) ?? userOf(jid);
  }

  async #known(deviceNo: number, seal: Seal, jids: readonly string[]): Promise<Map<string, string>> {
    const people = jids.filter(isPerson);
    const rows = await reachStore(() => readNames(this.#options.sql, deviceNo, people));
    const known = new Map<string, string>();
    for (const [n, row] of rows.entries()) {
      if (n % AT_ONCE === AT_ONCE - 1) await breath();
      const { saved, push, business } = this.#names(deviceNo, seal, row);
      const name = saved || push || business;
      if (name) for (const jid of [row.jid, row.lid]) if (jid) known.set(jid, name);
    }
    return known;
  }

  #names(deviceNo: number, seal: Seal, row: StoredContact): Names {
    const read = (column: 'name' | 'push_name' | 'business_name', value: Buffer | null) => {
      const text = (value && this.#open(seal, places.contact(deviceNo, column), value))?.toString() ?? '';
      // The name of somebody else in this row's place.
      const line = text.indexOf('\n');
      const owner = text.slice(0, line);
      return owner === row.jid || owner === row.lid ? text.slice(line + 1) : '';
    };
    return {
      saved: read('name', row.name),
      push: read('push_name', row.pushName),
      business: read('business_name', row.businessName),
    };
  }

  #shown(deviceNo: number, seal: Seal, { id, said }: Pick<StoredMessage, 'id' | 'said'>): Shown {
    const opened = said && this.#open(seal, places.said(deviceNo, id), said);
    return opened ? (JSON.parse(opened.toString()) as Shown) : {};
  }

  #open(seal: Seal, place: string, value: Buffer): Buffer | undefined {
    try {
      return seal.open(place, value);
    } catch (err) {
      if (!(err instanceof SealBroken)) throw err;
      this.#options.log.error({ err }, 'something of a chat does not open; it is left out');
      return undefined;
    }
  }
}

function byMessage(words: readonly StoredWord[]): Map<string, StoredWord[]> {
  const found = new Map<string, StoredWord[]>();
  for (const word of words) {
    const key = `${word.chatNo} ${word.messageId}`;
    found.set(key, [...(found.get(key) ?? []), word]);
  }
  return found;
}

const userOf = (jid: string) => jid.slice(0, Math.max(0, jid.indexOf('@'))) || jid;
