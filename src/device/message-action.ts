/** What the account's own devices are told about one message (Utils/chat-utils.js, chatModificationToAppPatch). */
import { isJidGroup, proto } from '@whiskeysockets/baileys';
import { keyNamed, messageNamed, type Where } from './message-key.ts';

export const { SET } = proto.SyncdMutation.SyncdOperation;

/**
 * A message in the index of an action: chat, id, whether it is ours, and in a group who wrote it, which Baileys leaves
 * away (whatsmeow appstate/encode.go, BuildStar). `at` in unix seconds, now when it is not known.
 */
export async function placeOfMessage(
  where: Where,
  chat: string,
  id: string,
): Promise<{ readonly place: string[]; readonly at: number }> {
  const named = await messageNamed(where, chat, id);
  const { fromMe, participant } = named?.key ?? (await keyNamed(where, chat, id));
  const author = isJidGroup(chat) && !fromMe && participant ? participant : '0';
  const at = named?.at ?? Math.floor(Date.now() / 1000);
  return { place: [chat, id, fromMe ? '1' : '0', author], at };
}
