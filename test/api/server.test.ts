import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { AppDeps } from '../../src/api/app.ts';
import { ApiServer, type ApiServerSettings } from '../../src/api/server.ts';
import { deferred } from '../../src/lib/deferred.ts';
import { createApi, type Envelope, nobodyListens } from '../support/api.ts';
import { until } from '../support/until.ts';

const MB = 1_048_576;

async function startServer(
  t: TestContext,
  settings: Partial<ApiServerSettings> = {},
  deps: Partial<AppDeps> = {},
) {
  const api = createApi(deps);
  const { app, log } = api;
  const server = new ApiServer({
    live: nobodyListens(),
    app,
    log,
    host: '127.0.0.1',
    port: 0,
    closeWithin: 5000,
    ...settings,
  });
  await server.start();
  t.after(() => server.stop());
  const port = Number(new URL(server.url).port);
  return { ...api, server, port, url: server.url };
}

/** A connection on which a test writes its own bytes; `received` is all that has come back. */
async function dial(t: TestContext, port: number) {
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  const state = { socket, received: '', closed: false };
  // A server that closes while it is written to may reset the connection; what came before that counts.
  socket.on('error', () => {});
  socket.on('data', chunk => {
    state.received += chunk.toString();
  });
  socket.on('close', () => {
    state.closed = true;
  });
  return state;
}

const lines = (...texts: string[]) => `${texts.join('\r\n')}\r\n\r\n`;
const sendHead = (...headers: string[]) =>
  lines('POST /send/message HTTP/1.1', 'Host: localhost', 'Content-Type: application/json', ...headers);

async function post(
  url: string,
  body: string | AsyncIterable<Uint8Array>,
): Promise<Envelope & { status: number }> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}/send/message`, {
    method: 'POST',
    body,
    headers,
    duplex: 'half',
  } as unknown as RequestInit);
  return { status: response.status, ...((await response.json()) as Envelope) };
}

/** A text message of exactly this many bytes; what is not text is an ignored field. */
function bodyOf(size: number): string {
  const head = '{"phone":"15551234567","message":"hi","padding":"';
  return `${head}${'x'.repeat(size - head.length - 2)}"}`;
}

async function* chunksOf(body: string): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < body.length; at += 65_536) yield Buffer.from(body.slice(at, at + 65_536));
}

test('S8: a body of a megabyte is read and one byte more is 413, with a length or chunked without one', async t => {
  const { url, devices } = await startServer(t);
  devices.add('sales');
  assert.equal((await post(url, bodyOf(MB))).status, 200);
  assert.equal((await post(url, chunksOf(bodyOf(MB)))).status, 200);
  assert.equal(devices.given.length, 2);
  for (const size of [MB + 1, 4 * MB]) {
    const announced = await post(url, bodyOf(size));
    assert.deepEqual([announced.status, announced.code], [413, 'PAYLOAD_TOO_LARGE']);
    const chunked = await post(url, chunksOf(bodyOf(size)));
    assert.deepEqual([chunked.status, chunked.code], [413, 'PAYLOAD_TOO_LARGE']);
  }
  assert.equal(devices.given.length, 2);
});

test('S8: a body without an end is answered 413 and its connection closed, and the server does not grow', async t => {
  const { port, devices } = await startServer(t);
  devices.add('sales');
  const caller = await dial(t, port);
  const before = process.memoryUsage.rss();
  caller.socket.write(sendHead('Transfer-Encoding: chunked'));
  const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
  const pour = (socket: Socket) => {
    while (!caller.closed && socket.write(chunk));
  };
  caller.socket.on('drain', () => pour(caller.socket));
  pour(caller.socket);
  await until(() => caller.closed);
  assert.match(caller.received, /^HTTP\/1\.1 413 /);
  assert.match(caller.received, /PAYLOAD_TOO_LARGE/);
  assert.ok(process.memoryUsage.rss() - before < 200 * MB, 'memory grew with the body');
});

