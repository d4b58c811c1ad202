/** What was heard of the chats becomes rows of the store: named, read, sealed. */
import { type Chat, type ChatUpdate, proto, type WAMessage } from '@whiskeysockets/baileys';
import type { Seal } from '../../lib/seal.ts';
import { type ChatPatch, type ChatRows, isPerson } from '../../store/chats/rows.ts';
import { isStorable } from '../../store/names.ts';
import { places } from '../../store/places.ts';
import { bare } from '../jid.ts';
import { LAST_TIME, timeOf } from '../translate/read.ts';
import type { Call, Heard } from './hearing.ts';
import { namesIn } from './names-in.ts';
import type { Opened } from './opening.ts';
import { type Others, People } from './people.ts';
import { LEAST_MS, type Open, SaidRows } from './said-rows.ts';

export interface RowsOptions {
  readonly no: number;
  readonly seal: Seal;
  readonly others: Others;
  /** What was in messages that are about others, by their message. */
  readonly opened?: ReadonlyMap<WAMessage, Opened>;
  /** Off: what is said in the chats is not kept. */
  readonly keep?: boolean;
  /** What people call themselves, as the store has it. */
  readonly pushNames: { get(key: string): string | undefined; set(key: string, name: string): unknown };
  /** Something that cannot be read is left out. */
  readonly spoiled: (failure: Error, what: Heard['what']) => void;
}

/** The rows of what was heard. Fails as the look-up of people does. */
export async function rowsOf(heard: readonly Heard[], options: RowsOptions): Promise<ChatRows> {
  const people = await People.of(heard.flatMap(namesIn), options.others);
  const writing = new Writing(people, options);
  for (const one of heard)
    try {
      writing.add(one);
    } catch (error) {
      options.spoiled(error instanceof Error ? error : new Error(String(error)), one.what);
    }
  return writing.rows;
}

class Writing {
  readonly rows: Open<ChatRows> = {
    pairs: [],
    messages: [],
    changes: [],
    reactions: [],
    answers: [],
    patches: [],
    contacts: [],
    ends: [],
    keep: true,
  };
  readonly #people: People;
  readonly #options: RowsOptions;
  readonly #said: SaidRows;

  constructor(people: People, options: RowsOptions) {
    this.#people = people;
    this.#options = options;
    this.rows.keep = options.keep ?? true;
    const { no, seal, opened = new Map() } = options;
    this.#said = new SaidRows({ no, seal, people, opened, rows: this.rows });
  }

  add(heard: Heard): void {
    switch (heard.what) {
      case 'pair': {
        const { jid, also } = this.#people.named(heard.pn);
        if (also && isStorable(jid)) this.rows.pairs.push({ pn: jid, lid: also });
        return;
      }
      case 'message':
        this.#said.message(heard.message, heard.live);
        return;
      case 'update': {
        const { key, update } = heard.update;
        const about = this.#said.about(key);
        if (!about) return;
        const { status, starred } = update;
        const fromMe = key.fromMe === true;
        const read = !fromMe && (status ?? 0) >= proto.WebMessageInfo.Status.READ;
        if (read) this.rows.patches.push({ chat: about.chat, readUpTo: about.id });
        if (typeof starred === 'boolean' || fromMe)
          this.rows.changes.push({
            ...about,
            fromMe,
            ...(typeof starred === 'boolean' && { starred }),
            ...(typeof status === 'number' && fromMe && { status }),
          });
        return;
      }
      case 'removed': {
        const about = this.#said.about(heard.key);
        if (about) this.rows.changes.push({ ...about, fromMe: heard.key.fromMe === true, gone: true });
        return;
      }
      case 'chat':
        this.#chat(heard.chat, heard.whole);
        return;
      case 'group': {
        const { id, subject, ephemeralDuration: seconds } = heard.group;
        const chat = { jid: bare(id) };
        if (!isStorable(chat.jid)) return;
        const name = subject ? { name: this.#chatName(chat.jid, subject) } : {};
        const ephemeral = seconds === undefined ? {} : { ephemeral: clamp(Number(seconds), 0) };
        this.rows.patches.push({ chat, ...name, ...ephemeral });
        return;
      }
      case 'contact':
        this.#contact(heard.contact);
        return;
      case 'call':
        this.#call(heard.call);
        return;
      case 'ended': {
        const chat = this.#people.named(heard.jid);
        if (isStorable(chat.jid)) this.rows.ends.push({ chat, keep: heard.keep });
      }
    }
  }

  #call({ id, from, date, isVideo, isGroup, groupJid, autoRejected }: Call): void {
    const chat = this.#people.named(groupJid || from);
    if (!isStorable(id) || !isStorable(chat.jid)) return;
    const call = {
      call_id: id,
      is_video: isVideo === true,
      is_group: isGroup === true,
      auto_rejected: autoRejected === true,
    };
    const text = `Incoming ${isVideo ? 'video' : 'voice'} call`;
    this.rows.messages.push({
      chat,
      id,
      sender: isPerson(chat.jid) ? '' : this.#people.named(from).jid,
      fromMe: false,
      at: new Date(timeOf(date.getTime() / 1000)),
      kind: 'call',
      content: this.#said.content(id, { text, call }, {}),
      status: 0,
      starred: false,
      live: false,
    });
  }

