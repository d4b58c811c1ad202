import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../src/errors.ts';
import { answered, createApi } from '../support/api.ts';
import { ambiguousJson, hostileIds, oddJson } from '../support/hostile.ts';
import { saidBy } from '../support/in-memory-devices.ts';

test('an unknown device is 404 and no device named is 400, on every route that needs one', async () => {
  const { ask, devices } = createApi();
  const routes = [
    ['GET', '/app/login'],
    ['GET', '/app/login-with-code?phone=15551234567'],
    ['GET', '/app/logout'],
    ['GET', '/app/reconnect'],
    ['GET', '/app/devices'],
    ['GET', '/app/status'],
    ['POST', '/send/message'],
    ['POST', '/device/logout'],
  ] as const;
  for (const count of [0, 2]) {
    for (let n = 0; n < count; n++) devices.add(`device-${n}`);
    for (const [method, path] of routes) {
      const nobody = await ask(method, path, undefined, { 'x-device-id': 'nobody' });
      assert.deepEqual([nobody.status, nobody.code], [404, 'DEVICE_NOT_FOUND'], path);
      assert.deepEqual(nobody.results, { device_id: 'nobody' });
      const unnamed = await ask(method, path);
      assert.deepEqual([unnamed.status, unnamed.code], [400, 'DEVICE_ID_REQUIRED'], path);
      assert.equal(unnamed.message, 'device_id is required via X-Device-Id header or device_id query');
    }
  }
  assert.deepEqual(devices.given, []);
});

test('S15: a device id that is a path, a control character, a look-alike or too long is 400 wherever it is written', async () => {
  const { ask, post, get, devices } = createApi();
  devices.add('sales');
  for (const id of hostileIds) {
    const encoded = encodeURIComponent(id);
    const answers = [
      await get('/app/status', { 'x-device-id': encoded }),
      await get(`/app/status?device_id=${encoded}`),
      await post('/device/login', { device_id: id }),
      await post('/device/logout', { device_id: id }),
      await post('/devices', { device_id: id }),
    ];
    // A URL with two dots as a whole part is another URL before it leaves the client.
    if (id !== '..') {
      answers.push(await get(`/devices/${encoded}`), await get(`/devices/${encoded}/status`));
      answers.push(await ask('DELETE', `/devices/${encoded}`), await get(`/devices/${encoded}/qr`));
    }
    // A NUL in a body is refused for every text alike.
    const expected = id.includes('\0') ? /^(INVALID_DEVICE_ID|VALIDATION_ERROR)$/ : /^INVALID_DEVICE_ID$/;
    for (const { status, code } of answers) {
      assert.equal(status, 400, id);
      assert.match(code, expected, id);
    }
  }
  assert.deepEqual(
    devices.list().map(({ id }) => id),
    ['sales'],
  );
  assert.deepEqual(devices.given, []);
});

test('S11: a body that is no JSON object is 400', async () => {
  const { post, devices } = createApi();
  devices.add('sales');
  for (const body of [
    '{',
    '{"phone":',
    '{"a":1,}',
    "{'a':1}",
    'null',
    '[]',
    '"text"',
    '1',
    'undefined',
    '{"a":1}{"b":2}',
  ]) {
    const answer = await post('/send/message', body);
    assert.deepEqual([answer.status, answer.code], [400, 'BAD_REQUEST'], body);
  }
});

