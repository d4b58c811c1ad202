// The experiments E1-E7 that stock Baileys fails (docs/decisions/0002), on our key store, libsignal and PostgreSQL.
import '../../src/device/shims.ts';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { addTransactionCapability, getNextPreKeysNode, proto } from '@whiskeysockets/baileys';
import { decodeCredentials } from '../../src/device/signal/credentials.ts';
import { Failure } from '../../src/errors.ts';
import { deferred } from '../../src/lib/deferred.ts';
import { readCredentials } from '../../src/store/credentials.ts';
import { openDatabase } from '../../src/store/database.ts';
import { Fenced } from '../../src/store/fence.ts';
import { acquaint, type Ciphertext, hear, introduce, makePeer, quiet, say } from './signal.ts';
import {
  type Account,
  around,
  counted,
  deviceStore,
  fillDisk,
  holdWrites,
  isRead,
  openedCredentials,
  settled,
  slowDown,
} from './store.ts';

/** The id of a peer's session: `2000:1@lid` is `2000_1.1`. */
const sessionOf = ({ jid }: { jid: string }) => jid.replace(/^(\d+):(\d+)@lid$/, '$1_1.$2');
const bobOf = () => makePeer('2000:1@lid');
const isUnavailable = (error: unknown) =>
  error instanceof Failure && ['STORE_UNAVAILABLE', 'STORE_FULL'].includes(error.code);

test('a ciphertext does not exist for its sender before its ratchet step is on disk', async t => {
  const { sql, seat, open, stored } = await deviceStore(t);
  const at = await seat();
  const alice = open(at);
  const bob = bobOf();
  await acquaint(alice, bob);

  const before = await stored(at, 'session', sessionOf(bob));
  const hold = await holdWrites(t, sql);
  const said = say(alice, bob, 'first');
  await hold.caught();
  assert.equal(await settled(said), false, 'it could be on the wire now');
  assert.deepEqual(await stored(at, 'session', sessionOf(bob)), before);
  await hold.release();
  assert.equal(await hear(bob, alice, await said), 'first');
  assert.notDeepEqual(await stored(at, 'session', sessionOf(bob)), before);
});

test('a plaintext does not exist for its receiver before its ratchet step is on disk', async t => {
  const { sql, seat, open } = await deviceStore(t);
  const alice = open(await seat());
  const bob = bobOf();
  await acquaint(alice, bob);
  const message = await say(bob, alice, 'receipt, please');
  const hold = await holdWrites(t, sql);
  const heard = hear(alice, bob, message);
  await hold.caught();
  assert.equal(await settled(heard), false, 'its receipt could be on the wire now');
  await hold.release();
  assert.equal(await heard, 'receipt, please');
});

test('after a crash the next message uses the next key: both decrypt', async t => {
  const { seat, open } = await deviceStore(t);
  const at = await seat();
  const alice = open(at);
  const bob = bobOf();
  await acquaint(alice, bob);
  const before = await say(alice, bob, 'before the crash');
  const again = open(at, { creds: alice.creds });
  const after = await say(again, bob, 'after the crash');
  assert.equal(await hear(bob, alice, after), 'after the crash');
  assert.equal(await hear(bob, alice, before), 'before the crash');
});

test('a message that comes again after its commit is refused, before and after a crash', async t => {
  const { seat, open } = await deviceStore(t);
  const at = await seat();
  const alice = open(at);
  const bob = bobOf();
  await introduce(bob, alice);
  const first = await say(bob, alice, 'with a pre-key');
  await hear(alice, bob, first);
  await hear(bob, alice, await say(alice, bob, 'hello'));
  const second = await say(bob, alice, 'on the session');
  // A send is under way while it is received: the send must not put the old state back.
  await Promise.all([hear(alice, bob, second), say(alice, bob, 'meanwhile')]);
  for (const account of [alice, open(at, { creds: alice.creds })])
    for (const message of [first, second]) {
      await assert.rejects(hear(account, bob, message), (error: Error) => !(error instanceof Failure));
      assert.equal(account.keys.failure, undefined, 'what does not decrypt is no failure of the store');
    }
});

