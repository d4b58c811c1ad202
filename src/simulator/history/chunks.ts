// Everything that a phone tells a companion of its history, cut into chunks (protocol.md 14; what WA Web expects of each
// type: whatsapp-rust src/history_sync.rs, Baileys Socket/chats.ts). The limits are guessed where no source names them.
import { proto } from '@whiskeysockets/baileys';
import type { Phone } from '../phone/phone.ts';
import { nonContactSalt, saltDelivery } from '../profile/non-contact.ts';
import type { World } from '../world.ts';
import { chatsOf, peopleOf, statusesOf } from './chats.ts';
import type { Chunk } from './notification.ts';
import type { PastChat } from './past-chat.ts';

const { HistorySyncType } = proto.HistorySync;
const { EndOfHistoryTransferType: End } = proto.Conversation;

/** Of each chat at once; the rest follows in RECENT. */
const FIRST_PER_CHAT = 20;
/** One chunk has at most so many messages, chats and names: about 200 KB compressed. */
const MESSAGES_PER_CHUNK = 1_500;
const CHATS_PER_CHUNK = 500;
const NAMES_PER_CHUNK = 5_000;
const DAY = 86_400;
/** How far RECENT and FULL reach back where the companion names no limit: three months, and a year (WhatsApp's help pages). */
const RECENT_DAYS = 90;
const FULL_DAYS = 365;

/** What a companion said about history when it was linked. */
export interface Wishes {
  readonly full: boolean;
  readonly recentDays: number;
  readonly fullDays: number;
  /** Bytes of FULL; Infinity where it set no limit. */
  readonly fullBytes: number;
}

/** Reads the DeviceProps that came with the registration (protocol.md 3); without any, nothing special is wished for. */
export function wishesOf(props: Uint8Array | undefined): Wishes {
  const decoded = props && proto.DeviceProps.decode(props);
  const config = decoded?.historySyncConfig;
  return {
    full: decoded?.requireFullSync === true,
    recentDays: config?.recentSyncDaysLimit || RECENT_DAYS,
    fullDays: config?.fullSyncDaysLimit || FULL_DAYS,
    fullBytes: config?.fullSyncSizeMbLimit
      ? config.fullSyncSizeMbLimit * 1024 * 1024
      : Number.POSITIVE_INFINITY,
  };
}

/** In the order in which they are sent. `chunkOrder` counts on through all types. */
export function* bootstrapChunks(world: World, phone: Phone, wishes: Wishes): Generator<Chunk> {
  const chats = chatsOf(world, phone);
  const now = world.clock.unixSeconds();
  const recentFrom = now - wishes.recentDays * DAY;
  const fullFrom = now - wishes.fullDays * DAY;
  let order = 0;
  const numbered = (chunk: Chunk): Chunk => ({ ...chunk, chunkOrder: ++order });
  // With the first, so that it is there early.
  let salt = saltDelivery(phone.account).history ? nonContactSalt(world, phone.account) : undefined;
  for (const chunk of conversationChunks(chats, wishes.full ? fullFrom : recentFrom, firstOf)) {
    yield numbered({
      ...chunk,
      syncType: HistorySyncType.INITIAL_BOOTSTRAP,
      ...mappingsOf(world, phone, chunk),
      nonContactSalt: salt,
    });
    salt = undefined;
  }
  const statuses = statusesOf(world, phone);
  if (statuses.length > 0) {
    yield numbered({
      syncType: HistorySyncType.INITIAL_STATUS_V3,
      statusV3Messages: statuses.slice(0, MESSAGES_PER_CHUNK),
      progress: 100,
    });
  }
  for (const chunk of nameChunks(world, phone)) yield numbered(chunk);
  yield numbered({
    syncType: HistorySyncType.NON_BLOCKING_DATA,
    globalSettings: globalSettings(phone),
    progress: 100,
  });
  // Its last chunk says 100: until then clients hold back that history is there.
  const recent = (chat: PastChat) => older(chat, recentFrom, Number.POSITIVE_INFINITY);
  for (const chunk of conversationChunks(chats, wishes.full ? fullFrom : recentFrom, recent)) {
    yield numbered({ ...chunk, syncType: HistorySyncType.RECENT });
  }
  if (!wishes.full) return;
  let bytes = 0;
  for (const chunk of conversationChunks(chats, fullFrom, chat => older(chat, fullFrom, recentFrom))) {
    const full = numbered({ ...chunk, syncType: HistorySyncType.FULL });
    bytes += proto.HistorySync.encode(full).finish().length;
    // The one that would be too much is the last, and empty: the companion hears that this was all.
    if (bytes <= wishes.fullBytes) yield full;
    else {
      yield { ...full, conversations: [], progress: 100 };
      return;
    }
  }
}

