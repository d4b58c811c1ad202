/**
 * Messages, one event each. Payload fields are gowa's (docs/events.md); a status post, and what is for the device alone, is
 * no event, as there. Posts of channels are told from their stanzas (newsletters.ts), which say more.
 */
import { isJidBroadcast, isJidGroup, isJidNewsletter, type WAMessage } from '@whiskeysockets/baileys';
import type { EventName } from '../../journal/names.ts';
import { bare } from '../jid.ts';
import { pollOptionsIn, saidIn } from './content/content.ts';
import type { Content, Kind } from './content/kinds.ts';
import { type Common, commonOf, identityOf, type Self, type Told } from './envelope.ts';
import { type Fields, given, text, timeOf } from './read.ts';
import type { Holds, Opens } from './secrets.ts';

/** An event for each message that is one. */
export function fromMessages(messages: readonly WAMessage[], self: Self): Told[] {
  return messages.map(message => draftOf(message, self)).filter(draft => draft !== undefined);
}

function draftOf(message: WAMessage, self: Self): Told | undefined {
  const { key } = message;
  const chat = key.remoteJid ?? '';
  if (!key.id || isJidBroadcast(chat) || isJidNewsletter(chat)) return undefined;
  const content = contentOf(message);
  if (!content) return undefined;
  const common = commonOf(message, self);
  const told = payloadOf(content, common);
  if (!told) return undefined;
  const [event, payload] = told;
  return {
    event,
    at: timeOf(message.messageTimestamp),
    identity: identityOf(common),
    payload,
    ...opensOf(content, message, common, self),
    ...holdsOf(content, message, common),
  };
}

/** Seen on the phone alone: Baileys has the envelope and this mark (Utils/decode-wa-message.ts, "view_once"). */
const FOR_THE_PHONE: Content = { kind: 'view_once', viewOnce: true, fields: {} };

function contentOf({ key, message }: WAMessage): Content | undefined {
  if (message) return saidIn(message);
  return (key as { isViewOnce?: boolean }).isViewOnce ? FOR_THE_PHONE : undefined;
}

/** The event of a kind, and its payload beside and with what all messages have. */
export function payloadOf(
  content: Content,
  common: Common,
): readonly [EventName, Record<string, unknown>] | undefined {
  const { kind, fields, target, text: body, encrypted } = content;
  const about = text(target?.id) ?? '';
  const told = (event: EventName, more: Fields) => [event, { ...common, ...more }] as const;
  switch (kind) {
    case 'internal':
      return undefined;
    case 'reaction':
      return told('message.reaction', { ...fields, reacted_message_id: about });
    case 'revoke':
      return told('message.revoked', {
        revoked_message_id: about,
        revoked_from_me: target?.fromMe === true,
        revoked_chat: common.chat_id,
        ...given({ revoked_from: bare(target?.participant) || undefined }),
      });
    case 'edit':
      return told('message.edited', {
        original_message_id: about,
        ...(!encrypted && { body: body ?? '' }),
        ...given({ mentions: content.mentions }),
      });
    case 'poll_vote':
      return told('message.poll_vote', { poll_message_id: about });
    case 'event_response':
      return told('message.event_response', { event_message_id: about });
    case 'pin':
      return told('message.pinned', { pinned_message_id: about, ...fields });
    case 'keep':
      return told('message.kept', { kept_message_id: about, ...fields });
    case 'disappearing':
      // In a group the server says so, and that is told from its stanza.
      return isJidGroup(common.chat_id) ? undefined : told('chat.updated', { ...fields });
    case 'member_label':
      return told('group.member_label', { ...fields });
    default:
      return told('message', saidFields(kind, content, about));
  }
}

/** What a message says, beside who says it and where. */
export function saidFields(kind: Kind, content: Content, about: string): Fields {
  const { text: body, quoted, viewOnce, fields } = content;
  const quote = quoted?.message && saidIn(quoted.message);
  return {
    type: kind,
    ...given({
      body,
      replied_to_id: quoted?.id,
      quoted_body: quote && (quote.text ?? quote.label),
      quoted_from: quoted?.from,
      forwarded: content.forwarded,
      view_once: viewOnce,
      mentions: content.mentions,
      mentions_everyone: content.mentionsAll,
      expires_in: content.expiresIn,
      referral: content.referral,
      album_id: content.albumId,
      comment_to_id: kind === 'comment' ? about : undefined,
    }),
    ...fields,
  };
}

/** Every name that its clients may have had for a person, or a chat. */
const names = (...jids: readonly unknown[]) => [...new Set(jids.flatMap(jid => bare(text(jid)) || []))];

/** What is encrypted in a message with the secret of another one. */
export function opensIn(message: WAMessage, self: Self): Opens | undefined {
  const content = contentOf(message);
  return content && opensOf(content, message, commonOf(message, self), self).opens;
}

function opensOf(
  { encrypted, target }: Content,
  { key }: WAMessage,
  { chat_id, chat_lid, from, from_lid }: Common,
  self: Self,
): { opens?: Opens } {
  const id = text(target?.id);
  if (!encrypted || id === undefined) return {};
  const chats = names(chat_id, chat_lid);
  const actors = names(key.participant, from_lid, from);
  const people = isJidGroup(chat_id) ? [] : chats;
  const authors = names(target?.participant, ...actors, self.lid, self.jid, ...people);
  return { opens: { ...encrypted, target: id, chats, authors, actors } };
}

function holdsOf(
  { secret }: Content,
  { key, message }: WAMessage,
  { chat_id, chat_lid }: Common,
): { holds?: Holds } {
  if (!secret || !message) return {};
  const options = pollOptionsIn(message);
  const held = { id: key.id ?? '', chats: names(chat_id, chat_lid), secret };
  return { holds: { ...held, ...(options && { options }) } };
}
