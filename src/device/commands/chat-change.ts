import type { proto, WAMessage } from '@whiskeysockets/baileys';
import { changeAppState } from '../asking/app-state.ts';
import { ask } from '../asking/command.ts';
import { bare } from '../jid.ts';
import type { Connection } from '../line/connection.ts';

/** How a chat stands for all devices of the account. `muted` is until when, in ms since 1970; -1 is for ever, null not at all. */
export type ChatChange =
  | { readonly pinned: boolean }
  | { readonly archived: boolean }
  | { readonly muted: number | null }
  | { readonly read: boolean }
  | { readonly clear: true }
  | { readonly delete: true };

/** Changes how a chat stands, on all devices of the account: nobody else hears of it. */
export const chatChange = ask({
  name: 'chat-change',
  async run(
    { jid, change }: { readonly jid: string; readonly change: ChatChange },
    connection,
    on,
  ): Promise<void> {
    if ('pinned' in change) await changeAppState(connection, { pin: change.pinned }, jid);
    else if ('muted' in change) await changeAppState(connection, { mute: change.muted }, jid);
    else await changeUpTo(await on.said.last(jid), connection, jid, change);
  },
});

/** These name the last message that they are about, so that a later one leaves the archive, is unread, or stays. */
async function changeUpTo(
  last: WAMessage | undefined,
  connection: Connection,
  jid: string,
  change: Exclude<ChatChange, { pinned: boolean } | { muted: number | null }>,
): Promise<void> {
  const lastMessages = rangeOf(last) as never;
  if ('archived' in change) {
    await changeAppState(connection, { archive: change.archived, lastMessages }, jid);
    // What is archived is not pinned (whatsmeow appstate/encode.go, BuildArchive).
    if (change.archived) await changeAppState(connection, { pin: false }, jid);
  } else if ('read' in change) {
    await changeAppState(connection, { markRead: change.read, lastMessages }, jid);
  } else if ('clear' in change) {
    await changeAppState(connection, { clear: true, lastMessages }, jid);
    // Baileys has no event for it. This is its form for "all of a chat" (Types/Events.d.ts), which its buffer drops.
    connection.socket.ev.flush();
    connection.socket.ev.emit('messages.delete', { jid, all: true });
  } else {
    await changeAppState(connection, { delete: true, lastMessages }, jid);
  }
}

/**
 * Baileys takes this form as it is, and its own loses the times of the messages (Utils/chat-utils.js, getMessageRange).
 * Without a message it is everything until now (whatsmeow appstate/encode.go, newMessageRange).
 */
function rangeOf(last: WAMessage | undefined): proto.SyncActionValue.ISyncActionMessageRange {
  if (!last) return { lastMessageTimestamp: Math.floor(Date.now() / 1000) };
  const timestamp = Number(last.messageTimestamp);
  const { remoteJid, fromMe, id, participant } = last.key;
  const key = {
    ...(remoteJid && { remoteJid }),
    ...(id && { id }),
    fromMe: fromMe === true,
    ...(participant && { participant: bare(participant) }),
  };
  return { lastMessageTimestamp: timestamp, messages: [{ key, timestamp }] };
}