  #chat(chat: ChatUpdate | Chat, whole: boolean): void {
    const name = this.#people.named(chat.id);
    if (name.jid === '' || !isStorable(name.jid)) return;
    if (name.also) this.rows.pairs.push({ pn: name.jid, lid: name.also });
    const { archived, pinned, muteEndTime, unreadCount, markedAsUnread, ephemeralExpiration } = chat;
    const last = whole ? Number(chat.conversationTimestamp ?? 0) : 0;
    const unread = whole && markedAsUnread ? -1 : unreadCount;
    const patch: ChatPatch = {
      chat: name,
      ...(chat.name && !isPerson(name.jid) && { name: this.#chatName(name.jid, chat.name) }),
      ...(last > 0 && { lastAt: new Date(timeOf(last)) }),
      ...(typeof unread === 'number' && (whole || unread <= 0) && { unread: clamp(unread, -1) }),
      ...(typeof archived === 'boolean' && { archived }),
      ...(pinned !== undefined && { pinnedAt: timeOrNone(pinned) }),
      // Muted without an end is 0, and not muted is null (Utils/chat-utils.ts, processSyncAction); in a history 0 is both.
      ...(muteEndTime !== undefined && {
        mutedUntil: timeOrNone(muteEndTime === 0 && !whole ? -1 : muteEndTime),
      }),
      ...(ephemeralExpiration !== undefined && { ephemeral: clamp(Number(ephemeralExpiration ?? 0), 0) }),
    };
    this.rows.patches.push(patch);
  }

  #contact(contact: Extract<Heard, { what: 'contact' }>['contact']): void {
    const { no, seal, pushNames } = this.#options;
    const { jid, also } = this.#people.named(contact.id);
    if (!isPerson(jid) || !isStorable(jid)) return;
    const { name, notify, verifiedName } = contact;
    const known = `${no}/${jid}`;
    const told = JSON.stringify([notify, verifiedName, also]);
    if (!name && pushNames.get(known) === told) return;
    if (!name) pushNames.set(known, told);
    const sealed = (column: 'name' | 'push_name' | 'business_name', text: string | null | undefined) =>
      text ? seal.seal(places.contact(no, column), Buffer.from(`${jid}\n${text}`)) : undefined;
    this.rows.contacts.push({
      jid,
      lid: also,
      name: sealed('name', name),
      pushName: sealed('push_name', notify),
      businessName: sealed('business_name', verifiedName),
    });
  }

  #chatName(jid: string, name: string): Buffer {
    const { no, seal } = this.#options;
    return seal.seal(places.chatName(no, jid), Buffer.from(name));
  }
}

const clamp = (value: number, least: number) =>
  Math.min(2_000_000_000, Math.max(least, Number.isFinite(value) ? Math.trunc(value) : 0));

function timeOrNone(value: unknown): Date | null {
  const time = Number(value ?? 0);
  // -1 is for ever (Types/Chat.ts, muteEndTime), and what no date can be is a date far away.
  if (time < 0) return new Date(LAST_TIME);
  if (!(time > 0)) return null;
  const ms = time < LEAST_MS ? time * 1000 : time;
  return new Date(Math.min(ms, LAST_TIME));
}
