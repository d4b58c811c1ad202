// What the key store does with what Baileys itself reads and writes, past our repository.
import '../../src/device/shims.ts';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { addTransactionCapability, type SignalDataSet } from '@whiskeysockets/baileys';
import { encode, type Kind, type Value, weigh } from '../../src/device/signal/key-codec.ts';
import type { DeviceKeys } from '../../src/device/signal/keys.ts';
import { deferred } from '../../src/lib/deferred.ts';
import { acquaint, hear, makePeer, quiet, say } from './signal.ts';
import { counted, deviceStore, fillDisk, settled } from './store.ts';

/** The keys as Baileys uses them (Socket/socket.js). */
const baileys = (keys: DeviceKeys) =>
  addTransactionCapability(keys, quiet, { maxCommitRetries: 1, delayBetweenTriesMs: 0 });

test('a session that Baileys gives up on its own waits for its turn, and does not come back', async t => {
  const { seat, open, stored } = await deviceStore(t);
  const at = await seat();
  const alice = open(at);
  const bob = makePeer('2000:1@lid');
  await acquaint(alice, bob);
  const pause = deferred<void>();
  const began = deferred<void>();
  const step = alice.keys.transaction(async () => {
    const { ciphertext } = await alice.repository.encryptMessage({ jid: bob.jid, data: Buffer.from('hi') });
    began.resolve();
    await pause.promise;
    return ciphertext;
  });
  await began.promise;
  // As sendRetryRequest and updateSendMessageAgainCount do (Socket/messages-recv.js).
  const given = baileys(alice.keys).set({ session: { '2000_1.1': null } }) as Promise<void>;
  assert.equal(await settled(given), false);
  pause.resolve();
  await step;
  await given;
  assert.equal(await stored(at, 'session', '2000_1.1'), undefined);
  await assert.rejects(say(alice, bob, 'hi'), { reason: 'no_session' });
});

/** Each kind as Baileys writes it again at every use, and once with something new in it. */
const repeated: readonly { readonly same: () => SignalDataSet; readonly other: SignalDataSet }[] = [
  {
    same: () => ({ 'sender-key-memory': { '1@g.us': { '1:1@lid': true, '2:0@lid': true } } }),
    other: { 'sender-key-memory': { '1@g.us': { '1:1@lid': true, '3:0@lid': true } } },
  },
  { same: () => ({ 'device-list': { peer: ['0', '3'] } }), other: { 'device-list': { peer: ['0'] } } },
  { same: () => ({ 'lid-mapping': { 1: '2' } }), other: { 'lid-mapping': { 1: '3' } } },
  {
    same: () => ({ tctoken: { '1@lid': { token: Buffer.from('token'), timestamp: '7' } } }),
    other: { tctoken: { '1@lid': { token: Buffer.from('token'), timestamp: '8' } } },
  },
];

test('what is written again unchanged is no statement, and a change is one', async t => {
  const { sql, seat, open, stored } = await deviceStore(t);
  const at = await seat();
  const pool = counted(sql);
  const { keys } = open(at, { sql: pool.sql });
  for (const { same, other } of repeated) {
    await baileys(keys).set(same());
    pool.counts.writes = 0;
    await baileys(keys).set(same());
    await baileys(keys).transaction(async () => baileys(keys).set(same()), 'me');
    await keys.transaction(async () => {
      await keys.set(other);
      await keys.set(same());
    });
    const [kind] = Object.keys(other) as [Kind];
    const [id] = Object.keys(other[kind] ?? {}) as [string];
    assert.deepEqual(await stored(at, kind, id), same()[kind]?.[id], 'the last word of a unit counts');
    assert.ok(pool.counts.writes <= 1, `${kind}: ${pool.counts.writes} statements`);
    pool.counts.writes = 0;
    await baileys(keys).set(other);
    assert.equal(pool.counts.writes, 1, kind);
    assert.deepEqual(await stored(at, kind, id), other[kind]?.[id]);
    await baileys(keys).set({ [kind]: { [id]: null } });
    assert.equal(await stored(at, kind, id), undefined);
    pool.counts.writes = 0;
    await baileys(keys).set({ [kind]: { [id]: null } });
    assert.equal(pool.counts.writes, 0, 'what is not there need not be deleted');
  }
});

test('what is not there is asked for once, and seen as soon as it is', async t => {
  const { sql, seat, open } = await deviceStore(t);
  const pool = counted(sql);
  const { keys } = open(await seat(), { sql: pool.sql });
  const pair = { public: Buffer.alloc(32, 1), private: Buffer.alloc(32, 2) };
  const values: SignalDataSet = {
    'device-list': { one: ['0'] },
    tctoken: { one: { token: Buffer.from('token') } },
    'lid-mapping': { one: '2' },
    session: { one: Buffer.from('record') },
    'sender-key': { one: Buffer.from('record') },
    'identity-key': { one: Buffer.from('key') },
    'pre-key': { one: pair },
  };
  for (const kind of Object.keys(values) as Kind[]) {
    pool.counts.reads = 0;
    for (let i = 0; i < 3; i++) assert.deepEqual(await keys.get(kind, ['one']), {});
    assert.equal(pool.counts.reads, 1, kind);
    await keys.set({ [kind]: values[kind] });
    assert.deepEqual(await keys.get(kind, ['one']), values[kind], kind);
  }
});

