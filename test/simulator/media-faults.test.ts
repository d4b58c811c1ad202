// The media host on a bad day: what a client sees of each fault.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import { downloadMediaMessage } from '@whiskeysockets/baileys';
import { clientOptions, type SimulatorOptions } from '../../src/simulator/index.ts';
import { decryptMedia, encryptMedia } from '../../src/simulator/media/cipher.ts';
import { until } from '../support/until.ts';
import { linkedClients, simulator, tameClients } from './client.ts';

tameClients();

const picture = randomBytes(50_000);

/** Two clients, and a picture that alice has sent to bob. */
async function sentPicture(t: TestContext, options: SimulatorOptions = {}) {
  const server = await simulator(t, options);
  const config = clientOptions(server);
  const [alice, bob] = await linkedClients(t, server, { count: 2 }, config);
  assert.ok(alice && bob);
  const send = async () => {
    const content = { image: picture, jpegThumbnail: '' };
    const sent = await alice.sock.sendMessage(`${bob.phone}@s.whatsapp.net`, content as never);
    const got = await until(() =>
      bob.received.find(one => one.message.key.id === sent?.key.id && one.message.message),
    );
    return got.message;
  };
  const arm = (name: string, fault: object) => server.put(`/admin/faults/${name}`, fault);
  const download = (message: Awaited<ReturnType<typeof send>>) =>
    downloadMediaMessage(message, 'buffer', { options: config.options });
  const raw = async (message: Awaited<ReturnType<typeof send>>) => {
    const response = await fetch(message.message?.imageMessage?.url ?? '', config.options);
    return { status: response.status, body: Buffer.from(await response.arrayBuffer()) };
  };
  return { server, send, arm, download, raw };
}

test('media.bad-mac: the n-th download does not authenticate, the others do', async t => {
  const { send, arm, raw } = await sentPicture(t);
  const message = await send();
  await arm('media.bad-mac', { when: { nth: 2 } });
  const key = message.message?.imageMessage?.mediaKey ?? Buffer.alloc(0);
  const bodies = [await raw(message), await raw(message), await raw(message)].map(({ body }) => body);
  const opened = bodies.map(body => {
    try {
      return decryptMedia(body, 'image', key).equals(picture);
    } catch (error) {
      return (error as Error).message;
    }
  });
  assert.deepEqual(opened, [true, 'the MAC of the media is wrong', true]);
});

test('media.corrupt and media.wrong-length: a client that trusts gets other bytes than were sent', async t => {
  const { send, arm, raw } = await sentPicture(t);
  const message = await send();
  const whole = (await raw(message)).body;
  await arm('media.corrupt', { when: { once: true } });
  const corrupt = (await raw(message)).body;
  assert.equal(corrupt.length, whole.length);
  assert.equal(corrupt.filter((byte, index) => byte !== whole[index]).length, 1);
  await arm('media.wrong-length', { when: { once: true }, params: { missing: 26 } });
  const short = (await raw(message)).body;
  assert.ok(short.equals(whole.subarray(0, whole.length - 26)));
});

test('media.truncated and media.status: a download fails, and the next one does not', async t => {
  const { send, arm, download, raw } = await sentPicture(t);
  const message = await send();
  await arm('media.truncated', { when: { once: true }, params: { share: 0.4 } });
  // Not by Baileys: its download pipes without an error handler, so a cut connection is an uncaught exception in rc14.
  await assert.rejects(raw(message), /terminated/);
  await arm('media.status', { when: { once: true }, params: { status: 503 } });
  await assert.rejects(
    download(message),
    (error: { output?: { statusCode?: number } }) => error.output?.statusCode === 503,
  );
  assert.ok(picture.equals(await download(message)));
});

test('media.slow: a download comes in small pieces and is whole', async t => {
  const { send, arm, download } = await sentPicture(t);
  const message = await send();
  await arm('media.slow', { params: { bytesPerSecond: 1_000_000 } });
  assert.ok(picture.equals(await download(message)));
});

test('media.upload-status: an upload that one host refuses goes to the next, and fails where there is none', async t => {
  const { send, arm } = await sentPicture(t, { hostNames: ['127.0.0.1', 'localhost'] });
  await arm('media.upload-status', { when: { once: true }, params: { status: 500 } });
  const message = await send();
  assert.match(message.message?.imageMessage?.url ?? '', /^https:/);
  await arm('media.upload-status', { params: { status: 500 } });
  await assert.rejects(send(), /upload failed on all hosts/);
});

test('media.upload-cut: an upload ends in the middle, and media.upload-slow is only slow', async t => {
  const { send, arm, server } = await sentPicture(t, { hostNames: ['127.0.0.1', 'localhost'] });
  await arm('media.upload-cut', { when: { once: true }, params: { afterBytes: 10_000 } });
  await arm('media.upload-slow', { params: { bytesPerSecond: 1_000_000 } });
  await send();
  const { armed } = await server.get<{ armed: { name: string; fired: number }[] }>('/admin/faults');
  assert.ok(armed.some(({ name, fired }) => name === 'media.upload-slow' && fired > 0));
});

test('what is encrypted as one kind does not open as another, with another key, or when a byte is missing', () => {
  const { bytes, mediaKey, fileEncSha256, fileSha256 } = encryptMedia(picture, 'video');
  assert.ok(decryptMedia(bytes, 'ptv', mediaKey).equals(picture));
  assert.deepEqual(fileEncSha256, createHash('sha256').update(bytes).digest());
  assert.deepEqual(fileSha256, createHash('sha256').update(picture).digest());
  assert.throws(() => decryptMedia(bytes, 'audio', mediaKey), /MAC/);
  assert.throws(() => decryptMedia(bytes, 'video', randomBytes(32)), /MAC/);
  assert.throws(() => decryptMedia(bytes.subarray(1), 'video', mediaKey), /MAC/);
  assert.throws(() => decryptMedia(bytes.subarray(0, 5), 'video', mediaKey), /MAC/);
});

test('a simulator that stops in the middle of transfers ends them', { timeout: 500_000 }, async t => {
  const { server, send, arm, raw } = await sentPicture(t);
  const message = await send();
  await arm('media.slow', { params: { bytesPerSecond: 1_000 } });
  await arm('media.upload-slow', { params: { bytesPerSecond: 1_000 } });
  const download = assert.rejects(raw(message));
  const upload = assert.rejects(send());
  await until(async () => {
    const { armed } = await server.get<{ armed: { fired: number }[] }>('/admin/faults');
    return armed.length === 2 && armed.every(({ fired }) => fired > 0);
  });
  await server.stop();
  await Promise.all([download, upload]);
});
