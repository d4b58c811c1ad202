/** How far the phone has come in telling the past. What it tells goes to the chat store, and is no news. */
import { type BaileysEventMap, proto } from '@whiskeysockets/baileys';
import type { Told } from './envelope.ts';
import { given, nameIn, number, text } from './read.ts';

const { HistorySyncType } = proto.HistorySync;

/** One chunk of history: how many chats, contacts and messages it had, and how far the phone has come. */
export function fromHistory(
  {
    chats,
    contacts,
    messages,
    syncType,
    progress,
    isLatest,
    peerDataRequestSessionId,
  }: BaileysEventMap['messaging-history.set'],
  now: number,
): Told {
  const payload = {
    sync_type: nameIn(HistorySyncType, syncType)?.toLowerCase() ?? 'unknown',
    chats: chats?.length ?? 0,
    contacts: contacts?.length ?? 0,
    messages: messages?.length ?? 0,
    ...given({
      progress: number(progress),
      is_latest: isLatest === true ? true : undefined,
      request_id: text(peerDataRequestSessionId),
    }),
    timestamp: new Date(now).toISOString(),
  };
  return { event: 'history.progress', at: now, payload };
}

/** A part of the past is there, or nothing more of it comes (Socket/chats.js, historySyncStatus). */
export function fromHistoryStatus(
  { syncType, status }: BaileysEventMap['messaging-history.status'],
  now: number,
): Told {
  const sync_type = nameIn(HistorySyncType, syncType)?.toLowerCase() ?? 'unknown';
  const payload = { sync_type, status, timestamp: new Date(now).toISOString() };
  return { event: 'history.status', at: now, payload };
}