test('many sends and receives at once on one session: each arrives, none shares a key', async t => {
  const { sql, seat, open } = await deviceStore(t);
  const alice = open(await seat());
  const bob = bobOf();
  await acquaint(alice, bob);
  await slowDown(sql, 2);
  const inbound: Ciphertext[] = [];
  for (let i = 0; i < 50; i++) inbound.push(await say(bob, alice, `in ${i}`));
  const outbound: Promise<Ciphertext>[] = [];
  const heard: Promise<string>[] = [];
  for (const [i, message] of inbound.entries()) {
    heard.push(hear(alice, bob, message));
    outbound.push(say(alice, bob, `out ${i}`));
  }
  assert.deepEqual(
    await Promise.all(heard),
    inbound.map((_, i) => `in ${i}`),
  );
  for (const [i, message] of (await Promise.all(outbound)).entries())
    assert.equal(await hear(bob, alice, message), `out ${i}`);
});

test('when the store fails nobody gets a ciphertext, and the socket hears of it first', async t => {
  const { sql, seat, open, stored } = await deviceStore(t);
  const at = await seat();
  const order: string[] = [];
  const alice = open(at, { onFailure: () => order.push('socket') });
  const bob = bobOf();
  await acquaint(alice, bob);
  const inbound = await say(bob, alice, 'are you there?');
  const before = await stored(at, 'session', sessionOf(bob));
  const makeRoom = await fillDisk(sql);

  const callers = [say(alice, bob, 'one'), hear(alice, bob, inbound), say(alice, bob, 'two')];
  for (const caller of callers) caller.catch(() => order.push('caller'));
  const outcomes = await Promise.allSettled(callers);
  for (const outcome of outcomes)
    assert.ok(outcome.status === 'rejected' && isUnavailable(outcome.reason), outcome.status);
  assert.deepEqual(order, ['socket', 'caller', 'caller', 'caller']);
  assert.equal(alice.failures.length, 1);

  // Memory may be ahead of the disk now: it is not believed, even when the disk is back.
  await makeRoom();
  for (const attempt of [
    () => say(alice, bob, 'again'),
    () => hear(alice, bob, inbound),
    () => alice.keys.get('session', [sessionOf(bob)]),
    () => alice.keys.get('lid-mapping', ['nobody']),
    () => alice.keys.set({ 'lid-mapping': { a: 'b' } }),
    () => alice.keys.saveCredentials(),
  ])
    await assert.rejects(attempt(), isUnavailable);
  assert.deepEqual(await stored(at, 'session', sessionOf(bob)), before);

  // Opened again from the disk, nothing is missing: what was not stored was not sent, and not acknowledged.
  alice.vault.drop(at.no);
  const again = open(at, { creds: alice.creds, vault: alice.vault });
  assert.equal(await hear(again, bob, inbound), 'are you there?');
  assert.equal(await hear(bob, again, await say(again, bob, 'yes')), 'yes');
});

test('a store that cannot be read is a failure of the store too, and never "no session"', async t => {
  const { address, seat, open } = await deviceStore(t);
  const at = await seat();
  const alice = open(at);
  const bob = bobOf();
  await acquaint(alice, bob);
  const pool = openDatabase({ address, connections: 1, name: 'gone' });
  await pool.end();
  const order: string[] = [];
  const cold = open(at, { sql: pool, onFailure: () => order.push('socket'), creds: alice.creds });
  await say(cold, bob, 'hello').catch((error: unknown) => {
    assert.ok(isUnavailable(error), String(error));
    order.push('caller');
  });
  assert.deepEqual(order, ['socket', 'caller']);
});

