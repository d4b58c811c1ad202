import '../../src/device/shims.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proto } from '@whiskeysockets/baileys';
import { makeCaches } from '../../src/device/line/caches.ts';
import {
  decodeCredentials,
  encodeCredentials,
  freshCredentials,
} from '../../src/device/signal/credentials.ts';
import { Identity } from '../../src/device/signal/identity.ts';
import { readCredentials } from '../../src/store/credentials.ts';
import type { Sql } from '../../src/store/database.ts';
import { listDevices } from '../../src/store/devices.ts';
import { quiet } from './signal.ts';
import { counted, deviceStore, fillDisk, holdWrites, openedCredentials, sealedCredentials } from './store.ts';

function linkedCredentials() {
  const creds = freshCredentials();
  creds.me = { id: '15551234567:3@s.whatsapp.net', lid: '998877:3@lid', name: 'Ann' };
  creds.account = proto.ADVSignedDeviceIdentity.fromObject({
    details: Buffer.of(1),
    accountSignature: Buffer.of(2),
  });
  return creds;
}

async function identityStore(t: Parameters<typeof deviceStore>[0]) {
  const store = await deviceStore(t);
  const seat = await store.seat();
  const caches = makeCaches();
  const failures: Error[] = [];
  const open = (row: Buffer | undefined, sql: Sql = store.sql) => {
    const vault = store.vaultOn({ sql });
    return new Identity(
      { seat, sql, owner: store.owner, vault, caches, log: quiet, onFailure: error => failures.push(error) },
      row && sealedCredentials(seat.no, row),
    );
  };
  const rows = async () => {
    const [{ keys }] = await store.sql<[{ keys: number }]>`
      select count(*)::int as keys from signal_key where device_no = ${seat.no}`;
    const row = (await readCredentials(store.sql, [seat.no])).get(seat.no);
    return { keys, credentials: row && openedCredentials(seat.no, row) };
  };
  return { ...store, seat, open, rows, failures };
}

test('credentials come back from their row as they were: bytes as Buffers, the account as it was signed', () => {
  const creds = linkedCredentials();
  const back = decodeCredentials(encodeCredentials(creds));
  assert.ok(Buffer.isBuffer(back.noiseKey.private) && Buffer.isBuffer(back.signedPreKey.signature));
  assert.deepEqual(back.signedIdentityKey, creds.signedIdentityKey);
  assert.deepEqual(back.me, creds.me);
  // Baileys sends it with every first message; protobuf takes the base64 that JSON makes of its bytes.
  const signed = (account: typeof creds.account) =>
    proto.ADVSignedDeviceIdentity.encode(account ?? {}).finish();
  assert.deepEqual(signed(back.account), signed(creds.account));
  assert.deepEqual(encodeCredentials(back), encodeCredentials(decodeCredentials(encodeCredentials(back))));
});

test('credentials do not grow with the history that they have seen', () => {
  const creds = linkedCredentials();
  const sizes = [100, 1_000, 10_000].map(count => {
    creds.processedHistoryMessages = Array.from({ length: count }, (_, i) => ({
      key: { id: `${100_000 + i}`, remoteJid: '1@lid' },
      messageTimestamp: 1_700_000_000,
    }));
    return encodeCredentials(creds).length;
  });
  assert.equal(sizes[0], sizes[2]);
});

test('a linked device is written down at once, a half-paired one never', async t => {
  const { sql, open, rows } = await identityStore(t);
  const identity = open(undefined);
  identity.credentials.me = { id: '15551234567@s.whatsapp.net', name: '~' }; // as a pairing code leaves it
  identity.touch(() => assert.fail('there is nothing to save'));
  await identity.flush();
  assert.equal((await rows()).credentials, undefined);

  Object.assign(identity.credentials, linkedCredentials());
  identity.paired();
  await identity.settled();
  const { credentials } = await rows();
  assert.equal(decodeCredentials(credentials!).me?.name, 'Ann');
  const [device] = await listDevices(sql);
  assert.deepEqual(
    [device?.state, device?.jid, device?.lid, device?.name],
    ['linked', '15551234567:3@s.whatsapp.net', '998877:3@lid', 'Ann'],
  );
  assert.equal(identity.jid, '15551234567@s.whatsapp.net');
});

test('many changes of credentials are saved once', async t => {
  const { sql, open, rows } = await identityStore(t);
  const pool = counted(sql);
  const identity = open(encodeCredentials(linkedCredentials()), pool.sql);
  for (let i = 1; i <= 30; i++) {
    identity.credentials.accountSyncCounter = i;
    identity.touch(() => {});
  }
  await identity.flush();
  assert.equal(pool.counts.writes, 1);
  assert.equal(decodeCredentials((await rows()).credentials!).accountSyncCounter, 30);
});

test('nothing of an unlinked device is left, not even what was being written at the time', async t => {
  const { sql, open, rows } = await identityStore(t);
  const identity = open(encodeCredentials(linkedCredentials()));
  await identity.keys.set({ 'lid-mapping': { a: '1' } });
  await identity.keys.saveCredentials();
  assert.equal((await rows()).keys, 1);

  const hold = await holdWrites(t, sql);
  const late = identity.keys.set({ 'lid-mapping': { b: '1' } }).catch(() => {});
  await hold.caught();
  identity.forget('logged out');
  await hold.release();
  await Promise.all([identity.settled(), late]);
  assert.deepEqual(await rows(), { keys: 0, credentials: undefined });
  const [device] = await listDevices(sql);
  assert.deepEqual([device?.state, device?.reason, device?.jid], ['unlinked', 'logged out', null]);

  // And the next pairing finds keys that work.
  assert.deepEqual(await identity.keys.get('lid-mapping', ['a', 'b']), {});
  await identity.keys.set({ 'lid-mapping': { c: '1' } });
  assert.equal((await rows()).keys, 1);
});

test('after a failure everything is read from the disk again, and linked credentials that never got there are kept', async t => {
  const { sql, open, rows, failures } = await identityStore(t);
  const identity = open(undefined);
  Object.assign(identity.credentials, linkedCredentials());
  const makeRoom = await fillDisk(sql);
  await assert.rejects(identity.keys.saveCredentials());
  assert.equal(failures.length, 1);
  assert.ok(identity.failure);
  await assert.rejects(identity.reopen(), 'the disk is still full');
  await makeRoom();
  await identity.reopen();
  assert.equal(identity.failure, undefined);
  assert.equal(decodeCredentials((await rows()).credentials!).me?.name, 'Ann');

  identity.credentials.accountSyncCounter = 99;
  await identity.reopen();
  assert.equal(identity.credentials.accountSyncCounter, 0, 'memory is not believed');
});
