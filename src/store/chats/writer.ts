/**
 * Writes what the devices of a shard have heard of their chats, a few statements for all of them. Each does no harm when it
 * is done twice, so what a crash cut off is simply written again; nobody but the owner of a device writes.
 */
import { LRUCache } from 'lru-cache';
import { persist, type Sql } from '../database.ts';
import { endChats, patchChats, putContacts } from './about.ts';
import type { Held } from './held.ts';
import { changeMessages, type In, putAnswers, putMessages, putReactions } from './messages.ts';
import { chatsNamed, joinPeople, type Of } from './people.ts';
import type { AnswerRow, ChatName, ChatRows, MessageChange, MessageRow } from './rows.ts';

/** What one device has heard; no device twice in a write. */
export interface ChatEntry {
  readonly deviceNo: number;
  readonly epoch: number;
  readonly rows: ChatRows;
}

export interface ChatWriterOptions {
  readonly sql: Sql;
  readonly owner: string;
}

/** Chats and people that are looked up without the database; an entry takes about 150 bytes. */
const AT_HAND = 20_000;
/** A chat that is gone under us is made anew; twice in a row it is not. */
const TRIES = 2;

export class ChatWriter {
  readonly #sql: Sql;
  readonly #owner: string;
  readonly #chats = new LRUCache<string, number>({ max: AT_HAND });
  readonly #joined = new LRUCache<string, true>({ max: AT_HAND });

  constructor({ sql, owner }: ChatWriterOptions) {
    this.#sql = sql;
    this.#owner = owner;
  }