test('a failed statement takes every device in it down, a fence only its own', async t => {
  const { sql, seat, open, vaultOn, stored } = await deviceStore(t);
  const vault = vaultOn();
  const seats = [await seat(), await seat(), await seat()];
  const accounts = seats.map(at => open(at, { vault }));
  const [, taken] = seats;
  await sql`update device set owner = ${randomUUID()}, epoch = epoch + 1 where no = ${taken!.no}`;
  const writes = accounts.map(({ keys }) => keys.set({ 'lid-mapping': { one: 'two' } }));
  const outcomes = await Promise.allSettled(writes);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  const [first, second, third] = accounts as [Account, Account, Account];
  assert.ok(second.keys.failure instanceof Fenced && second.failures.length === 1);
  assert.equal(await stored(taken!, 'lid-mapping', 'one'), undefined);
  assert.equal(await stored(seats[0]!, 'lid-mapping', 'one'), 'two');
  await assert.rejects(second.keys.get('lid-mapping', ['one']), Fenced);

  await fillDisk(sql);
  const more = [first, third].map(({ keys }) => keys.set({ 'lid-mapping': { three: 'four' } }));
  for (const { status } of await Promise.allSettled(more)) assert.equal(status, 'rejected');
  for (const { failures } of [first, third])
    assert.ok(failures.every(isUnavailable) && failures.length === 1);
});

test('a unit that throws leaves no trace, in memory or on disk, and the next one is not held up', async t => {
  const { seat, open, stored } = await deviceStore(t);
  const at = await seat();
  const { keys } = open(at);
  await keys.set({ 'device-list': { peer: ['0'] } });
  const failing = keys.transaction(async () => {
    await keys.set({ 'device-list': { peer: ['0', '1'] }, 'lid-mapping': { pn: 'lid' } });
    assert.deepEqual(await keys.get('device-list', ['peer']), { peer: ['0', '1'] }, 'it sees its own writes');
    assert.ok(keys.isInTransaction());
    throw new Error('bad MAC');
  });
  await assert.rejects(failing, /bad MAC/);
  assert.ok(!keys.isInTransaction());
  assert.deepEqual(await keys.get('device-list', ['peer']), { peer: ['0'] });
  assert.deepEqual(await keys.get('lid-mapping', ['pn']), {});
  await keys.set({ 'device-list': { peer: ['9'] } });
  assert.deepEqual(await stored(at, 'device-list', 'peer'), ['9']);
  assert.equal(await stored(at, 'lid-mapping', 'pn'), undefined);
});

test('units of a device run one after the other, and no other sees the half of one', async t => {
  const { seat, open } = await deviceStore(t);
  const { keys } = open(await seat());
  const pause = deferred<void>();
  const began = deferred<void>();
  const order: string[] = [];
  const long = keys.transaction(async () => {
    await keys.set({ 'lid-mapping': { a: '1' } });
    began.resolve();
    await pause.promise;
    await keys.transaction(() => keys.set({ 'lid-mapping': { b: '1' } }) as Promise<void>);
    order.push('long');
  });
  await began.promise;
  const other = keys.transaction(async () => {
    order.push('other');
    return await keys.get('lid-mapping', ['a', 'b']);
  });
  assert.deepEqual(await keys.get('lid-mapping', ['a', 'b']), {}, 'a half of it');
  assert.equal(await settled(other), false);
  pause.resolve();
  await long;
  assert.deepEqual(await other, { a: '1', b: '1' });
  assert.deepEqual(order, ['long', 'other']);
});

