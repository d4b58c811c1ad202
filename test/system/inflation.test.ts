// A few bytes that are many once they are inflated: what a phone sends is history, and what a server sends are frames.
import '../../src/device/shims.ts';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { createInflate, deflateSync } from 'node:zlib';
import { decompressingIfRequired, proto } from '@whiskeysockets/baileys';
import { MOST_INFLATED } from '../../src/device/shims.ts';
import { journalOf } from '../support/journal.ts';
import { startNode } from '../support/node.ts';
import { until } from '../support/until.ts';

const bomb = deflateSync(Buffer.alloc(MOST_INFLATED + 1));

test('S32: nothing is inflated to more than 64 MB: no frame, no history, no stream', async () => {
  assert.ok(bomb.length < 100_000);
  const frame = (bytes: Uint8Array) => decompressingIfRequired(Buffer.concat([Buffer.of(2), bytes]));
  assert.equal((await frame(deflateSync(Buffer.alloc(MOST_INFLATED)))).length, MOST_INFLATED);
  await assert.rejects(frame(bomb), { code: 'ERR_BUFFER_TOO_LARGE' });
  const inflater = createInflate();
  let bytes = 0;
  inflater.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  inflater.end(bomb);
  const [error] = await once(inflater, 'error');
  assert.ok(error instanceof RangeError);
  assert.ok(bytes <= MOST_INFLATED);
});

/** A history of one chat, and so many bytes more in a field that nobody knows. */
function history(chat: string, padding: number): string {
  const { HistorySyncType } = proto.HistorySync;
  const known = proto.HistorySync.encode({
    syncType: HistorySyncType.INITIAL_BOOTSTRAP,
    conversations: [{ id: chat, name: 'From long ago' }],
  }).finish();
  // Field 1000, of a length as a varint.
  const head = [0xc2, 0x3e];
  for (let left = padding; left > 0; left >>>= 7) head.push(left > 127 ? (left & 127) | 128 : left);
  return deflateSync(Buffer.concat([known, Buffer.from(head), Buffer.alloc(padding)])).toString('base64');
}

test('S32: a history that is a bomb is left unread: nobody ends, and the next message comes', async t => {
  const node = await startNode(t, { devices: 2, workers: 1 });
  await node.opened();
  const { simulator, seeded } = node;
  const [own, neighbour] = seeded as [(typeof seeded)[0], (typeof seeded)[0]];
  const { phone: friend } = await simulator.createPhone();
  const send = (chat: string, padding: number) =>
    simulator.call('send', {
      params: { phone: own.phone },
      body: {
        to: own.phone,
        message: {
          protocolMessage: {
            type: proto.Message.ProtocolMessage.Type.HISTORY_SYNC_NOTIFICATION,
            historySyncNotification: {
              syncType: proto.HistorySync.HistorySyncType.INITIAL_BOOTSTRAP,
              initialHistBootstrapInlinePayload: history(chat, padding),
            },
          },
        },
      },
    });
  const chats = async () => {
    const headers = { 'x-device-id': own.id };
    const { body } = await node.api<{ data: { jid: string }[] }>('GET', '/chats', undefined, headers);
    return (body.results?.data ?? []).map(({ jid }) => jid);
  };
  const [small, large] = ['15557770001@s.whatsapp.net', '15557770002@s.whatsapp.net'] as const;
  await send(small, 1_000_000);
  await until(async () => (await chats()).includes(small));
  await send(large, MOST_INFLATED);
  for (const { id, phone } of [own, neighbour]) {
    await simulator.send(friend, phone, 'after');
    await until(async () => (await journalOf(node.sql, id)).some(({ event }) => event === 'message'));
    assert.equal(node.device(id).phase, 'open');
  }
  assert.ok(!(await chats()).includes(large));
  assert.deepEqual(
    node.node.supervisor.shards().map(({ restarts }) => restarts),
    [0],
  );
});
