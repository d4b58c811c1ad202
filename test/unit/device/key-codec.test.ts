// The shims first, as in a shard: Baileys copies libsignal's curve when it is loaded.
import '../../../src/device/shims.ts';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { Curve, proto } from '@whiskeysockets/baileys';
import {
  decode,
  encode,
  handOut,
  type Kind,
  type Value,
  weigh,
} from '../../../src/device/signal/key-codec.ts';
import { signalKinds } from '../../../src/store/signal-keys.ts';

const { keyData, fingerprint } = { keyData: randomBytes(32), fingerprint: { rawId: 7, currentIndex: 1 } };
const indexMac = randomBytes(32).toString('base64');

/** A value of each kind as Baileys writes it. */
const examples: { readonly [K in Kind]: () => Value<K>[] } = {
  'pre-key': () => [Curve.generateKeyPair()],
  session: () => [randomBytes(600)],
  'sender-key': () => [randomBytes(118)],
  'sender-key-memory': () => [{}, { '15551234567:3@s.whatsapp.net': true, '1@lid': false }],
  'app-state-sync-key': () => [
    proto.Message.AppStateSyncKeyData.fromObject({ keyData, fingerprint, timestamp: 1_700_000_000_000 }),
  ],
  'app-state-sync-version': () => [
    { version: 0, hash: Buffer.alloc(128), indexValueMap: {} },
    { version: 41, hash: randomBytes(128), indexValueMap: { [indexMac]: { valueMac: randomBytes(32) } } },
  ],
  'lid-mapping': () => ['998877', 'ñ✓'],
  'device-list': () => [[], ['0', '3', '99']],
  tctoken: () => [
    { token: randomBytes(16), timestamp: '1700000000', senderTimestamp: 1_700_000_000 },
    { token: Buffer.from('["1@lid"]') },
  ],
  'identity-key': () => [randomBytes(33)],
};
const kinds = Object.keys(examples) as Kind[];

function plain(value: unknown): unknown {
  return value instanceof proto.Message.AppStateSyncKeyData ? value.toJSON() : value;
}

test('there is an example, and a number in the database, for every kind', () => {
  assert.deepEqual(new Set(kinds), new Set(Object.keys(signalKinds)));
});

for (const kind of kinds)
  test(`a ${kind} comes back from its row as it was, and from memory too`, () => {
    for (const value of examples[kind]()) {
      const kept = handOut(kind, value);
      const row = encode(kind, kept);
      assert.ok(Buffer.isBuffer(row));
      // The driver gives a part of a larger buffer.
      const read = Buffer.concat([Buffer.of(1, 2, 3), row]).subarray(3);
      assert.deepEqual(plain(decode(kind, read)), plain(value));
      assert.deepEqual(plain(handOut(kind, kept)), plain(value));
      assert.deepEqual(encode(kind, decode(kind, row)), row, 'written again it is the same row');
      assert.ok(weigh(kept) > 0);
    }
  });

test('bytes come back as Buffers, as Baileys knows them', () => {
  const { public: pub, private: priv } = decode('pre-key', encode('pre-key', Curve.generateKeyPair()));
  assert.ok(Buffer.isBuffer(pub) && Buffer.isBuffer(priv));
  assert.equal(pub.length, 32);
  assert.equal(priv.length, 32);
  for (const value of examples['app-state-sync-version']()) {
    const kept = handOut('app-state-sync-version', value);
    for (const { hash } of [kept, handOut('app-state-sync-version', kept)]) assert.ok(Buffer.isBuffer(hash));
  }
  for (const value of examples.tctoken()) {
    const kept = handOut('tctoken', value);
    for (const { token } of [kept, handOut('tctoken', kept)]) assert.ok(Buffer.isBuffer(token));
  }
});

test('what a reader changes in place stays his own, and so does what a writer changes later', () => {
  const devices = ['0'];
  const kept = handOut('device-list', devices);
  devices.push('1');
  handOut('device-list', kept).push('2');
  assert.deepEqual(kept, ['0']);

  const memory: Record<string, boolean> = { a: true };
  const known = handOut('sender-key-memory', memory);
  memory.b = true;
  handOut('sender-key-memory', known).c = true;
  assert.deepEqual(known, { a: true });

  const state = { version: 1, hash: Buffer.alloc(128), indexValueMap: {} };
  const version = handOut('app-state-sync-version', state);
  state.version = 2;
  state.hash[0] = 1;
  const handed = handOut('app-state-sync-version', version);
  handed.version = 3;
  handed.indexValueMap[indexMac] = { valueMac: randomBytes(32) };
  assert.deepEqual(version, { version: 1, hash: Buffer.alloc(128), indexValueMap: {} });
});