test('a message to 500 recipients is a handful of statements', async t => {
  const { sql, seat, open } = await deviceStore(t);
  const at = await seat();
  const pool = counted(sql);
  const alice = open(at, { sql: pool.sql, cacheBytes: 1 << 25 });
  const peers = Array.from({ length: 500 }, (_, i) => ({ jid: `${3000 + i}:1@lid` }));
  // All of them live in one bundle: only our side counts here.
  const bob = bobOf();
  await introduce(alice, bob);
  const session = (await alice.keys.get('session', [sessionOf(bob)]))[sessionOf(bob)]!;
  await alice.keys.set({ session: Object.fromEntries(peers.map(peer => [sessionOf(peer), session])) });

  const fanOut = async (account: Account) => {
    Object.assign(pool.counts, { reads: 0, writes: 0 });
    const data = Buffer.from('to all');
    await Promise.all(peers.map(({ jid }) => account.repository.encryptMessage({ jid, data })));
    return { ...pool.counts };
  };
  const warm = await fanOut(alice);
  assert.equal(warm.reads, 0);
  assert.ok(warm.writes >= 1 && warm.writes <= 4, `${warm.writes} statements`);
  t.diagnostic(`500 recipients: ${warm.writes} statements`);
  const [{ count }] = await sql<[{ count: number }]>`
    select count(*)::int as count from signal_key where device_no = ${at.no} and kind = 2`;
  assert.equal(count, 501);
});

test('what is not on disk yet is never evicted, what is comes back as it was written last', async t => {
  const { sql, seat, open } = await deviceStore(t);
  // So small that nothing but what must be kept is kept.
  const { keys } = open(await seat(), { cacheBytes: 200 });
  await keys.set({ 'device-list': { peer: ['old'] } });
  const hold = await holdWrites(t, sql);
  const first = keys.set({ 'device-list': { peer: ['new'] } });
  await hold.caught();
  const second = keys.set({ 'device-list': { peer: ['newer'] } });
  await settled(second);
  for (let i = 0; i < 20; i++) await keys.get('lid-mapping', [`other ${i}`]);
  assert.deepEqual(await keys.get('device-list', ['peer']), { peer: ['newer'] });
  await hold.release();
  await first;
  assert.deepEqual(await keys.get('device-list', ['peer']), { peer: ['newer'] });
  await second;
  for (let i = 0; i < 20; i++) await keys.get('lid-mapping', [`other ${i}`]);
  assert.deepEqual(await keys.get('device-list', ['peer']), { peer: ['newer'] });
});

test('more than the memory holds is read in one go without a gap', async t => {
  const { sql, seat, open } = await deviceStore(t);
  const pool = counted(sql);
  const at = await seat();
  const ids = Array.from({ length: 300 }, (_, i) => `${i}`);
  await open(at).keys.set({ 'lid-mapping': Object.fromEntries(ids.map(id => [id, `lid ${id}`])) });
  const { keys } = open(at, { sql: pool.sql, cacheBytes: 500 });
  const found = await keys.get('lid-mapping', [...ids, 'nobody']);
  assert.equal(Object.keys(found).length, 300);
  assert.equal(found['299'], 'lid 299');
  assert.deepEqual(pool.counts, { reads: 1, writes: 0 });
});

test('an answer of the database that a write has overtaken is not believed', async t => {
  const { sql, seat, open } = await deviceStore(t);
  const at = await seat();
  const arrive = deferred<void>();
  const asked = deferred<void>();
  let late = true;
  const slow = around(sql, async (statement, run) => {
    const answer = await run();
    if (late && isRead(statement)) {
      late = false;
      asked.resolve();
      await arrive.promise;
    }
    return answer;
  });
  const { keys } = open(at, { sql: slow });
  const pair = { public: Buffer.alloc(32, 1), private: Buffer.alloc(32, 2) };
  await keys.set({ 'pre-key': { 7: pair } });
  // A pre-key that is looked at here while it is used up there.
  const looking = keys.get('pre-key', ['7']);
  await asked.promise;
  await keys.set({ 'pre-key': { 7: null } });
  arrive.resolve();
  await looking;
  assert.deepEqual(await keys.get('pre-key', ['7']), {}, 'a used key came back');
});

