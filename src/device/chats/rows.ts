/** What was heard of the chats becomes rows of the store: named, read, sealed. */
import {
  type Chat,
  type ChatUpdate,
  normalizeMessageContent,
  proto,
  type WAMessage,
} from '@whiskeysockets/baileys';
import { gramsOf } from '../../lib/blind-index.ts';
import type { Seal } from '../../lib/seal.ts';
import {
  type ChatName,
  type ChatPatch,
  type ChatRows,
  type Content,
  isPerson,
  type MessageChange,
  type MessageRow,
} from '../../store/chats/rows.ts';
import { isStorable } from '../../store/names.ts';
import { places } from '../../store/places.ts';
import { bare } from '../jid.ts';
import { timeOf } from '../translate/read.ts';
import { kindOf, packed, type Shown, shownOf } from './content.ts';
import type { Heard } from './hearing.ts';
import { chatOf, type Others, People } from './people.ts';

const { Type } = proto.Message.ProtocolMessage;
const { StubType } = proto.WebMessageInfo;
/** Times of app state are milliseconds, those of history seconds: below this it is 1973, or seconds. */
const LEAST_MS = 100_000_000_000;
const LAST_TIME = Date.UTC(3000);

export interface RowsOptions {
  readonly no: number;
  readonly seal: Seal;
  readonly others: Others;
  /** What people call themselves, as the store has it. */
  readonly pushNames: { get(key: string): string | undefined; set(key: string, name: string): unknown };
  /** Something that cannot be read is left out. */
  readonly spoiled: (failure: Error, what: Heard['what']) => void;
}

type Open<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer R)[] ? R[] : T[K] };

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

type Names = [string | null | undefined, (string | null | undefined)?][];

/** Every person that it names, with both names where it has both. */
function namesIn(heard: Heard): [string | null | undefined, string | null | undefined][] {
  const pairs = ((): Names => {
    switch (heard.what) {
      case 'pair':
        return [[heard.pn, heard.lid]];
      case 'message': {
        const { key, participant } = heard.message;
        return [
          [key.remoteJid, key.remoteJidAlt],
          [key.participant || participant, key.participantAlt],
          ...(heard.message.reactions ?? []).map(({ key }): [string | undefined | null] => [
            key?.participant,
          ]),
        ];
      }
      case 'update':
        return [[heard.update.key.remoteJid], [heard.update.key.participant]];
      case 'removed':
        return [[heard.key.remoteJid], [heard.key.participant]];
      case 'chat': {
        const { id, pnJid, lidJid } = heard.chat;
        return [[id, id?.endsWith('@lid') ? pnJid : lidJid]];
      }
      case 'contact': {
        const { id, lid, phoneNumber } = heard.contact;
        return [[id, id?.endsWith('@lid') ? phoneNumber : lid]];
      }
      case 'call':
        return [[heard.call.from, heard.call.callerPn]];
      case 'group':
        return [];
      case 'ended':
        return [[heard.jid]];
    }
  })();
  return pairs.map(([one, other]) => [one, other]);
}

class Writing {
  readonly rows: Open<ChatRows> = {
    pairs: [],
    messages: [],
    changes: [],
    reactions: [],
    patches: [],
    contacts: [],
    ends: [],
  };
  readonly #people: People;
  readonly #options: RowsOptions;

  constructor(people: People, options: RowsOptions) {
    this.#people = people;
    this.#options = options;
  }

