import { Failure } from '../../errors.ts';
import { ask } from '../asking/command.ts';

/**
 * Asks the phone for what was said in a chat before the oldest message that we have. It answers with a chunk of history
 * (Socket/messages-recv.ts, fetchMessageHistory), which goes into the store as any other; a phone that is off answers later.
 */
export const chatHistory = ask({
  name: 'chat-history',
  async run({ chat, count }: { readonly chat: string; readonly count: number }, { socket }, on) {
    const oldest = (await on.said.oldest(chat)) ?? (await on.said.last(chat));
    if (!oldest)
      throw new Failure(
        'CHAT_NOT_FOUND',
        'No message of this chat is known, and the phone is asked for what came before one.',
      );
    const before = Number(oldest.messageTimestamp) * 1000;
    const request = await socket.fetchMessageHistory(count, oldest.key, before);
    return { request, before, id: oldest.key.id ?? '' };
  },
});
