/** A message that came and could not be read, and what became of it. */
import { isJidBroadcast, isJidNewsletter } from '@whiskeysockets/baileys';
import type { Draft } from '../../journal/event.ts';
import { commonOf, type Envelope, identityOf, type Self } from './envelope.ts';
import { timeOf } from './read.ts';

/** It came and could not be decrypted. What is never an event when it can be is none when it cannot. */
export function fromUnread(message: Envelope, reason: string, self: Self): Draft[] {
  const chat = message.key.remoteJid ?? '';
  if (!message.key.id || isJidBroadcast(chat) || isJidNewsletter(chat)) return [];
  const payload = { ...commonOf(message, self), reason, retried: reason !== 'unavailable' };
  const at = timeOf(message.messageTimestamp);
  return [{ event: 'message.undecryptable', at, identity: identityOf(payload), payload }];
}

/** A later copy of it was decrypted. */
export function fromRecovered(
  message: Envelope,
  { by, afterMs }: { by: 'retry' | 'phone'; afterMs: number },
  self: Self,
): Draft[] {
  const payload = { ...commonOf(message, self), by, after_seconds: secondsOf(afterMs) };
  return [{ event: 'message.recovered', at: Date.now(), identity: identityOf(payload), payload }];
}

/** Nothing that was tried for it has helped. */
export function fromLost(
  message: Envelope,
  { reason, asked, afterMs }: { reason: string; asked: number; afterMs: number },
  self: Self,
): Draft[] {
  const payload = { ...commonOf(message, self), reason, asked, after_seconds: secondsOf(afterMs) };
  return [{ event: 'message.lost', at: Date.now(), identity: identityOf(payload), payload }];
}

const secondsOf = (ms: number) => Math.round(ms / 100) / 10;
