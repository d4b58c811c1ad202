import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { signer } from '../../../src/delivery/sign.ts';

const body = JSON.stringify({ event: 'message', payload: { body: 'olá, cardume 🐟' } });

test('the signature of the Standard Webhooks documentation comes out', () => {
  const sign = signer('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
  const signed = sign('msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330_999, '{"test": 2432232314}');
  assert.equal(signed['webhook-id'], 'msg_p5jXN8AQM9LWM0D4loKWxJek');
  assert.equal(signed['webhook-timestamp'], '1614265330');
  assert.equal(signed['webhook-signature'], 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
});

test('a receiver with the standardwebhooks library accepts a whsec_ secret and a plain one', () => {
  const encoded = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  const padded = `whsec_${Buffer.alloc(25, 7).toString('base64')}`;
  for (const secret of [encoded, padded]) {
    new Webhook(secret).verify(body, { ...signer(secret)('ev_1', Date.now(), body) });
  }
  new Webhook('plain words', { format: 'raw' }).verify(body, {
    ...signer('plain words')('ev_1', Date.now(), body),
  });
});

test('the library rejects a changed body, another id, another secret and an attempt from ten minutes ago', () => {
  const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  const headers = { ...signer(secret)('ev_1', Date.now(), body) };
  const check = (text: string, changed: Record<string, string> = {}, key = secret) =>
    new Webhook(key).verify(text, { ...headers, ...changed });
  check(body);
  assert.throws(() => check(body.replace('cardume', 'cardumE')));
  assert.throws(() => check(body, { 'webhook-id': 'ev_2' }));
  assert.throws(() => check(body, {}, `whsec_${Buffer.alloc(32, 8).toString('base64')}`));
  assert.throws(() => check(body, { ...signer(secret)('ev_1', Date.now() - 600_000, body) }));
});

test("gowa's signature is keyed with the bytes of the secret as it is written, whsec_ included", () => {
  for (const secret of ['secret', 'segredo ç', `whsec_${Buffer.alloc(32, 7).toString('base64')}`]) {
    const expected = createHmac('sha256', Buffer.from(secret, 'utf8')).update(body, 'utf8').digest('hex');
    assert.equal(signer(secret)('ev_1', 0, body)['x-hub-signature-256'], `sha256=${expected}`);
  }
});

test('a secret that only looks like whsec_ base64 is used as it is written', () => {
  for (const secret of ['whsec_', 'whsec_not base64!', 'whsec_abcde']) {
    const signed = createHmac('sha256', secret).update(`ev_1.1.${body}`).digest('base64');
    assert.equal(signer(secret)('ev_1', 1_000, body)['webhook-signature'], `v1,${signed}`);
  }
});