test('a caller that announces a large body is refused before it sends it', async t => {
  const { port, devices } = await startServer(t);
  devices.add('sales');
  const caller = await dial(t, port);
  caller.socket.write(sendHead(`Content-Length: ${11 * MB}`));
  await until(() => caller.received.includes('PAYLOAD_TOO_LARGE'));
});

test('S9: a caller that sends its headers or its body too slowly is cut off', async t => {
  const limits = { headersTimeout: 100, requestTimeout: 200, connectionsCheckingInterval: 20 };
  const { port, devices, logged } = await startServer(t, { limits });
  devices.add('sales');
  const slowHead = await dial(t, port);
  slowHead.socket.write('GET /health HTTP/1.1\r\nHost: local');
  const slowBody = await dial(t, port);
  slowBody.socket.write(`${sendHead('Content-Length: 100')}{"phone"`);
  // Who goes on byte by byte is as slow as who stops.
  const trickles = [await dial(t, port), await dial(t, port)] as const;
  trickles[0].socket.write('GET /health HTTP/1.1\r\nHost: local');
  trickles[1].socket.write(sendHead('Content-Length: 1000000'));
  const drip = setInterval(() => {
    for (const { socket } of trickles) if (socket.writable) socket.write('x');
  }, 5);
  t.after(() => clearInterval(drip));
  await until(() => slowHead.closed && slowBody.closed && trickles.every(({ closed }) => closed));
  assert.match(slowHead.received, /^HTTP\/1\.1 408 /);
  assert.deepEqual(devices.given, []);
  assert.deepEqual(
    logged.filter(({ level }) => level === 50),
    [],
  );
});

test('a body of texts has a minute, a form with files a quarter of an hour', async t => {
  const { port, devices } = await startServer(t, { limits: { bodyTimeout: 100 } });
  devices.add('sales');
  const slow = await dial(t, port);
  slow.socket.write(`${sendHead('Content-Length: 100')}{"phone"`);
  const form = await dial(t, port);
  const body = '--x\r\nContent-Disposition: form-data; name="phone"\r\n\r\nx\r\n--x--';
  const about = ['Content-Type: multipart/form-data; boundary=x', `Content-Length: ${body.length}`];
  form.socket.write(lines('POST /send/image HTTP/1.1', 'Host: localhost', ...about));
  await until(() => slow.closed);
  assert.equal(slow.received, '');
  form.socket.write(body);
  await until(() => form.received.includes('INVALID_JID'));
});

test('a caller that leaves in the middle of its body is nobody’s fault', async t => {
  const { port, devices, logged } = await startServer(t);
  devices.add('sales');
  const caller = await dial(t, port);
  caller.socket.write(`${sendHead('Content-Length: 100')}{"phone"`);
  caller.socket.end();
  await until(() => caller.closed && logged.some(({ msg }) => msg === 'request served'));
  assert.deepEqual(
    logged.filter(({ level }) => Number(level) >= 40),
    [],
  );
});

test('S10: requests that are smuggled or malformed are refused, and the connection closed', async t => {
  const { port, devices } = await startServer(t);
  devices.add('sales');
  const malformed = [
    sendHead('Content-Length: 5', 'Transfer-Encoding: chunked'),
    sendHead('Content-Length: 5', 'Content-Length: 6'),
    sendHead('Transfer-Encoding: chunked, identity'),
    lines('GET /health HTTP/1.1', 'Host: a', ' folded: b'),
    'GET /health HTTP/1.1\nHost: a\n\n',
    lines('GET /health HTTP/1.1', 'Host: a', 'X-Device-Id: a\rX-Other: b'),
    lines('GET /health HTTP/1.1', 'Host: a', 'X-Device-Id : a'),
    lines('GET /health HTTP/1.1', 'Host: a', 'Transfer-Encoding: xchunked'),
    `${sendHead('Transfer-Encoding: chunked')}5\n{"a":\n0\n\n`,
    lines('GET /health HTTP/1.1'),
    lines('GET /health HTTP/1.1', 'Host: a', 'X-Device-Id: a\0b'),
    lines('GET /health HTTP/1.1', 'Host: a', `X-Device-Id: ${'a'.repeat(20_000)}`),
    'nonsense\r\n\r\n',
  ];
  for (const text of malformed) {
    const caller = await dial(t, port);
    caller.socket.write(text);
    await until(() => caller.closed);
    assert.match(caller.received, /^HTTP\/1\.1 4(00|31) /, text.slice(0, 120));
  }
  assert.deepEqual(devices.given, []);
});

