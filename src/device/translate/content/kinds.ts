/** What messages are, in one word each, and the form in which their content is read. */
import type { proto } from '@whiskeysockets/baileys';
import { type Fields, text } from '../read.ts';
import type { Context } from './context.ts';
import type { Media } from './media.ts';

/** What a message is. Those of `aboutAnother` change or answer another message and stand in no chat by themselves. */
export type Kind =
  | 'text'
  | 'image'
  | 'video'
  | 'gif'
  | 'video_note'
  | 'audio'
  | 'voice'
  | 'document'
  | 'sticker'
  | 'sticker_pack'
  | 'location'
  | 'live_location'
  | 'contact'
  | 'contacts'
  | 'poll'
  | 'poll_result'
  | 'event'
  | 'album'
  | 'group_invite'
  | 'newsletter_invite'
  | 'list'
  | 'list_reply'
  | 'buttons'
  | 'button_reply'
  | 'template'
  | 'template_reply'
  | 'interactive'
  | 'interactive_reply'
  | 'product'
  | 'order'
  | 'payment'
  | 'payment_request'
  | 'payment_declined'
  | 'payment_canceled'
  | 'payment_invite'
  | 'invoice'
  | 'phone_number_request'
  | 'phone_number_share'
  | 'call_log'
  | 'scheduled_call'
  | 'status_mention'
  | 'comment'
  | 'view_once'
  | 'placeholder'
  | 'unsupported'
  | AboutAnother
  /** For the device alone: keys and the housekeeping of one's own devices. */
  | 'internal';

export const aboutAnother = [
  'reaction',
  'revoke',
  'edit',
  'poll_vote',
  'event_response',
  'pin',
  'keep',
  'disappearing',
  'member_label',
] as const;
export type AboutAnother = (typeof aboutAnother)[number];

/** A part that only who has the secret of another message can open. */
export interface Encrypted {
  readonly use:
    | 'Poll Vote'
    | 'Event Response'
    | 'Enc Reaction'
    | 'Enc Comment'
    | 'Message Edit'
    | 'Event Edit';
  readonly payload: Uint8Array;
  readonly iv: Uint8Array;
}

export interface Content extends Context {
  readonly kind: Kind;
  /** What is written in it: the text, the caption, or what was chosen. */
  readonly text?: string;
  /** In place of a text, where it has none: what a list of chats may show. */
  readonly label?: string;
  readonly media?: Media;
  readonly viewOnce?: true;
  /** What else it has, by the names of the event's payload. */
  readonly fields: Fields;
  /** The message that it is about. */
  readonly target?: proto.IMessageKey;
  /** What it is now, of an edit; what is said, of a comment. */
  readonly inner?: proto.IMessage;
  readonly encrypted?: Encrypted;
  /** With it answers to this message are encrypted. */
  readonly secret?: Uint8Array;
  /** The message that this one is a piece of: its album. */
  readonly albumId?: string;
}

/** A content before its envelopes and its context are looked at. */
export type Said = Omit<Content, keyof Context | 'viewOnce' | 'secret' | 'albumId'>;

/** One with a text, or with what stands in its place. */
export function said(kind: Kind, fields: Fields, written?: unknown, label?: unknown): Said {
  const [body, short] = [text(written), text(label)];
  return {
    kind,
    ...(body !== undefined && { text: body }),
    ...(short !== undefined && { label: short }),
    fields,
  };
}

/** The message that it is about. */
export const targeted = (key: proto.IMessageKey | null | undefined) => (key ? { target: key } : {});
