/**
 * The only way from Baileys' events to ours. Pure: values in, drafts out. Payload fields are gowa's (docs/events.md);
 * a status post or a protocol message other than a revoke or an edit is no event, as there.
 */
import {
  type AuthenticationCreds,
  type BinaryNode,
  getContentType,
  isJidBroadcast,
  isJidGroup,
  isJidNewsletter,
  type MessageUpsertType,
  normalizeMessageContent,
  proto,
  type WAMessage,
  type WAMessageKey,
  type WAMessageUpdate,
} from '@whiskeysockets/baileys';
import type { Draft } from '../journal/event.ts';
import { mask } from '../lib/logger.ts';
import type { Complaint } from '../shard/protocol.ts';
import { bare, party } from './jid.ts';

/** The account that an event belongs to. */
export interface Self {
  readonly jid: string;
  readonly lid: string;
}

export const selfOf = ({ me }: AuthenticationCreds): Self => ({ jid: me?.id ?? '', lid: me?.lid ?? '' });

const { Type: ProtocolType } = proto.Message.ProtocolMessage;
const { Status } = proto.WebMessageInfo;

/** Beyond it PostgreSQL and JavaScript do not write a year alike, and one such event fails the statement of all. */
const LAST_TIME = Date.UTC(3000);

/** Seconds since 1970, as WhatsApp gives them, in milliseconds; now, when they are no time. */
export function timeOf(stamp: unknown): number {
  const at = Number(stamp ?? 0) * 1000;
  return at > 0 && at < LAST_TIME ? at : Date.now();
}

/** One name for a party, whatever names a stanza has of it: a resent copy may have the LID alone. */
const named = (lid: string | undefined, shown: string) => lid ?? shown;

/** Who sent it and where, in gowa's words. Absent names are left out. */
function envelopeOf(key: WAMessageKey, self: Self) {
  const chat = party(key.remoteJid, key.remoteJidAlt);
  const inGroup = isJidGroup(key.remoteJid ?? undefined);
  const sender = key.fromMe
    ? { shown: bare(self.jid), lid: bare(self.lid) }
    : inGroup
      ? party(key.participant, key.participantAlt)
      : chat;
  return {
    id: key.id ?? '',
    chat_id: chat.shown,
    ...(chat.lid && { chat_lid: chat.lid }),
    from: sender.shown,
    ...(sender.lid && { from_lid: sender.lid }),
    is_from_me: key.fromMe === true,
  };
}

type Content = proto.IMessage;

const NO_MESSAGE = new Set(['senderKeyDistributionMessage', 'messageContextInfo', 'pollUpdateMessage']);

function bodyOf(content: Content): string | undefined {
  return (
    content.conversation ??
    content.extendedTextMessage?.text ??
    content.imageMessage?.caption ??
    content.videoMessage?.caption ??
    content.documentMessage?.caption ??
    undefined
  );
}

function contextOf(content: Content): proto.IContextInfo | undefined {
  const type = getContentType(content);
  const part = type
    ? (content[type] as { contextInfo?: proto.IContextInfo | null } | string | null)
    : undefined;
  return typeof part === 'object' ? (part?.contextInfo ?? undefined) : undefined;
}

/** Media by reference: gowa's form with auto-download off. Where the bytes are is the media station's matter. */
function mediaOf(content: Content): Record<string, unknown> {
  const kinds = {
    image: content.imageMessage,
    video: content.videoMessage,
    video_note: content.ptvMessage,
    audio: content.audioMessage,
    document: content.documentMessage,
    sticker: content.stickerMessage,
  };
  for (const [kind, part] of Object.entries(kinds)) {
    if (!part) continue;
    const { url, mimetype } = part;
    const caption = 'caption' in part ? part.caption : undefined;
    const filename = 'fileName' in part ? part.fileName : undefined;
    return {
      [kind]: {
        url: url ?? '',
        ...(mimetype && { mimetype }),
        ...(caption && { caption }),
        ...(filename && { filename }),
      },
    };
  }
  const { locationMessage: location, contactMessage: contact } = content;
  if (location) {
    const { degreesLatitude, degreesLongitude, name, address } = location;
    return {
      location: { degreesLatitude, degreesLongitude, ...(name && { name }), ...(address && { address }) },
    };
  }
  if (contact) return { contact: { displayName: contact.displayName ?? '', vcard: contact.vcard ?? '' } };
  return {};
}

function quoteOf(context: proto.IContextInfo | undefined): Record<string, unknown> {
  if (!context?.stanzaId) return {};
  const quoted = context.quotedMessage
    ? bodyOf(normalizeMessageContent(context.quotedMessage) ?? {})
    : undefined;
  return { replied_to_id: context.stanzaId, ...(quoted && { quoted_body: quoted }) };
}

