// How tests name people.

/** The JID in number form of a number, or of whoever has it. */
export const pn = (who: string | { readonly phone: string }) =>
  `${typeof who === 'string' ? who : who.phone}@s.whatsapp.net`;

/** A JID without its device. */
export const bare = (jid: string) => jid.replace(/:\d+@/, '@');

/** The account's LID. */
export const lidOf = (who: string | { readonly lid: string }) =>
  bare(typeof who === 'string' ? who : who.lid);
