// Sending history to a companion, and remembering what was sent.
import type { proto } from '@whiskeysockets/baileys';
import type { Device } from '../accounts/accounts.ts';
import type { Phone } from '../phone/phone.ts';
import type { World } from '../world.ts';
import { type Chunk, historyNotification, messagesIn } from './notification.ts';
import { syncTypeName } from './phone-history.ts';

/** One chunk; resolves once it is on its way. `extra` is what the notification says besides. */
export async function sendChunk(
  world: World,
  phone: Phone,
  companion: Device,
  chunk: Chunk,
  extra?: proto.Message.IHistorySyncNotification,
): Promise<void> {
  const { message, bytes, inline } = await historyNotification(world, chunk, extra);
  const [id = ''] = await phone.sendPeer(companion, [message]);
  phone.history.sent({
    device: companion.id,
    id,
    syncType: syncTypeName(chunk.syncType!),
    chunkOrder: chunk.chunkOrder ?? 1,
    progress: chunk.progress ?? 100,
    messages: messagesIn(chunk),
    bytes,
    inline,
  });
}
