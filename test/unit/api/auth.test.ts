import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { test } from 'node:test';
import { gatekeeper } from '../../../src/api/auth.ts';

const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;
const credentials = {
  basic: [
    { user: 'ana', password: 'pa:ss' },
    { user: 'rui', password: 'olé' },
  ],
  keys: ['key-one', 'key-two'],
};

test('every configured key and user is let in, whatever the scheme is spelled like', () => {
  const admits = gatekeeper(credentials);
  for (const header of [
    'Bearer key-one',
    'bearer key-two',
    'BEARER  key-two ',
    basic('ana:pa:ss'),
    basic('rui:olé'),
  ])
    assert.equal(admits(header), true, header);
});

test('nothing else is let in', () => {
  const admits = gatekeeper(credentials);
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
  for (const header of wrong) assert.equal(admits(header), false, String(header));
});

test('a refusal costs as many comparisons as an admission: one with every credential there is', t => {
  const compare = t.mock.method(crypto, 'timingSafeEqual');
  syncBuiltinESMExports();
  t.after(() => {
    compare.mock.restore();
    syncBuiltinESMExports();
  });
  const admits = gatekeeper(credentials);
  for (const header of [undefined, 'Bearer key-one', 'Bearer x', basic('rui:olé'), 'nonsense']) {
    compare.mock.resetCalls();
    admits(header);
    assert.equal(compare.mock.callCount(), 4, String(header));
  }
});

test('an empty key or password is never a credential', () => {
  assert.throws(() => gatekeeper({ basic: [], keys: [''] }), /empty/);
  assert.throws(() => gatekeeper({ basic: [{ user: 'ana', password: '' }], keys: [] }), /empty/);
});
