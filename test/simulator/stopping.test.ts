// What a simulator leaves behind when it stops: nothing, whoever was connected to it and whatever they were at.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import test, { type TestContext } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { startSimulator } from '../../src/simulator/index.ts';
import { until } from '../support/until.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const UPGRADE = 'HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
const KEY = 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n';

/** A client that says this and then nothing, and that never closes its side. */
async function silent(t: TestContext, url: string, said: string): Promise<() => void> {
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', allowHalfOpen: true });
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(said);
  return () => void socket.destroy();
}

/** Timers and sockets that would keep a process alive; those of the test runner were there before. */
function alive(): number {
  return process
    .getActiveResourcesInfo()
    .filter(name => name === 'Timeout' || name === 'Immediate' || name.startsWith('TCP')).length;
}

test('a simulator stops whatever its clients are at, and nothing of it stays', {
  timeout: 500_000,
}, async t => {
  const before = alive();
  const server = await startSimulator();
  const { controlUrl, mediaUrl, stop } = server;
  const ask = (method: string, path: string, body: object) =>
    fetch(`${controlUrl}/admin${path}`, {
      method,
      body: JSON.stringify(body),
      headers: { connection: 'close' },
    }).then(response => response.text());
  await ask('POST', '/phones', { phone: '15550001' });
  await ask('POST', '/linked-devices', { count: 2 });
  await ask('POST', '/load', { messagesPerSecond: 20 });

  const code = JSON.stringify({ code: 'ABCD1234' });
  const said = [
    `GET /elsewhere ${UPGRADE}\r\n`,
    `GET /ws/chat ${UPGRADE}${KEY}`,
    'GET /admin/pho',
    'POST /admin/phones HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{',
    'GET /admin/events HTTP/1.1\r\nHost: x\r\n\r\n',
    'GET /admin/phones/15550001/messages?waitMs=60000 HTTP/1.1\r\nHost: x\r\n\r\n',
    `POST /admin/phones/15550001/enter-code HTTP/1.1\r\nHost: x\r\nContent-Length: ${code.length}\r\n\r\n${code}`,
  ];
  const ends: (() => void)[] = [];
  for (const text of said) ends.push(await silent(t, controlUrl, text));
  // One that has not begun its TLS handshake, and one that does not finish it.
  for (const text of ['', '\x16\x03\x01']) ends.push(await silent(t, mediaUrl, text));
  for (const fault of ['upgrade.refuse', 'upgrade.silent']) {
    await ask('PUT', `/faults/${fault}`, {});
    ends.push(await silent(t, controlUrl, `GET /ws/chat ${UPGRADE}${KEY}`));
    await ask('DELETE', `/faults/${fault}`, {});
  }
  await stop();
  for (const end of ends) end();
  await until(() => alive() <= before, { what: 'the end of every timer and socket' });
});

test('fifty simulators in one process, one after another, leave no memory behind', {
  timeout: 500_000,
}, async () => {
  const once = async () => {
    const { controlUrl, stop } = await startSimulator();
    const init = { method: 'POST', headers: { connection: 'close' } };
    const ask = (path: string, body: object) =>
      fetch(`${controlUrl}/admin${path}`, { ...init, body: JSON.stringify(body) }).then(one => one.text());
    await ask('/linked-devices', { count: 5, prefix: '1555' });
    await ask('/phones/15550001/send', { to: '15550002', text: 'x'.repeat(100_000) });
    await ask('/load', { messagesPerSecond: 100, total: 5 });
    await stop();
  };
  for (let index = 0; index < 5; index++) await once();
  const used = () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = used();
  for (let index = 0; index < 50; index++) await once();
  const grown = used() - before;
  assert.ok(grown < 10 * 1024 * 1024, `${Math.round(grown / 1024)} KiB for fifty simulators`);
});
