// What a phone tells a companion that has just been linked: app-state keys first, then history (protocol.md 14).
import { deflateSync } from 'node:zlib';
import { proto } from '@whiskeysockets/baileys';
import { accountJid } from '../accounts/accounts.ts';
import { keyShare } from '../app-state/key-ring.ts';
import type { World } from '../world.ts';
import type { Phone, PhoneMessage } from './phone.ts';

const { HistorySyncType } = proto.HistorySync;
const { ProtocolMessage } = proto.Message;
/** Of each chat, the newest. */
const HISTORY_PER_CHAT = 50;

/** Peer messages in the order a companion needs them: keys must be there when it fetches its app state. */
export function bootstrapMessages(world: World, phone: Phone): proto.IMessage[] {
  return [
    keyShare(phone.appState.keys.all()),
    history(1, 50, {
      syncType: HistorySyncType.INITIAL_BOOTSTRAP,
      conversations: conversations(world, phone),
      phoneNumberToLidMappings: mappings(world, phone),
    }),
    history(2, 60, { syncType: HistorySyncType.PUSH_NAME, pushnames: pushNames(world, phone) }),
    // The last chunk says 100: until then Baileys holds its events back.
    history(3, 100, { syncType: HistorySyncType.RECENT, conversations: [] }),
  ];
}

// Inline: a blob would be fetched from WhatsApp's own media host (protocol.md 12).
function history(chunkOrder: number, progress: number, content: proto.IHistorySync): proto.IMessage {
  const encoded = proto.HistorySync.encode({ ...content, chunkOrder, progress }).finish();
  return {
    protocolMessage: {
      type: ProtocolMessage.Type.HISTORY_SYNC_NOTIFICATION,
      historySyncNotification: {
        syncType: content.syncType as unknown as proto.Message.HistorySyncType,
        chunkOrder,
        progress,
        initialHistBootstrapInlinePayload: deflateSync(encoded),
      },
    },
  };
}

function conversations(world: World, phone: Phone): proto.IConversation[] {
  const chats = new Map<string, PhoneMessage[]>();
  for (const message of phone.messages) {
    const chat = chats.get(message.chat);
    if (chat) chat.push(message);
    else chats.set(message.chat, [message]);
  }
  return [...chats].map(([id, all]) => {
    const newest = all.slice(-HISTORY_PER_CHAT).reverse();
    const account = world.accounts.byJid(id);
    return {
      id,
      name: account?.name,
      lidJid: account && accountJid(account, 'lid'),
      pnJid: account && accountJid(account),
      conversationTimestamp: newest[0]?.timestamp,
      messages: newest.map(one => ({ message: webMessage(one) })),
    } as proto.IConversation;
  });
}

function webMessage(message: PhoneMessage): proto.IWebMessageInfo {
  return {
    key: { remoteJid: message.chat, fromMe: message.fromMe, id: message.id },
    message: { conversation: message.text },
    messageTimestamp: message.timestamp,
  };
}

function mappings(world: World, phone: Phone): proto.IPhoneNumberToLIDMapping[] {
  const ids = new Set([accountJid(phone.account), ...phone.messages.map(message => message.chat)]);
  return [...ids].flatMap(pnJid => {
    const account = world.accounts.byJid(pnJid);
    return account ? [{ pnJid, lidJid: accountJid(account, 'lid') }] : [];
  });
}

function pushNames(world: World, phone: Phone): proto.IPushname[] {
  const ids = new Set(phone.messages.map(message => message.chat));
  const others = [...ids].flatMap(id => {
    const account = world.accounts.byJid(id);
    return account ? [{ id, pushname: account.name }] : [];
  });
  return [{ id: accountJid(phone.account), pushname: phone.account.name }, ...others];
}
