/** A text on its way out: from our command to WhatsApp's acknowledgement. */
import {
  type AnyMessageContent,
  generateMessageIDV2,
  isJidGroup,
  isLidUser,
  isPnUser,
  type proto,
} from '@whiskeysockets/baileys';
import { Failure } from '../errors.ts';
import { within } from '../lib/deadline.ts';
import type { Answers, OutgoingText } from '../shard/protocol.ts';
import { Fenced } from '../store/fence.ts';
import type { Caches } from './caches.ts';
import type { Connection } from './connection.ts';

/** WhatsApp's answer to a first message that it does not let through: no privacy token, or new chats restricted. */
const REACHOUT_TIMELOCK = 463;

/** gowa's word for "all members of the group". */
const EVERYONE = '@everyone';

function contentOf({ to, text, replyTo, mentions = [], forwarded }: OutgoingText): AnyMessageContent {
  const people = mentions.filter(name => name !== EVERYONE);
  const context: proto.IContextInfo = {
    // The quoted text itself is in the chat of whoever reads it; WhatsApp shows it by the id.
    ...(replyTo !== undefined && { stanzaId: replyTo, participant: to, quotedMessage: { conversation: '' } }),
    ...(forwarded && { isForwarded: true, forwardingScore: 1 }),
  };
  return {
    text,
    // Previews make Baileys fetch any URL of the text: a request from our network that a stranger chose.
    linkPreview: null,
    ...(people.length > 0 && { mentions: people }),
    ...(mentions.includes(EVERYONE) && isJidGroup(to) && { mentionAll: true }),
    ...(Object.keys(context).length > 0 && { contextInfo: context }),
  };
}

/**
 * Sends a text and resolves when WhatsApp's server has acknowledged it. Fails with RECIPIENT_NOT_FOUND,
 * DEVICE_NOT_CONNECTED (nothing left), MESSAGE_REFUSED or WA_REACHOUT_TIMELOCK (WhatsApp said no), STORE_UNAVAILABLE
 * (nothing left), or GATEWAY_TIMEOUT (it left, and no answer came). `deadline` is ms since 1970.
 *
 * "Nothing lost" puts the outgoing row before the wire here, in the commit of its ratchet step.
 */
export async function sendText(
  connection: Connection,
  caches: Caches,
  deviceNo: number,
  message: OutgoingText,
  deadline: number,
): Promise<Answers['send']> {
  const { socket } = connection;
  const { to } = message;
  const messageId = generateMessageIDV2(socket.authState.creds.me?.id);
  const acknowledged = connection.acknowledged(messageId);
  try {
    await assertReachable(connection, to);
    const sent = await socket.sendMessage(to, contentOf(message), {
      messageId,
      ...(message.duration !== undefined && { ephemeralExpiration: message.duration }),
    });
    if (sent?.message) caches.sent.set(`${deviceNo}/${messageId}`, sent.message);
  } catch (cause) {
    if (connection.storeFailure instanceof Fenced)
      throw new Failure('DEVICE_STOPPED', 'Another node has taken this device over.', { cause });
    if (connection.storeFailure) throw new Failure('STORE_UNAVAILABLE', undefined, { cause });
    if (cause instanceof Failure) throw cause;
    throw new Failure(
      'DEVICE_NOT_CONNECTED',
      'The message did not leave: the connection to WhatsApp failed while it was being sent.',
      { cause },
    );
  }

  const { at, error } = await within(acknowledged, deadline, () => new Failure('GATEWAY_TIMEOUT'));
  if (error === undefined) return { messageId, at };
  const results = { message_id: messageId, error };
  if (error === REACHOUT_TIMELOCK) throw new Failure('WA_REACHOUT_TIMELOCK', undefined, { results });
  throw new Failure('MESSAGE_REFUSED', `WhatsApp refused the message with error ${error}.`, { results });
}

/**
 * Baileys sends a message without a single recipient, and calls it sent, when the look-up of devices times out or finds
 * nobody (Socket/socket.ts: `query` resolves with undefined). The look-up is cached, so asking first costs nothing.
 */
async function assertReachable({ socket }: Connection, to: string): Promise<void> {
  if (!isPnUser(to) && !isLidUser(to)) return;
  const user = to.slice(0, to.indexOf('@'));
  const devices = await socket.getUSyncDevices([to], true, false);
  if (devices.some(device => device.user === user)) return;
  const found = isPnUser(to) ? await socket.onWhatsApp(to) : [];
  if (found && !found.some(({ exists }) => exists))
    throw new Failure('RECIPIENT_NOT_FOUND', undefined, { results: { phone: to } });
  throw new Failure(
    'DEVICE_NOT_CONNECTED',
    'WhatsApp did not say which devices the recipient has; nothing was sent.',
  );
}
