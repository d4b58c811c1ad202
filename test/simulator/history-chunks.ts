// What a client was really sent of history: Baileys merges the events of several chunks and drops what it has seen before.
import { inflateSync } from 'node:zlib';
import { proto } from '@whiskeysockets/baileys';
import type { Client } from './client.ts';

/** The inline chunks among what this client received, decoded, with their notifications. */
export function chunksIn(client: Client) {
  return client.received.flatMap(({ message }) => {
    const notification = message.message?.protocolMessage?.historySyncNotification;
    const payload = notification?.initialHistBootstrapInlinePayload;
    return notification && payload
      ? [{ notification, chunk: proto.HistorySync.decode(inflateSync(payload)) }]
      : [];
  });
}
