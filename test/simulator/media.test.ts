import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import {
  type AnyMessageContent,
  downloadContentFromMessage,
  downloadMediaMessage,
} from '@whiskeysockets/baileys';
import { clientOptions } from '../../src/simulator/index.ts';
import { until } from '../support/until.ts';
import { linkedClients, simulator, tameClients } from './client.ts';

tameClients();

async function pair(t: test.TestContext, server: Awaited<ReturnType<typeof simulator>>) {
  const config = clientOptions(server);
  const [alice, bob] = await linkedClients(t, server, { count: 2 }, config);
  assert.ok(alice && bob);
  return { alice, bob, options: config.options };
}

const bytes = randomBytes(70_001);
const jpegThumbnail = '';
const kinds: Record<string, AnyMessageContent> = {
  image: { image: bytes, caption: 'a picture', jpegThumbnail },
  video: { video: bytes, jpegThumbnail, seconds: 3 },
  gif: { video: bytes, gifPlayback: true, jpegThumbnail, seconds: 3 },
  audio: { audio: bytes, seconds: 2, mimetype: 'audio/mp4' },
  'voice note': { audio: bytes, ptt: true, seconds: 2, waveform: new Uint8Array(64).fill(7) },
  document: { document: bytes, mimetype: 'application/pdf', fileName: 'a.pdf' },
  sticker: { sticker: bytes },
  'view once': { image: bytes, viewOnce: true, jpegThumbnail },
} as never;

for (const [kind, content] of Object.entries(kinds)) {
  test(`${kind}: one client uploads and sends, the other downloads the same bytes`, async t => {
    const server = await simulator(t);
    const { alice, bob, options } = await pair(t, server);
    const sent = await alice.sock.sendMessage(`${bob.phone}@s.whatsapp.net`, content);
    const got = await until(() =>
      bob.received.find(one => one.message.key.id === sent?.key.id && one.message.message),
    );
    const downloaded = await downloadMediaMessage(got.message, 'buffer', { options } as never);
    assert.ok(bytes.equals(downloaded));
  });
}

test('a client downloads a part of a file by its range', async t => {
  const server = await simulator(t);
  const { alice, bob, options } = await pair(t, server);
  const content = { document: bytes, mimetype: 'text/plain', fileName: 'a' };
  const sent = await alice.sock.sendMessage(`${bob.phone}@s.whatsapp.net`, content);
  const got = await until(() =>
    bob.received.find(one => one.message.key.id === sent?.key.id && one.message.message),
  );
  const media = got.message.message?.documentMessage;
  assert.ok(media);
  const stream = await downloadContentFromMessage(media as never, 'document', {
    startByte: 20_000,
    endByte: 30_000,
    options,
  });
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part);
  assert.ok(Buffer.concat(parts).equals(bytes.subarray(20_000, 30_000)));
});
