import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../src/errors.ts';
import { createApi } from '../support/api.ts';

test('a device is made with the given id or a generated one, and a second one of that id is refused', async () => {
  const { post, get } = createApi();
  const made = await post('/devices', { device_id: 'sales' });
  assert.deepEqual([made.status, made.message], [200, 'Device added']);
  assert.deepEqual(made.results, {
    id: 'sales',
    display_name: '',
    jid: '',
    state: 'disconnected',
    created_at: '1970-01-01T00:00:00.000Z',
  });
  const again = await post('/devices', { device_id: 'sales' });
  assert.deepEqual([again.status, again.code], [409, 'DEVICE_EXISTS']);
  assert.equal((await post('/devices')).results?.id, 'device-2');
  assert.equal((await get('/devices')).results?.length, 2);
});

test('a device shows its account, and its phases in the words of gowa', async () => {
  const { get, devices } = createApi();
  devices.add('sales', { jid: '15551234567:3@s.whatsapp.net', name: 'Ana' });
  assert.deepEqual((await get('/devices/sales')).results, {
    id: 'sales',
    phone_number: '15551234567',
    display_name: 'Ana',
    state: 'logged_in',
    jid: '15551234567@s.whatsapp.net',
    created_at: '1970-01-01T00:00:00.000Z',
  });
  const words = {
    unlinked: ['disconnected', false, false],
    waiting: ['disconnected', false, false],
    stopped: ['disconnected', false, false],
    connecting: ['connecting', false, false],
    pairing: ['connecting', true, false],
    open: ['logged_in', true, true],
  } as const;
  for (const [phase, [state, is_connected, is_logged_in]] of Object.entries(words)) {
    devices.move('sales', { phase: phase as keyof typeof words });
    assert.equal((await get('/devices/sales')).results?.state, state, phase);
    const status = (await get('/devices/sales/status')).results;
    assert.deepEqual(status, { device_id: 'sales', is_connected, is_logged_in }, phase);
  }
});

test('every route with a device in its path takes an id or a JID, and answers 404 for an unknown one', async () => {
  const { ask, devices } = createApi();
  devices.add('sales', { jid: '15551234567:3@s.whatsapp.net' });
  const routes = [
    ['GET', ''],
    ['GET', '/status'],
    ['GET', '/health'],
    ['GET', '/webhook'],
    ['GET', '/pairing'],
    ['POST', '/reconnect'],
    ['POST', '/logout'],
    ['GET', '/login'],
    ['DELETE', ''],
  ] as const;
  for (const [method, path] of routes) {
    const unknown = await ask(method, `/devices/nobody${path}`);
    assert.deepEqual([unknown.status, unknown.code], [404, 'DEVICE_NOT_FOUND'], path);
    assert.deepEqual(unknown.results, { device_id: 'nobody' });
    const name = path === '/login' ? 'sales' : '15551234567%3A3@s.whatsapp.net';
    if (path === '/login') devices.move('sales', { linked: false, phase: 'unlinked' });
    assert.equal((await ask(method, `/devices/${name}${path}`)).status, 200, path);
  }
  assert.deepEqual(devices.list(), []);
});

test("gowa's logins answer a link to a picture that needs no credential, or a code", async () => {
  const { get, post, app } = createApi();
  await post('/devices', { device_id: 'sales' });
  const byPath = await get('/devices/sales/login');
  const selected = await get('/app/login');
  assert.deepEqual([byPath.message, selected.message], ['Login success', 'Login success']);
  assert.equal(byPath.results?.device_id, 'sales');
  assert.deepEqual(Object.keys(selected.results ?? {}).sort(), ['device_id', 'qr_duration', 'qr_link']);
  for (const { results } of [byPath, selected]) {
    const picture = await app.request(String(results?.qr_link));
    assert.deepEqual([picture.status, picture.headers.get('content-type')], [200, 'image/png']);
    assert.equal(picture.headers.get('cache-control'), 'no-store');
  }
  await post('/devices', { device_id: 'other' });
  const byCode = await post('/devices/other/login/code?phone=15551234567');
  assert.deepEqual(byCode.results, { device_id: 'other', pair_code: 'ABCD-1234' });
  const code = await get('/app/login-with-code?phone=15551234567&device_id=other');
  assert.deepEqual(code.results, { device_id: 'other', pair_code: 'ABCD-1234' });
});

test('the actions on a device reach its shard and answer as gowa does', async () => {
  const { ask, get, post, devices } = createApi();
  devices.add('sales');
  const header = { 'x-device-id': 'sales' };
  const answers = [
    await post('/devices/sales/reconnect'),
    await get('/app/reconnect', header),
    await get('/app/logout', header),
    await post('/devices/sales/logout'),
    await ask('DELETE', '/devices/sales'),
  ];
  for (const { status, code } of answers) assert.deepEqual([status, code], [200, 'SUCCESS']);
  const named = { device_id: 'sales' };
  assert.deepEqual(
    answers.map(({ results }) => results),
    [undefined, named, named, undefined, undefined],
  );
  assert.deepEqual(
    devices.given.map(({ command }) => command.do),
    ['reconnect', 'reconnect', 'logout', 'logout', 'remove'],
  );
});

test('a device that is not linked is not reconnected', async () => {
  const { post, get, devices } = createApi();
  devices.add('sales', { phase: 'unlinked', linked: false });
  for (const answer of [await post('/devices/sales/reconnect'), await get('/app/reconnect')])
    assert.deepEqual([answer.status, answer.code], [409, 'DEVICE_NOT_LINKED']);
  assert.deepEqual(devices.given, []);
});

