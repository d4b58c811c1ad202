// Phones that send media to clients, and see what clients send.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import { type AnyMessageContent, downloadMediaMessage, type WAMessage } from '@whiskeysockets/baileys';
import { clientOptions, controlClient } from '../../src/simulator/index.ts';
import { mediaKinds } from '../../src/simulator/media/message.ts';
import { until } from '../support/until.ts';
import { type Client, linkedClients, simulator, tameClients } from './client.ts';

tameClients();

const CARLA = '15550009';
const file = randomBytes(12_345);

async function aliceAndCarla(t: TestContext) {
  const server = await simulator(t);
  const config = clientOptions(server);
  const [alice] = await linkedClients(t, server, { count: 1 }, config);
  assert.ok(alice);
  const control = controlClient(server.controlUrl);
  await control.createPhone({ phone: CARLA, name: 'Carla' });
  const download = (message: WAMessage) =>
    downloadMediaMessage(message, 'buffer', { options: config.options });
  return { alice, control, download };
}

const gotten = async (alice: Client, id: string) =>
  (await until(() => alice.received.find(one => one.message.key.id === id && one.message.message))).message;

test('a phone sends every kind of media with its details, and a client downloads the file', async t => {
  const { alice, control, download } = await aliceAndCarla(t);
  const details = {
    caption: 'look',
    fileName: 'a.pdf',
    seconds: 4,
    width: 20,
    height: 10,
    waveform: '0,50,100',
  };
  const seen: Record<string, unknown> = {};
  for (const kind of mediaKinds) {
    const { id } = await control.sendMedia(CARLA, { to: alice.phone, kind, ...details }, file);
    const message = await gotten(alice, id);
    const {
      imageMessage,
      videoMessage,
      ptvMessage,
      audioMessage,
      documentWithCaptionMessage,
      stickerMessage,
    } = message.message ?? {};
    const document = documentWithCaptionMessage?.message?.documentMessage;
    seen[kind] =
      (imageMessage && ['image', imageMessage.caption, imageMessage.width]) ??
      (videoMessage && [
        'video',
        videoMessage.caption,
        videoMessage.seconds,
        videoMessage.gifPlayback === true,
      ]) ??
      (ptvMessage && ['ptv', ptvMessage.seconds]) ??
      (audioMessage && [
        'audio',
        audioMessage.seconds,
        audioMessage.ptt === true,
        audioMessage.waveform?.length,
      ]) ??
      (document && ['document', document.caption, document.fileName]) ??
      (stickerMessage && ['sticker', stickerMessage.mimetype]);
    // Baileys' download does not know ptv.
    if (kind === 'ptv') message.message = { videoMessage: ptvMessage ?? null };
    assert.ok(file.equals(await download(message)), kind);
  }
  assert.deepEqual(seen, {
    image: ['image', 'look', 20],
    video: ['video', 'look', 4, false],
    gif: ['video', 'look', 4, true],
    ptv: ['ptv', 4],
    audio: ['audio', 4, false, undefined],
    voice: ['audio', 4, true, 3],
    document: ['document', 'look', 'a.pdf'],
    sticker: ['sticker', 'image/webp'],
  });
});

test('a phone sends media that is to be seen once', async t => {
  const { alice, control, download } = await aliceAndCarla(t);
  for (const kind of ['image', 'video', 'voice'] as const) {
    const { id } = await control.sendMedia(CARLA, { to: alice.phone, kind, viewOnce: 'true' }, file);
    const message = await gotten(alice, id);
    const { viewOnceMessageV2, viewOnceMessageV2Extension } = message.message ?? {};
    const inner = (viewOnceMessageV2 ?? viewOnceMessageV2Extension)?.message;
    const media = inner?.imageMessage ?? inner?.videoMessage ?? inner?.audioMessage;
    assert.equal(media?.viewOnce, true, kind);
    assert.ok(file.equals(await download(message)));
  }
});

test('generated media is the same for the same seed', async t => {
  const { alice, control, download } = await aliceAndCarla(t);
  const files: Buffer[] = [];
  for (const seed of [7, 7, 8]) {
    const { id } = await control.sendMedia(CARLA, {
      to: alice.phone,
      kind: 'document',
      generate: 300_000,
      seed,
    });
    files.push(await download(await gotten(alice, id)));
  }
  assert.ok(files.every(one => one.length === 300_000));
  assert.ok(files[0]?.equals(files[1]!) && !files[0].equals(files[2]!));
});

