import { randomBytes } from 'node:crypto';
import { invalid } from './validate.ts';

/** As WhatsApp Web names its messages (Baileys Utils/generics.ts, generateMessageIDV2). */
export function newMessageId(): string {
  return `3EB0${randomBytes(9).toString('hex').toUpperCase()}`;
}

/** The value, if it is written as the id of a message. Fails with VALIDATION_ERROR. */
export function messageId(id: string, field = 'message_id'): string {
  if (/^[A-Za-z0-9._:=+-]{1,128}$/.test(id)) return id;
  throw invalid(field, 'expected the id of a message, such as 3EB089B9D6ADD58153C561');
}
