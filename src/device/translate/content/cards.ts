/** Places and people in a message, in gowa's words. */
import type { proto } from '@whiskeysockets/baileys';
import { type Fields, given, list, number, positive, text } from '../read.ts';

export function locationFields({
  degreesLatitude,
  degreesLongitude,
  name,
  address,
  url,
}: proto.Message.ILocationMessage): Fields {
  return given({
    degreesLatitude: number(degreesLatitude),
    degreesLongitude: number(degreesLongitude),
    name: text(name),
    address: text(address),
    url: text(url),
  });
}

export function liveLocationFields(live: proto.Message.ILiveLocationMessage): Fields {
  return given({
    degreesLatitude: number(live.degreesLatitude),
    degreesLongitude: number(live.degreesLongitude),
    caption: text(live.caption),
    accuracyInMeters: positive(live.accuracyInMeters),
    speedInMps: positive(live.speedInMps),
    degreesClockwiseFromMagneticNorth: positive(live.degreesClockwiseFromMagneticNorth),
    sequenceNumber: positive(live.sequenceNumber),
    timeOffset: positive(live.timeOffset),
  });
}

export function contactFields({ displayName, vcard }: proto.Message.IContactMessage): Fields {
  const card = text(vcard) ?? '';
  return given({ displayName: text(displayName) ?? '', vcard: card, phone_number: numberIn(card) });
}

export const contactsFields = (contacts: proto.Message.IContactsArrayMessage): Fields[] =>
  list(contacts.contacts).map(contactFields);

/** The first telephone number of a vCard. A line that begins with a blank goes on the line before (RFC 6350, 3.2). */
export function numberIn(vcard: string): string | undefined {
  for (const line of vcard.replace(/\r?\n[ \t]/g, '').split(/\r?\n/)) {
    const [, found] = /^(?:[\w-]+\.)?TEL\b[^:]*:(.*)$/i.exec(line) ?? [];
    const value = found?.replace(/^tel:/i, '').trim();
    if (value) return value;
  }
  return undefined;
}