function isForOnce(message: Content | null | undefined): boolean {
  const content = message?.ephemeralMessage?.message ?? message;
  const { viewOnceMessage, viewOnceMessageV2, viewOnceMessageV2Extension } = content ?? {};
  return Boolean(viewOnceMessage || viewOnceMessageV2 || viewOnceMessageV2Extension);
}

function draftOf(message: WAMessage, self: Self): Draft | undefined {
  const { key } = message;
  const chat = key.remoteJid ?? '';
  if (!key.id || isJidBroadcast(chat) || isJidNewsletter(chat)) return undefined;
  const content = normalizeMessageContent(message.message);
  if (!content) return undefined;

  const at = timeOf(message.messageTimestamp);
  const common = {
    ...envelopeOf(key, self),
    from_name: message.pushName ?? '',
    sender_display_name: message.pushName ?? '',
    timestamp: new Date(at).toISOString(),
  };
  const identity = identityOf(common);
  const protocol = content.protocolMessage;
  if (protocol) {
    const target = protocol.key?.id ?? '';
    if (protocol.type === ProtocolType.REVOKE) {
      const revoked = {
        revoked_message_id: target,
        revoked_from_me: protocol.key?.fromMe === true,
        revoked_chat: common.chat_id,
      };
      return { event: 'message.revoked', at, identity, payload: { ...common, ...revoked } };
    }
    if (protocol.type === ProtocolType.MESSAGE_EDIT) {
      const body = bodyOf(normalizeMessageContent(protocol.editedMessage) ?? {}) ?? '';
      return {
        event: 'message.edited',
        at,
        identity,
        payload: { ...common, original_message_id: target, body },
      };
    }
    return undefined;
  }
  if (content.reactionMessage) {
    const { text, key: target } = content.reactionMessage;
    return {
      event: 'message.reaction',
      at,
      identity,
      payload: { ...common, reaction: text ?? '', reacted_message_id: target?.id ?? '' },
    };
  }
  // A sender key that travels alone, and poll votes (which Baileys does not decrypt), are no messages.
  if (content.senderKeyDistributionMessage && Object.keys(content).every(part => NO_MESSAGE.has(part)))
    return undefined;

  const context = contextOf(content);
  const body = bodyOf(content);
  return {
    event: 'message',
    at,
    identity,
    payload: {
      ...common,
      ...(body !== undefined && { body }),
      ...quoteOf(context),
      ...(context?.isForwarded && { forwarded: true }),
      ...(isForOnce(message.message) && { view_once: true }),
      ...mediaOf(content),
    },
  };
}

/** `messages.upsert`: what came in, live (`notify`) or from the offline queue (`append`). */
export function fromMessages(
  { messages }: { messages: WAMessage[]; type: MessageUpsertType },
  self: Self,
): Draft[] {
  return messages.map(message => draftOf(message, self)).filter(draft => draft !== undefined);
}

const receipts: Readonly<Record<number, { type: string; description: string }>> = {
  [Status.DELIVERY_ACK]: { type: 'delivered', description: 'the message was delivered to the recipient' },
  [Status.READ]: { type: 'read', description: 'the recipient has read the message' },
  [Status.PLAYED]: { type: 'played', description: 'the recipient has played the message' },
};

function ack(
  ids: string[],
  key: WAMessageKey,
  status: number,
  at: number,
  self: Self,
  from?: string,
): Draft | undefined {
  const receipt = receipts[status];
  if (!receipt) return undefined;
  const { chat_id, chat_lid, from: sender, from_lid } = envelopeOf({ ...key, fromMe: false }, self);
  const reader = from ?? sender;
  return {
    event: 'message.ack',
    at,
    identity: `${named(chat_lid, chat_id)} ${from ?? named(from_lid, sender)} ${receipt.type} ${ids.join(' ')}`,
    payload: {
      ids,
      chat_id,
      from: reader,
      ...(from_lid && { from_lid }),
      receipt_type: receipt.type,
      receipt_type_description: receipt.description,
      timestamp: new Date(at).toISOString(),
    },
  };
}

/** `messages.update`: receipts of direct chats. Those with the same chat, status and time become one event. */
export function fromUpdates(updates: WAMessageUpdate[], self: Self): Draft[] {
  const groups = new Map<string, { key: WAMessageKey; status: number; at: number; ids: string[] }>();
  for (const { key, update } of updates) {
    const status = update.status;
    if (typeof status !== 'number' || !key.id || key.fromMe !== true) continue;
    const at = timeOf(update.messageTimestamp);
    const name = `${key.remoteJid} ${status} ${at}`;
    const group = groups.get(name);
    if (group) group.ids.push(key.id);
    else groups.set(name, { key, status, at, ids: [key.id] });
  }
  return [...groups.values()]
    .map(({ ids, key, status, at }) => ack(ids, key, status, at, self))
    .filter(draft => draft !== undefined);
}

