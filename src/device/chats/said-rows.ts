/** A message becomes rows: its own, or what it does to another one. */
import { isJidNewsletter, proto, type WAMessage } from '@whiskeysockets/baileys';
import { gramsOf } from '../../lib/blind-index.ts';
import type { Seal } from '../../lib/seal.ts';
import {
  type ChatName,
  type ChatRows,
  type Content,
  isPerson,
  type MessageChange,
  type Pin,
} from '../../store/chats/rows.ts';
import { isStorable } from '../../store/names.ts';
import { places } from '../../store/places.ts';
import { bare } from '../jid.ts';
import { pollOptionsIn, saidIn } from '../translate/content/content.ts';
import type { Content as Said } from '../translate/content/kinds.ts';
import { unwrap } from '../translate/content/unwrap.ts';
import { type Fields, LAST_TIME, positive, text, timeOf } from '../translate/read.ts';
import { chosenIn, responseIn } from '../translate/secrets.ts';
import { kindOf, packed, type Shown, shownOf } from './content.ts';
import type { Opened } from './opening.ts';
import { chatOf, type People } from './people.ts';

const { StubType } = proto.WebMessageInfo;
/** Times of app state are milliseconds, those of history seconds: below this it is 1973, or seconds. */
export const LEAST_MS = 100_000_000_000;

export type Open<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer R)[] ? R[] : T[K] };

/** The message of a key. */
export interface About {
  readonly chat: ChatName;
  readonly id: string;
  readonly group: boolean;
}

/** Who says or does it. */
interface By {
  readonly chat: ChatName;
  readonly sender: string;
  readonly fromMe: boolean;
}

export interface SaidRowsOptions {
  readonly no: number;
  readonly seal: Seal;
  readonly people: People;
  readonly rows: Open<ChatRows>;
  readonly opened: ReadonlyMap<WAMessage, Opened>;
}

export class SaidRows {
  readonly #options: SaidRowsOptions;

  constructor(options: SaidRowsOptions) {
    this.#options = options;
  }

  /** Undefined when it names none that can be stored. */
  about(key: proto.IMessageKey): About | undefined {
    const chat = this.#options.people.named(chatOf(key));
    const id = key.id ?? '';
    if (chat.jid === '' || id === '' || !isStorable(chat.jid) || !isStorable(id)) return undefined;
    return { chat, id, group: !isPerson(chat.jid) };
  }

