import { randomBytes } from 'node:crypto';
import { getContentType, normalizeMessageContent, type proto } from '@whiskeysockets/baileys';
import { wrongField } from '../asking/wrong-field.ts';
import { isBearer } from '../sending/message-context.ts';
import { messageAnywhere } from '../sending/message-key.ts';
import { send } from '../sending/sending.ts';

/** What a person could not forward in an app either. */
const STAYS = new Set(['liveLocationMessage', 'eventMessage', 'groupInviteMessage', 'albumMessage']);

/** A message of one chat in another. A file is not uploaded again: the reference to it goes along. */
export const sendForward = send({
  name: 'send-forward',
  compose: async ({ message }: { readonly message: string }, where) => ({
    raw: forwarded((await messageAnywhere(where, message)).message),
  }),
});

function forwarded(message: proto.IMessage): proto.IMessage {
  if (message.viewOnceMessage ?? message.viewOnceMessageV2 ?? message.viewOnceMessageV2Extension)
    throw wrongField('message_id', 'what may be opened once cannot be forwarded');
  const { conversation, ...inner } = normalizeMessageContent(message) ?? {};
  const content: proto.IMessage = conversation ? { extendedTextMessage: { text: conversation } } : inner;
  const field = getContentType(content);
  if (!isBearer(field) || STAYS.has(field ?? ''))
    throw wrongField('message_id', 'a message of this kind cannot be forwarded');
  const { contextInfo, ...said } = content[field as 'extendedTextMessage']!;
  const forwardingScore = (contextInfo?.forwardingScore ?? 0) + 1;
  return {
    // A poll begins anew: nobody can vote under the secret of the other one.
    ...(field?.startsWith('poll') && { messageContextInfo: { messageSecret: randomBytes(32) } }),
    [field as string]: { ...said, contextInfo: { isForwarded: true, forwardingScore } },
  };
}