  add(heard: Heard): void {
    switch (heard.what) {
      case 'pair': {
        const { jid, also } = this.#people.named(heard.pn);
        if (also && isStorable(jid)) this.rows.pairs.push({ pn: jid, lid: also });
        return;
      }
      case 'message':
        this.#message(heard.message, heard.live);
        return;
      case 'update': {
        const { key, update } = heard.update;
        const about = this.#about(key);
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
        const about = this.#about(heard.key);
        if (about) this.rows.changes.push({ ...about, fromMe: heard.key.fromMe === true, gone: true });
        return;
      }
      case 'chat':
        this.#chat(heard.chat, heard.whole);
        return;
      case 'group': {
        const jid = bare(heard.group.id);
        if (isStorable(jid))
          this.rows.patches.push({ chat: { jid }, name: this.#chatName(jid, heard.group.subject ?? '') });
        return;
      }
      case 'contact':
        this.#contact(heard.contact);
        return;
      case 'call': {
        const { id, from, date, isVideo, isGroup, groupJid } = heard.call;
        const chat = this.#people.named(groupJid || from);
        if (!isStorable(id) || !isStorable(chat.jid)) return;
        const text = `Incoming ${isVideo ? 'video' : 'voice'} call`;
        const call = {
          call_id: id,
          is_video: isVideo === true,
          is_group: isGroup === true,
          auto_rejected: false,
        };
        const content = this.#content(id, { text, call }, {});
        const sender = isPerson(chat.jid) ? '' : this.#people.named(from).jid;
        const at = new Date(timeOf(date.getTime() / 1000));
        this.rows.messages.push({
          chat,
          id,
          sender,
          fromMe: false,
          at,
          kind: 'call',
          content,
          status: 0,
          starred: false,
          live: false,
        });
        return;
      }
      case 'ended': {
        const chat = this.#people.named(heard.jid);
        if (isStorable(chat.jid)) this.rows.ends.push({ chat, keep: heard.keep });
      }
    }
  }

  /** The message of a key; undefined when it names none that can be stored. */
  #about(key: proto.IMessageKey): { chat: ChatName; id: string; group: boolean } | undefined {
    const chat = this.#people.named(chatOf(key));
    const id = key.id ?? '';
    if (chat.jid === '' || id === '' || !isStorable(chat.jid) || !isStorable(id)) return undefined;
    return { chat, id, group: !isPerson(chat.jid) };
  }

  #message(message: WAMessage, live: boolean): void {
    const { key } = message;
    const about = this.#about(key);
    if (!about) return;
    const { chat, id, group } = about;
    const fromMe = key.fromMe === true;
    const participant = key.participant || message.participant || '';
    const sender = fromMe || !group ? '' : this.#people.named(participant).jid;
    if (!isStorable(sender)) return;
    const at = new Date(timeOf(message.messageTimestamp));
    const content = normalizeMessageContent(message.message);
    const { protocolMessage: protocol, reactionMessage: reaction } = content ?? {};
    if (protocol) {
      const target = { chat, id: protocol.key?.id ?? '', sender, fromMe, group };
      if (isStorable(target.id)) this.#changed(target, protocol, at);
      return;
    }
    if (reaction) {
      this.#reacted({ chat, sender, fromMe }, reaction, at);
      return;
    }
    const kind = kindOf(message.message);
    const revoked = message.messageStubType === StubType.REVOKE;
    if (kind === undefined && !revoked) return;
    const shown: Shown = {
      ...shownOf(message.message),
      ...(key.remoteJid && key.remoteJid !== chat.jid && { remoteJid: bare(key.remoteJid) }),
      ...(participant && group && { participant: bare(participant) }),
    };
    const row: MessageRow = {
      chat,
      id,
      sender,
      fromMe,
      at,
      kind: kind ?? 'text',
      ...(!revoked && message.message && { content: this.#content(id, shown, message.message) }),
      status: message.status ?? 0,
      starred: message.starred === true,
      live,
    };
    this.rows.messages.push(row);
    for (const { key: by, text, senderTimestampMs } of message.reactions ?? [])
      this.#reacted(
        {
          chat,
          sender: by?.fromMe || !group ? '' : this.#people.named(by?.participant).jid,
          fromMe: by?.fromMe === true,
        },
        { key: { id }, text: text ?? '', senderTimestampMs: senderTimestampMs ?? null },
        at,
      );
  }

  #changed(target: Omit<MessageChange, 'gone'>, protocol: proto.Message.IProtocolMessage, at: Date): void {
    if (target.id === '') return;
    if (protocol.type === Type.REVOKE) this.rows.changes.push({ ...target, revokedAt: at });
    if (protocol.type !== Type.MESSAGE_EDIT || !protocol.editedMessage) return;
    const said = Number(protocol.timestampMs ?? 0);
    const time = said > LEAST_MS && said < LAST_TIME ? new Date(said) : at;
    const content = this.#content(target.id, shownOf(protocol.editedMessage), protocol.editedMessage);
    this.rows.changes.push({ ...target, edited: { ...content, at: time } });
  }

  #reacted(
    by: { chat: ChatName; sender: string; fromMe: boolean },
    { key, text, senderTimestampMs }: proto.Message.IReactionMessage,
    at: Date,
  ): void {
    const messageId = key?.id ?? '';
    if (messageId === '' || !isStorable(messageId) || !isStorable(by.sender)) return;
    const { no, seal } = this.#options;
    const said = Number(senderTimestampMs ?? 0);
    this.rows.reactions.push({
      ...by,
      messageId,
      emoji: text ? seal.seal(places.reaction(no, messageId), Buffer.from(text)) : null,
      at: said > LEAST_MS && said < LAST_TIME ? new Date(said) : at,
    });
  }

  #content(id: string, shown: Shown, message: proto.IMessage): Content {
    const { no, seal } = this.#options;
    return {
      said: seal.seal(places.said(no, id), Buffer.from(JSON.stringify(shown))),
      message: seal.seal(places.message(no, id), packed(message)),
      grams: gramsOf(seal, `${shown.text ?? ''} ${shown.filename ?? ''}`),
    };
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
      ...(muteEndTime !== undefined && { mutedUntil: timeOrNone(muteEndTime) }),
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
  if (!(time > 0)) return null;
  // -1 and the like mean "for ever" in some clients; what no date can be is a date far away.
  const ms = time < LEAST_MS ? time * 1000 : time;
  return new Date(Math.min(ms, LAST_TIME));
}
