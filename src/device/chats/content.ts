/** What a message says, as the chat store keeps it: its kind, its text and what else is shown of it. Pure. */
import { proto } from '@whiskeysockets/baileys';
import { numberIn } from '../translate/content/cards.ts';
import { saidIn } from '../translate/content/content.ts';
import { aboutAnother, type Kind } from '../translate/content/kinds.ts';
import { optionsOf, pollIn } from '../translate/content/questions.ts';
import { unwrap } from '../translate/content/unwrap.ts';
import { list, number, text } from '../translate/read.ts';

/** What is shown of a message; sealed JSON in the store (store/chats/said.ts reads it). */
export interface Shown {
  readonly text?: string;
  readonly filename?: string;
  readonly mimetype?: string;
  readonly url?: string;
  readonly length?: number;
  /** Of a call: gowa's `call_metadata`. */
  readonly call?: Readonly<Record<string, unknown>>;
  /** As WhatsApp named the chat and the sender: keys of other messages must name them the same. */
  readonly remoteJid?: string;
  readonly participant?: string;
}

/** Kinds that are kept under another word: the one that gowa's clients look for. */
const KEPT_AS: Partial<Record<Kind, string>> = {
  gif: 'video',
  voice: 'audio',
  contacts: 'contact',
  list_reply: 'text',
  button_reply: 'text',
  template_reply: 'text',
  interactive_reply: 'text',
  unsupported: 'other',
};

const NO_MESSAGE = new Set<Kind>(['internal', 'view_once', ...aboutAnother]);

/** The kind of a message; undefined for what stands in no chat by itself. One that we have no word for is `other`. */
export function kindOf(message: proto.IMessage | null | undefined): string | undefined {
  if (!message) return undefined;
  const { kind, fields, encrypted } = saidIn(message);
  const empty = kind === 'unsupported' && Array.isArray(fields.parts) && fields.parts.length === 0;
  if (NO_MESSAGE.has(kind) || encrypted || empty) return undefined;
  return KEPT_AS[kind] ?? kind;
}

/** What is shown of it. */
export function shownOf(message: proto.IMessage | null | undefined): Shown {
  if (!message) return {};
  const { media, text: written, label } = saidIn(message);
  const shown = written || summaryOf(unwrap(message).content) || (media ? '' : label);
  const size = media?.size;
  return {
    ...(shown && { text: shown }),
    ...(media?.filename && { filename: media.filename }),
    ...(media?.mimetype && { mimetype: media.mimetype }),
    ...(media?.url && { url: media.url }),
    ...(size !== undefined && Number.isSafeInteger(size) && { length: size }),
  };
}

/** gowa's text of what is no text. */
function summaryOf(content: proto.IMessage): string {
  const {
    extendedTextMessage: link,
    contactMessage: contact,
    contactsArrayMessage: contacts,
    locationMessage: place,
    liveLocationMessage: live,
    eventMessage: event,
    groupInviteMessage: invite,
  } = content;
  const poll = pollIn(content);
  if (link) return text(link.matchedText) ?? '';
  if (contact) return `Contact: ${personOf(contact)}`;
  if (contacts) return `Contacts: ${list(contacts.contacts).map(personOf).join(', ')}`;
  if (place) return placeOf(place.name, place.address, place);
  if (live) return placeOf(live.caption, undefined, live);
  if (poll) return [text(poll.name), ...optionsOf(poll).map(option => `- ${option}`)].join('\n');
  if (event) return [text(event.name), text(event.description)].filter(Boolean).join('\n');
  if (invite) return text(invite.groupName) ?? '';
  return '';
}

function personOf({ displayName, vcard }: proto.Message.IContactMessage): string {
  const phone = numberIn(text(vcard) ?? '');
  return [text(displayName), phone && `(${phone})`].filter(Boolean).join(' ');
}

function placeOf(
  name: string | null | undefined,
  address: string | null | undefined,
  {
    degreesLatitude,
    degreesLongitude,
  }: { degreesLatitude?: number | null; degreesLongitude?: number | null },
): string {
  const map = `https://maps.google.com/?q=${number(degreesLatitude) ?? 0},${number(degreesLongitude) ?? 0}`;
  return [text(name), text(address), map].filter(Boolean).join('\n');
}

/** The bytes of a message, from which it is what it was. */
export const packed = (message: proto.IMessage): Buffer =>
  Buffer.from(proto.Message.encode(message).finish());

export const unpacked = (bytes: Uint8Array): proto.Message => proto.Message.decode(bytes);
