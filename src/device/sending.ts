/** What a command says, as WhatsApp's message; and whether there is anybody to send it to. */
import {
  type AnyMessageContent,
  generateWAMessage,
  isJidGroup,
  isLidUser,
  isPnUser,
  type proto,
} from '@whiskeysockets/baileys';
import { Failure } from '../errors.ts';
import type { OutgoingText } from '../shard/protocol.ts';
import type { Connection } from './connection.ts';
import { quiet } from './quiet.ts';

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

/** The message as it is relayed, at every attempt the same. */
export async function compose(
  { socket }: Connection,
  message: OutgoingText,
  messageId: string,
): Promise<proto.IMessage> {
  const { message: composed } = await generateWAMessage(message.to, contentOf(message), {
    logger: quiet,
    userJid: socket.authState.creds.me?.id ?? '',
    messageId,
    upload: socket.waUploadToServer,
    ...(message.duration !== undefined && { ephemeralExpiration: message.duration }),
  });
  if (!composed) throw new Error('Baileys made no message');
  return composed;
}

const UNKNOWN_DEVICES = 'WhatsApp did not say which devices the recipient has; nothing was sent.';

/**
 * Baileys sends a message without a single recipient, and calls it sent, when the look-up of devices times out or finds
 * nobody (Socket/socket.ts: `query` resolves with undefined). The look-up is cached, so asking first costs nothing.
 * Fails with RECIPIENT_NOT_FOUND or DEVICE_NOT_CONNECTED.
 */
export async function assertReachable({ socket, groups }: Connection, to: string): Promise<void> {
  if (isJidGroup(to)) {
    const { participants } = await groups.of(to);
    const { creds } = socket.authState;
    const own = [creds.me?.id, creds.me?.lid].map(jid => jid?.split(/[:@]/)[0]);
    const others = participants.map(({ id }) => id).filter(id => !own.includes(id.split(/[:@]/)[0]));
    if (others.length === 0) return;
    const devices = await socket.getUSyncDevices(others, true, false);
    if (devices.length === 0) throw new Failure('DEVICE_NOT_CONNECTED', UNKNOWN_DEVICES);
    return;
  }
  if (!isPnUser(to) && !isLidUser(to)) return;
  const user = to.slice(0, to.indexOf('@'));
  const devices = await socket.getUSyncDevices([to], true, false);
  if (devices.some(device => device.user === user)) return;
  const found = isPnUser(to) ? await socket.onWhatsApp(to) : [];
  if (found && !found.some(({ exists }) => exists))
    throw new Failure('RECIPIENT_NOT_FOUND', undefined, { results: { phone: to } });
  throw new Failure('DEVICE_NOT_CONNECTED', UNKNOWN_DEVICES);
}
