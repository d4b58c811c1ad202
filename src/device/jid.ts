/** JIDs as Cardume shows them. Decoding is Baileys'; what is shown never has a device part. */
import { isLidUser, isPnUser, jidNormalizedUser } from '@whiskeysockets/baileys';

/** `15551234567:3@s.whatsapp.net` → `15551234567@s.whatsapp.net`; '' for nothing. */
export function bare(jid: string | null | undefined): string {
  return jid ? jidNormalizedUser(jid) : '';
}

/**
 * Of two names of one party (a phone number and a LID, in either order) the one to show and the LID beside it.
 * The phone number is shown where it is known: it is what gowa's consumers store.
 */
export function party(
  jid: string | null | undefined,
  alt: string | null | undefined,
): { shown: string; lid?: string } {
  const [one, other] = [bare(jid), bare(alt)];
  const shown = isPnUser(other) && isLidUser(one) ? other : one;
  const lid = [one, other].find(name => isLidUser(name));
  return lid && lid !== shown ? { shown, lid } : { shown };
}
