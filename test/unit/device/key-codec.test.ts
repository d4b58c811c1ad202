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
  type SessionRecord,
  takeIn,
  type Value,
  weigh,
} from '../../../src/device/key-codec.ts';
import { signalKinds } from '../../../src/store/signal-keys.ts';
import {
  acquaint,
  type Ciphertext,
  hear,
  introduce,
  makePeer,
  memoryKeys,
  say,
} from '../../device/signal.ts';
import { between, pick, seeded, shuffled } from '../../support/random.ts';
import { until } from '../../support/until.ts';

/** Everything through our codec, as if each operation were after a restart. */
const throughRows = () =>
  memoryKeys((kind, value) => decode(kind, Buffer.from(encode(kind, takeIn(kind, value)))));

const { keyData, fingerprint } = { keyData: randomBytes(32), fingerprint: { rawId: 7, currentIndex: 1 } };
const indexMac = randomBytes(32).toString('base64');

/** A value of each kind as Baileys writes it. */
const examples: { readonly [K in Kind]: () => Value<K>[] } = {
  'pre-key': () => [Curve.generateKeyPair()],
  session: () => [{ _sessions: {}, version: 'v1' } as unknown as Uint8Array],
  'sender-key': () => [Buffer.from('[]')],
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
      const kept = takeIn(kind, value);
      const row = encode(kind, kept);
      assert.ok(Buffer.isBuffer(row));
      // The driver gives a part of a larger buffer.
      const read = Buffer.concat([Buffer.of(1, 2, 3), row]).subarray(3);
      assert.deepEqual(plain(decode(kind, read)), plain(value));
      assert.deepEqual(plain(handOut(kind, kept)), plain(value));
      assert.deepEqual(encode(kind, decode(kind, row)), row, 'written again it is the same row');
      assert.ok(weigh(kind, kept) > 0);
    }
  });

test('bytes come back as Buffers, which is all that libsignal takes', () => {
  const { public: pub, private: priv } = decode('pre-key', encode('pre-key', Curve.generateKeyPair()));
  assert.ok(Buffer.isBuffer(pub) && Buffer.isBuffer(priv));
  assert.equal(pub.length, 32);
  assert.equal(priv.length, 32);
  for (const value of examples['app-state-sync-version']()) {
    const kept = takeIn('app-state-sync-version', value);
    for (const { hash } of [kept, handOut('app-state-sync-version', kept)]) assert.ok(Buffer.isBuffer(hash));
  }
  for (const value of examples.tctoken()) {
    const kept = takeIn('tctoken', value);
    for (const { token } of [kept, handOut('tctoken', kept)]) assert.ok(Buffer.isBuffer(token));
  }
});

test('what a reader changes in place stays his own, and so does what a writer changes later', () => {
  const devices = ['0'];
  const kept = takeIn('device-list', devices);
  devices.push('1');
  handOut('device-list', kept).push('2');
  assert.deepEqual(kept, ['0']);

  const memory: Record<string, boolean> = { a: true };
  const known = takeIn('sender-key-memory', memory);
  memory.b = true;
  handOut('sender-key-memory', known).c = true;
  assert.deepEqual(known, { a: true });

  const state = { version: 1, hash: Buffer.alloc(128), indexValueMap: {} };
  const version = takeIn('app-state-sync-version', state);
  state.version = 2;
  state.hash[0] = 1;
  const handed = handOut('app-state-sync-version', version);
  handed.version = 3;
  handed.indexValueMap[indexMac] = { valueMac: randomBytes(32) };
  assert.deepEqual(version, { version: 1, hash: Buffer.alloc(128), indexValueMap: {} });
});

/** libsignal's records in a peer's store, and how large they are as rows. */
function records(keys: ReturnType<typeof memoryKeys>) {
  const found = [...keys.values].filter(([name]) => name.startsWith('session/'));
  return found.map(([, record]) => ({
    record: record as SessionRecord,
    bytes: encode('session', record as never).length,
  }));
}

test('in 300 turns with messages up to four turns late, every message decrypts and the record does not grow', async () => {
  const random = seeded(300);
  const ours = throughRows();
  const stock = memoryKeys();
  const alice = makePeer('111:1@lid', ours);
  const bob = makePeer('222:2@lid', stock);
  await acquaint(alice, bob);

  /** On their way, and the turn by which they must have arrived. */
  const late: { to: 'alice' | 'bob'; text: string; message: Ciphertext; by: number }[] = [];
  let heard = 0;
  let largest = 0;
  for (let turn = 0; turn < 300; turn++) {
    for (const to of ['bob', 'alice'] as const) {
      const [sender, receiver] = to === 'bob' ? [alice, bob] : [bob, alice];
      const said = [];
      for (let i = between(random, 1, 3); i > 0; i--) {
        const text = `turn ${turn} to ${to}, ${i}`;
        said.push({ to, text, message: await say(sender, receiver, text), by: turn + between(random, 0, 4) });
      }
      // One at least arrives in its turn, or there would be no next turn of the ratchet.
      pick(random, said).by = turn;
      late.push(...said);
      const due = late.filter(one => one.to === to && (one.by <= turn || random() < 0.2));
      for (const one of shuffled(random, due)) {
        assert.equal(await hear(receiver, sender, one.message), one.text);
        late.splice(late.indexOf(one), 1);
        heard++;
      }
    }
    largest = Math.max(largest, ...records(ours).map(({ bytes }) => bytes));
  }
  assert.ok(heard > 1000, `${heard} messages`);
  assert.ok(largest < 4_500, `our record grew to ${largest} bytes`);
  const [unpruned] = records(stock);
  assert.ok(unpruned && unpruned.bytes > 6 * largest, `stock: ${unpruned?.bytes} bytes, ours: ${largest}`);
});

