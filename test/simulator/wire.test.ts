// The small parts under the stanzas: key derivation, sealing, WebSocket heads. Node and ws judge them.
import assert from 'node:assert/strict';
import { hkdfSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { generateKeyPair, hkdf, keyPairOf } from '../../src/simulator/wire/crypto.ts';
import { FrameReader } from '../../src/simulator/wire/frames.ts';
import { ProtocolError } from '../../src/simulator/wire/stanza.ts';
import { Transport } from '../../src/simulator/wire/transport.ts';
import { binaryMessage } from '../../src/simulator/wire/web-socket-message.ts';
import { INTRO } from '../support/noise-initiator.ts';

test('HKDF is that of Node, for every length and salt that is used', () => {
  for (const length of [1, 32, 64, 80, 112])
    for (const salt of ['', 'salt', 'x'.repeat(100)])
      for (const info of ['', 'adv_secret']) {
        const key = Buffer.from(`key of ${length}`);
        const expected = Buffer.from(hkdfSync('sha256', key, salt, info, length));
        assert.deepEqual(hkdf(key, length, Buffer.from(salt), info), expected);
      }
});

test('a private key gives the public key that it was made with; another length is refused', () => {
  for (let count = 0; count < 20; count++) {
    const { private: own, public: shown } = generateKeyPair();
    assert.deepEqual(Buffer.from(keyPairOf(own).public), shown);
  }
  assert.throws(() => keyPairOf(Buffer.alloc(31)), /32 bytes/);
});

test('frames are sealed in order, and open in that order only', () => {
  const [one, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  const server = new Transport(one, other);
  const client = new Transport(other, one);
  const sealed = [
    server.sealFrame(Buffer.from('first')),
    server.seal(Buffer.from('second')),
    server.sealFrame(Buffer.alloc(70_000, 3)),
  ];
  const reader = new FrameReader();
  reader.trust();
  reader.push(Buffer.concat([INTRO, sealed[0]!]));
  assert.equal(client.open(reader.next()!).toString(), 'first');
  assert.equal(client.open(sealed[1]!).toString(), 'second');
  assert.throws(() => client.open(sealed[0]!.subarray(3)), ProtocolError);
  // A frame that did not open counts all the same.
  assert.throws(() => client.open(sealed[2]!.subarray(3)), ProtocolError);
});

test('WebSocket messages of every length of head are read by ws as they were', async t => {
  const payloads = [0, 1, 125, 126, 65_535, 65_536, 300_000].map(length => Buffer.alloc(length, length));
  const sockets = new WebSocketServer({ noServer: true });
  const server = createServer().on('upgrade', (request, raw, head) =>
    sockets.handleUpgrade(request, raw, head, () => {
      for (const payload of payloads) raw.write(binaryMessage(payload));
    }),
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  t.after(() => {
    client.terminate();
    server.close();
  });
  const read: Buffer[] = [];
  await new Promise<void>((resolve, reject) => {
    client.on('error', reject);
    client.on('message', (data: Buffer, isBinary) => {
      assert.ok(isBinary);
      if (read.push(data) === payloads.length) resolve();
    });
  });
  assert.deepEqual(read, payloads);
});