test('S15, S58: odd addresses are answered like any other: in the envelope, and nothing is looked up', async t => {
  const { port } = await startServer(t);
  const targets: [string, RegExp][] = [
    ['/devices/%00', /400 .*INVALID_DEVICE_ID/s],
    ['/devices/a%2Fb', /400 .*INVALID_DEVICE_ID/s],
    [`/devices/${'a'.repeat(5000)}`, /400 .*INVALID_DEVICE_ID/s],
    ['/devices/%ff', /400 .*INVALID_DEVICE_ID/s],
    ['/devices/%E0%A4%A', /400 .*INVALID_DEVICE_ID/s],
    ['/devices/../../etc/passwd', /404 .*NOT_FOUND/s],
    ['/devices/%2e%2e/etc/passwd', /404 .*NOT_FOUND/s],
    ['//evil.example/devices', /404 .*NOT_FOUND/s],
    ['/devices\\x', /400 .*BAD_REQUEST/s],
    ['*', /400 .*BAD_REQUEST/s],
  ];
  for (const [target, expected] of targets) {
    const caller = await dial(t, port);
    caller.socket.write(lines(`GET ${target} HTTP/1.1`, 'Host: localhost', 'Connection: close'));
    await until(() => caller.closed);
    assert.match(caller.received, expected, target);
  }
  const trace = await dial(t, port);
  trace.socket.write(lines('TRACE /devices HTTP/1.1', 'Host: localhost', 'Connection: close'));
  await until(() => trace.closed);
  assert.match(trace.received, /405 .*METHOD_NOT_ALLOWED/s);
  const tunnel = await dial(t, port);
  tunnel.socket.write(lines('CONNECT evil.example:443 HTTP/1.1', 'Host: evil.example'));
  await until(() => tunnel.closed);
  assert.doesNotMatch(tunnel.received, /^HTTP\/1\.1 2/);
  for (const name of ['a b', '256.1.1.1', '1.2.3.4.5', 'a:99999']) {
    const host = await dial(t, port);
    host.socket.write(lines('GET /device/list HTTP/1.1', `Host: ${name}`, 'Connection: close'));
    await until(() => host.closed);
    assert.match(host.received, /^HTTP\/1\.1 40[03] /, name);
  }
});

test('S1: a second Authorization header never helps', async t => {
  const { port } = await startServer(t, {}, { credentials: { basic: [], keys: ['key-one'] } });
  for (const keys of [
    ['key-one', 'wrong'],
    ['wrong', 'key-one'],
  ]) {
    const caller = await dial(t, port);
    const headers = keys.map(key => `Authorization: Bearer ${key}`);
    caller.socket.write(lines('GET /devices HTTP/1.1', 'Host: localhost', 'Connection: close', ...headers));
    await until(() => caller.closed);
    assert.match(caller.received, /^HTTP\/1\.1 401 /);
  }
});

test('it listens on a free port, and says in a sentence when a port is taken', async t => {
  const { port, app, log, url } = await startServer(t);
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
  const second = new ApiServer({ live: nobodyListens(), app, log, host: '127.0.0.1', port, closeWithin: 0 });
  await assert.rejects(second.start(), { message: `cannot listen on 127.0.0.1:${port}: it is in use` });
  await second.stop();
});

