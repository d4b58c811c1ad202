/**
 * A message that came and could not be decrypted: what it is called, why, and when what is tried for it. Pure; `unread.ts`
 * carries it out.
 *
 *   came, not readable ──▶ a retry receipt to its sender (Baileys) ──▶ asked of the phone, so often as `asksAfterMs` is long
 *          │                          │                                             │
 *          └─ a later copy is read: recovered ◀─────────────────────────────────────┘── nothing came: lost
 */
import {
  isJidBroadcast,
  isJidNewsletter,
  proto,
  type WAMessage,
  type WAMessageKey,
} from '@whiskeysockets/baileys';
import type { UndecryptableName } from '../../store/undecryptable.ts';
import { bare } from '../jid.ts';
import { reasonOf as cipherReason } from '../signal/undecryptable.ts';

const { CIPHERTEXT } = proto.WebMessageInfo.StubType;

export interface UnreadLimits {
  /**
   * When the phone is asked: so long after the message came, then so long after each asking. The sender's own copy mostly
   * comes within a second; Baileys asks after 5 s and whatsmeow too. A phone that is switched off is asked through its
   * queue at WhatsApp, so few more askings do.
   */
  readonly asksAfterMs: readonly number[];
  /** So long after the last asking it is lost. */
  readonly lostAfterMs: number;
  /** Of one device at a time; beyond it the oldest is lost at once. */
  readonly most: number;
  /** Askings of one device at one look. */
  readonly asksAtOnce: number;
}

const minute = 60_000;
const hour = 60 * minute;

export const UNREAD_LIMITS: UnreadLimits = {
  asksAfterMs: [5_000, minute, 10 * minute, 2 * hour, 24 * hour],
  lostAfterMs: 24 * hour,
  most: 1_000,
  asksAtOnce: 10,
};

/** What may be all that was read of a message whose text could not be: the sender's key for a group travels beside it. */
const BESIDE = new Set(['senderKeyDistributionMessage', 'messageContextInfo']);

/** Baileys' stand-in for a message of which nothing could be read (Utils/decode-wa-message.ts). */
export function isUnread({ message, messageStubType }: WAMessage): boolean {
  return messageStubType === CIPHERTEXT && Object.keys(message ?? {}).every(part => BESIDE.has(part));
}

/** Why a message could not be decrypted: every word there is for it. */
export const unreadReasons = [
  'no_session',
  'no_sender_key',
  'unknown_prekey',
  'bad_mac',
  'bad_signature',
  'too_far_ahead',
  'corrupt_session',
  'malformed',
  'unavailable',
  'unknown',
] as const;

export type UnreadReason = (typeof unreadReasons)[number];

/** By the sentence that Baileys keeps of the error, when it is none of our cipher's own. The first that fits counts. */
const sentences: readonly (readonly [RegExp, UnreadReason])[] = [
  [/^Message absent from node/, 'unavailable'],
  [/^No session record|^No sessions/, 'no_session'],
  [/e2e type|wire type|out of range|pad|invalid/i, 'malformed'],
];

export function reasonOf(sentence: string | undefined): UnreadReason {
  const known = cipherReason(sentence ?? '');
  if (known !== undefined && known !== 'duplicate') return known;
  return sentences.find(([pattern]) => pattern.test(sentence ?? ''))?.[1] ?? 'unknown';
}

export function reasonOfStub({ messageStubParameters }: WAMessage): UnreadReason {
  return reasonOf(messageStubParameters?.[0]);
}

/** What a name may be made of: it is an index key, and PostgreSQL takes neither long ones nor zero bytes. */
const NAME = /^[\x21-\x7e]{1,200}$/;

/** Its name; undefined for what is no event either way (status posts, newsletters), or cannot be a name. */
export function nameOf({ remoteJid, participant, id }: WAMessageKey): UndecryptableName | undefined {
  const chat = bare(remoteJid);
  const sender = bare(participant || remoteJid); // Baileys' cleanMessage makes '' of none
  if (!id || !NAME.test(id) || !NAME.test(chat) || !NAME.test(sender)) return undefined;
  if (isJidBroadcast(chat) || isJidNewsletter(chat)) return undefined;
  return { chat, sender, id };
}

/** A copy may name the same people by phone number where the first one had LIDs, or the other way round. */
export function isCopy(of: WAMessageKey, copy: WAMessageKey): boolean {
  const meet = (one: (string | null | undefined)[], other: (string | null | undefined)[]) =>
    one.some(jid => jid && other.some(name => bare(name) === bare(jid)));
  if (of.id !== copy.id) return false;
  if (!meet([of.remoteJid, of.remoteJidAlt], [copy.remoteJid, copy.remoteJidAlt])) return false;
  if (!of.participant || !copy.participant) return true;
  return meet([of.participant, of.participantAlt], [copy.participant, copy.participantAlt]);
}

/** When the next thing is due, ms since 1970: an asking while some are left, then the end. */
export function dueAt(
  { firstAt, askedAt, attempts }: { firstAt: number; askedAt: number | undefined; attempts: number },
  limits: UnreadLimits,
): { readonly at: number; readonly what: 'ask' | 'lose' } {
  const since = askedAt ?? firstAt;
  const wait = limits.asksAfterMs[attempts];
  return wait === undefined
    ? { at: since + limits.lostAfterMs, what: 'lose' }
    : { at: since + wait, what: 'ask' };
}
