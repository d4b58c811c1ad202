// A companion asks for what came before a message it knows (HISTORY_SYNC_ON_DEMAND: Baileys fetchMessageHistory,
// whatsmeow BuildHistorySyncRequest), or for everything at once (FULL_HISTORY_SYNC_ON_DEMAND).
import { proto } from '@whiskeysockets/baileys';
import type { PeerRequest } from '../phone/peers.ts';
import { chatsOf, findChat } from './chats.ts';
import { bootstrapChunks, wishesOf } from './chunks.ts';
import type { PastChat } from './past-chat.ts';
import { sendChunk } from './send.ts';

const { HistorySyncType } = proto.HistorySync;
const { EndOfHistoryTransferType: End } = proto.Conversation;
/** whatsmeow recommends 50 at a time; more than this nobody gets. */
const MOST = 500;
/** Below this a number of milliseconds would be in 1973, so it is seconds: whatsmeow sends those, by its own account. */
const LEAST_MS = 100_000_000_000;

type OnDemand = proto.Message.PeerDataOperationRequestMessage.IHistorySyncOnDemandRequest;

/** One chunk, with what came before the message that is named; empty for a chat that the phone has not. */
export async function answerOnDemand(
  { world, phone, companion, id }: PeerRequest,
  asked: OnDemand,
): Promise<void> {
  const chat = findChat(chatsOf(world, phone), asked.chatJid ?? '');
  const count = Math.min(MOST, Math.max(0, asked.onDemandMsgCount ?? 0));
  const older = chat ? before(chat, asked) : [];
  const part = older.slice(0, count);
  const conversation: proto.IConversation = {
    ...(chat?.conversation ?? { id: asked.chatJid ?? '' }),
    messages: part.map(message => ({ message })),
    endOfHistoryTransfer: true,
    endOfHistoryTransferType:
      part.length < older.length
        ? End.COMPLETE_ON_DEMAND_SYNC_BUT_MORE_MSG_REMAIN_ON_PRIMARY
        : End.COMPLETE_AND_NO_MORE_MESSAGE_REMAIN_ON_PRIMARY,
  };
  const chunk = {
    syncType: HistorySyncType.ON_DEMAND,
    conversations: [conversation],
    chunkOrder: 1,
    progress: 100,
  };
  await sendChunk(world, phone, companion, chunk, { peerDataRequestSessionId: id });
}

/** Everything again, as if the companion had been linked with these wishes. */
export async function answerFullOnDemand(
  { world, phone, companion }: PeerRequest,
  asked: proto.Message.PeerDataOperationRequestMessage.IFullHistorySyncOnDemandRequest,
): Promise<void> {
  const props = proto.DeviceProps.encode({
    requireFullSync: true,
    ...(asked.historySyncConfig && { historySyncConfig: asked.historySyncConfig }),
  }).finish();
  const extra = asked.requestMetadata
    ? { fullHistorySyncOnDemandRequestMetadata: asked.requestMetadata }
    : undefined;
  for (const chunk of bootstrapChunks(world, phone, wishesOf(props))) {
    if (world.stopped.aborted) return;
    const { syncType } = chunk;
    if (syncType !== HistorySyncType.PUSH_NAME && syncType !== HistorySyncType.NON_BLOCKING_DATA) {
      await sendChunk(world, phone, companion, { ...chunk, syncType: HistorySyncType.FULL }, extra);
    }
  }
}

/** Older than the message of the asked key; where the phone does not have that one, than its time. Newest first. */
function before(chat: PastChat, asked: OnDemand): proto.IWebMessageInfo[] {
  const messages = chat.messages();
  const at = messages.findIndex(({ key }) => key?.id === asked.oldestMsgId);
  if (at >= 0) return messages.slice(at + 1);
  const given = Number(asked.oldestMsgTimestampMs ?? 0);
  const seconds = given >= LEAST_MS ? given / 1000 : given;
  return messages.filter(({ messageTimestamp }) => Number(messageTimestamp) < seconds);
}