test('a stop lets the running request finish, closes idle connections at once and takes no new ones', async t => {
  const { server, url, port, devices } = await startServer(t);
  devices.add('sales');
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  const idle = await dial(t, port);
  idle.socket.write(lines('GET /health HTTP/1.1', 'Host: localhost'));
  await until(() => idle.received.endsWith('OK'));

  const held = deferred<void>();
  devices.hold = held.promise;
  const running = post(url, bodyOf(100));
  await until(() => devices.given.length === 1);
  const stopped = server.stop();
  let isStopped = false;
  void stopped.then(() => {
    isStopped = true;
  });
  await until(() => idle.closed);
  await assert.rejects(fetch(`${url}/health`));
  assert.equal(isStopped, false);
  held.resolve();
  assert.equal((await running).status, 200);
  await stopped;
  await server.stop();
});

test('a request that arrives on an open connection during a stop does nothing', async t => {
  const { server, port, devices } = await startServer(t);
  devices.add('sales');
  const held = deferred<void>();
  devices.hold = held.promise;
  const caller = await dial(t, port);
  const body = bodyOf(100);
  const message = `${sendHead(`Content-Length: ${body.length}`)}${body}`;
  caller.socket.write(message);
  await until(() => devices.given.length === 1);
  const stopped = server.stop();
  caller.socket.write(message);
  held.resolve();
  await stopped;
  await until(() => caller.closed);
  assert.equal(devices.given.length, 1);
  // The first answer is the last on this connection and says so.
  assert.match(caller.received, /^HTTP\/1\.1 200 .*\r\nConnection: close\r\n/s);
});

test('while the server stops, requests are turned away with 503 and when to come back', async () => {
  const { app, devices } = createApi();
  devices.add('sales');
  const response = await app.request('/devices', {}, { closing: AbortSignal.abort() });
  assert.deepEqual([response.status, response.headers.get('retry-after')], [503, '10']);
  assert.equal(((await response.json()) as Envelope).code, 'SHUTTING_DOWN');
});

test('a request that does not finish is cut off at the deadline, so that a stop always ends', async t => {
  const { server, url, devices } = await startServer(t, { closeWithin: 50 });
  devices.add('sales');
  devices.hold = new Promise(() => {});
  const running = assert.rejects(post(url, bodyOf(100)));
  await until(() => devices.given.length === 1);
  await server.stop();
  await running;
});

test('an open QR page does not hold a stop up', async t => {
  const { server, url, devices, get } = await startServer(t, { closeWithin: 60_000 });
  devices.add('sales', { phase: 'unlinked', linked: false });
  const { results } = await get('/devices/sales/pairing');
  const follower = fetch(`${url}/devices/sales/pairing?wait=25&seen=${results?.seen}`);
  await until(() => devices.waiting('sales') === 1);
  await server.stop();
  assert.equal((await follower).status, 200);
  // It was let go by the stop: nothing has changed and its time is not over.
  assert.equal(devices.waiting('sales'), 1);
});

test('a stop without a start does nothing', async () => {
  const { app, log } = createApi();
  const server = new ApiServer({
    live: nobodyListens(),
    app,
    log,
    host: '127.0.0.1',
    port: 0,
    closeWithin: 0,
  });
  await server.stop();
  assert.throws(() => server.url, /not listening/);
});

test('a hundred callers at once over kept connections are all answered', async t => {
  const { url, devices } = await startServer(t);
  devices.add('sales');
  const agent = new Agent({ keepAlive: true, maxSockets: 10 });
  t.after(() => agent.destroy());
  const ask = () =>
    new Promise<number | undefined>((resolve, reject) => {
      const options = { agent, method: 'POST', headers: { 'content-type': 'application/json' } };
      const answered = (response: IncomingMessage) => {
        response.resume().on('end', () => resolve(response.statusCode));
      };
      httpRequest(`${url}/send/message`, options, answered).on('error', reject).end(bodyOf(200));
    });
  const statuses = await Promise.all(Array.from({ length: 100 }, ask));
  assert.deepEqual(new Set(statuses), new Set([200]));
});
