// What a person would see of a message: its kind and its text.
import { randomInt } from 'node:crypto';
import { proto } from '@whiskeysockets/baileys';
import { unwrapped } from './kinds.ts';

/** Adds the 1..16 bytes of padding that hide a message's length. */
export function pad(encoded: Uint8Array): Buffer {
  const count = randomInt(1, 17);
  return Buffer.concat([encoded, Buffer.alloc(count, count)]);
}

/** Takes the padding off and decodes. Throws when either is wrong. */
export function decodePadded(plain: Uint8Array): proto.Message {
  const count = plain.at(-1) ?? 0;
  if (count === 0 || count > 16 || count > plain.length) throw new Error('wrong padding');
  return proto.Message.decode(plain.subarray(0, plain.length - count));
}

/**
 * `type` is `text` or the name of the protobuf field without "Message" (`image`, `reaction`, `protocol`, ...), whatever
 * envelope it came in.
 */
export function describe(envelope: proto.IMessage): { type: string; text: string } {
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
