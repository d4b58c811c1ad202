/** Messages that could not be decrypted. */
import { proto, type WAMessage } from '@whiskeysockets/baileys';

const { CIPHERTEXT } = proto.WebMessageInfo.StubType;

/** Baileys' stand-in for a message of which nothing could be read (Utils/decode-wa-message.ts). */
export function isUndecryptable({ message, messageStubType }: WAMessage): boolean {
  return messageStubType === CIPHERTEXT && !message;
}
