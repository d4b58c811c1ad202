// What no schema can say of the fields of messages: each fails with a sentence that names its field.
import { phoneDigits, recipientJid } from '../recipient.ts';
import { invalid } from '../validate.ts';

/** The digits of a number in a contact, written as digits or as a JID. */
export function contactDigits(written: string, field: string): string {
  if (!written.includes('@')) return phoneDigits(written, field);
  const jid = recipientJid(written, field);
  if (jid.endsWith('@s.whatsapp.net')) return jid.slice(0, jid.indexOf('@'));
  throw invalid(field, 'a contact has a number');
}

/** The address of a web page, with or without its scheme as gowa has it. */
export function webAddress(written: string, field: string): string {
  const whole = /^[a-z][a-z0-9+.-]*:/i.test(written) ? written : `https://${written}`;
  if (URL.canParse(whole) && !/[\s\p{Cc}\p{Surrogate}]/u.test(written)) {
    const { protocol, hostname } = new URL(whole);
    if (['http:', 'https:'].includes(protocol) && hostname.includes('.')) return written;
  }
  throw invalid(field, 'expected the address of a web page, such as https://example.com');
}

/** Options of a poll of which so many may be chosen. */
export function pollOptions(options: readonly string[], most: number): readonly string[] {
  if (new Set(options).size < options.length) throw invalid('options', 'options should be unique');
  if (most > options.length) throw invalid('max_answer', `must be at most ${options.length}`);
  return options;
}