test('a phone downloads, authenticates and decrypts what clients send, and what its own account sends', async t => {
  const { alice, control } = await aliceAndCarla(t);
  const contents = {
    image: { image: file, caption: 'mine', jpegThumbnail: '' },
    voice: { audio: file, ptt: true, seconds: 1, waveform: new Uint8Array(64) },
    ptv: { video: file, ptv: true, jpegThumbnail: '' },
    document: { document: file, mimetype: 'application/pdf', fileName: 'b.pdf' },
    sticker: { sticker: file },
    once: { image: file, viewOnce: true, jpegThumbnail: '' },
  } as unknown as Record<string, AnyMessageContent>;
  for (const [kind, content] of Object.entries(contents)) {
    const sent = await alice.sock.sendMessage(`${CARLA}@s.whatsapp.net`, content);
    const id = sent?.key.id ?? '';
    await control.waitForMessage(CARLA, message => message.id === id);
    assert.ok(file.equals(await control.fetchMedia(CARLA, id)), kind);
    assert.ok(file.equals(await control.fetchMedia(alice.phone, id)), `${kind} at the sender's phone`);
  }
});

test('a list of messages tells the kind and the caption of media, whatever envelope it is in', async t => {
  const { alice, control } = await aliceAndCarla(t);
  const sent = [
    { kind: 'image', caption: 'one' },
    { kind: 'video', caption: 'two', viewOnce: 'true' },
    { kind: 'voice' },
    { kind: 'document', caption: 'three' },
  ] as const;
  for (const media of sent) await control.sendMedia(CARLA, { to: alice.phone, ...media }, file);
  const seen = await until(async () => {
    const messages = await control.messages(alice.phone);
    return messages.length === sent.length ? messages : undefined;
  });
  assert.deepEqual(
    seen.map(({ type, text }) => [type, text]),
    [
      ['image', 'one'],
      ['video', 'two'],
      ['audio', ''],
      ['document', 'three'],
    ],
  );
});

test('a phone says why it does not see the media of a message', async t => {
  const { alice, control } = await aliceAndCarla(t);
  const { id } = await control.sendMedia(CARLA, { to: alice.phone, kind: 'image' }, file);
  const { id: text } = await control.send(CARLA, alice.phone, 'no media');
  await assert.rejects(control.fetchMedia(CARLA, 'unknown'), /404 .*no message unknown/);
  await assert.rejects(control.fetchMedia(CARLA, text), /404 .*has no media/);
  await control.call('expireMedia', { body: { phone: CARLA, id } });
  await assert.rejects(control.fetchMedia(CARLA, id), /404 .*expired/);
  await assert.rejects(control.sendMedia(CARLA, { to: alice.phone, kind: 'image' }), /400 .*generate/);
  await assert.rejects(control.sendMedia(CARLA, { to: '99999999', kind: 'image' }, file), /404/);
});

test('GET /admin/media tells what is kept and how often it was asked for', async t => {
  const { alice, control, download } = await aliceAndCarla(t);
  const { id } = await control.sendMedia(CARLA, { to: alice.phone, kind: 'image' }, file);
  await download(await gotten(alice, id));
  const { blobs, bytes } = await control.call('media');
  const [blob] = blobs;
  assert.deepEqual([blobs.length, blob?.type, blob?.downloads], [1, 'image', 1]);
  // A padded block more, and the MAC.
  assert.equal(blob?.bytes, Math.ceil((file.length + 1) / 16) * 16 + 10);
  assert.equal(bytes, blob?.bytes);
});

test('a phone does not show media that is not what the message says', async t => {
  const { alice, control } = await aliceAndCarla(t);
  const { id } = await control.sendMedia(CARLA, { to: alice.phone, kind: 'image' }, file);
  const { imageMessage } = (await gotten(alice, id)).message ?? {};
  assert.ok(imageMessage);
  const relay = async (changes: object) => {
    const message = { imageMessage: { ...imageMessage, ...changes } };
    const sent = await alice.sock.relayMessage(`${CARLA}@s.whatsapp.net`, message, {});
    await control.waitForMessage(CARLA, one => one.id === sent);
    return control.fetchMedia(CARLA, sent);
  };
  assert.ok(file.equals(await relay({})));
  await assert.rejects(relay({ mediaKey: randomBytes(32) }), /409 .*MAC/);
  await assert.rejects(relay({ mediaKey: randomBytes(5) }), /409 .*32 bytes/);
  await assert.rejects(relay({ fileSha256: randomBytes(32) }), /409 .*hash/);
  await assert.rejects(relay({ directPath: '/v/elsewhere?x=1' }), /404/);
});
