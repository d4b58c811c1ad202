// What a person would see of a message: its kind and its text.
import type { proto } from '@whiskeysockets/baileys';
import { unwrapped } from './kinds.ts';

/**
 * `type` is `text` or the name of the protobuf field without "Message" (`image`, `reaction`, `protocol`, ...), whatever
 * envelope it came in.
 */
export function summaryOf(envelope: proto.IMessage): { type: string; text: string } {
  const message = unwrapped(envelope);
  if (message.conversation) return { type: 'text', text: message.conversation };
  if (message.extendedTextMessage) return { type: 'text', text: message.extendedTextMessage.text ?? '' };
  for (const [name, value] of Object.entries(message)) {
    if (!value || typeof value !== 'object' || name === 'messageContextInfo') continue;
    const { caption, text } = value as { caption?: unknown; text?: unknown };
    const shown = caption ?? text;
    return { type: name.replace(/Message(V\d)?$/, ''), text: typeof shown === 'string' ? shown : '' };
  }
  return { type: 'empty', text: '' };
}
