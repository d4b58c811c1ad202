import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';
import { WebSocket } from 'ws';
import { type Simulator, startSimulator } from '../../src/simulator/index.ts';
import type { PhoneMessage } from '../../src/simulator/phone/messages.ts';
import { until } from '../support/until.ts';
import { client, driver, linkedClients, simulator, tameClients } from './client.ts';

tameClients();

const INTRO = Buffer.from([0x57, 0x41, 6, 3]);

/** Sends bytes and resolves when the server ended the connection. */
function raw(t: TestContext, url: string, chunks: Buffer[]): Promise<void> {
  const socket = new WebSocket(url);
  t.after(() => socket.terminate());
  return new Promise(resolve => {
    socket.on('open', () => {
      for (const chunk of chunks) socket.send(chunk);
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve());
  });
}

test('garbage ends only the connection that sent it', { timeout: 300_000 }, async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const length = (count: number) => Buffer.from([count >> 16, (count >> 8) & 255, count & 255]);
  const cases: Buffer[][] = [
    [Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    [INTRO, length(4), Buffer.from('junk')],
    [INTRO, length(0)],
    [INTRO, Buffer.from([0xff, 0xff, 0xff])],
    [Buffer.from([0x45, 0x44, 0, 1, 0xff, 0xff, 0xff])],
  ];
  for (const chunks of cases) await raw(t, server.socketUrl, chunks);
  // A well-formed hello is answered; what follows is not a finish.
  const hello = Buffer.concat([Buffer.from([0x12, 34, 0x0a, 32]), Buffer.alloc(32, 9)]);
  await raw(t, server.socketUrl, [INTRO, length(36), hello, length(8), Buffer.alloc(8, 1)]);
  const { protocolErrors } = await server.get<{ protocolErrors: number }>('/admin/ledger');
  assert.equal(protocolErrors, 6);
  // A device that was fine sends a frame that does not authenticate: it goes, the other stays.
  (alice.sock.ws as unknown as { socket: WebSocket }).socket.send(
    Buffer.concat([length(20), Buffer.alloc(20, 7)]),
  );
  await until(() => alice.closes.length === 1, { what: 'the end of that connection' });
  assert.equal(alice.closes[0], 500);
  assert.deepEqual(bob.closes, []);
  alice.connect();
  const sent = await bob.sock.sendMessage(`${alice.phone}@s.whatsapp.net`, { text: 'still here' });
  await until(() => alice.text(sent?.key.id ?? '') === 'still here');
});

test('an upgrade is refused with the status that was asked for, and the control plane answers pages', async t => {
  const server = await simulator(t);
  await server.put('/admin/faults/upgrade.refuse', { params: { status: 429 } });
  const status = await new Promise(resolve => {
    const socket = new WebSocket(server.socketUrl);
    t.after(() => socket.terminate());
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode));
    socket.on('error', () => {});
  });
  assert.equal(status, 429);
  const page = await fetch(server.controlUrl, { headers: { origin: 'http://127.0.0.1:3000' } });
  assert.equal(page.headers.get('access-control-allow-origin'), '*');
  assert.match(await page.text(), /<html/);
  await assert.rejects(server.get('/nowhere'), /404.*no route/);
});

test('two simulators in one process know nothing of each other', async t => {
  const one = await simulator(t);
  const other = await simulator(t);
  assert.notEqual(one.rootKey, other.rootKey);
  await one.post('/admin/phones', { phone: '15550011' });
  assert.deepEqual(await other.get('/admin/phones'), []);
  const [linked] = await one.post<never[]>('/admin/linked-devices', { count: 1 });
  const stranger = client(t, other.socketUrl, linked);
  stranger.connect();
  await until(() => stranger.closes.includes(401), { what: 'a refused login' });
});

test('linked devices, their sessions and their queues survive a restart of the simulator', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'simulator-'));
  t.after(() => rm(folder, { recursive: true }));
  const stateFile = join(folder, 'state.json');
  const running: Simulator[] = [];
  const start = async () => {
    const started = await startSimulator({ stateFile });
    running.push(started);
    return { ...started, ...driver(started) };
  };
  t.after(() => Promise.all(running.map(one => one.stop())));

  const first = await start();
  const [linked] = await first.post<{ phone: string; credentials: string; preKeys: never[] }[]>(
    '/admin/linked-devices',
    { count: 1 },
  );
  assert.ok(linked);
  await first.post('/admin/phones', { phone: '15550055' });
  await first.put('/admin/phones/15550055/script', { reply: 'ok' });
  const alice = client(t, first.socketUrl, linked);
  alice.connect();
  await until(() => alice.opens === 1);
  const to = '15550055@s.whatsapp.net';
  await alice.sock.sendMessage(to, { text: 'one' });
  await until(() => alice.received.some(one => one.message.message?.conversation === 'ok'));
  alice.sock.end(undefined);
  const queued = await first.post<{ id: string }>('/admin/phones/15550055/send', {
    to: linked.phone,
    text: 'queued',
  });
  await first.stop();

  const second = await start();
  assert.equal(second.rootKey, first.rootKey);
  alice.connect(second.socketUrl);
  await until(() => alice.text(queued.id) === 'queued', { what: 'what waited in the queue' });
  await alice.sock.sendMessage(to, { text: 'two' });
  await until(async () => {
    const messages = await second.get<PhoneMessage[]>('/admin/phones/15550055/messages');
    return messages.some(one => one.text === 'two');
  });
  const { undecryptable } = await second.get<{ undecryptable: number }>('/admin/ledger');
  assert.equal(undecryptable, 0);
  await second.stop();
  assert.ok((await readFile(stateFile, 'utf8')).startsWith('{'));
  await writeFile(stateFile, 'not json');
  await assert.rejects(start(), /is not a simulator's state/);
});

test('the worker thread says where it listens and stops when it is told to', async t => {
  const worker = new Worker(new URL('../../workers/simulator.js', import.meta.url), {
    workerData: { latencyMs: 1 },
  });
  t.after(() => worker.terminate());
  const told = await new Promise<Omit<Simulator, 'stop'>>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  assert.match(told.socketUrl, /^ws:\/\/127\.0\.0\.1:\d+\/ws\/chat$/);
  assert.match(told.rootKey, /^[0-9a-f]{64}$/);
  assert.equal((await fetch(`${told.controlUrl}/admin/devices`)).status, 200);
  const exited = new Promise(resolve => worker.once('exit', resolve));
  worker.postMessage('stop');
  assert.equal(await exited, 0);
});
