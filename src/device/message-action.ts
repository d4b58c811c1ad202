/** What the account's own devices are told about one message (Utils/chat-utils.js, chatModificationToAppPatch). */
import { isJidGroup, proto, type WAMessageKey } from '@whiskeysockets/baileys';
import { keyNamed, messageNamed, type Where } from './message-key.ts';

export const { SET } = proto.SyncdMutation.SyncdOperation;

interface Place {
  readonly key: WAMessageKey;
  /** In the index of an action: chat, id, whether it is ours, and in a group who wrote it. */
  readonly index: string[];
  /** Unix seconds; now when it is not known. */
  readonly at: number;
}

/** Baileys leaves the author away (whatsmeow appstate/encode.go, BuildStar). Fails with MESSAGE_NOT_FOUND. */
export async function placeOfMessage(where: Where, chat: string, id: string): Promise<Place> {
  const named = await messageNamed(where, chat, id);
  const key = named?.key ?? (await keyNamed(where, chat, id));
  const { fromMe, participant } = key;
  const author = isJidGroup(chat) && !fromMe && participant ? participant : '0';
  const at = named?.at ?? Math.floor(Date.now() / 1000);
  return { key, index: [chat, id, fromMe ? '1' : '0', author], at };
}
