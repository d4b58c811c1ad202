/** Ids of messages that we send, in the form of WhatsApp Web's (Baileys Utils/generics.ts, generateMessageIDV2). */
import { createHash, randomBytes } from 'node:crypto';

const BYTES = 9;

/** A new id: 3EB0 and 18 hexadecimal digits. */
export function newMessageId(): string {
  return idOf(randomBytes(BYTES));
}

/** The id that this text always leads to: whatever is sent for the same cause is the same message. */
export function messageIdFrom(cause: string): string {
  return idOf(createHash('sha256').update(cause).digest().subarray(0, BYTES));
}

const idOf = (bytes: Buffer) => `3EB0${bytes.toString('hex').toUpperCase()}`;
