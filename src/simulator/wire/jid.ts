// Addresses: USER[:DEVICE]@s.whatsapp.net (phone number) and USER[:DEVICE]@lid (the number's hidden twin).

export type Domain = 's.whatsapp.net' | 'lid';

export interface Jid {
  readonly user: string;
  readonly device: number;
  readonly domain: Domain;
}

const SHAPE = /^(\d{1,20})(?::(\d{1,3}))?@(s\.whatsapp\.net|lid)$/;

/** Parses the JID of a person or of a person's device; undefined for everything else (groups, the server, nonsense). */
export function parseJid(text: string | undefined): Jid | undefined {
  const match = text === undefined ? null : SHAPE.exec(text);
  if (!match) return undefined;
  const device = Number(match[2] ?? 0);
  // One byte on the wire (AD_JID).
  return device > 255 ? undefined : { user: match[1]!, device, domain: match[3] as Domain };
}

/** Device 0, the phone, is never written (Baileys `jidEncode`). */
export function jid(user: string, domain: Domain, device = 0): string {
  return device === 0 ? `${user}@${domain}` : `${user}:${device}@${domain}`;
}
