import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { initAuthCreds, makeWASocket } from '@whiskeysockets/baileys';
import { type WebSocket, WebSocketServer } from 'ws';
import { guardByLease } from '../../src/device/line/lease-guard.ts';
import { until } from '../support/until.ts';
import { memoryKeys, quiet } from './signal.ts';

/** A Baileys socket under the guard, and the other end of its line. `lease.held` says whether the lease holds. */
async function guarded(t: TestContext, lease: { held: boolean }) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const arrived: Buffer[] = [];
  const connected = new Promise<WebSocket>(resolve => {
    server.on('connection', line => {
      line.on('message', (data: Buffer) => arrived.push(data));
      resolve(line);
    });
  });
  const socket = makeWASocket({
    auth: { creds: initAuthCreds(), keys: memoryKeys() },
    logger: quiet,
    waWebSocketUrl: `ws://127.0.0.1:${port}/`,
  });
  const heard: unknown[] = [];
  guardByLease(socket, () => lease.held);
  socket.ws.on('message', (data: unknown) => heard.push(data));
  t.after(() => void socket.end(undefined));
  const line = await connected;
  return { socket, line, arrived, heard, closed: once(line, 'close') };
}

test('a frame that comes after the lease is gone is not read: the line is cut instead', async t => {
  const lease = { held: true };
  const { line, arrived, heard, closed } = await guarded(t, lease);
  await until(() => arrived.length > 0); // Baileys' hello
  lease.held = false;
  line.send(Buffer.from('too late'));
  await closed;
  assert.deepEqual(heard, []);
});

test('a frame that would leave after the lease is gone does not: who sends it is told, and the line is cut', async t => {
  const lease = { held: true };
  const { socket, arrived, closed } = await guarded(t, lease);
  await until(() => arrived.length > 0);
  const before = arrived.length;
  lease.held = false;
  await assert.rejects(socket.sendRawMessage(Buffer.from('too late')), /lease/);
  await closed;
  assert.equal(arrived.length, before);
});

test('while the lease holds everything passes', async t => {
  const { socket, line, arrived, heard } = await guarded(t, { held: true });
  await until(() => arrived.length > 0);
  const before = arrived.length;
  await socket.sendRawMessage(Buffer.from('in time'));
  await until(() => arrived.length > before);
  line.send(Buffer.from([0, 0, 1, 0]));
  await until(() => heard.length === 1);
});
