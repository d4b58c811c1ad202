import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answered, answered, createApi } from '../support/api.ts';
import { ADMIN, admin, bearer, keysApi } from '../support/keys-api.ts';

const hi = { phone: '15551234567', message: 'hi' };
const levels = ({ headers }: Answered) => [headers.get('ratelimit-policy'), headers.get('ratelimit')];

test('S54: a key that asks too often is told when to go on, and every answer how much is left', async () => {
  let now = 0;
  const credentials = { basic: [{ user: 'ana', password: 'secret' }], keys: [ADMIN] };
  const { get } = createApi({ credentials, limits: { perKey: 3, perDevice: 0, now: () => now } });
  const ask = () => get('/devices', admin);
  assert.deepEqual(levels(await ask()), ['"key";q=3;w=60', '"key";r=2;t=20']);
  assert.deepEqual(levels(await get('/nope', admin)), ['"key";q=3;w=60', '"key";r=1;t=40']);
  assert.deepEqual(levels(await ask()), ['"key";q=3;w=60', '"key";r=0;t=20']);
  const refused = await ask();
  assert.deepEqual([refused.status, refused.code], [429, 'RATE_LIMITED']);
  assert.equal((refused as unknown as { retryable: boolean }).retryable, true);
  assert.equal(refused.headers.get('retry-after'), '20');
  assert.deepEqual(levels(refused), ['"key";q=3;w=60', '"key";r=0;t=20']);

  const other = { authorization: `Basic ${Buffer.from('ana:secret').toString('base64')}` };
  assert.equal((await get('/devices', other)).status, 200, 'another caller has a limit of its own');
  now += 19_999;
  assert.equal((await ask()).headers.get('retry-after'), '1');
  now += 1;
  assert.equal((await ask()).status, 200);
});

test('a key and those that were rotated into it share one limit', async t => {
  const { get, post, made } = await keysApi(t, { limits: { perKey: 4, perDevice: 0, now: () => 0 } });
  const old = await made({ scopes: ['read'] });
  const { results } = await post(`/keys/${old.id}/rotate`, {}, admin);
  const fresh = bearer(String(results?.key));
  for (const headers of [fresh, bearer(old.key), fresh, bearer(old.key)])
    assert.equal((await get('/devices', headers)).status, 200);
  assert.equal((await get('/devices', fresh)).status, 429);
});

test('S54: a device that sends too much is told when to go on, whoever sends; what is refused does not count', async () => {
  let now = 0;
  const { get, post, devices } = createApi({
    credentials: { basic: [], keys: [ADMIN, 'another-key'] },
    limits: { perKey: 100, perDevice: 2, now: () => now },
  });
  devices.add('a');
  devices.add('b');
  const send = (device: string, body: object = hi, key = ADMIN, more = {}) =>
    post('/send/message', body, { ...bearer(key), 'x-device-id': device, ...more });
  assert.equal((await send('a', { ...hi, phone: 'nobody' })).status, 400);
  const first = await send('a', hi, ADMIN, { 'idempotency-key': 'one' });
  assert.deepEqual(levels(first), [
    '"key";q=100;w=60, "device";q=2;w=60',
    '"key";r=98;t=2, "device";r=1;t=30',
  ]);
  const same = await send('a', hi, ADMIN, { 'idempotency-key': 'one' });
  assert.equal(same.headers.get('idempotency-replayed'), 'true');
  assert.equal((await send('a', hi, 'another-key')).status, 200);
  const refused = await send('a', hi, 'another-key', { 'idempotency-key': 'two' });
  assert.deepEqual(
    [refused.status, refused.code, refused.headers.get('retry-after')],
    [429, 'RATE_LIMITED', '30'],
  );
  assert.match(refused.message, /This device/);
  assert.equal((await send('b')).status, 200, 'another device has a limit of its own');
  assert.equal((await get('/devices/a', admin)).status, 200, 'what sends nothing is not held up');
  assert.equal(devices.given.length, 3);

  now += 30_000;
  const later = await send('a', hi, 'another-key', { 'idempotency-key': 'two' });
  assert.equal(later.status, 200, 'a request that was held up may come again under its key');
});

test('0 is no limit, nobody is counted while the API is open, and no header says otherwise', async () => {
  const { post, devices } = createApi({ limits: { perKey: 0, perDevice: 0 } });
  devices.add('a');
  const open = createApi({ limits: { perKey: 1, perDevice: 0 } });
  for (let n = 0; n < 50; n++) {
    const answer = await post('/send/message', hi);
    assert.equal(answer.status, 200);
    assert.deepEqual(levels(answer), [null, null]);
    assert.equal((await open.get('/devices')).status, 200);
  }
});

test('S6: an address that guesses is 429 and no more; a right key from it, and any other address, is served', async () => {
  let now = 0;
  const { app } = createApi({
    credentials: { basic: [], keys: [ADMIN] },
    limits: { perKey: 0, perDevice: 0, now: () => now },
    trustedProxies: ['127.0.0.1'],
  });
  const from = async (address: string, key: string) => {
    const headers = { ...bearer(key), 'x-forwarded-for': address };
    return answered(await app.request('/devices', { headers }, { remote: '127.0.0.1' }));
  };
  for (let n = 0; n < 20; n++) assert.equal((await from('198.51.100.7', `guess-${n}`)).status, 401);
  for (let n = 0; n < 100; n++) {
    const refused = await from('198.51.100.7', `guess-${n}`);
    assert.deepEqual(
      [refused.status, refused.code, refused.headers.get('retry-after')],
      [429, 'RATE_LIMITED', '3'],
    );
  }
  assert.equal((await from('198.51.100.7', ADMIN)).status, 200);
  assert.equal((await from('198.51.100.8', 'guess')).status, 401);
  now += 60_000;
  assert.equal((await from('198.51.100.7', 'guess')).status, 401);
});
