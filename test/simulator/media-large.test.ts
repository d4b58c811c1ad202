// 100 MB from one real client to another through a simulator of its own process, whose memory is watched meanwhile.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import test, { type TestContext } from 'node:test';
import { downloadMediaMessage, WA_CERT_DETAILS } from '@whiskeysockets/baileys';
import { type ControlClient, clientOptions, controlClient } from '../../src/simulator/index.ts';
import { runChild } from '../support/child.ts';
import { until } from '../support/until.ts';
import { client, tameClients } from './client.ts';

tameClients();

const MEGABYTE = 1_000_000;
const SIZE = 100 * MEGABYTE;

/** Bytes that no compression and no cache makes fewer: a counter in each of many pieces. */
function* pieces(size: number): Generator<Buffer> {
  for (let at = 0; at < size; at += MEGABYTE) {
    const piece = Buffer.alloc(Math.min(MEGABYTE, size - at), (at / MEGABYTE) % 251);
    piece.writeUInt32BE(at);
    yield piece;
  }
}

/** `npm run simulator` as a process of its own. */
async function simulatorProcess(t: TestContext) {
  const child = runChild(t, '../../scripts/simulator.ts', []);
  await until(() => child.lines.length === 4, { what: 'four lines' });
  const [socketUrl = '', controlUrl = '', rootKey = '', mediaUrl = ''] = child.lines;
  Object.assign(WA_CERT_DETAILS, { PUBLIC_KEY: Buffer.from(rootKey, 'hex') });
  const caCertificate = await (await fetch(`${controlUrl}/admin/ca.pem`)).text();
  return { socketUrl, controlUrl, mediaUrl, caCertificate };
}

/** Asks for the process's memory until it is stopped; the largest growth, in bytes. */
async function watchMemory(control: ControlClient) {
  const memory = async () => (await control.call('process')).rss;
  const before = await memory();
  let peak = before;
  let watching = true;
  const done = (async () => {
    while (watching) peak = Math.max(peak, await memory());
  })();
  return async () => {
    watching = false;
    await done;
    return peak - before;
  };
}

test('100 MB go up and come down, and the simulator grows by less than 50 MB', {
  timeout: 500_000,
}, async t => {
  const simulator = await simulatorProcess(t);
  const control = controlClient(simulator.controlUrl);
  const config = clientOptions(simulator);
  const devices = await control.linkedDevices(2);
  const [alice, bob] = devices.map(device => client(t, simulator.socketUrl, device, config));
  assert.ok(alice && bob);
  for (const one of [alice, bob]) one.connect();
  await until(() => alice.opens === 1 && bob.opens === 1, { what: 'both open' });

  const send = async (size: number) => {
    const content = {
      document: { stream: Readable.from(pieces(size)) },
      mimetype: 'text/plain',
      fileName: 'large',
    };
    const sent = await alice.sock.sendMessage(`${devices[1]?.phone}@s.whatsapp.net`, content, {
      mediaUploadTimeoutMs: 120_000,
    } as never);
    const got = await until(
      () => bob.received.find(one => one.message.key.id === sent?.key.id && one.message.message),
      { within: 60_000 },
    );
    const hash = createHash('sha256');
    let length = 0;
    const stream = await downloadMediaMessage(got.message, 'stream', { options: config.options });
    for await (const chunk of stream) {
      hash.update(chunk);
      length += chunk.length;
    }
    return { length, sha256: hash.digest('hex') };
  };

  // Sessions, TLS, code, and the 30 MB of read buffers that Node lets become garbage before it collects, whatever is read.
  await send(40 * MEGABYTE);
  const grownBy = await watchMemory(control);
  const got = await send(SIZE);
  const grown = await grownBy();
  const expected = createHash('sha256');
  for (const piece of pieces(SIZE)) expected.update(piece);
  assert.deepEqual(got, { length: SIZE, sha256: expected.digest('hex') });
  t.diagnostic(`the simulator's memory grew by ${(grown / MEGABYTE).toFixed(1)} MB at its peak`);
  assert.ok(grown < 50 * MEGABYTE, `it grew by ${grown} bytes`);
});
