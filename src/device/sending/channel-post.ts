/**
 * What happens to a post of a channel. WhatsApp takes it as a stanza that names the post, and answers with an ack (whatsmeow
 * send.go, sendNewsletter, and newsletter.go, NewsletterSendReaction); Baileys writes it as if it were to people.
 */
import type { BinaryNode, proto } from '@whiskeysockets/baileys';
import { Failure } from '../../errors.ts';
import { noAnswer } from '../asking/whatsapp-failure.ts';
import type { Events } from '../chats/hearing.ts';
import type { Connection } from '../line/connection.ts';
import { timeOf } from '../translate/read.ts';

/** Resolves with WhatsApp's time, in ms since 1970. Fails with WA_FORBIDDEN, WA_NOT_FOUND or MESSAGE_REFUSED. */
export async function askChannel({ socket }: Connection, stanza: BinaryNode): Promise<number> {
  const answer = (await socket.query(stanza)) as BinaryNode | undefined;
  if (!answer) throw noAnswer();
  const { error, t } = answer.attrs;
  if (error === undefined) return timeOf(t);
  const results = { error: Number(error) };
  if (error === '403')
    throw new Failure('WA_FORBIDDEN', 'WhatsApp does not let this account do that in the channel.', {
      results,
    });
  if (error === '404') throw new Failure('WA_NOT_FOUND', 'The channel has no such post.', { results });
  throw new Failure('MESSAGE_REFUSED', `WhatsApp refused it with error ${error}.`, { results });
}

/** What we have done to a post, as the chats hear of it: as if it had been said in a chat of people. */
export function changeOf(
  channel: string,
  post: string,
  at: number,
  what: proto.Message.IProtocolMessage,
): Events {
  const key = { remoteJid: channel, id: post, fromMe: true };
  const message = { protocolMessage: { ...what, key, timestampMs: at } };
  return {
    'messages.upsert': { messages: [{ key, message, messageTimestamp: at / 1000 }], type: 'append' },
  };
}
