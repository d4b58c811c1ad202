// Media that is expired, and the phone that uploads it again.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import { decryptMediaRetryData, downloadMediaMessage, proto, type WAMessage } from '@whiskeysockets/baileys';
import { clientOptions, controlClient, type SimulatorOptions } from '../../src/simulator/index.ts';
import { until } from '../support/until.ts';
import { linkedClients, simulator, tameClients } from './client.ts';

tameClients();

const CARLA = '15550009';
const file = randomBytes(20_000);

/** A picture that Carla's phone sent to a client. */
async function receivedPicture(t: TestContext, options: SimulatorOptions = {}) {
  const server = await simulator(t, options);
  const config = clientOptions(server);
  const [alice] = await linkedClients(t, server, { count: 1 }, config);
  assert.ok(alice);
  const control = controlClient(server.controlUrl);
  await control.createPhone({ phone: CARLA, name: 'Carla' });
  const { id } = await control.sendMedia(CARLA, { to: alice.phone, kind: 'image' }, file);
  await control.waitForMessage(alice.phone, message => message.id === id);
  const { message } = await until(() =>
    alice.received.find(one => one.message.key.id === id && one.message.message),
  );
  const download = (one: WAMessage) => downloadMediaMessage(one, 'buffer', { options: config.options });
  const expire = (status: 404 | 410 = 410) => control.call('expireMedia', { body: { all: true, status } });
  const statusOf = (one: WAMessage) =>
    download(one).then(
      () => 200,
      (error: { output?: { statusCode?: number } }) => error.output?.statusCode,
    );
  return { server, alice, control, message, download, expire, statusOf };
}

const codeOf = (error: { output?: { statusCode?: number } }) => error.output?.statusCode;

test('expired media is 404 or 410, and updateMediaMessage brings it back under a new address', async t => {
  const { alice, message, download, expire, statusOf } = await receivedPicture(t);
  const before = message.message?.imageMessage?.directPath;
  assert.equal(await statusOf(message), 200);
  assert.deepEqual(await expire(404), { expired: 1 });
  assert.equal(await statusOf(message), 404);
  const updated = await alice.sock.updateMediaMessage(message);
  assert.notEqual(updated.message?.imageMessage?.directPath, before);
  assert.ok(file.equals(await download(updated)));
  // And again, when that one is over as well.
  assert.deepEqual(await expire(410), { expired: 1 });
  assert.equal(await statusOf(updated), 410);
  assert.ok(file.equals(await download(await alice.sock.updateMediaMessage(updated))));
});

test('a message that the client sent itself is uploaded again by its own phone', async t => {
  const { alice, control, download, expire, statusOf } = await receivedPicture(t);
  const content = { document: file, mimetype: 'text/plain', fileName: 'c.txt' };
  const sent = await alice.sock.sendMessage(`${CARLA}@s.whatsapp.net`, content);
  assert.ok(sent);
  await control.waitForMessage(alice.phone, one => one.id === sent.key.id);
  await expire();
  assert.equal(await statusOf(sent), 410);
  assert.ok(file.equals(await download(await alice.sock.updateMediaMessage(sent))));
});

for (const [result, status] of [
  ['not-found', 404],
  ['decryption-error', 412],
  ['general-error', 418],
] as const) {
  for (const plain of [false, true]) {
    test(`a phone that answers ${result} (${plain ? 'as an error' : 'encrypted'}) fails the update with ${status}`, async t => {
      const { server, alice, message, download } = await receivedPicture(t);
      await server.put('/admin/faults/media.retry', { when: { once: true }, params: { result, plain } });
      await assert.rejects(
        alice.sock.updateMediaMessage(message),
        error => codeOf(error as never) === status,
      );
      assert.ok(file.equals(await download(await alice.sock.updateMediaMessage(message))), 'only once');
    });
  }
}

test('a message that the phone does not have, and media that was evicted, are not found', async t => {
  const { alice, control, message } = await receivedPicture(t, { mediaBudget: 100_000 });
  const unknown = { ...message, key: { ...message.key, id: 'UNKNOWN' } };
  await assert.rejects(alice.sock.updateMediaMessage(unknown), error => codeOf(error as never) === 404);
  await control.sendMedia(CARLA, { to: alice.phone, kind: 'document', generate: 90_000 });
  await assert.rejects(alice.sock.updateMediaMessage(message), error => codeOf(error as never) === 404);
});

test('a request that was made with another key is answered with DECRYPTION_ERROR under the right one', async t => {
  const { alice, message } = await receivedPicture(t);
  const answers: { ciphertext: Uint8Array; iv: Uint8Array }[] = [];
  alice.sock.ev.on('messages.media-update', updates => {
    for (const { media } of updates) if (media) answers.push(media);
  });
  const other = structuredClone(message.message);
  assert.ok(other?.imageMessage && message.message?.imageMessage?.mediaKey);
  other.imageMessage.mediaKey = randomBytes(32);
  await assert.rejects(alice.sock.updateMediaMessage({ ...message, message: other }));
  const [answer] = answers;
  assert.ok(answer);
  const { result } = decryptMediaRetryData(answer, message.message.imageMessage.mediaKey, message.key.id!);
  assert.equal(result, proto.MediaRetryNotification.ResultType.DECRYPTION_ERROR);
});

test('in a group the answer names the chat and who sent the message, and brings the media back', async t => {
  const { alice, control, download, expire } = await receivedPicture(t);
  const { jid } = await control.call('createGroup', {
    body: { by: CARLA, subject: 'Choir', members: [alice.phone] },
  });
  const { id } = await control.sendMedia(CARLA, { to: jid, kind: 'video', caption: 'us' }, file);
  await control.waitForMessage(alice.phone, one => one.id === id);
  const { message } = await until(() =>
    alice.received.find(one => one.message.key.id === id && one.message.message),
  );
  await expire();
  const keys: unknown[] = [];
  alice.sock.ev.on('messages.media-update', updates => void keys.push(...updates.map(({ key }) => key)));
  assert.ok(file.equals(await download(await alice.sock.updateMediaMessage(message))));
  const { remoteJid, participant } = message.key;
  assert.ok(participant);
  assert.deepEqual(keys, [{ id, remoteJid, fromMe: false, participant }]);
});

test('a phone that is asked by its companion and is off does not answer', async t => {
  const { server, alice, message, expire, statusOf } = await receivedPicture(t);
  await expire();
  await server.put('/admin/faults/media.retry-silent', { when: { once: true } });
  let answered = false;
  alice.sock.ws.on('CB:notification,type:mediaretry', () => {
    answered = true;
  });
  const update = alice.sock.updateMediaMessage(message);
  update.catch(() => {}); // it waits for an answer until the connection ends
  await until(async () => {
    const { armed } = await server.get<{ armed: { fired: number }[] }>('/admin/faults');
    return armed.every(({ fired }) => fired === 1);
  });
  assert.equal(await statusOf(message), 410);
  assert.equal(answered, false);
});
