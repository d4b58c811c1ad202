import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { test } from 'node:test';
import type { Keys, KnownKey } from '../../../src/access/keys.ts';
import { gatekeeper, WRONG_PER_MINUTE } from '../../../src/api/auth.ts';
import { Failure } from '../../../src/errors.ts';
import { checksummed, makeKey, sha256 } from '../../../src/lib/api-key.ts';
import { noKeys } from '../../support/in-memory-access.ts';

const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;
const credentials = {
  basic: [
    { user: 'ana', password: 'pa:ss' },
    { user: 'rui', password: 'olé' },
  ],
  keys: ['key-one', 'key-two'],
};
const nowhere = '192.0.2.1';

/** A register of one key that counts how often it is asked to be fresh. */
function registerOf({ id, key }: { id: string; key: string }): Keys & { reads: number } {
  const known: KnownKey = { id, origin: id, digest: sha256(key), scopes: ['read'], devices: new Set([7]) };
  return {
    ...noKeys,
    any: true,
    reads: 0,
    fresh() {
      this.reads++;
      return undefined;
    },
    find: asked => (asked === id ? known : undefined),
  };
}

/** A key of the same id and the right form that was never made. */
const forged = (id: string) => checksummed(`cdm_${id}${makeKey().key.slice(16, -7)}`);

test('every configured key and user is let in, whatever the scheme is spelled like, and may do everything', async () => {
  const gate = gatekeeper(credentials, noKeys);
  const right: [string, string][] = [
    ['Bearer key-one', 'env:1'],
    ['bearer key-two', 'env:2'],
    ['BEARER  key-two ', 'env:2'],
    [basic('ana:pa:ss'), 'user:ana'],
    [basic('rui:olé'), 'user:rui'],
  ];
  for (const [authorization, name] of right) {
    const actor = await gate.admit({ authorization }, nowhere);
    assert.equal(actor?.name, name, authorization);
    assert.deepEqual([actor?.scopes.size, actor?.devices], [5, undefined]);
  }
  assert.equal((await gate.admit({ key: 'key-two' }, nowhere))?.name, 'env:2');
});

test('nothing else is let in', async () => {
  const gate = gatekeeper(credentials, noKeys);
  const wrong = [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Bearer key-on',
    'Bearer key-one2',
    'Bearer KEY-ONE',
    'Bearer key-one, Bearer key-one',
    'key-one',
    `Bearer ${Buffer.from('ana:pa:ss').toString('base64')}`,
    'Basic key-one',
    'Basic !!!',
    basic('ana:'),
    basic('ana'),
    basic(':pa:ss'),
    basic('ana:pa:ss\n'),
    basic('rui:pa:ss'),
    'Digest key-one',
  ];
  for (const authorization of wrong)
    assert.equal(await gate.admit({ authorization }, nowhere), undefined, String(authorization));
  const both = { authorization: 'Bearer key-one', key: 'key-one' };
  assert.equal(await gate.admit(both, nowhere), undefined, 'two credentials are none');
});

test('a made key is known by its id and its digest, and brings its scopes and devices', async () => {
  const made = makeKey();
  const gate = gatekeeper({ basic: [], keys: [] }, registerOf(made));
  assert.equal(gate.open(), false);
  const actor = await gate.admit({ authorization: `Bearer ${made.key}` }, nowhere);
  assert.equal(actor?.name, `key:${made.id}`);
  assert.deepEqual([[...(actor?.scopes ?? [])], [...(actor?.devices ?? [])]], [['read'], [7]]);
  assert.equal((await gate.admit({ key: made.key }, nowhere))?.name, `key:${made.id}`);
  assert.equal(await gate.admit({ key: forged(made.id) }, nowhere), undefined);
});

