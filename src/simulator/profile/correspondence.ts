// What happens between two people before a message of one reaches a device of the other.
import type { Account } from '../accounts/accounts.ts';
import type { Chat } from '../delivery/chat.ts';
import type { World } from '../world.ts';
import { startChat } from './new-chats.ts';
import { isBlocked } from './privacy.ts';

/**
 * Does `to` get a message (or a status) of `from`? Not when it blocked the sender, who is not told. A message that passes
 * opens the chat: the other side may answer without a token.
 */
export function admits(world: World, to: Account, from: Account, chat: Chat): boolean {
  if (to === from) return true;
  if (isBlocked(world, to, from)) return false;
  if (chat.kind === 'person') startChat(world, from, to);
  return true;
}
