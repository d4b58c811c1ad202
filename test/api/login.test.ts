import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../src/errors.ts';
import { deferred } from '../../src/lib/deferred.ts';
import { createApi } from '../support/api.ts';
import { until } from '../support/until.ts';

test('a login without a body makes a device and answers its QR in every form', async () => {
  const { post, devices } = createApi();
  const { status, code, message, results } = await post('/device/login');
  assert.deepEqual([status, code, message], [200, 'SUCCESS', 'Login success']);
  const [device] = devices.list();
  assert.ok(device?.pairing?.by === 'qr' && results);
  const { qr_image, qr_duration, ...rest } = results;
  assert.deepEqual(rest, {
    device_id: device.id,
    qr: device.pairing.qr,
    qr_link: `http://localhost/devices/${device.id}/qr`,
  });
  assert.match(String(qr_image), /^data:image\/png;base64,iVBOR/);
  assert.ok(Number(qr_duration) >= 58 && Number(qr_duration) <= 60);
});

test('a login with a phone answers a code, and the phone reaches the device as digits', async () => {
  const { post, devices } = createApi();
  const { results } = await post('/device/login', { device_id: 'sales', phone: '+15551234567' });
  assert.deepEqual(results, { device_id: 'sales', pair_code: 'ABCD-1234' });
  assert.deepEqual(devices.given[0]?.command, { do: 'pair', input: { phone: '15551234567' } });
  assert.equal(devices.given[0]?.options.within, 45_000);
});

test('a login names its device in the body, the header or the query, and null or nothing means a new one', async () => {
  const { post } = createApi();
  const named = await Promise.all([
    post('/device/login', { device_id: 'a', unknown: [1] }, { 'x-device-id': 'z' }),
    post('/device/login', {}, { 'x-device-id': 'b' }),
    post('/device/login?device_id=c', { device_id: '' }),
    post('/device/login', { device_id: null, phone: null }),
  ]);
  assert.deepEqual(
    named.map(({ results }) => results?.device_id),
    ['a', 'b', 'c', 'device-4'],
  );
});

test('two logins at once for one new device are one pairing and both are answered', async () => {
  const { post, devices } = createApi();
  const both = await Promise.all([
    post('/device/login', { device_id: 'sales' }),
    post('/device/login', { device_id: 'sales' }),
  ]);
  assert.deepEqual(
    both.map(({ status }) => status),
    [200, 200],
  );
  assert.equal(both[0]?.results?.qr, both[1]?.results?.qr);
  assert.equal(devices.list().length, 1);
});

test('a device that is linked is not paired again', async () => {
  const { post, get, devices } = createApi();
  devices.add('sales');
  for (const answer of await Promise.all([
    post('/device/login', { device_id: 'sales' }),
    get('/devices/sales/login'),
    post('/devices/sales/login/code?phone=15551234567'),
    get('/app/login'),
    get('/app/login-with-code?phone=15551234567'),
  ])) {
    assert.deepEqual([answer.status, answer.code], [400, 'ALREADY_LOGGED_IN']);
    assert.equal(answer.message, 'you are already logged in.');
  }
  assert.deepEqual(devices.given, []);
});

test('a bad phone or an unknown account makes no device', async () => {
  const { post, devices } = createApi();
  const bad = await post('/device/login', { device_id: 'sales', phone: '555 12' });
  assert.deepEqual([bad.status, bad.code, bad.results], [400, 'INVALID_JID', { field: 'phone' }]);
  const unknown = await post('/device/login', { device_id: '15551234567@s.whatsapp.net' });
  assert.deepEqual([unknown.status, unknown.code], [404, 'DEVICE_NOT_FOUND']);
  assert.deepEqual(devices.list(), []);
});

test('a pairing that fails names the device, so that the caller can try again with it', async () => {
  const { post, devices } = createApi();
  devices.command = async () => {
    throw new Failure('PAIRING_FAILED');
  };
  const { status, code, results } = await post('/device/login');
  assert.deepEqual([status, code, results], [502, 'PAIRING_FAILED', { device_id: devices.list()[0]?.id }]);
});

test('a pairing of the other kind is shared by our login and refused where only one kind can be answered', async () => {
  const { post, get, devices } = createApi();
  await post('/device/login', { device_id: 'sales', phone: '15551234567' });
  const shared = await post('/device/login', { device_id: 'sales' });
  assert.deepEqual(shared.results, { device_id: 'sales', pair_code: 'ABCD-1234' });
  const refused = await get('/devices/sales/login');
  assert.deepEqual([refused.status, refused.code], [502, 'PAIRING_FAILED']);
  assert.equal(devices.list().length, 1);
});

