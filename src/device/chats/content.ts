/** What a message says, as the chat store keeps it: its kind, its text and what else is shown of it. Pure. */
import { proto } from '@whiskeysockets/baileys';
import { numberIn } from '../translate/content/cards.ts';
import { saidIn } from '../translate/content/content.ts';
import { aboutAnother, type Content, type Kind } from '../translate/content/kinds.ts';
import { optionsOf, pollIn } from '../translate/content/questions.ts';
import { unwrap } from '../translate/content/unwrap.ts';
import { saidFields } from '../translate/messages.ts';
import { type Fields, list, number, text } from '../translate/read.ts';

/** What is shown of a message; sealed JSON in the store (store/chats/said.ts reads it). */
export interface Shown {
  readonly text?: string;
  readonly filename?: string;
  readonly mimetype?: string;
  readonly url?: string;
  readonly length?: number;
  /** What else its event says of it, under the same names. */
  readonly details?: Fields;
  /** Of a call: gowa's `call_metadata`. */
  readonly call?: Fields;
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

/** A stranger may send what is larger than any list of messages should be; the message itself is kept whole. */
const LARGEST_DETAILS = 16_384;
/** Of a file these are told in fields of their own. */
const FILE_FIELDS = ['url', 'mimetype', 'caption', 'filename', 'size'];

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
  const content = saidIn(message);
  const { media, text: written, label } = content;
  const shown = written || summaryOf(unwrap(message).content) || (media ? '' : label);
  const size = media?.size;
  const details = detailsOf(content);
  return {
    ...(shown && { text: shown }),
    ...(media?.filename && { filename: media.filename }),
    ...(media?.mimetype && { mimetype: media.mimetype }),
    ...(media?.url && { url: media.url }),
    ...(size !== undefined && Number.isSafeInteger(size) && { length: size }),
    ...(details && { details }),
  };
}

/** Undefined when there is nothing that the kind and the text do not say. */
function detailsOf(content: Content): Fields | undefined {
  const { kind, media } = content;
  const { body: _, type, ...said } = saidFields(kind, content, text(content.target?.id) ?? '');
  const fields: Record<string, unknown> = { ...(KEPT_AS[kind] !== undefined && { type }), ...said };
  if (media) {
    const file = Object.entries(said[media.kind] as Fields).filter(([name]) => !FILE_FIELDS.includes(name));
    if (file.length > 0) fields[media.kind] = Object.fromEntries(file);
    else delete fields[media.kind];
  }
  if (Object.keys(fields).length === 0 || JSON.stringify(fields).length > LARGEST_DETAILS) return undefined;
  return fields;
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

const CAPTIONED = ['imageMessage', 'videoMessage', 'documentMessage'] as const;

/**
 * A message after it was edited. Some clients send the new text alone (Baileys Utils/messages.ts, "edit"): the file that it
 * is the caption of stays, and so do what the message answers and the secret that answers to it are encrypted with.
 */
export function edited(
  before: proto.IMessage | null | undefined,
  { messageContextInfo, ...said }: proto.IMessage,
): proto.IMessage {
  const { content, about } = unwrap(before ?? {});
  const secret = about?.messageSecret;
  const merged = withFile(content, said) ?? withContext(content, said);
  const context = { ...messageContextInfo, ...(secret?.length && { messageSecret: secret }) };
  return { ...merged, ...(Object.keys(context).length > 0 && { messageContextInfo: context }) };
}

function withFile(before: proto.IMessage, edit: proto.IMessage): proto.IMessage | undefined {
  const name = CAPTIONED.find(name => before[name]);
  if (!name) return undefined;
  const after = unwrap(edit).content[name];
  if (after?.url || after?.directPath) return undefined;
  return { [name]: { ...before[name], caption: saidIn(edit).text ?? '' } };
}

function withContext(before: proto.IMessage, edit: proto.IMessage): proto.IMessage {
  const context = before.extendedTextMessage?.contextInfo;
  const { conversation, extendedTextMessage: written } = unwrap(edit).content;
  const said = text(conversation) ?? text(written?.text);
  if (!context?.stanzaId || said === undefined || written?.contextInfo?.stanzaId) return edit;
  return {
    extendedTextMessage: { ...written, text: said, contextInfo: { ...context, ...written?.contextInfo } },
  };
}

/** The bytes of a message, from which it is what it was. */
export const packed = (message: proto.IMessage): Buffer =>
  Buffer.from(proto.Message.encode(message).finish());

export const unpacked = (bytes: Uint8Array): proto.Message => proto.Message.decode(bytes);
