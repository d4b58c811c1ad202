// An answer as the client of whoever gives it encrypts it: with the secret of the message that it is about (whatsmeow
// msgsecret.go, generateMsgSecretKey). Written apart from what opens it.
import { createCipheriv, createHmac, randomBytes } from 'node:crypto';

export interface Answering {
  readonly use: string;
  readonly target: string;
  readonly author: string;
  readonly actor: string;
}

export function sealAnswer(secret: Uint8Array, { use, target, author, actor }: Answering, plain: Uint8Array) {
  const extracted = createHmac('sha256', Buffer.alloc(32)).update(secret).digest();
  const key = createHmac('sha256', extracted)
    .update(`${target}${author}${actor}${use}`)
    .update(Buffer.of(1))
    .digest();
  const encIv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, encIv);
  if (use === 'Poll Vote' || use === 'Event Response') cipher.setAAD(Buffer.from(`${target}\0${actor}`));
  return { encIv, encPayload: Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]) };
}
