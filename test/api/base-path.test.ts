// Below a base path, and called by the pages of other origins.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answered, createApi } from '../support/api.ts';

test('with a base path everything answers below it, and only the probe at the root as well', async () => {
  const { app, get, devices } = createApi({ basePath: '/whatsapp' });
  devices.add('sales');
  assert.equal((await get('/whatsapp/devices')).status, 200);
  assert.equal((await get('/whatsapp/devices/sales')).results?.id, 'sales');
  for (const path of ['/health', '/whatsapp/health'])
    assert.equal(await (await app.request(path)).text(), 'OK', path);
  for (const path of ['/devices', '/', '/whatsapp2/devices', '/ready', '/whatsapp/whatsapp/devices']) {
    const { status, code } = await get(path);
    assert.deepEqual([status, code], [404, 'NOT_FOUND'], path);
  }
  assert.equal((await get('/whatsapp/app/info')).results?.base_path, '/whatsapp');
});

test('a slash at the end of a path says nothing', async () => {
  for (const basePath of ['', '/whatsapp']) {
    const { get, app, devices } = createApi({ basePath, credentials: { basic: [], keys: ['secret-key'] } });
    devices.add('sales');
    const key = { authorization: 'Bearer secret-key' };
    for (const path of ['/devices/', '/devices/sales/', '/app/status/?device_id=sales'])
      assert.equal((await get(`${basePath}${path}`, key)).status, 200, path);
    assert.equal((await app.request(`${basePath}/health/`)).status, 200);
    for (const path of ['/devices/', '/devices//'])
      assert.equal((await get(`${basePath}${path}`)).status, 401);
    assert.equal((await get(`${basePath}/devices//`, key)).status, 404);
  }
});

test('pages, links and the API description carry the base path', async () => {
  const { app, get, post, devices } = createApi({ basePath: '/whatsapp' });
  devices.add('sales', { phase: 'unlinked', linked: false });
  for (const path of ['/whatsapp', '/whatsapp/', '/whatsapp/docs', '/whatsapp/devices/sales/qr']) {
    const page = await (await app.request(path)).text();
    assert.match(page, /data-base="\/whatsapp"/, path);
    const linked = [...page.matchAll(/(?:href|src)="(\/[^"]*)"/g)].map(([, link]) => link ?? '');
    assert.ok(linked.length > 3, path);
    for (const link of linked) assert.equal((await app.request(link)).status, 200, `${link} on ${path}`);
  }
  const login = await get('/whatsapp/devices/sales/login');
  const link = new URL(String(login.results?.qr_link));
  assert.equal(link.pathname, '/whatsapp/devices/sales/qr.png');
  assert.equal((await app.request(link.href)).headers.get('content-type'), 'image/png');
  const started = await post('/whatsapp/device/login', { device_id: 'sales' });
  assert.equal(new URL(String(started.results?.qr_link)).pathname, '/whatsapp/devices/sales/qr');
  const described = await (await app.request('/whatsapp/openapi.json')).json();
  assert.deepEqual((described as { servers: unknown }).servers, [{ url: '/whatsapp' }]);
});

const ours = 'https://ops.example.com';
const preflight = (origin: string) => ({
  origin,
  'access-control-request-method': 'POST',
  'access-control-request-headers': 'authorization,content-type',
});

test('a listed origin gets its preflight, kept for 10 minutes, and may read the answers', async () => {
  const { app, get, post, devices } = createApi({
    corsOrigins: [ours],
    credentials: { basic: [], keys: ['secret-key'] },
  });
  devices.add('sales');
  const asked = await app.request('/send/message', { method: 'OPTIONS', headers: preflight(ours) });
  assert.equal(asked.status, 204);
  assert.equal(asked.headers.get('access-control-allow-origin'), ours);
  assert.match(asked.headers.get('access-control-allow-methods') ?? '', /PATCH/);
  assert.match(asked.headers.get('access-control-allow-headers') ?? '', /X-Device-Id.*Idempotency-Key/);
  assert.equal(asked.headers.get('access-control-max-age'), '600');
  assert.equal(asked.headers.get('access-control-allow-credentials'), null);
  assert.equal(asked.headers.get('vary'), 'Origin');

  const headers = { origin: ours, 'sec-fetch-site': 'cross-site' };
  const refused = await get('/devices', headers);
  assert.equal(refused.status, 401);
  assert.equal(refused.headers.get('access-control-allow-origin'), ours);
  const sent = await post(
    '/send/message',
    { phone: '15551234567', message: 'hi' },
    { ...headers, authorization: 'Bearer secret-key' },
  );
  assert.equal(sent.status, 200);
  assert.equal(sent.headers.get('access-control-allow-origin'), ours);
  assert.match(sent.headers.get('access-control-expose-headers') ?? '', /X-Request-Id/);
});

test('no other origin gets a header or an answer: near misses, null and any at all without a list', async () => {
  const near = [
    'https://evil.example',
    'null',
    'http://ops.example.com',
    'https://ops.example.com.evil.example',
    'https://ops.example.com:8443',
    'https://OPS.example.com',
    'https://evil.example/https://ops.example.com',
    '*',
  ];
  for (const corsOrigins of [[ours], []]) {
    const { app } = createApi({ corsOrigins });
    for (const origin of corsOrigins.length > 0 ? near : [...near, ours]) {
      const asked = await app.request('/devices', { method: 'OPTIONS', headers: preflight(origin) });
      const read = await app.request('/devices', { headers: { origin } });
      for (const response of [asked, read]) {
        for (const [name] of response.headers) assert.ok(!name.startsWith('access-control-'), origin);
        const { status, code } = await answered(response);
        assert.deepEqual([status, code], [403, 'FORBIDDEN_ORIGIN'], origin);
      }
    }
  }
});
