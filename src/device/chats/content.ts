/** What a message says, as the chat store keeps it: its kind, its text and what else is shown of it. Pure. */
import { getContentType, normalizeMessageContent, proto } from '@whiskeysockets/baileys';

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

type Content = proto.IMessage;

/** What travels as a message and is none that a person would look for in a chat. */
const NO_MESSAGE = new Set<string>([
  'senderKeyDistributionMessage',
  'messageContextInfo',
  'protocolMessage',
  'reactionMessage',
  'encReactionMessage',
  'pollUpdateMessage',
  'pinInChatMessage',
  'keepInChatMessage',
  'encEventResponseMessage',
  'encCommentMessage',
  'secretEncryptedMessage',
  'stickerSyncRmrMessage',
  'fastRatchetKeySenderKeyDistributionMessage',
  'messageHistoryBundle',
  'messageHistoryNotice',
]);

const kinds: Partial<Record<keyof Content, string>> = {
  conversation: 'text',
  extendedTextMessage: 'text',
  imageMessage: 'image',
  videoMessage: 'video',
  ptvMessage: 'video_note',
  audioMessage: 'audio',
  documentMessage: 'document',
  stickerMessage: 'sticker',
  lottieStickerMessage: 'sticker',
  locationMessage: 'location',
  liveLocationMessage: 'live_location',
  contactMessage: 'contact',
  contactsArrayMessage: 'contact',
  pollCreationMessage: 'poll',
  pollCreationMessageV2: 'poll',
  pollCreationMessageV3: 'poll',
  eventMessage: 'event',
  albumMessage: 'album',
  groupInviteMessage: 'group_invite',
  buttonsResponseMessage: 'text',
  templateButtonReplyMessage: 'text',
  listResponseMessage: 'text',
  productMessage: 'product',
  orderMessage: 'order',
};

/** The kind of a message; undefined for what is none. One that we have no word for is `other`. */
export function kindOf(message: Content | null | undefined): string | undefined {
  const content = normalizeMessageContent(message);
  const type = content && getContentType(content);
  if (!content || !type) return undefined;
  const known = (Object.keys(content) as (keyof Content)[]).find(part => kinds[part] && content[part]);
  if (known) return kinds[known];
  return NO_MESSAGE.has(type) ? undefined : 'other';
}

/** What is shown of it. */
export function shownOf(message: Content | null | undefined): Shown {
  const content = normalizeMessageContent(message) ?? {};
  const media =
    content.imageMessage ??
    content.videoMessage ??
    content.ptvMessage ??
    content.audioMessage ??
    content.documentMessage ??
    content.stickerMessage;
  const text = textOf(content);
  const length = Number(media?.fileLength ?? 0);
  const filename = content.documentMessage?.fileName;
  return {
    ...(text && { text }),
    ...(filename && { filename }),
    ...(media?.mimetype && { mimetype: media.mimetype }),
    ...(media?.url && { url: media.url }),
    ...(length > 0 && Number.isSafeInteger(length) && { length }),
  };
}

/** gowa's text of a message: what was written, or a summary of what is no text. */
function textOf(content: Content): string {
  const {
    extendedTextMessage: link,
    contactMessage: contact,
    contactsArrayMessage: contacts,
    locationMessage: place,
    liveLocationMessage: live,
    eventMessage: event,
    groupInviteMessage: invite,
  } = content;
  const poll =
    content.pollCreationMessage ??
    content.pollCreationMessageV2 ??
    content.pollCreationMessageV3 ??
    undefined;
  const written =
    content.conversation ||
    link?.text ||
    link?.matchedText ||
    content.imageMessage?.caption ||
    content.videoMessage?.caption ||
    content.ptvMessage?.caption ||
    content.documentMessage?.caption ||
    content.buttonsResponseMessage?.selectedDisplayText ||
    content.templateButtonReplyMessage?.selectedDisplayText ||
    content.listResponseMessage?.title;
  if (written) return written;
  if (contact) return `Contact: ${personOf(contact)}`;
  if (contacts) return `Contacts: ${(contacts.contacts ?? []).map(personOf).join(', ')}`;
  if (place) return placeOf(place.name, place.address, place);
  if (live) return placeOf(live.caption, undefined, live);
  if (poll) return [poll.name, ...(poll.options ?? []).map(option => `- ${option.optionName}`)].join('\n');
  if (event) return [event.name, event.description].filter(Boolean).join('\n');
  if (invite) return [invite.groupName, invite.caption].filter(Boolean).join('\n');
  return '';
}

function personOf({ displayName, vcard }: proto.Message.IContactMessage): string {
  const phone = /^TEL[^:\n]*:(.+)$/m.exec(vcard ?? '')?.[1]?.trim();
  return [displayName, phone && `(${phone})`].filter(Boolean).join(' ');
}

function placeOf(
  name: string | null | undefined,
  address: string | null | undefined,
  {
    degreesLatitude,
    degreesLongitude,
  }: { degreesLatitude?: number | null; degreesLongitude?: number | null },
): string {
  const map = `https://maps.google.com/?q=${degreesLatitude ?? 0},${degreesLongitude ?? 0}`;
  return [name, address, map].filter(Boolean).join('\n');
}

/** The bytes of a message, from which it is what it was. */
export const packed = (message: Content): Buffer => Buffer.from(proto.Message.encode(message).finish());

export const unpacked = (bytes: Uint8Array): proto.Message => proto.Message.decode(bytes);
