// What a client tells the server about a message that the server cannot read: `type`, `mediatype`, `edit`, `decrypt-fail`
// (Baileys messages-send.ts getMessageType/getMediaType, whatsmeow send.go getTypeFromMessage/getEditAttribute).
import { proto } from '@whiskeysockets/baileys';

/** The attributes of `<message>` and of its `<enc>`s, and the `<meta polltype>` of polls. */
export interface Kind {
  readonly type: string;
  readonly edit?: string | undefined;
  readonly mediatype?: string | undefined;
  /** Nothing is shown in place of a message that cannot be decrypted. */
  readonly hideFailure?: boolean | undefined;
  readonly polltype?: string | undefined;
}

const WRAPPERS = [
  'viewOnceMessage',
  'viewOnceMessageV2',
  'viewOnceMessageV2Extension',
  'ephemeralMessage',
  'documentWithCaptionMessage',
  'lottieStickerMessage',
  'editedMessage',
] as const;

/** By protobuf field; a function where the field alone does not tell. */
const MEDIA: Readonly<Partial<Record<keyof proto.IMessage, string | ((message: proto.IMessage) => string)>>> =
  {
    imageMessage: 'image',
    videoMessage: message => (message.videoMessage?.gifPlayback ? 'gif' : 'video'),
    ptvMessage: 'ptv',
    audioMessage: message => (message.audioMessage?.ptt ? 'ptt' : 'audio'),
    contactMessage: 'vcard',
    documentMessage: 'document',
    contactsArrayMessage: 'contact_array',
    liveLocationMessage: 'livelocation',
    stickerMessage: 'sticker',
    listMessage: 'list',
    listResponseMessage: 'list_response',
    buttonsResponseMessage: 'buttons_response',
    orderMessage: 'order',
    productMessage: 'product',
    interactiveResponseMessage: 'native_flow_response',
    groupInviteMessage: 'url',
  };

/** What a client of today would say about this message. */
export function kindOf(message: proto.IMessage): Kind {
  const inner = unwrapped(message);
  const edit = editOf(inner);
  const polltype = pollTypeOf(inner);
  const reaction = inner.reactionMessage ?? inner.encReactionMessage;
  const mediatype = mediaTypeOf(inner);
  const type = reaction
    ? 'reaction'
    : polltype !== undefined
      ? 'poll'
      : inner.eventMessage
        ? 'event'
        : mediatype !== undefined
          ? 'media'
          : 'text';
  const hideFailure = edit !== undefined || reaction != null || polltype === 'vote';
  return { type, edit, mediatype, polltype, hideFailure };
}

/** The message inside of its envelopes, which may be nested. */
export function unwrapped(message: proto.IMessage): proto.IMessage {
  let inner = message;
  for (let depth = 0; depth < 5; depth++) {
    const wrapper = WRAPPERS.find(name => inner[name]?.message);
    if (!wrapper) break;
    inner = inner[wrapper]?.message ?? inner;
  }
  return inner;
}

function mediaTypeOf(message: proto.IMessage): string | undefined {
  for (const [field, type] of Object.entries(MEDIA)) {
    if (message[field as keyof proto.IMessage]) return typeof type === 'string' ? type : type(message);
  }
  return undefined;
}

function pollTypeOf(message: proto.IMessage): string | undefined {
  if (message.pollUpdateMessage) return 'vote';
  const created =
    message.pollCreationMessage ?? message.pollCreationMessageV2 ?? message.pollCreationMessageV3;
  return created ? 'creation' : undefined;
}

const { REVOKE, MESSAGE_EDIT } = proto.Message.ProtocolMessage.Type;

/** 1 edit, 2 pin, 7 taken back by its sender, 8 by an admin (protocol.md 8.1). */
function editOf(message: proto.IMessage): string | undefined {
  const { protocolMessage, reactionMessage } = message;
  if (protocolMessage?.type === REVOKE) return protocolMessage.key?.fromMe === false ? '8' : '7';
  if (protocolMessage?.type === MESSAGE_EDIT) return '1';
  if (message.pinInChatMessage) return '2';
  return reactionMessage && !reactionMessage.text ? '7' : undefined;
}
