// Forms as nobody should send them, read without a node.
import assert from 'node:assert/strict';
import { test } from 'node:test';
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

test('a form is gone over once, however many names it has', { timeout: 20_000 }, async () => {
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
