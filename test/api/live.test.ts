// gowa's /ws over a real server: who may listen, and what is said.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import type { ApiDeps } from '../../src/api/app.ts';
import { Live } from '../../src/api/live.ts';
import { ApiServer } from '../../src/api/server.ts';
import type { DeviceStatus } from '../../src/shard/protocol.ts';
import { createApi } from '../support/api.ts';
import { until } from '../support/until.ts';

interface Said {
  readonly code: string;
  readonly message: string;
  readonly result: unknown;
}

async function start(t: TestContext, deps: Partial<ApiDeps> = {}) {
  const live: Live = new Live(() => api.devices);
  const api = createApi({ live, ...deps });
  const { app, log, devices } = api;
  const server = new ApiServer({ app, log, live, host: '127.0.0.1', port: 0, closeWithin: 5_000 });
  await server.start();
  t.after(() => server.stop());
  const address = server.url.replace('http', 'ws');

  async function listen(path = '/ws', headers: Record<string, string> = {}) {
    const socket = new WebSocket(`${address}${path}`, { headers });
    t.after(() => socket.terminate());
    const heard: Said[] = [];
    socket.on('message', data => heard.push(JSON.parse(String(data)) as Said));
    await once(socket, 'open');
    return { socket, heard };
  }
  /** The status and code of a refusal. */
  async function refusal(path: string, headers: Record<string, string> = {}) {
    const socket = new WebSocket(`${address}${path}`, { headers });
    socket.on('error', () => {});
    const [, response] = await once(socket, 'unexpected-response');
    let body = '';
    for await (const part of response) body += part;
    socket.terminate();
    return [response.statusCode, (JSON.parse(body) as { code: string }).code];
  }
  const move = (id: string, status: Partial<DeviceStatus>) => {
    devices.move(id, status);
    const device = devices.find(id);
    if (device) live.changed(device);
  };
  return { ...api, server, live, listen, refusal, move };
}

test('listeners hear of logins, logouts and webhooks in the words of gowa', async t => {
  const { listen, devices, move, ask } = await start(t);
  devices.add('sales', { phase: 'unlinked', linked: false });
  move('sales', { phase: 'pairing' });
  const listeners = [await listen(), await listen()];
  const jid = '15551234567:3@s.whatsapp.net';
  move('sales', { phase: 'connecting', linked: true, jid });
  move('sales', { phase: 'open', linked: true, jid });
  await ask('PATCH', '/devices/sales/webhook', { webhook_url: 'https://example.com/hook' });
  move('sales', { phase: 'unlinked', linked: false });
  for (const { heard } of listeners) {
    await until(() => heard.length === 3);
    assert.deepEqual(heard.slice(0, 2), [
      { code: 'LOGIN_SUCCESS', message: `Successfully pair with ${jid}`, result: null },
      {
        code: 'DEVICE_WEBHOOK_CONFIG_UPDATED',
        message: 'Device sales webhook config updated',
        result: { device_id: 'sales' },
      },
    ]);
    const { code, message, result } = heard[2] ?? assert.fail();
    assert.deepEqual([code, message], ['DEVICE_LOGGED_OUT', 'Device sales logged out (slot kept)']);
    const { device_id, devices: listed } = result as { device_id: string; devices: { id: string }[] };
    assert.deepEqual([device_id, listed.map(({ id }) => id)], ['sales', ['sales']]);
  }
});

test('FETCH_DEVICES is answered with the devices as /app/devices has them, and nothing else is answered', async t => {
  const { listen, devices } = await start(t);
  devices.add('sales', { jid: '15551234567:3@s.whatsapp.net', name: 'Ana' });
  const asking = await listen();
  const other = await listen();
  for (const odd of ['', '{', 'null', '[]', '"FETCH_DEVICES"', '{"code":1}', '{"code":"LOGIN_SUCCESS"}'])
    asking.socket.send(odd);
  asking.socket.send(Buffer.from('{"code":"FETCH_DEVICES"}'), { binary: true });
  asking.socket.send('{"code":"FETCH_DEVICES","message":"List device"}');
  await until(() => asking.heard.length > 0);
  assert.deepEqual(asking.heard, [
    {
      code: 'LIST_DEVICES',
      message: 'Device found',
      result: [{ name: 'Ana', device: 'sales', jid: '15551234567@s.whatsapp.net' }],
    },
  ]);
  assert.deepEqual(other.heard, []);
});

test('only a credential opens it: in the header, or in the query as browsers must send it', async t => {
  const { listen, refusal } = await start(t, {
    credentials: { basic: [{ user: 'ann', password: 'pass?>' }], keys: ['secret-key'] },
  });
  const basic = Buffer.from('ann:pass?>').toString('base64');
  assert.deepEqual(await refusal('/ws'), [401, 'UNAUTHORIZED']);
  assert.deepEqual(await refusal('/ws?authorization=YW5uOndyb25n'), [401, 'UNAUTHORIZED']);
  await listen('/ws', { authorization: `Basic ${basic}` });
  await listen('/ws', { authorization: 'Bearer secret-key' });
  await listen(`/ws?device_id=sales&authorization=${basic}`);
});

test('a page of another origin does not get in, one of a listed origin does', async t => {
  const { listen, refusal, server } = await start(t, { corsOrigins: ['https://ops.example.com'] });
  for (const origin of ['https://evil.example', 'null'])
    assert.deepEqual(await refusal('/ws', { origin }), [403, 'FORBIDDEN_ORIGIN'], origin);
  await listen('/ws', { origin: 'https://ops.example.com' });
  await listen('/ws', { origin: server.url });
});

test('other addresses do not become WebSockets, and /ws is nothing else', async t => {
  const { refusal, get, ask } = await start(t);
  assert.deepEqual(await refusal('/nowhere'), [404, 'NOT_FOUND']);
  assert.equal((await refusal('/devices'))[0], 200);
  const plain = await get('/ws');
  assert.deepEqual([plain.status, plain.code], [426, 'UPGRADE_REQUIRED']);
  assert.equal((await ask('POST', '/ws')).status, 405);
});

test('it is below the base path', async t => {
  const { listen, refusal } = await start(t, { basePath: '/whatsapp' });
  await listen('/whatsapp/ws');
  assert.deepEqual(await refusal('/ws'), [404, 'NOT_FOUND']);
});

test('a message that is too long ends the connection, and a stop ends all with 1001', async t => {
  const { listen, server } = await start(t);
  const loud = await listen();
  const quiet = await listen();
  loud.socket.send('x'.repeat(70_000));
  assert.equal((await once(loud.socket, 'close'))[0], 1009);
  const closed = once(quiet.socket, 'close');
  await server.stop();
  assert.equal((await closed)[0], 1001);
});

test('who says too much is shown out, and others are not', async t => {
  const { listen, devices } = await start(t);
  devices.add('sales');
  const loud = await listen();
  const quiet = await listen();
  const closed = once(loud.socket, 'close');
  for (let n = 0; n < 200; n++) loud.socket.send('{"code":"FETCH_DEVICES"}');
  assert.equal((await closed)[0], 1008);
  assert.ok(loud.heard.length <= 121, `${loud.heard.length} answers`);
  quiet.socket.send('{"code":"FETCH_DEVICES"}');
  await until(() => quiet.heard.length === 1);
});