test('a message that comes too late is refused and breaks nothing, and so is one that comes twice', async () => {
  const alice = makePeer('111:1@lid', throughRows());
  const bob = makePeer('222:2@lid', throughRows());
  await acquaint(alice, bob);
  const held: Ciphertext[] = [];
  const heard: Ciphertext[] = [];
  for (let turn = 0; turn < 12; turn++) {
    await hear(bob, alice, await say(alice, bob, 'ping'));
    held.push(await say(bob, alice, `held ${turn}`));
    heard.push(await say(bob, alice, 'pong'));
    await hear(alice, bob, heard[turn]!);
  }
  for (const old of [held[0]!, held[6]!, heard[0]!, heard[11]!])
    await assert.rejects(hear(alice, bob, old), /No matching sessions/);
  for (const turn of [11, 8, 10, 9, 7]) assert.equal(await hear(alice, bob, held[turn]!), `held ${turn}`);
  assert.equal(await hear(alice, bob, await say(bob, alice, 'still here')), 'still here');
  assert.equal(await hear(bob, alice, await say(alice, bob, 'me too')), 'me too');
});

test('of many sessions with one peer the last few are kept, and what was said in them still decrypts', async () => {
  const ours = throughRows();
  const alice = makePeer('111:1@lid');
  const bob = makePeer('222:2@lid', ours);
  const unheard: Ciphertext[] = [];
  for (let i = 0; i < 45; i++) {
    await introduce(alice, bob);
    await hear(bob, alice, await say(alice, bob, `session ${i}`));
    unheard.push(await say(alice, bob, `late of session ${i}`));
    const now = Date.now();
    await until(() => Date.now() > now); // libsignal dates a closed session in milliseconds
  }
  const [ofAlice] = records(ours);
  assert.equal(Object.keys(ofAlice?.record._sessions ?? {}).length, 4);
  assert.ok(ofAlice && ofAlice.bytes < 6_000, `${ofAlice?.bytes} bytes`);
  for (const i of [44, 43, 42, 41]) assert.equal(await hear(bob, alice, unheard[i]!), `late of session ${i}`);
  await assert.rejects(hear(bob, alice, unheard[20]!));
  assert.equal(await hear(alice, bob, await say(bob, alice, 'well')), 'well');
  assert.equal(await hear(bob, alice, await say(alice, bob, 'good')), 'good');
});

const group = '123456@g.us';

test('our own sender key does not grow with what we say, and the group still understands us', async () => {
  const ours = throughRows();
  const alice = makePeer('111:1@lid', ours);
  const bob = makePeer('222:2@lid', throughRows());
  let largest = 0;
  for (let i = 0; i < 60; i++) {
    const { ciphertext, senderKeyDistributionMessage } = await alice.repository.encryptGroupMessage({
      group,
      meId: alice.jid,
      data: Buffer.from(`message ${i}`),
    });
    if (i === 0)
      await bob.repository.processSenderKeyDistributionMessage({
        item: { groupId: group, axolotlSenderKeyDistributionMessage: senderKeyDistributionMessage },
        authorJid: alice.jid,
      });
    const heard = await bob.repository.decryptGroupMessage({ group, authorJid: alice.jid, msg: ciphertext });
    assert.equal(Buffer.from(heard).toString(), `message ${i}`);
    for (const [name, value] of ours.values)
      if (name.startsWith('sender-key/')) largest = Math.max(largest, (value as Buffer).length);
  }
  assert.ok(largest > 0 && largest < 1_000, `${largest} bytes`);
});

test("another one's group messages decrypt in any order, after a restart too", async () => {
  const random = seeded(5);
  const alice = makePeer('111:1@lid');
  const bob = makePeer('222:2@lid', throughRows());
  const item = {
    groupId: group,
    axolotlSenderKeyDistributionMessage: await alice.repository.getSenderKeyDistributionMessage({
      group,
      meId: alice.jid,
    }),
  };
  await bob.repository.processSenderKeyDistributionMessage({ item, authorJid: alice.jid });
  const said: { text: string; ciphertext: Uint8Array }[] = [];
  for (let i = 0; i < 30; i++) {
    const text = `message ${i}`;
    const data = Buffer.from(text);
    const { ciphertext } = await alice.repository.encryptGroupMessage({ group, meId: alice.jid, data });
    said.push({ text, ciphertext });
  }
  const heard = (msg: Uint8Array) => bob.repository.decryptGroupMessage({ group, authorJid: alice.jid, msg });
  for (const { text, ciphertext } of shuffled(random, said))
    assert.equal(Buffer.from(await heard(ciphertext)).toString(), text);
  await assert.rejects(heard(said[7]!.ciphertext), /old counter/);
});
