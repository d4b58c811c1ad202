/** What is said about a message inside of it: what it answers, whom it mentions, that it was forwarded, when it goes. */
import {
  type AnyMessageContent,
  getContentType,
  isJidGroup,
  isJidNewsletter,
  normalizeMessageContent,
  type proto,
} from '@whiskeysockets/baileys';
import type { Addressed } from '../../shard/protocol.ts';
import { authorOf, messageNamed, type Where } from './message-key.ts';

/** gowa's word for "all members of the group". */
const EVERYONE = '@everyone';

/** Fields of proto.Message whose own type has a contextInfo (WAProto), of those that are sent here. */
const BEARERS: ReadonlySet<string> = new Set([
  'extendedTextMessage',
  'imageMessage',
  'videoMessage',
  'ptvMessage',
  'audioMessage',
  'documentMessage',
  'stickerMessage',
  'albumMessage',
  'locationMessage',
  'liveLocationMessage',
  'contactMessage',
  'contactsArrayMessage',
  'pollCreationMessage',
  'pollCreationMessageV2',
  'pollCreationMessageV3',
  'groupInviteMessage',
  'eventMessage',
  'productMessage',
]);

/** Whether a message is something to read, and no act upon another message. */
export function isBearer(field: string | undefined): boolean {
  return field !== undefined && BEARERS.has(field);
}

/**
 * Puts it into what the message carries, whatever envelope that is in. Baileys puts it into the first field that the
 * message has, which in a poll or an event is another one (Utils/messages.js, generateWAMessageContent).
 */
export function putContext(message: proto.IMessage, context: proto.IContextInfo): void {
  if (Object.keys(context).length === 0) return;
  const inner = normalizeMessageContent(message.protocolMessage?.editedMessage ?? message);
  const field = getContentType(inner ?? undefined);
  if (!inner || !isBearer(field)) return;
  const bearer = inner[field as 'extendedTextMessage']!;
  bearer.contextInfo = { ...bearer.contextInfo, ...context };
}

/** What is to be said beside the content: by the request, by the content itself, and by the timer of the chat. */
export async function contextOf(
  about: Addressed,
  content: AnyMessageContent | { readonly raw: proto.IMessage },
  where: Where,
): Promise<proto.IContextInfo> {
  const { to, replyTo, mentions = [], forwarded } = about;
  const inText = 'mentions' in content ? (content.mentions ?? []) : [];
  const people = [...new Set([...inText, ...mentions.filter(name => name !== EVERYONE)])];
  const expiration = await timerOf(about, where);
  return {
    ...(people.length > 0 && { mentionedJid: people }),
    ...(mentions.includes(EVERYONE) && isJidGroup(to) && { nonJidMentions: 1 }),
    ...(replyTo !== undefined && (await quotation(to, replyTo, where))),
    ...(forwarded && { isForwarded: true, forwardingScore: 1 }),
    ...(expiration && { expiration }),
  };
}

/** The timer that was asked for; without one that of the group, whose members' apps would show the message as an exception. */
async function timerOf({ to, duration }: Addressed, { connection }: Where): Promise<number> {
  if (isJidNewsletter(to)) return 0;
  if (duration !== undefined || !isJidGroup(to)) return duration ?? 0;
  return (await connection.groups.of(to)).ephemeralDuration ?? 0;
}

/** A reader finds the message by its id; what is quoted is for those who do not have it. */
async function quotation(to: string, replyTo: string, where: Where): Promise<proto.IContextInfo> {
  const named = await messageNamed(where, to, replyTo);
  if (!named) return { stanzaId: replyTo, participant: to, quotedMessage: { conversation: '' } };
  return {
    stanzaId: replyTo,
    participant: authorOf(where.connection, named.key),
    quotedMessage: quotable(named.message),
  };
}

/** Without what it quotes itself, and without the keys of a file that may be opened once. */
function quotable(message: proto.IMessage): proto.IMessage {
  const inner = normalizeMessageContent(message) ?? {};
  const field = getContentType(inner);
  const once = message.viewOnceMessage ?? message.viewOnceMessageV2 ?? message.viewOnceMessageV2Extension;
  if (field === undefined || once) return { conversation: '' };
  const said = inner[field];
  if (typeof said !== 'object' || said === null) return { [field]: said };
  const { contextInfo: _, ...rest } = said as { contextInfo?: unknown };
  return { [field]: rest };
}