  /** Resolves when all of it is durable, but for devices that another node has taken. Fails as the database does. */
  async write(entries: readonly ChatEntry[]): Promise<void> {
    const epochs = new Map(entries.map(({ deviceNo, epoch }) => [deviceNo, epoch]));
    const by = { owner: this.#owner, epochs };
    const all = <T>(part: (rows: ChatRows) => readonly T[]): Of<T>[] =>
      entries.flatMap(({ deviceNo, rows }) => part(rows).map(row => ({ ...row, deviceNo })));
    const messages = once(
      all(({ messages, keep }) => messages.map(message => ({ ...message, keep }))),
      messageKey,
    );
    const changes = all(({ changes }) => changes);
    const reactions = all(({ reactions, keep }) => (keep ? reactions : []));
    const answers = all(({ answers, keep }) => (keep ? answers : []));
    const patches = all(({ patches }) => patches);
    const ends = all(({ ends }) => ends);
    const naming = [messages, changes, reactions, answers, patches, ends].flatMap(
      (rows: Of<{ chat: ChatName }>[]) => rows.map(({ deviceNo, chat }) => ({ ...chat, deviceNo })),
    );
    await this.#join(by, [
      ...all(({ pairs }) => pairs),
      ...naming.flatMap(({ deviceNo, jid, also }) => (also ? [{ deviceNo, pn: jid, lid: also }] : [])),
    ]);
    for (let tries = 1; ; tries++) {
      await this.#find(by, naming);
      const lost = await this.#put(by, messages);
      if (lost.size === 0 || tries === TRIES) break;
      this.#forget(lost);
    }
    const run = async <T>(rows: In<T>[], write: (sql: Sql, by: Held, rows: In<T>[]) => Promise<void>) => {
      if (rows.length > 0) await persist(() => write(this.#sql, by, rows));
    };
    for (const round of rounds(merged(changes))) await run(this.#placed(by, round), changeMessages);
    await run(this.#placed(by, once(reactions, lastWordKey)), putReactions);
    await run(this.#placed(by, once(answers, lastWordKey)), putAnswers);
    await run(
      this.#placed(
        by,
        mended(patches, row => `${row.deviceNo} ${row.chat.jid}`),
      ),
      patchChats,
    );
    const contacts = mended(
      all(({ contacts }) => contacts),
      row => `${row.deviceNo} ${row.jid}`,
    );
    if (contacts.length > 0) await persist(() => putContacts(this.#sql, by, contacts));
    const ended = this.#placed(
      by,
      once(ends, row => `${row.deviceNo} ${row.chat.jid}`),
    );
    await run(ended, endChats);
    this.#forget(new Set(ended.filter(({ keep }) => !keep).map(({ deviceNo }) => deviceNo)));
  }

  /** The chats of a device are gone, or are no longer what this writer knows of them. */
  forget(deviceNo: number): void {
    this.#forget(new Set([deviceNo]));
  }

  async #join(by: Held, pairs: readonly Of<{ pn: string; lid: string }>[]): Promise<void> {
    const place = ({ deviceNo, pn, lid }: (typeof pairs)[number]) => placeOf(by, deviceNo, `${pn} ${lid}`);
    const unknown = once(pairs, place).filter(pair => !this.#joined.has(place(pair)));
    if (unknown.length === 0) return;
    await persist(() => joinPeople(this.#sql, by, unknown));
    for (const pair of unknown) {
      this.#joined.set(place(pair), true);
      for (const jid of [pair.pn, pair.lid]) this.#chats.delete(placeOf(by, pair.deviceNo, jid));
    }
  }

  async #find(by: Held, names: readonly Of<ChatName>[]): Promise<void> {
    const place = ({ deviceNo, jid }: Of<ChatName>) => placeOf(by, deviceNo, jid);
    const unknown = once(names, place).filter(name => !this.#chats.has(place(name)));
    if (unknown.length === 0) return;
    const found = await persist(() => chatsNamed(this.#sql, by, unknown));
    for (const { deviceNo, jid, chatNo } of found) this.#chats.set(placeOf(by, deviceNo, jid), chatNo);
  }

  async #put(by: Held, rows: (Of<MessageRow> & { keep: boolean })[]): Promise<Set<number>> {
    const placed = this.#placed(by, rows);
    if (placed.length === 0) return new Set();
    return await persist(() => putMessages(this.#sql, by, placed));
  }

  /** Those whose chats were found; the others are devices' that are not ours any more. */
  #placed<T extends Of<{ readonly chat: ChatName }>>(by: Held, rows: readonly T[]): In<T>[] {
    return rows.flatMap(({ chat, ...row }) => {
      const chatNo = this.#chats.get(placeOf(by, row.deviceNo, chat.jid));
      return chatNo === undefined ? [] : [{ ...row, chatNo } as unknown as In<T>];
    });
  }

  #forget(devices: ReadonlySet<number>): void {
    if (devices.size === 0) return;
    for (const known of [this.#chats, this.#joined])
      for (const place of known.keys())
        if (devices.has(Number(place.slice(0, place.indexOf(' '))))) known.delete(place);
  }
}

/** In another term the chats may be others: another node had the device meanwhile. */
const placeOf = ({ epochs }: Held, deviceNo: number, name: string) =>
  `${deviceNo} ${epochs.get(deviceNo)} ${name}`;

const messageKey = (row: Of<MessageRow>) =>
  JSON.stringify([row.deviceNo, row.chat.jid, row.id, row.sender, row.fromMe]);

const lastWordKey = ({ deviceNo, chat, messageId, sender, fromMe }: Of<Omit<AnswerRow, 'answer' | 'at'>>) =>
  JSON.stringify([deviceNo, chat.jid, messageId, sender, fromMe]);

/** The last of those with the same key; a statement cannot write a row twice. */
function once<T>(rows: readonly T[], key: (row: T) => string): T[] {
  return [...new Map(rows.map(row => [key(row), row])).values()];
}

/** One of all that have the same key: what a later one says counts, and what it does not say stays. */
function mended<T extends object>(rows: readonly T[], key: (row: T) => string): T[] {
  const found = new Map<string, T>();
  for (const row of rows) {
    const given = Object.entries(row).filter(([, value]) => value !== undefined);
    found.set(key(row), { ...found.get(key(row)), ...(Object.fromEntries(given) as T) });
  }
  return [...found.values()];
}

/** One change of each message by each of those who changed it. */
function merged(rows: readonly Of<MessageChange>[]): Of<MessageChange>[] {
  return mended(rows, row => JSON.stringify([row.deviceNo, row.chat.jid, row.id, row.sender, row.fromMe]));
}

/** In their order, so that no message is in the same round twice: of two changes of a row one statement makes one. */
function rounds(rows: readonly Of<MessageChange>[]): Of<MessageChange>[][] {
  const made: Of<MessageChange>[][] = [];
  const counts = new Map<string, number>();
  for (const row of rows) {
    const key = JSON.stringify([row.deviceNo, row.chat.jid, row.id]);
    const round = counts.get(key) ?? 0;
    counts.set(key, round + 1);
    made[round] ??= [];
    made[round].push(row);
  }
  return made;
}