function firstOf(chat: PastChat): proto.IWebMessageInfo[] {
  return chat.messages().slice(0, FIRST_PER_CHAT);
}

/** Those that were not among the first, from unix second `from` up to, and without, `before`. */
function older(chat: PastChat, from: number, before: number): proto.IWebMessageInfo[] {
  if (chat.count <= FIRST_PER_CHAT) return [];
  return chat
    .messages()
    .slice(FIRST_PER_CHAT)
    .filter(({ messageTimestamp: at }) => Number(at) >= from && Number(at) < before);
}

/** Chunks of conversations; at least one, and the last has progress 100. `reach` is where this companion's history ends. */
function* conversationChunks(
  chats: readonly PastChat[],
  reach: number,
  choose: (chat: PastChat) => proto.IWebMessageInfo[],
): Generator<proto.IHistorySync> {
  let conversations: proto.IConversation[] = [];
  let messages = 0;
  for (const [index, chat] of chats.entries()) {
    const chosen = choose(chat);
    if (chosen.length === 0 && choose !== firstOf) continue;
    for (let at = 0; at === 0 || at < chosen.length; ) {
      const part = chosen.slice(at, at + MESSAGES_PER_CHUNK - messages);
      at += part.length;
      const last = at >= chosen.length ? endOf(chat, reach, chosen) : {};
      conversations.push({ ...chat.conversation, ...last, messages: part.map(message => ({ message })) });
      messages += part.length;
      if (messages >= MESSAGES_PER_CHUNK || conversations.length >= CHATS_PER_CHUNK) {
        // 99 at most: more chats, or the rest below, follow.
        yield { conversations, progress: Math.min(99, Math.floor(((index + 1) / chats.length) * 100)) };
        conversations = [];
        messages = 0;
      }
      if (chosen.length === 0) break;
    }
  }
  yield { conversations, progress: 100 };
}

/** Whether the companion has all of a chat now, or the phone has more. */
function endOf(chat: PastChat, reach: number, chosen: readonly proto.IWebMessageInfo[]) {
  const all = chat.messages();
  const oldest = chosen.at(-1);
  if (all.at(-1)?.key?.id === oldest?.key?.id) {
    return {
      endOfHistoryTransfer: true,
      endOfHistoryTransferType: End.COMPLETE_AND_NO_MORE_MESSAGE_REMAIN_ON_PRIMARY,
    };
  }
  const next = all[all.findIndex(one => one.key?.id === oldest?.key?.id) + 1];
  if (next && Number(next.messageTimestamp) >= reach) return {};
  return {
    endOfHistoryTransfer: true,
    endOfHistoryTransferType: End.COMPLETE_BUT_MORE_MESSAGES_REMAIN_ON_PRIMARY,
  };
}

function* nameChunks(world: World, phone: Phone): Generator<proto.IHistorySync> {
  const pushnames: proto.IPushname[] = [];
  for (const { phone: number, pushName } of peopleOf(world, phone)) {
    pushnames.push({ id: `${number}@s.whatsapp.net`, pushname: pushName });
  }
  for (let at = 0; at < pushnames.length; at += NAMES_PER_CHUNK) {
    const part = pushnames.slice(at, at + NAMES_PER_CHUNK);
    const progress = Math.floor((Math.min(at + NAMES_PER_CHUNK, pushnames.length) / pushnames.length) * 100);
    yield { syncType: HistorySyncType.PUSH_NAME, pushnames: part, progress };
  }
}

/** Of one's own number and of every person in these conversations. */
function mappingsOf(
  world: World,
  phone: Phone,
  { conversations }: proto.IHistorySync,
): Pick<proto.IHistorySync, 'phoneNumberToLidMappings'> {
  const mappings = new Map([[phone.account.phone, phone.account.lid]]);
  const learn = (jid: string | null | undefined) => {
    const [number, domain] = jid?.split('@') ?? [];
    if (number && domain === 's.whatsapp.net') mappings.set(number, world.accounts.lidOf(number));
  };
  for (const { id, pnJid, participant } of conversations ?? []) {
    learn(id);
    learn(pnJid);
    for (const { userJid } of participant ?? []) learn(userJid);
  }
  return {
    phoneNumberToLidMappings: [...mappings].map(([number, lid]) => ({
      pnJid: `${number}@s.whatsapp.net`,
      lidJid: `${lid}@lid`,
    })),
  };
}

function globalSettings(phone: Phone): proto.IGlobalSettings {
  const unarchive = phone.appState.entry('regular_low', ['setting_unarchiveChats'])?.value
    .unarchiveChatsSetting;
  return { autoUnarchiveChats: unarchive?.unarchiveChats === true, securityNotifications: false };
}