test('a logout says whether WhatsApp was told, and the only device needs no name', async () => {
  const { post, devices } = createApi();
  devices.add('sales', { jid: '15551234567:1@s.whatsapp.net' });
  const first = await post('/device/logout', { device_id: '15551234567@s.whatsapp.net' });
  assert.deepEqual([first.status, first.results], [200, { device_id: 'sales', unlinked: true }]);
  const second = await post('/device/logout');
  assert.deepEqual([second.status, second.results], [200, { device_id: 'sales', unlinked: false }]);
  assert.equal((await post('/device/logout', { device_id: 'nobody' })).code, 'DEVICE_NOT_FOUND');
  devices.add('another');
  assert.equal((await post('/device/logout')).code, 'DEVICE_ID_REQUIRED');
});

test('the list shows every device with our own word for its state, its shard and since when', async () => {
  const { get, devices } = createApi();
  devices.add('a', { jid: '15551234567:7@s.whatsapp.net', name: 'Ana', since: 0 });
  devices.add('b', { phase: 'stopped', since: 1000, reason: 'WhatsApp has blocked the account' });
  const { results } = await get('/device/list');
  assert.deepEqual(results?.[0], {
    device_id: 'a',
    jid: '15551234567@s.whatsapp.net',
    name: 'Ana',
    state: 'open',
    shard: 1,
    since: '1970-01-01T00:00:00.000Z',
  });
  assert.equal(results?.[1]?.state, 'stopped');
  assert.equal(results?.[1]?.reason, 'WhatsApp has blocked the account');
});

test('links lead to the address that a reverse proxy says the caller used', async () => {
  const { post, app } = createApi();
  const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'wa.example.com' };
  const { results } = await post('/device/login', { device_id: 'sales' }, forwarded);
  assert.equal(results?.qr_link, 'https://wa.example.com/devices/sales/qr');
  const odd = { 'x-forwarded-proto': 'javascript', 'x-forwarded-host': 'evil"><script>' };
  const body = JSON.stringify({ device_id: 'sales' });
  const headers = { ...odd, 'content-type': 'application/json' };
  const answer = await app.request('/device/login', { method: 'POST', body, headers });
  assert.match(await answer.text(), /"qr_link":"http:\/\/localhost\/devices\/sales\/qr"/);
});

test('following a pairing answers at once when something differs, and otherwise when it changes', async () => {
  const { get, devices } = createApi();
  devices.add('sales', { phase: 'unlinked', linked: false });
  const first = await get('/devices/sales/pairing?wait=20');
  assert.deepEqual([first.results?.state, first.results?.linked], ['unlinked', false]);

  const answered = deferred<void>();
  const second = get(`/devices/sales/pairing?wait=20&seen=${first.results?.seen}`).finally(answered.resolve);
  await until(() => devices.waiting('sales') === 1);
  devices.move('sales', { phase: 'pairing', pairing: { by: 'qr', qr: '2@abc', until: Date.now() + 60_000 } });
  await answered.promise;
  const { results } = await second;
  assert.deepEqual([results?.state, results?.qr], ['pairing', '2@abc']);
  assert.match(String(results?.qr_image), /^data:image\/png;base64,/);

  devices.move('sales', { phase: 'open', linked: true, name: 'Ana' });
  const third = await get(`/devices/sales/pairing?wait=20&seen=${results?.seen}`);
  assert.deepEqual([third.results?.linked, third.results?.name], [true, 'Ana']);
});

test('a follower is told when the device is removed, and a wait that is no number is refused', async () => {
  const { get, ask, devices } = createApi();
  devices.add('sales', { phase: 'unlinked', linked: false });
  const { results } = await get('/devices/sales/pairing');
  const follower = get(`/devices/sales/pairing?wait=20&seen=${results?.seen}`);
  await until(() => devices.waiting('sales') === 1);
  await ask('DELETE', '/devices/sales');
  assert.equal((await follower).code, 'DEVICE_NOT_FOUND');
  devices.add('sales');
  for (const wait of ['x', '-1', '3600', '1e400'])
    assert.equal((await get(`/devices/sales/pairing?wait=${wait}`)).code, 'VALIDATION_ERROR', wait);
});
