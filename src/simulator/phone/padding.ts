// What hides a message's length: 1 to 16 bytes behind it, each of them their number (Baileys writeRandomPadMax16).
import { randomInt } from 'node:crypto';
import { proto } from '@whiskeysockets/baileys';

/** Adds the 1..16 bytes of padding that hide a message's length. */
export function pad(encoded: Uint8Array): Buffer {
  const count = randomInt(1, 17);
  return Buffer.concat([encoded, Buffer.alloc(count, count)]);
}

/** Takes the padding off and decodes. Throws when either is wrong. */
export function decodePadded(plain: Uint8Array): proto.Message {
  const count = plain.at(-1) ?? 0;
  if (count === 0 || count > 16 || count > plain.length) throw new Error('wrong padding');
  return proto.Message.decode(plain.subarray(0, plain.length - count));
}
