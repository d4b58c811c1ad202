// Messages that really went over the wire, as a phone tells them later: an edit is in its message, a reaction hangs on
// what it is about, what was revoked says so, and what only devices read is left out (Baileys processMessage does the
// same to live messages).
import { proto } from '@whiskeysockets/baileys';
import { accountJid } from '../accounts/accounts.ts';
import type { Phone } from '../phone/phone.ts';
import type { World } from '../world.ts';
import { type Logged, logOf } from './log.ts';

const { Type } = proto.Message.ProtocolMessage;
const { Status, StubType } = proto.WebMessageInfo;

/** By chat, oldest first. */
export function ownMessages(world: World, phone: Phone): Map<string, proto.IWebMessageInfo[]> {
  const chats = new Map<string, Map<string, proto.IWebMessageInfo>>();
  for (const logged of logOf(phone)) {
    let chat = chats.get(logged.chat);
    if (!chat) {
      chat = new Map();
      chats.set(logged.chat, chat);
    }
    tell(world, phone, chat, logged);
  }
  return new Map([...chats].map(([id, messages]) => [id, [...messages.values()]]));
}

function tell(world: World, phone: Phone, chat: Map<string, proto.IWebMessageInfo>, logged: Logged): void {
  const { content } = logged;
  const { reactionMessage: reaction } = content;
  const about = content.editedMessage?.message?.protocolMessage ?? content.protocolMessage;
  if (reaction) react(chat.get(reaction.key?.id ?? ''), keyOf(world, logged), reaction);
  else if (about) revise(chat.get(about.key?.id ?? ''), about);
  else chat.set(logged.id, webMessage(world, phone, logged));
}

function react(
  target: proto.IWebMessageInfo | undefined,
  key: proto.IMessageKey,
  { text, senderTimestampMs }: proto.Message.IReactionMessage,
): void {
  if (!target) return;
  const others = (target.reactions ?? []).filter(
    one => one.key?.fromMe !== key.fromMe || one.key?.participant !== key.participant,
  );
  // An empty text takes the reaction back.
  target.reactions = text ? [...others, { key, text, senderTimestampMs: senderTimestampMs ?? null }] : others;
}

function revise(target: proto.IWebMessageInfo | undefined, about: proto.Message.IProtocolMessage): void {
  if (!target) return;
  if (about.type === Type.MESSAGE_EDIT) target.message = about.editedMessage ?? null;
  else if ((about.type ?? Type.REVOKE) === Type.REVOKE) {
    target.message = null;
    target.messageStubType = StubType.REVOKE;
  }
}

function keyOf(world: World, { chat, fromMe, id, from }: Logged): proto.IMessageKey {
  const key = { remoteJid: chat, fromMe, id };
  if (chat.endsWith('@s.whatsapp.net') || chat.endsWith('@lid')) return key;
  const author = world.accounts.byJid(from);
  const form = world.groups.byJid(chat)?.addressing ?? 's.whatsapp.net';
  return { ...key, participant: author ? accountJid(author, form) : from };
}

function webMessage(world: World, phone: Phone, logged: Logged): proto.IWebMessageInfo {
  const key = keyOf(world, logged);
  const { fromMe, timestamp } = logged;
  // A group's key came with the message, and is nobody's business but the session's.
  const { senderKeyDistributionMessage: _, ...content } = logged.content;
  const pushName = fromMe ? undefined : world.accounts.byJid(logged.from)?.name;
  return {
    key,
    message: content,
    messageTimestamp: timestamp,
    ...(fromMe && { status: statusOf(phone, logged.id) }),
    ...(pushName !== undefined && { pushName }),
    ...(key.participant != null && { participant: key.participant }),
  };
}

/** As far as its readers got, by what the phone heard from them. */
function statusOf(phone: Phone, id: string): proto.WebMessageInfo.Status {
  const heard = new Set(phone.receipts.of(id).map(({ type }) => type));
  if (heard.has('played')) return Status.PLAYED;
  if (heard.has('read')) return Status.READ;
  return heard.has('delivered') ? Status.DELIVERY_ACK : Status.SERVER_ACK;
}
