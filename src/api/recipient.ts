// What callers name a chat by, and the JID that it means. Strict on purpose: what passes here goes on the wire.
import { Failure } from '../errors.ts';

const PHONE = /^[1-9][0-9]{4,14}$/;
const GROUP = /^[1-9][0-9]{15,24}$/;

// An old group's id is its creator's number and the second in which it was made.
const OF_GROUP = /^([1-9][0-9]{4,14}-[0-9]{8,11}|[1-9][0-9]{9,24})(@g\.us)$/;
const OF_CHANNEL = /^([1-9][0-9]{9,24})(@newsletter)$/;

// A device part is allowed in a user's JID and dropped: a message goes to an account, not to one of its devices.
const jids = [
  /^([1-9][0-9]{4,14})(?::[0-9]{1,3})?(@s\.whatsapp\.net)$/,
  /^([1-9][0-9]{4,19})(?::[0-9]{1,3})?(@lid)$/,
  OF_GROUP,
  OF_CHANNEL,
  /^(status|[1-9][0-9]{4,24})(@broadcast)$/,
];

const EXPECTED =
  'expected digits with the country code (15551234567), or a JID: user@s.whatsapp.net, user@lid, ' +
  'group@g.us, channel@newsletter or status@broadcast';

/**
 * The JID of a recipient as gowa's clients write it: up to 15 digits are a phone, more are a group, a JID is itself
 * without its device part. Fails with INVALID_JID, which says what is expected and names the field.
 */
export function recipientJid(written: string, field = 'phone'): string {
  if (written.includes('@')) {
    for (const grammar of jids) {
      const match = grammar.exec(written);
      if (match) return `${match[1]}${match[2]}`;
    }
    throw unknown(field, EXPECTED);
  }
  if (GROUP.test(written)) return `${written}@g.us`;
  return `${phoneDigits(written, field)}@s.whatsapp.net`;
}

/** The digits of a phone number, with or without a leading plus sign. Fails with INVALID_JID. */
export function phoneDigits(written: string, field = 'phone'): string {
  const digits = written.startsWith('+') ? written.slice(1) : written;
  if (PHONE.test(digits)) return digits;
  if (/^[0-9+ ().-]+$/.test(written) && /[ ().-]/.test(written))
    throw unknown(field, 'write the number as digits only, without spaces, dashes or brackets (15551234567)');
  if (digits.startsWith('0'))
    throw unknown(field, 'a number starts with its country code, not with 0 (15551234567)');
  throw unknown(field, EXPECTED);
}

/** The JID of a group or community: a JID or its digits. Fails with INVALID_JID. */
export function groupJid(written: string, field = 'group_id'): string {
  const jid = written.includes('@') ? written : `${written}@g.us`;
  if (OF_GROUP.test(jid)) return jid;
  throw unknown(field, 'expected the JID of a group (120363025982934543@g.us), or its digits');
}

/** The JID of a channel: a JID or its digits. Fails with INVALID_JID. */
export function newsletterJid(written: string, field = 'newsletter_id'): string {
  const jid = written.includes('@') ? written : `${written}@newsletter`;
  if (OF_CHANNEL.test(jid)) return jid;
  throw unknown(field, 'expected the JID of a channel (120363144038483540@newsletter), or its digits');
}

/** The account of one person, as a mention names it: digits or a JID of a user. Fails with INVALID_JID. */
export function mentionJid(written: string, field: string): string {
  const jid = recipientJid(written, field);
  if (jid.endsWith('@s.whatsapp.net') || jid.endsWith('@lid')) return jid;
  throw unknown(field, 'expected the number or JID of a person');
}

function unknown(field: string, sentence: string): Failure {
  return new Failure('INVALID_JID', `${field}: ${sentence}.`, { results: { field } });
}
