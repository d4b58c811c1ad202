/** Ids of messages that we send, in the form of WhatsApp Web's (Baileys Utils/generics.ts, generateMessageIDV2). */
import { createHash, randomUUID } from 'node:crypto';

const DIGITS = 18;

/**
 * A new id: 3EB0 and 18 hexadecimal digits. Those of a UUID, which Node makes of randomness that it fetches for 128 of them
 * at once: asking for nine bytes each time was a twelfth of a send's CPU on the main thread.
 */
export function newMessageId(): string {
  const uuid = randomUUID();
  // Around the two digits that are not random.
  return idOf(uuid.slice(0, 8) + uuid.slice(9, 13) + uuid.slice(24, 30));
}

/** The id that this text always leads to: whatever is sent for the same cause is the same message. */
export function messageIdFrom(cause: string): string {
  return idOf(createHash('sha256').update(cause).digest('hex').slice(0, DIGITS));
}

const idOf = (digits: string) => `3EB0${digits.toUpperCase()}`;
