/**
 * What is said to a message under its own secret, so that only those who have the message can read it: votes and answers
 * to events. The key is derived as Baileys derives it to decrypt (Utils/process-message.js, decryptPollVote and
 * decryptEventResponse; whatsmeow msgsecret.go).
 */
import { createCipheriv, createHmac, randomBytes } from 'node:crypto';
import type { proto, WAMessageKey } from '@whiskeysockets/baileys';
import { wrongField } from '../asking/wrong-field.ts';
import type { Connection } from '../line/connection.ts';
import { authorOf, ownJid } from './message-key.ts';

export interface Sealed {
  readonly encPayload: Uint8Array;
  readonly encIv: Uint8Array;
}

/** The secret that a message came with. Fails with VALIDATION_ERROR where it came without one. */
export function secretOf({ messageContextInfo }: proto.IMessage): Uint8Array {
  const secret = messageContextInfo?.messageSecret;
  if (!secret?.length)
    throw wrongField('message_id', 'the message came without the secret that an answer needs');
  return secret;
}

/** What only those can read who have the message of `key`. */
export function sealedFor(
  use: 'Poll Vote' | 'Event Response',
  plain: Uint8Array,
  key: WAMessageKey,
  secret: Uint8Array,
  connection: Connection,
): Sealed {
  const author = authorOf(connection, key);
  const own = ownJid(connection, key.remoteJid ?? '');
  const info = Buffer.concat([Buffer.from(`${key.id}${author}${own}${use}`), Buffer.of(1)]);
  const extracted = createHmac('sha256', Buffer.alloc(32)).update(secret).digest();
  const encIv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', createHmac('sha256', extracted).update(info).digest(), encIv);
  cipher.setAAD(Buffer.from(`${key.id}\0${own}`));
  return { encIv, encPayload: Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]) };
}
