import { randomUUID } from 'node:crypto';
import { invalid } from './validate.ts';

/**
 * As WhatsApp Web names its messages (Baileys Utils/generics.ts, generateMessageIDV2): 18 random digits. Those of a UUID,
 * which Node makes from randomness that it fetches for 128 of them at once: 0.5 µs instead of 10.
 */
export function newMessageId(): string {
  const uuid = randomUUID();
  // Around the two digits that are not random.
  return `3EB0${uuid.slice(0, 8)}${uuid.slice(9, 13)}${uuid.slice(24, 30)}`.toUpperCase();
}

/** The value, if it is written as the id of a message. Fails with VALIDATION_ERROR. */
export function messageId(id: string, field = 'message_id'): string {
  if (/^[A-Za-z0-9._:=+-]{1,128}$/.test(id)) return id;
  throw invalid(field, 'expected the id of a message, such as 3EB089B9D6ADD58153C561');
}
