import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createApi } from '../support/api.ts';

const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` });
const locked = () =>
  createApi({ credentials: { basic: [{ user: 'ana', password: 'secret' }], keys: ['key-one'] } });

test('S1: without a credential nothing but /health and the page of errors answers, and the ways in are named', async () => {
  const { app, ask, devices } = locked();
  devices.add('sales');
  // The link of a file is a credential itself.
  const routes = app.routes.filter(
    ({ method, path }) => method !== 'ALL' && !/^\/(health|errors)$|\/media\/:token$/.test(path),
  );
  assert.ok(routes.length > 25);
  for (const { method, path } of [
    ...routes,
    { method: 'GET', path: '/nope' },
    { method: 'PUT', path: '/devices' },
  ]) {
    const answer = await ask(method, path.replace(':device_id', 'sales'));
    assert.deepEqual([answer.status, answer.code], [401, 'UNAUTHORIZED'], path);
    const ways = answer.headers.get('www-authenticate');
    assert.equal(ways, 'Basic realm="Cardume", charset="UTF-8", Bearer realm="Cardume"');
  }
  assert.equal(await (await app.request('/health')).text(), 'OK');
  assert.equal((await app.request('/errors')).status, 200);
  assert.deepEqual(devices.given, []);
});

test('a key or a user opens every route, a wrong one opens none', async () => {
  const { get } = locked();
  for (const headers of [{ authorization: 'Bearer key-one' }, basic('ana:secret')])
    for (const path of ['/devices', '/app/info', '/ready'])
      assert.equal((await get(path, headers)).status, 200, path);
  for (const headers of [{ authorization: 'Bearer key-two' }, basic('ana:wrong'), basic('eve:secret')])
    assert.equal((await get('/devices', headers)).code, 'UNAUTHORIZED');
});

test('a body is not read for a caller without a credential', async () => {
  const { app } = locked();
  const body = new ReadableStream({ pull: () => assert.fail('read') }, { highWaterMark: 0 });
  const response = await app.request('/send/message', {
    method: 'POST',
    body,
    duplex: 'half',
  } as RequestInit);
  assert.equal(response.status, 401);
});

test("the picture behind a login's link needs no credential, and only that", async () => {
  const { app, get, post } = locked();
  const key = { authorization: 'Bearer key-one' };
  await post('/devices', { device_id: 'sales' }, key);
  const link = String((await get('/devices/sales/login', key)).results?.qr_link);
  const elsewhere = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' };
  assert.equal((await app.request(link, { headers: elsewhere })).status, 200);
  for (const other of [
    link.replace('sales', 'other'),
    link.replace(/sign=.*/, 'sign='),
    link.replace('qr.png', 'login'),
  ])
    assert.equal((await app.request(other)).status, 401, other);
  assert.equal((await app.request(link, { method: 'DELETE' })).status, 401);
});

test("another site's page cannot act through the browser of a person who has access", async () => {
  const { ask, get, post, devices } = createApi();
  devices.add('sales');
  const foreign = [
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://localhost.evil.example' },
    { origin: 'http://localhost:81' },
  ];
  for (const headers of foreign) {
    const form = { ...headers, 'content-type': 'application/x-www-form-urlencoded' };
    const answers = [
      await get('/app/logout', headers),
      await get('/device/list', headers),
      await post('/send/message', 'phone=15551234567&message=hi', form),
      await ask('DELETE', '/devices/sales', undefined, headers),
    ];
    for (const { status, code } of answers) assert.deepEqual([status, code], [403, 'FORBIDDEN_ORIGIN']);
  }
  assert.deepEqual(devices.given, []);
  for (const headers of [
    {},
    { 'sec-fetch-site': 'same-origin', origin: 'http://localhost' },
    { 'sec-fetch-site': 'none' },
    { origin: 'http://localhost' },
    { origin: 'https://wa.example.com', 'x-forwarded-host': 'wa.example.com' },
  ] as Record<string, string>[])
    assert.equal((await get('/device/list', headers)).status, 200);
});

test('a link from another site may show a page, and no answer ever allows another origin', async () => {
  const { app, devices } = createApi();
  devices.add('sales');
  const headers = {
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'navigate',
    origin: 'https://evil.example',
  };
  for (const path of ['/', '/devices/sales/qr']) {
    const response = await app.request(path, { headers });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('access-control-allow-origin'), null);
  }
});

test('an open API answers only to loopback names, whatever other names lead to it', async () => {
  const open = createApi();
  for (const host of ['localhost', 'localhost:3000', '127.0.0.1:3000', '[::1]:3000', 'cardume.localhost'])
    assert.equal((await open.get('/device/list', { host })).status, 200, host);
  for (const host of [
    'evil.example',
    'evil.example:3000',
    '192.168.0.5',
    'localhost.evil.example',
    '127.0.0.1.nip.io',
  ]) {
    const answer = await open.get('/device/list', { host });
    assert.deepEqual([answer.status, answer.code], [403, 'FORBIDDEN_ORIGIN'], host);
    assert.match(answer.message, /API_KEYS/);
  }
  const { get } = locked();
  const answer = await get('/device/list', { host: 'wa.example.com', authorization: 'Bearer key-one' });
  assert.equal(answer.status, 200);
});