interface GroupReceipt {
  readonly key: WAMessageKey;
  readonly receipt: { userJid?: string | null; receiptTimestamp?: unknown; readTimestamp?: unknown };
}

/**
 * `message-receipt.update`: receipts of groups, one per participant. Not those of one's own: Baileys turns a `sender`
 * receipt of one's phone into a read one (messages-recv.ts handleReceipt), and what oneself looked at is no news.
 */
export function fromGroupReceipts(updates: GroupReceipt[], self: Self): Draft[] {
  return updates
    .map(({ key, receipt }) => {
      const reader = bare(receipt.userJid);
      if (!key.id || reader === bare(self.jid) || reader === bare(self.lid)) return undefined;
      const read = receipt.readTimestamp !== undefined && receipt.readTimestamp !== null;
      const at = timeOf(read ? receipt.readTimestamp : receipt.receiptTimestamp);
      return ack([key.id], key, read ? Status.READ : Status.DELIVERY_ACK, at, self, reader);
    })
    .filter(draft => draft !== undefined);
}

/** What has become of a message whose sending nobody waited for any more. */
export function fromStatus(
  id: string,
  chat: string,
  status: string,
  reason: string | undefined,
  at: number,
): Draft {
  const payload = {
    id,
    chat_id: bare(chat),
    status,
    ...(reason && { reason }),
    timestamp: new Date(at).toISOString(),
  };
  return { event: 'message.status', at, identity: `${id} ${status}`, payload };
}

/** A change of the device itself. */
export function fromState(state: string, reason: string | undefined, at: number): Draft {
  return {
    event: 'device.state',
    at,
    payload: { state, ...(reason && { reason }), timestamp: new Date(at).toISOString() },
  };
}

/** The device is not well any more, or well again. */
export function fromHealth(
  event: 'degraded' | 'recovered',
  complaints: readonly Complaint[],
  at: number,
): Draft {
  const reasons = complaints.map(({ code, text }) => ({ code, text }));
  const timestamp = new Date(at).toISOString();
  return event === 'degraded'
    ? { event: 'device.degraded', at, payload: { reasons, timestamp } }
    : { event: 'device.recovered', at, payload: { timestamp } };
}

/** A message of which only the envelope is known. */
type Envelope = Pick<WAMessage, 'key' | 'messageTimestamp' | 'pushName'>;

function commonOf({ key, messageTimestamp, pushName }: Envelope, self: Self) {
  const name = pushName ?? '';
  const timestamp = new Date(timeOf(messageTimestamp)).toISOString();
  return { ...envelopeOf(key, self), from_name: name, sender_display_name: name, timestamp };
}

/** It came and could not be decrypted. What is never an event when it can be is none when it cannot. */
export function fromUnread(message: Envelope, reason: string, self: Self): Draft[] {
  const chat = message.key.remoteJid ?? '';
  if (!message.key.id || isJidBroadcast(chat) || isJidNewsletter(chat)) return [];
  const payload = { ...commonOf(message, self), reason, retried: reason !== 'unavailable' };
  const at = timeOf(message.messageTimestamp);
  return [{ event: 'message.undecryptable', at, identity: identityOf(payload), payload }];
}

/** A later copy of it was decrypted. */
export function fromRecovered(
  message: Envelope,
  { by, afterMs }: { by: 'retry' | 'phone'; afterMs: number },
  self: Self,
): Draft[] {
  const payload = { ...commonOf(message, self), by, after_seconds: secondsOf(afterMs) };
  return [{ event: 'message.recovered', at: Date.now(), identity: identityOf(payload), payload }];
}

/** Nothing that was tried for it has helped. */
export function fromLost(
  message: Envelope,
  { reason, asked, afterMs }: { reason: string; asked: number; afterMs: number },
  self: Self,
): Draft[] {
  const payload = { ...commonOf(message, self), reason, asked, after_seconds: secondsOf(afterMs) };
  return [{ event: 'message.lost', at: Date.now(), identity: identityOf(payload), payload }];
}

/**
 * Without the people: two copies of one message may name them by number, by LID, or by both (what our own phone sends us
 * again has the number alone), and would be two. Ids are random and known to the chat alone, so nobody can take one first.
 */
const identityOf = ({ chat_id, id }: { readonly chat_id: string; readonly id: string }) =>
  isJidGroup(chat_id) ? `${chat_id} ${id}` : id;

const secondsOf = (ms: number) => Math.round(ms / 100) / 10;

/** A stanza of which nothing can be told. It is told once, however often it comes. */
export function fromPoison({ tag, attrs }: BinaryNode, reason: string, now: number): Draft {
  const { id = '', from = '', participant = '' } = attrs;
  const identity = JSON.stringify([tag, from, participant, id]);
  return {
    event: 'event.unparsed',
    at: now,
    identity,
    payload: { event: tag, reason: mask(reason), ...(id && { id }) },
  };
}
