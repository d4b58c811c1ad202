// Which messages archive, read, clear and delete are about: everything up to the last one that the phone has.
import type { proto } from '@whiskeysockets/baileys';
import { accountJid } from '../accounts/accounts.ts';
import type { Phone } from '../phone/phone.ts';
import type { World } from '../world.ts';

/** Of a chat in either form; times in it are unix seconds (whatsmeow newMessageRange). */
export function messageRange(
  world: World,
  phone: Phone,
  chat: string,
): proto.SyncActionValue.ISyncActionMessageRange {
  const account = world.accounts.byJid(chat);
  const known = account ? accountJid(account) : chat;
  const last = phone.messages.findLast(message => message.chat === known);
  if (!last) return { lastMessageTimestamp: world.clock.unixSeconds() };
  const key = { remoteJid: chat, fromMe: last.fromMe, id: last.id };
  return {
    lastMessageTimestamp: last.timestamp,
    messages: [{ key, timestamp: last.timestamp }],
  };
}
