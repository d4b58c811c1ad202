// A chunk of history as a companion gets it: compressed, and inside the notification or as a blob on the media host.
import { promisify } from 'node:util';
import { deflate } from 'node:zlib';
import { proto } from '@whiskeysockets/baileys';
import { putSecret } from '../media/secret.ts';
import { bytesField } from '../wire/protobuf-field.ts';
import type { World } from '../world.ts';

const compress = promisify(deflate);
const { ProtocolMessage } = proto.Message;

/** `nctSalt` of HistorySync (whatsapp-rust waproto; Baileys' schema does not have it). */
const SALT_FIELD = 19;

export interface Chunk extends proto.IHistorySync {
  /** What the companion makes tokens for strangers from. */
  nonContactSalt?: Uint8Array | undefined;
}

export interface Notification {
  readonly message: proto.IMessage;
  /** Compressed. */
  readonly bytes: number;
  readonly inline: boolean;
}

/**
 * Small ones are inline, and all of them are where the world says so: a blob is fetched from WhatsApp's own media host
 * unless the client was told otherwise (protocol.md 12). Inline works for any type.
 */
export async function historyNotification(
  world: World,
  chunk: Chunk,
  extra: proto.Message.IHistorySyncNotification = {},
): Promise<Notification> {
  const encoded = proto.HistorySync.encode(chunk).finish();
  const { nonContactSalt: salt } = chunk;
  const payload = await compress(salt ? Buffer.concat([encoded, bytesField(SALT_FIELD, salt)]) : encoded);
  const inline = !world.sync.blobs || payload.length <= world.sync.inlineBytes;
  const oldest = oldestIn(chunk);
  const historySyncNotification: proto.Message.IHistorySyncNotification = {
    syncType: chunk.syncType as unknown as proto.Message.HistorySyncType,
    chunkOrder: chunk.chunkOrder ?? 1,
    progress: chunk.progress ?? 100,
    ...(oldest !== undefined && { oldestMsgInChunkTimestampSec: oldest }),
    ...(inline ? { initialHistBootstrapInlinePayload: payload } : blob(world, payload)),
    ...extra,
  };
  const type = ProtocolMessage.Type.HISTORY_SYNC_NOTIFICATION;
  return { message: { protocolMessage: { type, historySyncNotification } }, bytes: payload.length, inline };
}

function blob(world: World, payload: Buffer): proto.Message.IHistorySyncNotification {
  const stored = putSecret(world.media, payload, 'md-msg-hist');
  const { mediaKey, fileSha256, fileEncSha256, fileLength, directPath } = stored;
  return { mediaKey, fileSha256, fileEncSha256, fileLength, directPath };
}

function oldestIn({ conversations }: proto.IHistorySync): number | undefined {
  let oldest = Number.POSITIVE_INFINITY;
  for (const { messages } of conversations ?? []) {
    for (const { message } of messages ?? [])
      oldest = Math.min(oldest, Number(message?.messageTimestamp ?? oldest));
  }
  return Number.isFinite(oldest) ? oldest : undefined;
}

export function messagesIn({ conversations, statusV3Messages }: proto.IHistorySync): number {
  const inChats = (conversations ?? []).reduce((sum, { messages }) => sum + (messages?.length ?? 0), 0);
  return inChats + (statusV3Messages?.length ?? 0);
}
