// Whatever one client does costs it its connection, and nobody else anything.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import { proto } from '@whiskeysockets/baileys';
import { WebSocket } from 'ws';
import { frame } from '../../src/simulator/wire/frames.ts';
import { type BinaryNode, child, children, node, SERVER } from '../../src/simulator/wire/stanza.ts';
import { BareClient, type BareClientOptions } from '../support/bare-client.ts';
import { until } from '../support/until.ts';
import { type Server, simulator, tameClients } from './client.ts';

tameClients();

const ping = node('iq', { to: SERVER, type: 'get', xmlns: 'w:p' });

/** A linked device that is open. */
async function bare(
  t: TestContext,
  server: Server,
  options: Partial<BareClientOptions> = {},
): Promise<BareClient> {
  const [linked] = await server.control.linkedDevices(1);
  assert.ok(linked);
  const made = new BareClient({ socketUrl: server.socketUrl, linked, ...options });
  t.after(() => made.end());
  if (!options.payload) await made.open;
  return made;
}

/** The condition that a stream error names. */
const condition = (ending: BinaryNode | undefined) =>
  ending?.tag === 'stream:error' ? (ending.content as BinaryNode[] | undefined)?.[0]?.tag : ending?.tag;

const reasons = async (server: Server) => (await server.control.ledger()).protocolErrorReasons;

/** Still served, on the connection it had. */
async function unharmed(one: BareClient): Promise<void> {
  const answer = await one.query(ping);
  assert.equal(answer.attrs.type, 'result');
}

test('every kind of nonsense ends the connection that sent it, with the right error, and is counted by its kind', async t => {
  const server = await simulator(t);
  const bystander = await bare(t, server);
  const spoil = async (send: (one: BareClient) => void, wanted: string | undefined) => {
    const one = await bare(t, server);
    send(one);
    assert.equal(condition(await one.closed), wanted);
  };
  await spoil(one => one.sendBytes(frame(randomBytes(40))), 'xml-not-well-formed');
  await spoil(one => one.sendBytes(Buffer.from([0xff, 0xff, 0xff])), 'xml-not-well-formed');
  await spoil(one => one.sendPlain(randomBytes(40)), 'xml-not-well-formed');
  await spoil(one => one.send(node('message', { to: '15550001@s.whatsapp.net' })), 'xml-not-well-formed');
  await spoil(one => one.sendBytes(Buffer.alloc(9 * 1024 * 1024)), undefined);
  const payload = proto.ClientPayload.encode({ devicePairingData: { eRegid: Buffer.alloc(3) } }).finish();
  const registering = await bare(t, server, { payload });
  assert.equal((await registering.closed)?.tag, 'failure');
  const socket = new WebSocket(server.socketUrl);
  socket.on('open', () => socket.send('GET / HTTP/1.1\r\n\r\n'));
  await new Promise(resolve => socket.on('close', resolve));
  assert.deepEqual(await reasons(server), {
    authentication: 1,
    frame: 2,
    encoding: 1,
    stanza: 1,
    websocket: 1,
    login: 1,
  });
  await unharmed(bystander);
});

test('a socket that never introduces itself is closed, one that waits to be linked is not', async t => {
  const server = await simulator(t, { limits: { handshakeMs: 3_000 } });
  const silent = new WebSocket(server.socketUrl);
  t.after(() => silent.terminate());
  const closed = new Promise(resolve => silent.on('close', resolve));
  const logged = await bare(t, server);
  await closed;
  assert.deepEqual(await reasons(server), { 'handshake-timeout': 1 });
  await unharmed(logged);
});

test('a client that is silent for too long is told so and closed; one that pings stays', async t => {
  const server = await simulator(t, { limits: { idleMs: 3_000 } });
  const silent = await bare(t, server);
  const alive = await bare(t, server);
  const pinging = setInterval(
    () => alive.send({ ...ping, attrs: { ...ping.attrs, id: alive.nextId() } }),
    50,
  );
  t.after(() => clearInterval(pinging));
  assert.equal(condition(await silent.closed), 'connection-timeout');
  await unharmed(alive);
  assert.deepEqual(await reasons(server), { idle: 1 });
});

test('a flood of stanzas ends the connection that sends it', async t => {
  const server = await simulator(t, { limits: { framesPerSecond: 200 } });
  const bystander = await bare(t, server);
  const flooding = await bare(t, server);
  for (let sent = 0; sent < 1_000; sent++)
    flooding.send({ ...ping, attrs: { ...ping.attrs, id: flooding.nextId() } });
  assert.equal(condition(await flooding.closed), 'policy-violation');
  await unharmed(bystander);
  assert.deepEqual(await reasons(server), { flood: 1 });
});

