import assert from 'node:assert/strict';
import { createDecipheriv, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { KeyMissing, KeyRing } from '../../../src/lib/key-ring.ts';
import { keyId, SEAL_OVERHEAD, Seal, SealBroken, sealedWith } from '../../../src/lib/seal.ts';

const key = () => randomBytes(32);
const place = 'signal_key/7/2/5511@lid';

test('what is sealed opens at its place, and is there in no form that can be read', () => {
  const seal = new Seal(key());
  for (const value of [Buffer.alloc(0), Buffer.from('a secret of the house'), randomBytes(5_000)]) {
    const sealed = seal.seal(place, value);
    assert.equal(sealed.length, value.length + SEAL_OVERHEAD);
    assert.ok(value.length === 0 || !sealed.includes(value));
    assert.deepEqual(seal.open(place, sealed), value);
  }
});

test('any byte that was changed, cut off or added is noticed', () => {
  const seal = new Seal(key());
  const sealed = seal.seal(place, Buffer.from('a secret'));
  for (let at = 0; at < sealed.length; at++) {
    const changed = Buffer.from(sealed);
    changed[at]! ^= 1 << (at % 8);
    assert.throws(() => seal.open(place, changed), SealBroken, `byte ${at}`);
  }
  for (let length = 0; length < sealed.length; length++)
    assert.throws(() => seal.open(place, sealed.subarray(0, length)), SealBroken, `${length} bytes`);
  assert.throws(() => seal.open(place, Buffer.concat([sealed, Buffer.of(0)])), SealBroken);
});

test('a value that was copied to another place, or sealed with another key, does not open', () => {
  const [ours, theirs] = [new Seal(key()), new Seal(key())];
  const sealed = ours.seal(place, Buffer.from('a secret'));
  for (const other of ['signal_key/8/2/5511@lid', 'signal_key/7/3/5511@lid', 'credentials/7', ''])
    assert.throws(() => ours.open(other, sealed), SealBroken, other);
  assert.throws(() => theirs.open(place, sealed), SealBroken);
  // Not the key's name alone keeps it shut: with the name of our key on it, theirs still does not open here.
  const renamed = theirs.seal(place, Buffer.from('a secret'));
  ours.id.copy(renamed, 1);
  assert.throws(() => ours.open(place, renamed), SealBroken);
});

test('no two seals of one key share a nonce, and every nonce is 12 random bytes', () => {
  const secret = key();
  const seal = new Seal(secret);
  const nonces = new Set<string>();
  const SEALS = 200_000;
  const ones = Array.from({ length: 96 }, () => 0);
  const value = Buffer.of(1);
  let last: Buffer = Buffer.alloc(0);
  for (let n = 0; n < SEALS; n++) {
    last = seal.seal(place, value);
    const nonce = last.subarray(5, 17);
    nonces.add(nonce.toString('latin1'));
    for (let bit = 0; bit < 96; bit++) ones[bit]! += (nonce[bit >> 3]! >> (bit & 7)) & 1;
  }
  assert.equal(nonces.size, SEALS);
  // A counter or a clock in it would leave bits that hardly change; fair ones are within 1 % (9 sigma) of the half.
  for (const [bit, count] of ones.entries())
    assert.ok(Math.abs(count / SEALS - 0.5) < 0.01, `bit ${bit} of the nonce is set in ${count} of ${SEALS}`);
  // These 12 bytes are the nonce that was used, and the place is what was authenticated.
  const plain = createDecipheriv('aes-256-gcm', secret, last.subarray(5, 17))
    .setAAD(Buffer.from(place))
    .setAuthTag(last.subarray(-16));
  assert.deepEqual(Buffer.concat([plain.update(last.subarray(17, -16)), plain.final()]), value);
});

test('a key ring seals with its first key and opens with any', () => {
  const [older, newer, foreign] = [key(), key(), key()];
  const before = new KeyRing([older]);
  const now = new KeyRing([newer, older]);
  const [old, fresh] = [before.seal(place, Buffer.from('old')), now.seal(place, Buffer.from('new'))];
  assert.deepEqual(sealedWith(fresh), keyId(newer));
  assert.equal(now.open(place, old).toString(), 'old');
  assert.equal(now.open(place, fresh).toString(), 'new');
  assert.throws(() => before.open(place, fresh), KeyMissing);
  assert.throws(
    () => new KeyRing([foreign]).open(place, old),
    new RegExp(`sealed with the key ${keyId(older).toString('hex')}, which is not among`),
  );

  assert.equal(now.renew(place, fresh), undefined);
  const renewed = now.renew(place, old);
  assert.equal(new KeyRing([newer]).open(place, renewed!).toString(), 'old');
  assert.throws(() => now.renew('elsewhere', old), SealBroken);
});

test('a key of any other length than 32 bytes, and no key at all, are refused', () => {
  for (const length of [0, 16, 31, 33]) assert.throws(() => new Seal(randomBytes(length)), RangeError);
  assert.throws(() => new KeyRing([]), RangeError);
});
