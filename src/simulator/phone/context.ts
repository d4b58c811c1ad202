// The contextInfo of a message: what it answers, whom it mentions, when it goes.
import type { proto } from '@whiskeysockets/baileys';
import { Refused } from '../refused.ts';
import { unwrapped } from './kinds.ts';

/** What is added, or how it is made of what is there. */
type Added = proto.IContextInfo | ((before: proto.IContextInfo | null | undefined) => proto.IContextInfo);

/**
 * A copy of the message with this in the contextInfo of its content, envelopes left away. A plain text becomes an
 * extended one, which has room for it. Throws {@link Refused} for what has none (reactions, edits, votes).
 */
export function inContext(message: proto.IMessage, added: Added): proto.IMessage {
  const { conversation, ...inner } = unwrapped(message);
  const content: proto.IMessage =
    conversation == null ? inner : { ...inner, extendedTextMessage: { text: conversation } };
  for (const [field, value] of Object.entries(content)) {
    if (value === null || typeof value !== 'object' || !BEARERS.has(field)) continue;
    const { contextInfo, ...rest } = value as { contextInfo?: proto.IContextInfo | null };
    const more = typeof added === 'function' ? added(contextInfo) : added;
    return { ...content, [field]: { ...rest, contextInfo: { ...contextInfo, ...more } } };
  }
  throw new Refused(400, 'such a message has no room for quote, mentions, expiresIn, or to be forwarded');
}

/** Fields of proto.Message whose own fields include contextInfo (WAProto). */
const BEARERS = new Set([
  'extendedTextMessage',
  'imageMessage',
  'videoMessage',
  'ptvMessage',
  'audioMessage',
  'documentMessage',
  'stickerMessage',
  'locationMessage',
  'liveLocationMessage',
  'contactMessage',
  'contactsArrayMessage',
  'pollCreationMessage',
  'pollCreationMessageV2',
  'pollCreationMessageV3',
  'groupInviteMessage',
  'productMessage',
  'orderMessage',
  'listMessage',
  'buttonsMessage',
  'templateMessage',
  'interactiveMessage',
  'eventMessage',
]);