test("gowa's view of the server and its devices is the same as gowa's", async () => {
  const { get, devices } = createApi();
  const info = await get('/app/info');
  assert.equal(info.message, 'Fetch app info success');
  assert.equal(info.results?.version, '1.2.3');
  assert.equal((await get('/app/status')).code, 'DEVICE_ID_REQUIRED');
  devices.add('sales', { jid: '15551234567:3@s.whatsapp.net', name: 'Ana' });
  devices.add('new', { phase: 'unlinked', linked: false, jid: '' });
  const status = await get('/app/status?device_id=sales');
  assert.deepEqual(status.results, {
    is_connected: true,
    is_logged_in: true,
    device_id: 'sales',
    jid: '15551234567@s.whatsapp.net',
  });
  const listed = await get('/app/devices', { 'x-device-id': 'sales' });
  assert.deepEqual(listed.results, [
    { name: 'Ana', device: 'sales', jid: '15551234567@s.whatsapp.net' },
    { name: '', device: 'new', jid: '' },
  ]);
});

test('the webhook of a device is set, kept where a field is absent, shown without its secret, and cleared', async () => {
  const { ask, get, post, endpoints } = createApi();
  const made = await post('/devices', {
    device_id: 'sales',
    webhook_url: 'https://example.com/hook',
    webhook_secret: 'hush',
    webhook_events: 'message, Message.Ack,',
  });
  const shown = {
    webhook_url: 'https://example.com/hook',
    webhook_secret: '***',
    webhook_events: 'message,message.ack',
    webhook_insecure_skip_verify: false,
  };
  assert.deepEqual(made.results, { ...made.results, ...shown });
  const { results } = await get('/devices/sales/webhook');
  assert.deepEqual(results, { device_id: 'sales', ...shown });

  const patch = (body: unknown) => ask('PATCH', '/devices/sales/webhook', body);
  const sentBack = await patch({ ...results, webhook_insecure_skip_verify: true });
  assert.deepEqual(sentBack.results, { device_id: 'sales', ...shown, webhook_insecure_skip_verify: true });
  assert.deepEqual([...endpoints.secrets.values()], ['hush']);
  const changed = await patch({
    webhook_url: 'http://10.0.0.1:8080/x',
    webhook_secret: '',
    webhook_events: '',
  });
  assert.equal(changed.results?.webhook_secret, '');
  assert.equal(changed.results?.webhook_events, '');

  const cleared = await patch({ webhook_url: '' });
  assert.deepEqual(cleared.results, {
    device_id: 'sales',
    webhook_url: '',
    webhook_secret: '',
    webhook_events: '',
    webhook_insecure_skip_verify: false,
  });
  assert.equal(await endpoints.get(1), undefined);
});

test('a webhook that could not be called is refused before the device is made', async () => {
  const { ask, post, devices } = createApi();
  const urls = [
    'example.com',
    'ftp://example.com',
    'file:///etc/passwd',
    'javascript:1',
    'http://a:b@example.com',
    5,
  ];
  for (const webhook_url of urls) {
    const answer = await post('/devices', { device_id: 'sales', webhook_url });
    assert.deepEqual(
      [answer.code, answer.results],
      ['VALIDATION_ERROR', { field: 'webhook_url' }],
      String(webhook_url),
    );
  }
  const events = await post('/devices', {
    webhook_url: 'http://example.com',
    webhook_events: 'message;drop table',
  });
  assert.deepEqual(events.results, { field: 'webhook_events' });
  const alone = await post('/devices', { webhook_secret: 'hush' });
  assert.deepEqual(alone.results, { field: 'webhook_url' });
  assert.deepEqual(devices.list(), []);
  devices.add('sales');
  const missing = await ask('PATCH', '/devices/sales/webhook', { webhook_secret: 'hush' });
  assert.deepEqual([missing.message, missing.status], ['webhook_url: is required.', 400]);
});

test('a device whose webhook could not be stored is named in the failure', async () => {
  const { post, endpoints } = createApi();
  endpoints.failure = new Failure('STORE_UNAVAILABLE');
  const answer = await post('/devices', { device_id: 'sales', webhook_url: 'http://example.com' });
  assert.deepEqual([answer.status, answer.code], [503, 'STORE_UNAVAILABLE']);
  assert.deepEqual(answer.results, { device_id: 'sales' });
});

test('the health of a device is shown as its thread measures it, and what never was is left out', async () => {
  const { get, devices } = createApi();
  devices.add('sales', { degraded: [{ code: 'no_pong', text: 'no pong for 41 s' }] });
  const bare = (await get('/devices/sales/health')).results;
  assert.deepEqual(bare, {
    device_id: 'sales',
    state: 'open',
    degraded: false,
    reasons: [],
    decrypt_failures: 0,
    decrypts: 0,
    reconnects_last_hour: 0,
    messages_waiting: 0,
    awaiting_ack: 0,
  });
  const at = Date.UTC(2026, 0, 2, 3, 4, 5);
  devices.health = {
    ...devices.health,
    degraded: true,
    complaints: [{ code: 'no_pong', text: 'no pong for 44 s' }],
    lastPongAt: at,
    pingMs: 41.6,
    decrypts: { failed: 2, of: 50 },
    awaitingAck: 1,
    awaitingAckMs: 1_200,
  };
  const { results } = await get('/devices/sales/health');
  assert.deepEqual(results, {
    ...bare,
    degraded: true,
    reasons: [{ code: 'no_pong', text: 'no pong for 44 s' }],
    last_pong_at: '2026-01-02T03:04:05.000Z',
    ping_ms: 42,
    decrypt_failures: 2,
    decrypts: 50,
    awaiting_ack: 1,
    awaiting_ack_ms: 1_200,
  });
  const [listed] = (await get('/device/list')).results ?? [];
  assert.deepEqual(listed?.degraded, [{ code: 'no_pong', text: 'no pong for 41 s' }]);
});