test('patches of several collections, their versions and the key that opened them are one statement, or none of it is there', async t => {
  const { sql, seat, open, stored } = await deviceStore(t);
  const at = await seat();
  const pool = counted(sql);
  const { keys } = open(at, { sql: pool.sql });
  const version = (n: number) => ({
    version: n,
    hash: randomBytes(128),
    indexValueMap: { [randomBytes(32).toString('base64')]: { valueMac: randomBytes(32) } },
  });
  // As resyncAppState does (Socket/chats.js): read, then one write per collection, in one transaction.
  const resync = async (n: number) => {
    const state = baileys(keys);
    await state.transaction(async () => {
      for (const name of ['regular', 'regular_low'] as const) {
        await state.get('app-state-sync-version', [name]);
        await state.set({ 'app-state-sync-version': { [name]: version(n) } });
      }
    }, 'me');
  };
  await resync(1);
  assert.equal(pool.counts.writes, 1);
  const before = await stored(at, 'app-state-sync-version', 'regular');
  assert.equal(before?.version, 1);
  assert.equal(Object.keys(before.indexValueMap).length, 1, 'version, hash and MACs are one row');
  await fillDisk(sql);
  await assert.rejects(resync(2), { code: 'STORE_FULL' });
  for (const name of ['regular', 'regular_low'])
    assert.equal((await stored(at, 'app-state-sync-version', name))?.version, 1);
});

test('no value weighs less in memory than its row is long, however large it is', () => {
  const many = <T>(make: (i: number) => T) => Array.from({ length: 2_000 }, (_, i) => make(i));
  const large: { readonly [K in Kind]?: Value<K> } = {
    'sender-key-memory': Object.fromEntries(many(i => [`${100_000_000_000 + i}:12@s.whatsapp.net`, true])),
    'device-list': many(i => `${i}`),
    'app-state-sync-version': {
      version: 7,
      hash: randomBytes(128),
      indexValueMap: Object.fromEntries(
        many(() => [randomBytes(32).toString('base64'), { valueMac: randomBytes(32) }]),
      ),
    },
    'lid-mapping': 'x'.repeat(10_000),
    session: randomBytes(200_000),
    'sender-key': randomBytes(80_000),
  };
  for (const [kind, value] of Object.entries(large) as [Kind, Value][])
    assert.ok(weigh(value) >= encode(kind, value).length, `${kind}: ${weigh(value)}`);
});

test('memory holds no more than it may: what is pushed out is read again, and is right', async t => {
  const { sql, seat, open } = await deviceStore(t);
  const pool = counted(sql);
  const { keys } = open(await seat(), { sql: pool.sql, cacheBytes: 64 * 1024 });
  const record = (i: number) => Buffer.alloc(1_000, `session ${i}`);
  for (let i = 0; i < 200; i++) await keys.set({ session: { [`${i}_1.0`]: record(i) } });
  pool.counts.reads = 0;
  for (let i = 0; i < 200; i++)
    assert.deepEqual((await keys.get('session', [`${i}_1.0`]))[`${i}_1.0`], record(i));
  assert.ok(pool.counts.reads >= 200 - 64, `${pool.counts.reads} of 200 were read again`);
});

test('texts to a group cost one row each, once all have the key', async t => {
  const { sql, seat, open } = await deviceStore(t);
  const pool = counted(sql);
  const alice = open(await seat(), { sql: pool.sql });
  const bob = makePeer('2000:1@lid');
  await acquaint(alice, bob);
  const group = '123456@g.us';
  // As relayMessage does for a group (Socket/messages-send.js).
  const send = async () => {
    const state = baileys(alice.keys);
    return await state.transaction(async () => {
      const { [group]: memory = {} } = await state.get('sender-key-memory', [group]);
      const sealed = await alice.repository.encryptGroupMessage({
        group,
        meId: alice.jid,
        data: Buffer.from('hi'),
      });
      await state.set({ 'sender-key-memory': { [group]: { ...memory, [bob.jid]: true } } });
      return sealed;
    }, alice.jid);
  };
  const { senderKeyDistributionMessage: key, ciphertext } = await send();
  await bob.repository.processSenderKeyDistributionMessage({
    authorJid: alice.jid,
    item: { groupId: group, axolotlSenderKeyDistributionMessage: key },
  });
  const heard = await bob.repository.decryptGroupMessage({ group, authorJid: alice.jid, msg: ciphertext });
  assert.equal(String(heard), 'hi');
  pool.counts.writes = 0;
  for (let i = 0; i < 10; i++) await send();
  assert.equal(pool.counts.writes, 10);
  assert.equal(await hear(bob, alice, await say(alice, bob, 'hi')), 'hi');
});
