/** What a command says, as WhatsApp's message; and whether there is anybody to send it to. */
import {
  type AnyMessageContent,
  type BinaryNode,
  generateWAMessageContent,
  isJidGroup,
  isJidStatusBroadcast,
  isLidUser,
  isPnUser,
  type proto,
} from '@whiskeysockets/baileys';
import { Failure } from '../../errors.ts';
import { monotonic } from '../../lib/deadline.ts';
import type { Addressed, Sent } from '../../shard/protocol.ts';
import type { CommandFile, DeviceParts } from '../asking/command.ts';
import { notOnWhatsapp } from '../asking/whatsapp-failure.ts';
import { wrongField } from '../asking/wrong-field.ts';
import type { Connection } from '../line/connection.ts';
import { quiet } from '../line/quiet.ts';
import { contextOf, putContext } from './message-context.ts';
import { ownJid, type Where } from './message-key.ts';

/** A media host takes what is sent, or is given up after so long without a byte. */
const UPLOAD_SILENT_MS = 30_000;

/** What is beside a message in its stanza (Socket/messages-send.js, sendMessage). */
interface Besides {
  readonly attributes?: Readonly<Record<string, string>>;
  readonly nodes?: readonly BinaryNode[];
  /** Who gets a status post. */
  readonly recipients?: readonly string[];
}

/** What a message says: Baileys' description of it, or the message itself where Baileys has none for it. */
export type Content = AnyMessageContent | ({ readonly raw: proto.IMessage } & Besides);

/** A message as it is relayed, at every attempt the same. */
export interface Composed extends Besides {
  readonly message: proto.IMessage;
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
  compose(input: Input & Addressed, where: Where): Content | Promise<Content>;
}): CommandFile<Name, Input & Addressed, Sent> {
  return {
    name,
    async run(input, on, { deadline, again }) {
      const connection = await on.open(deadline);
      const composed = async () => {
        const made = await composedOf(input, compose, { connection, on });
        if (monotonic() < deadline) return made;
        throw new Failure('GATEWAY_TIMEOUT', 'The upload of the file took too long; nothing was sent.');
      };
      return on.outgoing.send(connection, { id: input.id, to: input.to, again, composed }, deadline);
    },
  };
}

async function composedOf<Input>(
  input: Input & Addressed,
  compose: (input: Input & Addressed, where: Where) => Content | Promise<Content>,
  where: Where,
): Promise<Composed> {
  const content = await compose(input, where);
  const message = 'raw' in content ? content.raw : await described(where, content, input);
  putContext(message, await contextOf(input, content, where));
  const besides = 'raw' in content ? besidesOfRaw(content) : besidesOf(content, input.to);
  if (!isJidStatusBroadcast(input.to)) return { message, ...besides };
  const recipients = await audienceOf(besides.recipients ?? input.recipients ?? [], where);
  return { message, ...besides, recipients };
}

async function described(
  { connection: { socket } }: Where,
  content: AnyMessageContent,
  { to, id, viewOnce }: Addressed,
): Promise<proto.IMessage> {
  return generateWAMessageContent({ ...content, ...(viewOnce && { viewOnce }) } as AnyMessageContent, {
    // Media are encrypted otherwise for a channel than for people.
    jid: to,
    logger: quiet.child({ msgId: id }),
    upload: socket.waUploadToServer,
    mediaUploadTimeoutMs: UPLOAD_SILENT_MS,
    getCallLink: socket.createCallLink,
  });
}

function besidesOfRaw({ raw: _, ...besides }: { readonly raw: proto.IMessage } & Besides): Besides {
  return besides;
}

/** As Baileys' sendMessage has it: what clients must know of a message before they decrypt it. */
function besidesOf(content: AnyMessageContent, to: string): Besides {
  if ('delete' in content && content.delete)
    return { attributes: { edit: isJidGroup(to) && !content.delete.fromMe ? '8' : '7' } };
  if ('edit' in content && content.edit) return { attributes: { edit: '1' } };
  if ('pin' in content && content.pin) return { attributes: { edit: '2' } };
  // Baileys leaves it away; whatsmeow has it (send.go, getEditAttribute).
  if ('react' in content && !content.react.text) return { attributes: { edit: '7' } };
  if ('poll' in content && content.poll) return { nodes: [{ tag: 'meta', attrs: { polltype: 'creation' } }] };
  if ('event' in content && content.event)
    return { nodes: [{ tag: 'meta', attrs: { event_type: 'creation' } }] };
  return {};
}

/** Who gets a status post: those who are named, else the account's contacts; and our own other devices (whatsmeow broadcast.go). */
async function audienceOf(named: readonly string[], { connection, on }: Where): Promise<readonly string[]> {
  const others = named.length > 0 ? named : await contactsFor(connection, on);
  const recipients = [...new Set([...others, ownJid(connection)])];
  await assertStatusReachable(connection, recipients);
  return recipients;
}

/** The account's contacts, unless it has chosen some of them in its app: those lists are not known here. */
async function contactsFor({ socket }: Connection, on: DeviceParts): Promise<readonly string[]> {
  const { status } = await socket.fetchPrivacySettings(true);
  if (status !== 'all' && status !== 'contacts')
    throw wrongField('recipients', 'the account shows its statuses to some contacts only: name them');
  const contacts = (await on.said.addressBook()).filter(jid => isPnUser(jid) || isLidUser(jid));
  if (contacts.length === 0)
    throw wrongField('recipients', 'the account has no contacts: name who may see it');
  return contacts;
}

const UNKNOWN_DEVICES = 'WhatsApp did not say which devices the recipient has; nothing was sent.';

async function assertStatusReachable(connection: Connection, recipients: readonly string[]): Promise<void> {
  const own = ownJid(connection);
  const others = recipients.filter(jid => jid !== own);
  const devices = await connection.socket.getUSyncDevices(others, true, false);
  if (devices.length > 0) return;
  const found = await connection.socket.onWhatsApp(...others.filter(jid => isPnUser(jid)));
  if (found && !found.some(({ exists }) => exists) && others.every(jid => isPnUser(jid)))
    throw new Failure('INVALID_JID', 'recipients: none of them is on WhatsApp.', {
      results: { field: 'recipients' },
    });
  throw new Failure('DEVICE_NOT_CONNECTED', UNKNOWN_DEVICES);
}

/**
 * Baileys sends a message without a single recipient, and calls it sent, when the look-up of devices times out or finds
 * nobody (Socket/socket.ts: `query` resolves with undefined). The look-up is cached, so asking first costs nothing.
 * Fails with INVALID_JID for a number that has no account, as gowa does, or DEVICE_NOT_CONNECTED. `recipients` are those
 * of a status post.
 */
export async function assertReachable(
  connection: Connection,
  to: string,
  recipients: readonly string[] = [],
): Promise<void> {
  const { socket, groups } = connection;
  if (recipients.length > 0) return assertStatusReachable(connection, recipients);
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
  if (found && !found.some(({ exists }) => exists)) throw notOnWhatsapp(to);
  throw new Failure('DEVICE_NOT_CONNECTED', UNKNOWN_DEVICES);
}
