/** Whom an event is about and what makes it this one: the fields that messages share, in gowa's words. */
import {
  type AuthenticationCreds,
  isJidGroup,
  type WAMessage,
  type WAMessageKey,
} from '@whiskeysockets/baileys';
import type { Draft } from '../../journal/event.ts';
import { bare, party } from '../jid.ts';
import { timeOf } from './read.ts';
import type { Holds, Opens } from './secrets.ts';

/** The account that an event belongs to. */
export interface Self {
  readonly jid: string;
  readonly lid: string;
}

export const selfOf = ({ me }: AuthenticationCreds): Self => ({ jid: me?.id ?? '', lid: me?.lid ?? '' });

/** A draft, and what it needs of other messages or has for them. */
export interface Told extends Draft {
  readonly opens?: Opens;
  readonly holds?: Holds;
  /** The message that it is about, of which the chat store may know what it said. */
  readonly recalls?: { readonly chat: string; readonly id: string };
}

export const isSelf = (jid: string, self: Self): boolean =>
  jid !== '' && (jid === bare(self.jid) || jid === bare(self.lid));

/** One name for a party, whatever names a stanza has of it: a resent copy may have the LID alone. */
export const named = (lid: string | undefined, shown: string) => lid ?? shown;

/** Who sent it and where, in gowa's words. Absent names are left out. */
export function envelopeOf(key: WAMessageKey, self: Self) {
  const chat = party(key.remoteJid, key.remoteJidAlt);
  const inGroup = isJidGroup(key.remoteJid ?? undefined);
  const sender = key.fromMe
    ? { shown: bare(self.jid), lid: bare(self.lid) }
    : inGroup
      ? party(key.participant, key.participantAlt)
      : chat;
  return {
    id: key.id ?? '',
    chat_id: chat.shown,
    ...(chat.lid && { chat_lid: chat.lid }),
    from: sender.shown,
    ...(sender.lid && { from_lid: sender.lid }),
    is_from_me: key.fromMe === true,
  };
}

/** A message of which only the envelope is known. */
export type Envelope = Pick<WAMessage, 'key' | 'messageTimestamp' | 'pushName'>;

export type Common = ReturnType<typeof commonOf>;

/** The fields that every event of a message has, in gowa's words. */
export function commonOf({ key, messageTimestamp, pushName }: Envelope, self: Self) {
  const name = pushName ?? '';
  const timestamp = new Date(timeOf(messageTimestamp)).toISOString();
  return { ...envelopeOf(key, self), from_name: name, sender_display_name: name, timestamp };
}

/**
 * Without the people: two copies of one message may name them by number, by LID, or by both (what our own phone sends us
 * again has the number alone), and would be two. Ids are random and known to the chat alone, so nobody can take one first.
 */
export const identityOf = ({ chat_id, id }: { readonly chat_id: string; readonly id: string }) =>
  isJidGroup(chat_id) ? `${chat_id} ${id}` : id;