test('S1, S57: a refusal costs as many digests and comparisons as an admission, whether the id exists or not', async t => {
  const made = makeKey();
  const register = registerOf(made);
  const gate = gatekeeper(credentials, register);
  const compare = t.mock.method(crypto, 'timingSafeEqual');
  const hash = t.mock.method(crypto, 'hash');
  syncBuiltinESMExports();
  t.after(() => {
    compare.mock.restore();
    hash.mock.restore();
    syncBuiltinESMExports();
  });
  const shown = [undefined, 'Bearer key-one', 'Bearer x', basic('rui:olé'), 'nonsense'];
  const [known, unknown, right] = [forged(made.id), makeKey().key, made.key];
  for (const authorization of [...shown, ...[known, unknown, right].map(key => `Bearer ${key}`)]) {
    compare.mock.resetCalls();
    hash.mock.resetCalls();
    await gate.admit({ authorization }, nowhere);
    assert.deepEqual([compare.mock.callCount(), hash.mock.callCount()], [5, 2], String(authorization));
  }
  register.reads = 0;
  for (const key of [known, unknown, right]) await gate.admit({ key }, nowhere);
  assert.equal(register.reads, 3, 'each of them asks once whether what is known is fresh');
});

test('S2: a key whose checksum is wrong is refused without a look at what keys there are', async () => {
  const made = makeKey();
  const register = registerOf(made);
  const gate = gatekeeper({ basic: [], keys: [] }, register);
  for (const key of [
    `${made.key.slice(0, -1)}${made.key.endsWith('0') ? '1' : '0'}`,
    made.key.slice(0, -1),
    'cdm_x',
  ])
    assert.equal(await gate.admit({ key }, nowhere), undefined);
  assert.equal(register.reads, 0);
});

test('S6: after twenty wrong credentials in a minute an address is refused before anything is hashed, a right one is not', async t => {
  let now = 0;
  const made = makeKey();
  const gate = gatekeeper(credentials, registerOf(made), () => now);
  const hash = t.mock.method(crypto, 'hash');
  syncBuiltinESMExports();
  t.after(() => {
    hash.mock.restore();
    syncBuiltinESMExports();
  });
  const guess = (n: number, address = nowhere) =>
    gate.admit(n % 2 === 0 ? { key: `guess-${n}` } : { authorization: basic(`ana:guess-${n}`) }, address);
  for (let n = 0; n < WRONG_PER_MINUTE; n++) assert.equal(await guess(n), undefined);
  hash.mock.resetCalls();
  for (let n = 0; n < 1000; n++)
    await assert.rejects(guess(n), (error: unknown) => {
      assert.ok(error instanceof Failure && error.code === 'RATE_LIMITED');
      assert.equal(error.retryAfter, 3);
      return true;
    });
  await assert.rejects(gate.admit({ key: makeKey().key }, nowhere), { code: 'RATE_LIMITED' });
  assert.equal(hash.mock.callCount(), 0);

  for (const shown of [
    { key: 'key-one' },
    { key: made.key },
    { authorization: basic('rui:olé') },
    { authorization: `Bearer ${made.key}` },
  ])
    assert.ok(await gate.admit(shown, nowhere), 'whoever has a right one is never locked out');
  assert.equal(await guess(0, '192.0.2.2'), undefined, 'another address has its own twenty');
  now += 3_000;
  assert.equal(await guess(0), undefined);
  await assert.rejects(guess(1), { code: 'RATE_LIMITED' });
});

test('S6: of IPv6 a whole /64 is one caller', async () => {
  const gate = gatekeeper(credentials, noKeys, () => 0);
  for (let n = 0; n < WRONG_PER_MINUTE; n++) await gate.admit({ key: `guess-${n}` }, `2001:db8::${n + 1}`);
  await assert.rejects(gate.admit({ key: 'guess' }, '2001:db8:0:0:ffff::1'), { code: 'RATE_LIMITED' });
  assert.equal(await gate.admit({ key: 'guess' }, '2001:db8:0:1::1'), undefined);
});

test('who shows nothing is not counted: a browser asks like that first', async () => {
  const gate = gatekeeper(credentials, noKeys, () => 0);
  for (let n = 0; n < 100; n++) assert.equal(await gate.admit({}, nowhere), undefined);
});

test('an empty key or password is never a credential', () => {
  assert.throws(() => gatekeeper({ basic: [], keys: [''] }, noKeys), /empty/);
  assert.throws(() => gatekeeper({ basic: [{ user: 'ana', password: '' }], keys: [] }, noKeys), /empty/);
});
