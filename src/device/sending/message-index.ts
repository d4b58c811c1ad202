/** How a message is named among what the devices of an account share. */
import { isShared, keyNamed, type Where } from './message-key.ts';

/**
 * Chat, id, whether it is ours, and in a group who wrote it, which Baileys leaves away (whatsmeow appstate/encode.go,
 * BuildStar). Fails with MESSAGE_NOT_FOUND.
 */
export async function indexOf(where: Where, chat: string, id: string): Promise<string[]> {
  const { fromMe, participant } = await keyNamed(where, chat, id);
  const author = isShared(chat) && !fromMe && participant ? participant : '0';
  return [chat, id, fromMe ? '1' : '0', author];
}