test('with latency, what waits in the line is bounded as well', async t => {
  const server = await simulator(t, { latencyMs: 200, limits: { waitingChunks: 500 } });
  const flooding = await bare(t, server);
  for (let sent = 0; sent < 2_000; sent++) flooding.send(node('presence', { type: 'available' }));
  assert.equal(condition(await flooding.closed), 'policy-violation');
  assert.deepEqual(await reasons(server), { flood: 1 });
});

test('a client that does not read is cut off, and what it was to get is still there when it comes back', async t => {
  const server = await simulator(t, { limits: { backlogBytes: 1024 * 1024, backlogMs: 3_000 } });
  const bystander = await bare(t, server);
  const deaf = await bare(t, server);
  const { phone } = await server.control.createPhone();
  deaf.pause(true);
  const ids: string[] = [];
  const row = async () => (await server.control.devices()).find(one => one.jid === deaf.linked.jid);
  // The kernel's buffers come first, whatever their size.
  await until(
    async () => {
      ids.push((await server.control.send(phone, deaf.linked.phone, 'x'.repeat(60_000))).id);
      return !(await row())?.connected;
    },
    { within: 60_000, what: 'the end of the connection' },
  );
  const { lastClose, queued } = (await row()) ?? assert.fail();
  assert.equal(lastClose, 'backlog');
  assert.ok((queued ?? 0) >= ids.length);
  assert.deepEqual(await reasons(server), { backlog: 1 });
  deaf.end();
  const heard: string[] = [];
  const again = new BareClient({
    socketUrl: server.socketUrl,
    linked: deaf.linked,
    onStanza: stanza => {
      if (stanza.tag === 'message') heard.push(stanza.attrs.id ?? '');
    },
  });
  t.after(() => again.end());
  await until(() => heard.length >= ids.length, { what: 'everything again' });
  assert.deepEqual(heard.slice(-ids.length), ids);
  await unharmed(bystander);
});

const many = <T>(count: number, one: T) => Array.from({ length: count }, () => one);
const iq = (xmlns: string, content: BinaryNode) => node('iq', { to: SERVER, type: 'get', xmlns }, [content]);

test('what is asked again and again in one request is answered once', async t => {
  const server = await simulator(t);
  const [one, other] = [await bare(t, server), await bare(t, server)];
  const { jid, phone } = other.linked;
  const bundles = await one.query(iq('encrypt', node('key', {}, many(5_000, node('user', { jid })))));
  assert.equal(children(child(bundles, 'list')).length, 1);
  const user = node('user', { jid: `${phone}@s.whatsapp.net` });
  const usync = (protocols: BinaryNode[]) =>
    one.query(
      iq('usync', node('usync', {}, [node('query', {}, protocols), node('list', {}, many(3_000, user))])),
    );
  // Every protocol for every user would be millions of nodes.
  const answer = await usync(many(5_000, node('devices', { version: '2' })));
  const users = children(child(child(answer, 'usync'), 'list'));
  assert.deepEqual([users.length, children(users[0]).length], [3_000, 1]);
  const unheardOf = await usync(Array.from({ length: 5_000 }, (_, index) => node(`p${index}`, {})));
  assert.equal(unheardOf.attrs.type, 'error');
  await unharmed(one);
});

test('a client that confirms all that waited for it sends as much as there was, and is no flood', async t => {
  const server = await simulator(t, { limits: { framesPerSecond: 100 } });
  const { control } = server;
  const [linked] = await control.linkedDevices(1);
  const { phone } = await control.createPhone();
  const waiting = 600;
  for (let sent = 0; sent < waiting; sent += 50)
    await Promise.all(many(50, '').map(() => control.send(phone, linked!.phone, 'hello')));
  const got = new Set<string | undefined>();
  const one = new BareClient({
    socketUrl: server.socketUrl,
    linked: linked!,
    batch: waiting,
    onStanza: ({ tag, attrs }) => void (tag === 'message' && got.add(attrs.id)),
  });
  t.after(() => one.end());
  await one.open;
  await until(async () => (await control.devices())[0]?.queued === 0);
  assert.equal(got.size, waiting);
  await unharmed(one);
  assert.deepEqual(await reasons(server), {});
});