test('bytes that are no UTF-8 are 400', async () => {
  const { app, devices } = createApi();
  devices.add('sales');
  const body = Buffer.concat([Buffer.from('{"phone":"1'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]);
  const headers = { 'content-type': 'application/json' };
  const answer = await answered(await app.request('/send/message', { method: 'POST', body, headers }));
  assert.deepEqual([answer.status, answer.code], [400, 'BAD_REQUEST']);
});

test('S13: a body of another type is 415, JSON in disguise too', async () => {
  const { post, devices } = createApi();
  devices.add('sales');
  const text = JSON.stringify({ phone: '15551234567', message: 'hi' });
  const types = [
    'text/plain',
    'text/html',
    'application/xml',
    'application/jsonx',
    'application/octet-stream',
    'json',
    '',
  ];
  for (const type of types) {
    const answer = await post('/send/message', text, { 'content-type': type });
    assert.deepEqual([answer.status, answer.code], [415, 'UNSUPPORTED_MEDIA_TYPE'], type);
  }
  // A form is for sending only: another site's page can send one without asking.
  const form = await post('/device/login', 'device_id=x', {
    'content-type': 'application/x-www-form-urlencoded',
  });
  assert.deepEqual([form.status, form.code], [415, 'UNSUPPORTED_MEDIA_TYPE']);
  const packed = await post('/send/message', text, { 'content-encoding': 'gzip' });
  assert.deepEqual([packed.status, packed.code], [415, 'UNSUPPORTED_MEDIA_TYPE']);
  assert.deepEqual(devices.given, []);
  for (const type of ['application/json; charset=utf-8', 'Application/JSON', 'application/vnd.api+json'])
    assert.equal((await post('/send/message', text, { 'content-type': type })).status, 200, type);
});

test('a multipart form that cannot be read is 400', async () => {
  const { post, devices } = createApi();
  devices.add('sales');
  for (const type of ['multipart/form-data', 'multipart/form-data; boundary=x']) {
    const answer = await post('/send/message', 'phone=1', { 'content-type': type });
    assert.deepEqual([answer.status, answer.code], [400, 'BAD_REQUEST'], type);
  }
});

test('S11: JSON that can be read in two ways, or is too deep, is 400 and does nothing', async () => {
  const { post, devices } = createApi();
  devices.add('sales');
  for (const body of ambiguousJson) {
    const answer = await post('/send/message', body);
    assert.equal(answer.status, 400, body.slice(0, 80));
    assert.match(answer.code, /^(BAD_REQUEST|VALIDATION_ERROR)$/);
  }
  assert.deepEqual(devices.given, []);
});

test('S12: odd JSON is read as what it says and changes nothing else', async () => {
  const { post, devices } = createApi();
  devices.add('sales');
  for (const body of oddJson)
    assert.equal((await post('/send/message', body)).status, 200, body.slice(0, 60));
  assert.equal(Object.hasOwn(Object.prototype, 'admin'), false);
  assert.equal(({} as Record<string, unknown>).admin, undefined);
  for (const { command } of devices.given)
    assert.deepEqual(saidBy(command), { to: '15551234567@s.whatsapp.net', text: 'hi' });
  const name = await post('/device/login', { device_id: '__proto__' });
  assert.equal(name.code, 'INVALID_DEVICE_ID');
});

test('a missing or wrong query is named', async () => {
  const { get, post, devices } = createApi();
  devices.add('sales', { linked: false, phase: 'unlinked' });
  const missing = await get('/app/login-with-code');
  assert.deepEqual([missing.status, missing.message], [400, 'phone: is required.']);
  const blank = await post('/devices/sales/login/code?phone=');
  assert.deepEqual([blank.status, blank.message], [400, 'phone: cannot be blank.']);
  const words = await get('/newsletter/subscribers?newsletter_id=1&count=many');
  assert.equal(words.message, 'count: expected a number, got something else.');
  const wrong = await post('/devices/sales/login/code?phone=1%20555');
  assert.deepEqual([wrong.status, wrong.code], [400, 'INVALID_JID']);
});

test('S58: an unknown address is 404 and a known one with another method is 405 with the methods it has', async () => {
  const { ask } = createApi();
  const unknown = [
    ['GET', '/nope'],
    ['POST', '/device'],
    ['GET', '/devices//'],
    ['GET', '/devices/sales/nope'],
    ['GET', '/assets/../package.json'],
    ['GET', '/assets/%2e%2e%2fpackage.json'],
    ['GET', '/statics/x'],
  ] as const;
  for (const [method, path] of unknown) {
    const answer = await ask(method, path);
    assert.deepEqual([answer.status, answer.code], [404, 'NOT_FOUND'], path);
  }
  const other = [
    ['PUT', '/devices', 'GET, HEAD, POST'],
    ['GET', '/device/login', 'POST'],
    ['POST', '/app/logout', 'GET, HEAD'],
    ['OPTIONS', '/send/message', 'POST'],
    ['GET', '/devices/sales/logout', 'POST'],
  ] as const;
  for (const [method, path, allow] of other) {
    const answer = await ask(method, path);
    assert.deepEqual(
      [answer.status, answer.code, answer.headers.get('allow')],
      [405, 'METHOD_NOT_ALLOWED', allow],
      path,
    );
  }
  const override = await ask('GET', '/devices/sales', undefined, { 'x-http-method-override': 'DELETE' });
  assert.equal(override.code, 'DEVICE_NOT_FOUND');
});

test('a fault of ours says nothing about itself to the caller and everything to the log, under the same id', async () => {
  const { post, devices, logged } = createApi();
  devices.add('sales');
  devices.failure = new Error('secret detail at /some/path');
  const body = { phone: '15551234567', message: 'quiet please' };
  const answer = await post('/send/message', body, { 'x-request-id': 'order-66' });
  assert.deepEqual([answer.status, answer.code, answer.results], [500, 'INTERNAL_SERVER_ERROR', undefined]);
  assert.doesNotMatch(JSON.stringify(answer), /secret|path/);
  const line = logged.find(({ level }) => level === 50);
  assert.equal(line?.request, 'order-66');
  assert.match(JSON.stringify(line), /secret detail/);
});

test('neither the log nor the metrics hold a number, a text, an account or a path that a caller wrote', async () => {
  const { post, get, devices, logged, app } = createApi();
  devices.add('sales', { jid: '15559999999:3@s.whatsapp.net' });
  devices.failure = new Failure('STORE_UNAVAILABLE');
  await post('/send/message', { phone: '15551234567', message: 'quiet please' });
  await get('/devices/15559999999@s.whatsapp.net/status');
  await get('/app/login-with-code?phone=15551234567');
  await get('/nope/15551234567');
  const written = JSON.stringify(logged) + (await (await app.request('/metrics')).text());
  assert.doesNotMatch(written, /15551234567|15559999999|quiet please/);
  assert.ok(logged.length >= 4);
});

test('a request id is taken over when it is harmless, made otherwise, and echoed either way', async () => {
  const { get } = createApi();
  const kept = await get('/nope', { 'x-request-id': 'abc-1.2_3' });
  assert.equal(kept.headers.get('x-request-id'), 'abc-1.2_3');
  for (const sent of ['a b', 'a'.repeat(65), '<script>', '"', '']) {
    const made = (await get('/nope', { 'x-request-id': sent })).headers.get('x-request-id');
    assert.match(String(made), /^[0-9a-f-]{36}$/);
  }
});