test('a unit may wait for a look-up that began outside of it and stores what it finds', async t => {
  const { seat, open, stored } = await deviceStore(t);
  const at = await seat();
  const { keys, creds } = open(at);
  const answer = deferred<{ pn: string; lid: string }[]>();
  const asked = deferred<void>();
  const { makeRepository } = await import('../../src/device/signal/repository.ts');
  const repository = makeRepository(keys)({ creds, keys }, quiet, async () => {
    asked.resolve();
    return await answer.promise;
  });
  const pn = '15551234567@s.whatsapp.net';
  const outside = repository.lidMapping.getLIDForPN(pn);
  await asked.promise;
  const inside = keys.transaction(async () => {
    await keys.set({ 'device-list': { 15551234567: ['0'] } });
    return await repository.lidMapping.getLIDForPN(pn);
  });
  assert.equal(await settled(inside), false);
  answer.resolve([{ pn, lid: '998877@lid' }]);
  assert.equal(await inside, '998877@lid');
  assert.equal(await outside, '998877@lid');
  assert.equal(await stored(at, 'lid-mapping', '15551234567'), '998877');
  assert.equal(await stored(at, 'lid-mapping', '998877_reverse'), '15551234567');
});

test('new pre-keys and the counter that numbered them are one statement', async t => {
  const { sql, seat, open } = await deviceStore(t);
  const at = await seat();
  const pool = counted(sql);
  const { keys, creds } = open(at, { sql: pool.sql });
  creds.me = { id: '15551234567:1@s.whatsapp.net' };
  creds.account = proto.ADVSignedDeviceIdentity.fromObject({ details: Buffer.of(1) });
  // As Baileys uploads them (Socket/socket.js, uploadPreKeys).
  const upload = async (count: number) => {
    const state = addTransactionCapability(keys, quiet, { maxCommitRetries: 1, delayBetweenTriesMs: 0 });
    await state.transaction(async () => {
      const { update } = await getNextPreKeysNode({ creds, keys: state }, count);
      Object.assign(creds, update);
    }, 'upload');
  };
  const onDisk = async () => {
    const [{ count }] = await sql<[{ count: number }]>`
      select count(*)::int as count from signal_key where device_no = ${at.no} and kind = 1`;
    const row = (await readCredentials(sql, [at.no])).get(at.no);
    return { count, next: row && decodeCredentials(openedCredentials(at.no, row)).nextPreKeyId };
  };
  await upload(50);
  assert.equal(pool.counts.writes, 1);
  assert.deepEqual(await onDisk(), { count: 50, next: 51 });

  await fillDisk(sql);
  await assert.rejects(upload(5));
  assert.deepEqual(await onDisk(), { count: 50, next: 51 }, 'neither without the other');
});

test('a used pre-key is gone with the message that used it, and cannot be used again after a crash', async t => {
  const { seat, open, stored } = await deviceStore(t);
  const at = await seat();
  const alice = open(at);
  const bob = bobOf();
  await introduce(bob, alice);
  const message = await say(bob, alice, 'hello');
  assert.ok(await stored(at, 'pre-key', '1'));
  await hear(alice, bob, message);
  assert.equal(await stored(at, 'pre-key', '1'), undefined);
  const again = open(at, { creds: alice.creds });
  const eve = makePeer('4000:1@lid');
  await assert.rejects(hear(again, eve, message), /pre-key that is not there/);
});

test('closed keys write nothing any more, and say when what was under way has ended', async t => {
  const { sql, seat, open, stored } = await deviceStore(t);
  const at = await seat();
  const { keys, failures } = open(at);
  const hold = await holdWrites(t, sql);
  const underWay = assert.rejects(keys.set({ 'lid-mapping': { a: '1' } }), /closed/);
  await hold.caught();
  const queued = assert.rejects(keys.set({ 'lid-mapping': { b: '1' } }), /closed/);
  await settled(queued);
  keys.retire();
  const ended = keys.settled();
  assert.equal(await settled(ended), false);
  await hold.release();
  await ended;
  await assert.rejects(keys.get('lid-mapping', ['a']), /closed/);
  // What had reached the database when the keys were closed is there, though nobody is told so; what had not, is not.
  await Promise.all([underWay, queued]);
  assert.equal(await stored(at, 'lid-mapping', 'a'), '1');
  assert.equal(await stored(at, 'lid-mapping', 'b'), undefined);
  assert.deepEqual(failures, [], 'closing is no failure');
});
