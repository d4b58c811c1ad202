// Requests that ask for another protocol: what is refused keeps nothing, and what is not understood is served all the same.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import type { ApiDeps } from '../../src/api/app.ts';
import { Live } from '../../src/api/live.ts';
import { ApiServer } from '../../src/api/server.ts';
import { createApi } from '../support/api.ts';
import { admin, bearer, keysApi } from '../support/keys-api.ts';
import { until } from '../support/until.ts';

type Api = Pick<ReturnType<typeof createApi>, 'app' | 'log'>;

async function listening(t: TestContext, { app, log }: Api, live: Live) {
  const limits = { headersTimeout: 600_000 };
  const server = new ApiServer({ app, log, live, limits, host: '127.0.0.1', port: 0, closeWithin: 600_000 });
  await server.start();
  t.after(() => server.stop());
  return { server, port: Number(new URL(server.url).port) };
}

async function start(t: TestContext, deps: Partial<ApiDeps> = {}) {
  const live: Live = new Live(() => api.devices);
  const api = createApi({ live, ...deps });
  return { ...api, ...(await listening(t, api, live)) };
}

/** A caller that never hangs up by itself. */
async function dial(t: TestContext, port: number) {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'connect');
  const state = { socket, received: '', closed: false };
  socket.on('data', chunk => {
    state.received += chunk.toString();
  });
  return state;
}

const head = (...lines: string[]) => `${lines.join('\r\n')}\r\n\r\n`;
const SOCKET = [
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
];

test('a refused WebSocket is let go of, also when its caller is not: a stop waits for none', {
  timeout: 300_000,
}, async t => {
  const { server, port } = await start(t, { credentials: { basic: [], keys: ['secret-key'] } });
  const callers = [];
  for (let n = 0; n < 5; n++) {
    const caller = await dial(t, port);
    caller.socket.write(head('GET /ws HTTP/1.1', 'Host: localhost', ...SOCKET));
    callers.push(caller);
  }
  for (const caller of callers) await until(() => caller.received.includes('UNAUTHORIZED'));
  // Nor for who has begun to ask and goes no further.
  (await dial(t, port)).socket.write('GET /devices HTTP/1.1\r\nHost: loc');
  // Their ends stay open: a server that waits for them to hang up waits for its deadline, which is long.
  await server.stop();
});

test('who offers HTTP/2 with a request is served by HTTP/1.1, body and all', async t => {
  const { port, devices } = await start(t);
  devices.add('sales');
  const caller = await dial(t, port);
  const body = JSON.stringify({ phone: '15551234567', message: 'olá ñandú' });
  const length = Buffer.byteLength(body);
  // As Java's HttpClient has it, the body in a packet of its own.
  caller.socket.write(
    head(
      'POST /send/message HTTP/1.1',
      'Connection: Upgrade, HTTP2-Settings',
      `Content-Length: ${length}`,
      'Host: localhost',
      'HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA',
      'Upgrade: h2c',
      'Content-Type: application/json',
    ),
  );
  caller.socket.write(body);
  await until(() => caller.received.includes('"code":"SUCCESS"'));
  assert.deepEqual(
    devices.given.map(({ command }) => (command.input as { text: string }).text),
    ['olá ñandú'],
  );
  // And the connection goes on.
  caller.received = '';
  caller.socket.write(head('GET /devices HTTP/1.1', 'Host: localhost'));
  await until(() => caller.received.includes('List devices'));
  // Everything in one packet, and chunked.
  caller.received = '';
  caller.socket.write(
    `${head('POST /send/message HTTP/1.1', 'Host: localhost', 'Connection: close, upgrade', 'Upgrade: h2c', 'Transfer-Encoding: chunked', 'Content-Type: application/json')}${length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
  );
  await until(() => caller.received.includes('"code":"SUCCESS"'));
  assert.match(caller.received, /connection: close/i);
  assert.equal(devices.given.length, 2);
});

test('only a GET becomes a WebSocket: what asks for one with a body is the request that it is', async t => {
  const { port, devices } = await start(t);
  devices.add('sales');
  const caller = await dial(t, port);
  const body = JSON.stringify({ phone: '15551234567', message: 'hi' });
  caller.socket.write(
    head(
      'POST /send/message HTTP/1.1',
      'Host: localhost',
      ...SOCKET,
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
    ) + body,
  );
  await until(() => caller.received.includes('"code":"SUCCESS"'));
  assert.equal(devices.given.length, 1);
});

test('S5: a listener hears nothing more once its key has ended, and is shown out', async t => {
  const live: Live = new Live(() => api.devices);
  const api = await keysApi(t, { live });
  const { port } = await listening(t, api, live);
  await api.device('sales');
  await api.device('support');
  const listen = async (key: string) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, { headers: bearer(key) });
    t.after(() => socket.terminate());
    const heard: { code: string; result: { device_id: string } }[] = [];
    socket.on('message', data => heard.push(JSON.parse(String(data))));
    await once(socket, 'open');
    return { socket, heard };
  };
  const told = async (id: string) => {
    assert.equal(
      (await api.ask('PATCH', `/devices/${id}/webhook`, { webhook_url: 'https://example.com/' }, admin))
        .status,
      200,
    );
  };
  const reading = await api.made({ scopes: ['read'] });
  const narrowed = await api.made({ scopes: ['read'] });
  const listeners = [
    await listen(reading.key),
    await listen(narrowed.key),
    await listen('the-key-of-the-settings'),
  ] as const;
  await told('sales');
  for (const { heard } of listeners) await until(() => heard.length === 1);
  const out = once(listeners[0].socket, 'close');
  assert.equal((await api.ask('DELETE', `/keys/${reading.id}`, undefined, admin)).status, 200);
  assert.equal((await api.ask('PATCH', `/keys/${narrowed.id}`, { devices: ['support'] }, admin)).status, 200);
  await told('sales');
  await told('support');
  await until(() => listeners[1].heard.length === 2);
  await until(() => listeners[2].heard.length === 3);
  assert.deepEqual(
    listeners.map(({ heard }) => heard.map(({ result }) => result.device_id)),
    [['sales'], ['sales', 'support'], ['sales', 'sales', 'support']],
  );
  assert.equal((await out)[0], 1008);
});
