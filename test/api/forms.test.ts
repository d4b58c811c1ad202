// Forms as nobody should send them, read without a node.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import pino from 'pino';
import { Guard } from '../../src/lib/guard.ts';
import { Media } from '../../src/media/media.ts';
import { createApi } from '../support/api.ts';
import { saidBy } from '../support/in-memory-devices.ts';

const SIZE = 150_000;

/** A form of so many files under one name, made as it is read. */
function poured(files: number, name: string, filename: string) {
  let pulled = 0;
  const part = Buffer.from(
    `--cut\r\ncontent-disposition: form-data; name="${name}"${filename}\r\ncontent-type: application/octet-stream\r\n\r\n`,
  );
  async function* chunks() {
    for (let n = 0; n < files; n++) {
      yield part;
      for (let at = 0; at < SIZE; at += 10_000) {
        pulled += 10_000;
        yield Buffer.alloc(10_000, 1);
      }
      yield Buffer.from('\r\n');
    }
    yield Buffer.from('--cut--\r\n');
  }
  return { body: chunks(), pulled: () => pulled };
}

test('of a file too many nothing is kept: it is refused with its first byte', async () => {
  const { app, devices } = createApi();
  devices.add('sales');
  for (const filename of ['; filename="a.jpg"', '']) {
    const { body, pulled } = poured(30, 'image', filename);
    const answer = await app.request('/send/image', {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=cut' },
      body,
      duplex: 'half',
    } as unknown as RequestInit);
    const { code, message } = (await answer.json()) as { code: string; message: string };
    assert.deepEqual([answer.status, code], [400, 'VALIDATION_ERROR']);
    assert.equal(message, 'image: expected at most 1 of it.');
    // What was under way in the streams between is all that was read on.
    assert.ok(pulled() < 5 * SIZE, `${pulled()} bytes were read`);
  }
  assert.deepEqual(devices.given, []);
});

test('a form is gone over once, however many names it has', { timeout: 60_000 }, async () => {
  const { app, devices } = createApi();
  devices.add('sales');
  // Half a megabyte; looked through once for each name it took minutes, in which nobody else was served.
  const names = Array.from({ length: 60_000 }, (_, n) => `a${n}=1`);
  const answer = await app.request('/send/message', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: [...names, 'phone=15551234567', 'message=hi'].join('&'),
  });
  assert.equal(answer.status, 200);
  assert.equal(devices.given.length, 1);
});

test('a field that is there under two names is one field: the first counts, and a list has both', async () => {
  const { app, devices } = createApi();
  devices.add('sales');
  const answer = await app.request('/send/message', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'phone=15551234567&phone[]=15557654321&message=hi&mentions=15550000001&mentions[]=15550000002',
  });
  assert.equal(answer.status, 200);
  const said = saidBy(devices.given[0]?.command);
  assert.equal(said?.to, '15551234567@s.whatsapp.net');
  assert.deepEqual(said?.mentions, ['15550000001@s.whatsapp.net', '15550000002@s.whatsapp.net']);
});

test('the files of an album that are fetched are together as much as one may be', async t => {
  let asked = 0;
  const server = createServer((_, response) => {
    asked++;
    response.end(Buffer.alloc(300_000, 1));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const folder = await mkdtemp(join(tmpdir(), 'cardume-forms-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const media = new Media({
    folder,
    limits: { image: 1e6, video: 1e6, audio: 1e6, file: 1e6, url: 1e6 },
    ffmpeg: 'ffmpeg',
    memory: 512 * 1_048_576,
    guard: new Guard(['127.0.0.1']),
    kept: { maxBytes: 1e9, maxAgeMs: 3_600_000, linkMs: 300_000 },
    log: pino({ level: 'silent' }),
  });
  t.after(() => media.stop());
  const { post, devices } = createApi({ media });
  devices.add('sales');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const send = (count: number) =>
    post('/send/album', { phone: '15551234567', file_urls: Array.from({ length: count }, () => url) });
  const refused = await send(30);
  assert.deepEqual([refused.status, refused.code], [413, 'PAYLOAD_TOO_LARGE']);
  assert.equal(refused.results?.field, 'file_urls');
  assert.equal(asked, 4);
  // One alone is none, and is not fetched.
  assert.equal((await send(1)).code, 'VALIDATION_ERROR');
  assert.equal(asked, 4);
  assert.deepEqual(devices.given, []);
});
