/** What is inside of the envelopes in which a message may come, and what they say of it. */
import type { proto } from '@whiskeysockets/baileys';

/** More than phones nest; Baileys stops at five (Utils/messages.ts, normalizeMessageContent). */
const DEEPEST = 8;

/** Messages that hold nothing but a message (WAProto, FutureProofMessage). */
const ENVELOPES = [
  'ephemeralMessage',
  'viewOnceMessage',
  'viewOnceMessageV2',
  'viewOnceMessageV2Extension',
  'documentWithCaptionMessage',
  'editedMessage',
  'associatedChildMessage',
  'lottieStickerMessage',
  'groupMentionedMessage',
  'groupStatusMessage',
  'groupStatusMessageV2',
  'botInvokeMessage',
  'botTaskMessage',
  'botForwardedMessage',
  'eventCoverImage',
  'pollCreationOptionImageMessage',
  'pollCreationMessageV4',
  'questionMessage',
  'questionReplyMessage',
  'statusAddYours',
  'limitSharingMessage',
  'statusMentionMessage',
  'groupStatusMentionMessage',
  'deviceSentMessage',
] as const satisfies readonly (keyof proto.IMessage)[];

export type Envelope = (typeof ENVELOPES)[number];

export interface Unwrapped {
  readonly content: proto.IMessage;
  readonly envelopes: readonly Envelope[];
  /** What is said about the message, of whichever layer says it; the innermost counts. */
  readonly about: proto.IMessageContextInfo | undefined;
}

/** Takes a message out of its envelopes, as far as it goes. */
export function unwrap(message: proto.IMessage): Unwrapped {
  const envelopes: Envelope[] = [];
  let content = message;
  let about = message.messageContextInfo ?? undefined;
  while (envelopes.length < DEEPEST) {
    const envelope = ENVELOPES.find(name => isMessage(content[name]?.message));
    if (!envelope) break;
    envelopes.push(envelope);
    content = content[envelope]?.message as proto.IMessage;
    about = content.messageContextInfo ?? about;
  }
  return { content, envelopes, about };
}

const isMessage = (value: unknown) => typeof value === 'object' && value !== null;

const FOR_ONCE = new Set<string>(['viewOnceMessage', 'viewOnceMessageV2', 'viewOnceMessageV2Extension']);

/** Whether it may be opened once only. */
export const isForOnce = ({ envelopes, content }: Unwrapped): boolean =>
  envelopes.some(name => FOR_ONCE.has(name)) ||
  [content.imageMessage, content.videoMessage, content.audioMessage, content.extendedTextMessage].some(
    part => part?.viewOnce === true,
  );
