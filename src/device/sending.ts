/** What a command says, as WhatsApp's message; and whether there is anybody to send it to. */
import {
  type AnyMessageContent,
  type BinaryNode,
  generateWAMessage,
  isJidGroup,
  isLidUser,
  isPnUser,
  type proto,
} from '@whiskeysockets/baileys';
import { Failure } from '../errors.ts';
import type { Addressed, Sent } from '../shard/protocol.ts';
import type { CommandFile, DeviceParts } from './command.ts';
import type { Connection } from './connection.ts';
import { quiet } from './quiet.ts';

/** gowa's word for "all members of the group". */
const EVERYONE = '@everyone';

/** What a message says: Baileys' description of it, or the message itself where Baileys has none for it. */
export type Content = AnyMessageContent | { readonly raw: proto.IMessage };

/** A message as it is relayed, at every attempt the same. */
export interface Composed {
  readonly message: proto.IMessage;
  /** What its stanza has beside it (Socket/messages-send.js, sendMessage). */
  readonly attributes?: Readonly<Record<string, string>>;
  readonly nodes?: readonly BinaryNode[];
  /** Who gets a status post. */
  readonly recipients?: readonly string[];
}

/** Who composes: the open connection, and the device's own account. */
export interface Composing {
  readonly connection: Connection;
  readonly on: DeviceParts;
}

/**
 * A command that sends a message. `compose` says what is in it; who it is for, what it answers and mentions, its timer
 * and its durability are here and the same for all of them.
 */
export function send<const Name extends string, Input>({
  name,
  compose,
}: {
  readonly name: Name;
  compose(input: Input & Addressed, composing: Composing): Content | Promise<Content>;
}): CommandFile<Name, Input & Addressed, Sent> {
  return {
    name,
    async run(input, on, { deadline, again }) {
      const connection = await on.open(deadline);
      const composed = async () => {
        const content = await compose(input, { connection, on });
        return { ...(await messageOf(connection, content, input)), ...besidesOf(content, input.to) };
      };
      return on.outgoing.send(connection, { id: input.id, to: input.to, again, composed }, deadline);
    },
  };
}

function contextOf({ to, replyTo, forwarded }: Addressed): proto.IContextInfo | undefined {
  const context: proto.IContextInfo = {
    // The quoted text itself is in the chat of whoever reads it; WhatsApp shows it by the id.
    ...(replyTo !== undefined && { stanzaId: replyTo, participant: to, quotedMessage: { conversation: '' } }),
    ...(forwarded && { isForwarded: true, forwardingScore: 1 }),
  };
  return Object.keys(context).length > 0 ? context : undefined;
}

async function messageOf(
  { socket }: Connection,
  content: Content,
  about: Addressed,
): Promise<{ message: proto.IMessage }> {
  if ('raw' in content) return { message: content.raw };
  const { to, id, mentions = [], duration, viewOnce } = about;
  const people = mentions.filter(name => name !== EVERYONE);
  const context = contextOf(about);
  const whole = {
    ...content,
    ...(people.length > 0 && { mentions: people }),
    ...(mentions.includes(EVERYONE) && isJidGroup(to) && { mentionAll: true }),
    ...(viewOnce && { viewOnce }),
    ...(context && { contextInfo: context }),
  } as AnyMessageContent;
  const { message } = await generateWAMessage(to, whole, {
    logger: quiet,
    userJid: socket.authState.creds.me?.id ?? '',
    messageId: id,
    upload: socket.waUploadToServer,
    ...(duration !== undefined && { ephemeralExpiration: duration }),
  });
  if (!message) throw new Error('Baileys made no message');
  return { message };
}

/** As Baileys' sendMessage has it: what clients must know of a message before they decrypt it. */
function besidesOf(content: Content, to: string): Omit<Composed, 'message'> {
  if ('delete' in content && content.delete)
    return { attributes: { edit: isJidGroup(to) && !content.delete.fromMe ? '8' : '7' } };
  if ('edit' in content && content.edit) return { attributes: { edit: '1' } };
  if ('pin' in content && content.pin) return { attributes: { edit: '2' } };
  if ('poll' in content && content.poll) return { nodes: [{ tag: 'meta', attrs: { polltype: 'creation' } }] };
  if ('event' in content && content.event)
    return { nodes: [{ tag: 'meta', attrs: { event_type: 'creation' } }] };
  return {};
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
