/**
 * Baileys' credentials as a row. They are rewritten whole and rarely: BufferJSON, about 1.1 KB, sealed by
 * whoever stores them.
 */
import { type AuthenticationCreds, BufferJSON, initAuthCreds } from '@whiskeysockets/baileys';

/** Baileys notes every history message it has processed and never forgets one; it only ever looks at recent ones. */
const HISTORY_NOTES_KEPT = 64;

export function freshCredentials(): AuthenticationCreds {
  return initAuthCreds();
}

export function encodeCredentials(credentials: AuthenticationCreds): Buffer {
  const { processedHistoryMessages, ...rest } = credentials;
  return Buffer.from(
    JSON.stringify(
      { ...rest, processedHistoryMessages: processedHistoryMessages.slice(-HISTORY_NOTES_KEPT) },
      BufferJSON.replacer,
    ),
  );
}

export function decodeCredentials(row: Buffer): AuthenticationCreds {
  return JSON.parse(row.toString('utf8'), BufferJSON.reviver) as AuthenticationCreds;
}

/**
 * Linked means that the phone has signed us. `me` alone does not: `requestPairingCode` writes it before anyone has typed
 * the code, and a login with such credentials is refused with 401.
 */
export function isLinked(credentials: AuthenticationCreds): boolean {
  return credentials.account !== undefined && credentials.me !== undefined;
}