  message(message: WAMessage, live: boolean): void {
    const { people } = this.#options;
    const { key } = message;
    const about = this.about(key);
    if (!about) return;
    const { chat, group } = about;
    const fromMe = key.fromMe === true;
    const participant = key.participant || message.participant || '';
    const sender = fromMe || !group ? '' : people.named(participant).jid;
    if (!isStorable(sender)) return;
    const by = { chat, sender, fromMe };
    const named: Shown = {
      ...(key.remoteJid && key.remoteJid !== chat.jid && { remoteJid: bare(key.remoteJid) }),
      ...(participant && group && { participant: bare(participant) }),
    };
    if (this.#did(message, by, named, group)) return;
    this.#said(message, by, { ...about, named, live });
  }

  content(id: string, shown: Shown, message: proto.IMessage): Content {
    const { no, seal } = this.#options;
    return {
      said: seal.seal(places.said(no, id), Buffer.from(JSON.stringify(shown))),
      message: seal.seal(places.message(no, id), packed(message)),
      grams: gramsOf(seal, `${shown.text ?? ''} ${shown.filename ?? ''}`),
    };
  }

  #said(message: WAMessage, by: By, { id, named, live }: About & { named: Shown; live: boolean }): void {
    const { key, messageStubType, status, starred } = message;
    // What only the phone shows has an envelope and nothing in it (Utils/decode-wa-message.ts, "view_once").
    const once = !message.message && (key as { isViewOnce?: boolean }).isViewOnce === true;
    const said = once ? {} : this.#whole(message);
    const kind = once ? 'view_once' : kindOf(said);
    const revoked = messageStubType === StubType.REVOKE;
    if (kind === undefined && !revoked) return;
    const at = new Date(timeOf(message.messageTimestamp));
    const shown = { ...this.#numbered(shownOf(once ? undefined : said)), ...named };
    this.#options.rows.messages.push({
      ...by,
      id,
      at,
      kind: kind ?? 'text',
      ...(!revoked && said && { content: this.content(id, shown, said) }),
      status: status ?? 0,
      starred: starred === true,
      live,
    });
    this.#answered(message, by, id, at);
  }

  /** The message with what is encrypted in it opened. */
  #whole(message: WAMessage): proto.IMessage | null | undefined {
    const comment = message.message?.encCommentMessage;
    const said = this.#options.opened.get(message)?.message;
    if (!comment || !said) return message.message;
    return { commentMessage: { message: said, targetMessageKey: comment.targetMessageKey ?? null } };
  }

  /** People in the details are named as everywhere in the store. */
  #numbered({ details, ...shown }: Shown): Shown {
    if (!details) return shown;
    const { people } = this.#options;
    const { quoted_from: from, mentions } = details;
    const named = {
      ...(typeof from === 'string' && { quoted_from: people.named(from).jid }),
      ...(Array.isArray(mentions) && { mentions: mentions.map(jid => people.named(text(jid)).jid) }),
    };
    return { ...shown, details: { ...details, ...named } };
  }

  /** What others had said to a message before it came with a history. */
  #answered(message: WAMessage, { chat }: By, id: string, at: Date): void {
    const { people, rows } = this.#options;
    const by = (key: proto.IMessageKey | null | undefined): By => ({
      chat,
      sender: key?.fromMe || isPerson(chat.jid) ? '' : people.named(key?.participant).jid,
      fromMe: key?.fromMe === true,
    });
    for (const { key, text: emoji, senderTimestampMs } of message.reactions ?? [])
      this.#reacted(by(key), id, emoji, timeIn(senderTimestampMs, at));
    const options = (message.pollUpdates?.length && message.message && pollOptionsIn(message.message)) || [];
    for (const { pollUpdateMessageKey: key, vote, senderTimestampMs } of message.pollUpdates ?? [])
      if (vote) this.#answers(by(key), id, chosenIn(vote, options), timeIn(senderTimestampMs, at));
    for (const {
      eventResponseMessageKey: key,
      eventResponseMessage: said,
      timestampMs,
    } of message.eventResponses ?? [])
      if (said) this.#answers(by(key), id, responseIn(said), timeIn(timestampMs ?? said.timestampMs, at));
    const { pinInChat: pin } = message;
    if (pin) {
      const { PIN_FOR_ALL } = proto.PinInChat.Type;
      const since = timeIn(pin.serverTimestampMs ?? pin.senderTimestampMs, at);
      const seconds = pin.messageAddOnContextInfo?.messageAddOnDurationInSecs;
      rows.changes.push({ chat, id, pin: pinOf(pin.type === PIN_FOR_ALL, since, seconds) });
    }
  }

  /** Whether it is about another message, and then what becomes of that. */
  #did(message: WAMessage, by: By, named: Shown, group: boolean): boolean {
    if (!message.message) return false;
    const content = saidIn(message.message);
    const { rows, opened } = this.#options;
    const at = new Date(timeOf(message.messageTimestamp));
    const id = text(content.target?.id) ?? '';
    const known = id !== '' && isStorable(id);
    // Who may change the posts of a channel is the server's matter, and who did it is not told.
    const change: MessageChange = { ...(isJidNewsletter(by.chat.jid) ? { chat: by.chat } : by), id, group };
    const { fields = content.fields } = opened.get(message) ?? {};
    switch (content.kind) {
      case 'revoke':
        if (known) rows.changes.push({ ...change, revokedAt: at });
        return true;
      case 'edit':
        if (known) this.#edited(message, change, named, at);
        return true;
      case 'reaction':
        if (known && (!content.encrypted || fields.decrypted === true))
          this.#reacted(by, id, text(fields.reaction), timeIn(doneAt(message.message), at));
        return true;
      case 'poll_vote':
      case 'event_response':
        if (known && fields.decrypted === true) {
          const { decrypted: _, ...answer } = fields;
          this.#answers(by, id, answer, timeIn(doneAt(message.message), at));
        }
        return true;
      case 'pin':
        // Whoever may do so pins what others have said.
        if (known) rows.changes.push({ chat: by.chat, id, pin: pinIn(content, at) });
        return true;
      case 'keep':
        if (known) rows.changes.push({ chat: by.chat, id, kept: fields.kept === true });
        return true;
      case 'internal':
      case 'disappearing':
      case 'member_label':
        return true;
      default:
        return false;
    }
  }

  #edited(message: WAMessage, change: MessageChange, named: Shown, at: Date): void {
    const said = this.#options.opened.get(message)?.message;
    if (!said) return;
    const { protocolMessage } = unwrap(message.message ?? {}).content;
    const shown = { ...this.#numbered(shownOf(said)), ...named };
    const edited = { ...this.content(change.id, shown, said), at: timeIn(protocolMessage?.timestampMs, at) };
    this.#options.rows.changes.push({ ...change, edited });
  }

  #reacted(by: By, messageId: string, emoji: string | null | undefined, at: Date): void {
    if (!isStorable(by.sender)) return;
    const { no, seal, rows } = this.#options;
    const said = emoji ? seal.seal(places.reaction(no, messageId), Buffer.from(emoji)) : null;
    rows.reactions.push({ ...by, messageId, emoji: said, at });
  }

  #answers(by: By, messageId: string, said: Fields, at: Date): void {
    if (!isStorable(by.sender)) return;
    const { no, seal, rows } = this.#options;
    const none = Object.values(said).every(value => Array.isArray(value) && value.length === 0);
    const answer = none
      ? null
      : seal.seal(places.chatAnswer(no, messageId), Buffer.from(JSON.stringify(said)));
    rows.answers.push({ ...by, messageId, answer, at });
  }
}

/** A time in milliseconds of somebody's clock; the second that WhatsApp gives the message when it is none. */
function timeIn(said: unknown, at: Date): Date {
  const time = Number(said ?? 0);
  return time > LEAST_MS && time < LAST_TIME ? new Date(time) : at;
}

function doneAt(message: proto.IMessage): unknown {
  const { reactionMessage, pollUpdateMessage } = unwrap(message).content;
  return (reactionMessage ?? pollUpdateMessage)?.senderTimestampMs;
}

const pinIn = ({ fields }: Said, at: Date) => pinOf(fields.pinned === true, at, fields.expires_in);

function pinOf(pinned: boolean, at: Date, seconds: unknown): Pin {
  if (!pinned) return { at: null, until: null };
  const lasts = positive(seconds);
  return {
    at,
    until: lasts === undefined ? null : new Date(Math.min(at.getTime() + lasts * 1000, LAST_TIME)),
  };
}
