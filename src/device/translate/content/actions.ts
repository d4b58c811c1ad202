/** What messages do to others and to their chats, and the parts that are encrypted with another message's secret. */
import { proto } from '@whiskeysockets/baileys';
import { bytes, type Fields, given, nameIn, number, positive, text } from '../read.ts';
import { type Encrypted, type Said, targeted } from './kinds.ts';

/** What it does to another message, or to its chat. */
export function actionIn(
  content: proto.IMessage,
  about: proto.IMessageContextInfo | undefined,
): Said | undefined {
  const { protocolMessage, reactionMessage, pollUpdateMessage, encEventResponseMessage } = content;
  const {
    pinInChatMessage: pin,
    keepInChatMessage: keep,
    encReactionMessage,
    secretEncryptedMessage,
  } = content;
  if (protocolMessage) return protocolIn(protocolMessage);
  if (reactionMessage) {
    const reaction = text(reactionMessage.text) ?? '';
    return { kind: 'reaction', ...targeted(reactionMessage.key), fields: { reaction } };
  }
  if (encReactionMessage)
    return {
      kind: 'reaction',
      ...targeted(encReactionMessage.targetMessageKey),
      ...encrypted('Enc Reaction', encReactionMessage),
    };
  if (pollUpdateMessage)
    return {
      kind: 'poll_vote',
      ...targeted(pollUpdateMessage.pollCreationMessageKey),
      ...encrypted('Poll Vote', pollUpdateMessage.vote),
    };
  if (encEventResponseMessage)
    return {
      kind: 'event_response',
      ...targeted(encEventResponseMessage.eventCreationMessageKey),
      ...encrypted('Event Response', encEventResponseMessage),
    };
  if (secretEncryptedMessage) return secretEditIn(secretEncryptedMessage);
  if (pin) {
    const pinned = nameIn(proto.Message.PinInChatMessage.Type, pin.type) === 'PIN_FOR_ALL';
    const fields = given({ pinned, expires_in: positive(about?.messageAddOnDurationInSecs) });
    return { kind: 'pin', ...targeted(pin.key), fields };
  }
  if (keep) {
    const kept = nameIn(proto.KeepType, keep.keepType) === 'KEEP_FOR_ALL';
    return { kind: 'keep', ...targeted(keep.key), fields: { kept } };
  }
  return undefined;
}

const { Type } = proto.Message.ProtocolMessage;

function protocolIn(protocol: proto.Message.IProtocolMessage): Said {
  switch (nameIn(Type, protocol.type)) {
    case 'REVOKE':
      return { kind: 'revoke', ...targeted(protocol.key), fields: {} };
    case 'MESSAGE_EDIT':
      return { kind: 'edit', ...targeted(protocol.key), ...innerOf(protocol.editedMessage), fields: {} };
    case 'EPHEMERAL_SETTING':
      return { kind: 'disappearing', fields: { expires_in: number(protocol.ephemeralExpiration) ?? 0 } };
    case 'GROUP_MEMBER_LABEL_CHANGE':
      return { kind: 'member_label', fields: { label: text(protocol.memberLabel?.label) ?? '' } };
    case 'SHARE_PHONE_NUMBER':
      return { kind: 'phone_number_share', fields: {} };
    default:
      return { kind: 'internal', fields: {} };
  }
}

const { SecretEncType } = proto.Message.SecretEncryptedMessage;

function secretEditIn(message: proto.Message.ISecretEncryptedMessage): Said {
  const type = nameIn(SecretEncType, message.secretEncType);
  const use = type === 'MESSAGE_EDIT' ? 'Message Edit' : type === 'EVENT_EDIT' ? 'Event Edit' : undefined;
  if (use === undefined) return { kind: 'unsupported', fields: { parts: ['secretEncryptedMessage'] } };
  return { kind: 'edit', ...targeted(message.targetMessageKey), ...encrypted(use, message) };
}

const innerOf = (message: proto.IMessage | null | undefined) => (message ? { inner: message } : {});

/** The encrypted part of a message, where all of it is there. */
export function encrypted(
  use: Encrypted['use'],
  part: { encPayload?: Uint8Array | null; encIv?: Uint8Array | null } | null | undefined,
): { fields: Fields; encrypted?: Encrypted } {
  const [payload, iv] = [bytes(part?.encPayload), bytes(part?.encIv)];
  return { fields: {}, ...(payload && iv && { encrypted: { use, payload, iv } }) };
}
