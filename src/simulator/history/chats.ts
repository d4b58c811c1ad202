// All chats of a phone: those that it really had and those of its generated past, as app state left them.
import { proto } from '@whiskeysockets/baileys';
import { type Account, accountJid, deviceJid } from '../accounts/accounts.ts';
import { COLLECTIONS } from '../app-state/collections.ts';
import { type AppStateView, type ChatView, viewOf } from '../app-state/view.ts';
import { STATUS } from '../delivery/chat.ts';
import type { Group } from '../groups/groups.ts';
import type { Phone } from '../phone/phone.ts';
import type { World } from '../world.ts';
import { generatedChats, person } from './generate.ts';
import { ownMessages } from './own-messages.ts';
import type { PastChat } from './past-chat.ts';
import { pastMedia } from './past-media.ts';

const { Rank } = proto.GroupParticipant;

/** The newest chat first. */
export function chatsOf(world: World, phone: Phone): PastChat[] {
  const { account } = phone;
  const view = viewOf(COLLECTIONS.flatMap(name => [...phone.appState.replica(name).entries()]));
  const own = ownMessages(world, phone);
  own.delete(STATUS);
  const chats: PastChat[] = [];
  for (const past of generated(world, phone)) {
    const id = past.conversation.id ?? '';
    const since = [own.get(id), own.get(past.conversation.pnJid ?? '')].find(list => list !== undefined);
    own.delete(id);
    own.delete(past.conversation.pnJid ?? '');
    chats.push(asLeft(view, since ? continued(world, account, past, since) : past));
  }
  for (const [id, messages] of own) chats.push(asLeft(view, ownChat(world, account, id, messages)));
  return chats
    .filter(chat => chat.count > 0)
    .sort(
      (a, b) => Number(b.conversation.conversationTimestamp) - Number(a.conversation.conversationTimestamp),
    );
}

/** By its JID in either form. */
export function findChat(chats: readonly PastChat[], jid: string): PastChat | undefined {
  return chats.find(
    ({ conversation: { id, pnJid, lidJid } }) => jid !== '' && [id, pnJid, lidJid].includes(jid),
  );
}

/** Statuses that the phone has seen, newest first. */
export function statusesOf(world: World, phone: Phone): proto.IWebMessageInfo[] {
  return (ownMessages(world, phone).get(STATUS) ?? []).reverse();
}

/** Numbers with the names that their owners gave themselves. */
export function* peopleOf(world: World, phone: Phone): Generator<{ phone: string; pushName: string }> {
  const { account } = phone;
  yield { phone: account.phone, pushName: account.name };
  for (const id of ownMessages(world, phone).keys()) {
    const other = world.accounts.byJid(id);
    if (other && other !== account) yield { phone: other.phone, pushName: other.name };
  }
  for (const spec of phone.history.pasts) {
    for (let number = 0; number < spec.chats; number++) yield person(spec, number);
  }
}

function* generated(world: World, phone: Phone): Generator<PastChat> {
  const { account } = phone;
  const own = { pn: accountJid(account), lid: accountJid(account, 'lid') };
  for (const spec of phone.history.pasts) {
    const media = pastMedia(world, spec.seed);
    yield* generatedChats(spec, { own, lidOf: number => world.accounts.lidOf(number), media });
  }
}

/** A generated chat that went on over the wire. */
function continued(
  world: World,
  own: Account,
  past: PastChat,
  since: readonly proto.IWebMessageInfo[],
): PastChat {
  const last = since.at(-1)?.messageTimestamp ?? 0;
  const newer = [...since].reverse();
  return {
    conversation: {
      ...past.conversation,
      conversationTimestamp: last,
      lastMsgTimestamp: last,
      unreadCount: unreadOf(world, own, since),
    },
    count: past.count + since.length,
    messages: () => [...newer, ...past.messages()],
  };
}

function ownChat(
  world: World,
  owner: Account,
  id: string,
  messages: readonly proto.IWebMessageInfo[],
): PastChat {
  const last = messages.at(-1)?.messageTimestamp ?? 0;
  const account = world.accounts.byJid(id);
  const group = world.groups.byJid(id);
  return {
    conversation: {
      id,
      conversationTimestamp: last,
      lastMsgTimestamp: last,
      unreadCount: unreadOf(world, owner, messages),
      notSpam: true,
      ...(account && {
        name: account.name,
        pnJid: accountJid(account),
        lidJid: accountJid(account, 'lid'),
      }),
      ...(group && groupFacts(group)),
    },
    count: messages.length,
    messages: () => [...messages].reverse(),
  };
}

/** What came after the last message that the person wrote or, on any device, has read. */
function unreadOf(world: World, own: Account, messages: readonly proto.IWebMessageInfo[]): number {
  const devices = [...own.devices.values()].map(device => deviceJid(device));
  const seen = ({ key }: proto.IWebMessageInfo) => {
    const heard = world.ledger.message(key?.id ?? '')?.devices ?? {};
    return devices.some(jid => heard[jid]?.receipts.some(({ type }) => type === 'read' || type === 'played'));
  };
  return messages.length - 1 - messages.findLastIndex(one => one.key?.fromMe === true || seen(one));
}

function groupFacts(group: Group): Partial<proto.IConversation> {
  const ranks = { member: Rank.REGULAR, admin: Rank.ADMIN, superadmin: Rank.SUPERADMIN };
  return {
    name: group.subject,
    createdAt: group.created,
    ...(group.creator && { createdBy: accountJid(group.creator, group.addressing) }),
    participant: [...group.members].map(([member, role]) => ({
      userJid: accountJid(member, group.addressing),
      rank: ranks[role],
    })),
  };
}

/** With what the person did to the chat on any of the devices. */
function asLeft(view: AppStateView, chat: PastChat): PastChat {
  const { id, pnJid, lidJid } = chat.conversation;
  const names = [id, pnJid, lidJid].filter(name => name != null);
  const said: ChatView = Object.assign({}, ...names.map(name => view.chats[name]));
  const contact = names.map(name => view.contacts[name]).find(one => one !== undefined);
  const cut = Math.max(said.clearedAt ?? 0, said.deletedAt ?? 0);
  const hidden = new Set(view.deletedMessages.filter(one => names.includes(one.chat)).map(one => one.id));
  const starred = new Set(view.starred.filter(one => names.includes(one.chat)).map(one => one.id));
  const conversation = {
    ...chat.conversation,
    ...(contact?.fullName !== undefined && { name: contact.fullName, displayName: contact.fullName }),
    ...(said.archived !== undefined && { archived: said.archived }),
    ...(said.pinned !== undefined && { pinned: said.pinned ? Math.floor((said.pinnedAt ?? 0) / 1000) : 0 }),
    ...(said.muted !== undefined && { muteEndTime: said.muted ? (said.mutedUntil ?? -1) : 0 }),
    ...(said.locked !== undefined && { locked: said.locked }),
    ...(said.read === false && { markedAsUnread: true }),
    ...(said.read === true && { unreadCount: 0 }),
  };
  if (cut === 0 && hidden.size === 0 && starred.size === 0) return { ...chat, conversation };
  const messages = () =>
    chat
      .messages()
      .filter(one => Number(one.messageTimestamp) * 1000 > cut && !hidden.has(one.key?.id ?? ''))
      .map(one => (starred.has(one.key?.id ?? '') ? { ...one, starred: true } : one));
  const left = messages().length;
  // A chat that was only cleared stays, empty; a deleted one comes back with the next message.
  return { conversation, count: left === 0 && said.deletedAt === undefined ? 1 : left, messages };
}
