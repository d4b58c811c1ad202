// protocol.md 15, row by row, at a live connection, at a login, in the handshake and at the upgrade: what a real client
// makes of each.
// The shims first: a strict and quick curve under an otherwise unchanged Baileys.
import '../../src/device/shims.ts';
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { type CloseName, closeNames, closes } from '../../src/simulator/wire/closes.ts';
import { encode, node, SERVER } from '../../src/simulator/wire/stanza.ts';
import { until } from '../support/until.ts';
import { type Client, client, linkedClients, type Server, simulator, tameClients } from './client.ts';

tameClients();

/** A frame that does not authenticate makes rc14 reject a promise that nobody awaits: not for a test's process. */
const POISONOUS = new Set<CloseName>(['bad-mac', 'garbage-frame']);
/** Noticed by the client's own keep-alive only, or not before it. */
const SILENT = new Set<CloseName>(['hang', 'mute', 'oversized-frame']);
const SPOKEN = closeNames.filter(name => !POISONOUS.has(name) && !SILENT.has(name));

async function restarted(t: TestContext, server: Server, one: Client & { jid: string }): Promise<void> {
  await server.control.disarm();
  const before = one.opens;
  one.connect();
  await until(() => one.opens > before, { what: 'open again' });
  t.after(() => one.sock.end(undefined));
}

test('every close by name ends a live connection with what Baileys makes of it', {
  timeout: 500_000,
}, async t => {
  const server = await simulator(t);
  const clients = await linkedClients(t, server, { count: SPOKEN.length });
  await Promise.all(
    SPOKEN.map(async (close, index) => {
      const one = clients[index] ?? assert.fail();
      await server.control.disconnect(close, { jid: one.jid });
      await until(() => one.closes.length > 0, { what: close });
      assert.equal(one.closes[0], closes[close].code, close);
      const log = await server.control.call('ledgerDevice', { params: { jid: one.jid } });
      assert.equal(log.closes[0]?.name, close);
    }),
  );
  await assert.rejects(server.post('/admin/disconnect', { all: true, close: 'nonsense' }), /400.*restart/);
  await assert.rejects(server.post('/admin/disconnect', { close: 'restart' }), /400.*all: true/);
});

test('every close by name can come instead of success, and the next login succeeds', {
  timeout: 500_000,
}, async t => {
  const server = await simulator(t);
  const linked = await server.control.linkedDevices(SPOKEN.length);
  await Promise.all(
    SPOKEN.map(async (close, index) => {
      const device = linked[index] ?? assert.fail();
      const armed = { when: { once: true }, who: { device: device.jid } } as const;
      await server.control.arm(`login.${close}`, armed);
      const one = client(t, server.socketUrl, device);
      one.connect();
      await until(() => one.closes.length > 0, { what: `login.${close}` });
      assert.equal(one.closes[0], closes[close].code, close);
      if (close !== 'restart') one.connect(); // at 515 the test's client comes back by itself
      await until(() => one.opens === 1, { what: `open after login.${close}` });
    }),
  );
  const { armed } = await server.control.faults();
  assert.equal(armed.length, SPOKEN.length);
  assert.ok(armed.every(one => one.fired === 1 && one.spent));
});

test('a login is refused with any reason, with what else <failure> may carry', async t => {
  const server = await simulator(t);
  const [device] = await server.control.linkedDevices(1);
  const one = client(t, server.socketUrl, device);
  for (const reason of [401, 402, 403, 405, 406, 409, 413, 414, 415, 418, 499, 500, 501, 503]) {
    await server.control.arm('login.refuse', { when: { once: true }, params: { reason, expire: 60 } });
    one.connect();
    await until(() => one.closes.at(-1) === reason, { what: String(reason) });
  }
  one.connect();
  await until(() => one.opens === 1);
});

test('a client that waits to be linked can be refused as well', async t => {
  const server = await simulator(t);
  await server.control.arm('login.outdated', { when: { once: true } });
  const one = client(t, server.socketUrl);
  one.connect();
  await until(() => one.closes[0] === 405, { what: '405 instead of a QR' });
  assert.deepEqual(one.qrs, []);
  one.connect();
  await until(() => one.qrs[0], { what: 'a QR' });
});

test('half open: a server that hangs hears nothing, one that is mute hears all and is not heard', async t => {
  const server = await simulator(t);
  const [alice, bob, carol] = await linkedClients(t, server, { count: 3 }, { keepAliveIntervalMs: 400 });
  assert.ok(alice && bob && carol);
  await server.control.disconnect('hang', { jid: alice.jid });
  await server.control.disconnect('mute', { jid: bob.jid });
  // Both believe to be connected.
  for (const one of [alice, bob])
    await one.sock.sendPresenceUpdate('composing', `${carol.phone}@s.whatsapp.net`);
  await until(() => carol.presences.length > 0, { what: 'typing' });
  await until(() => alice.closes[0] === 408 && bob.closes[0] === 408, { what: '408 for both' });
  assert.ok(JSON.stringify(carol.presences).includes(bob.phone));
  assert.ok(!JSON.stringify(carol.presences).includes(alice.phone));
  const log = await server.control.call('ledgerDevice', { params: { jid: alice.jid } });
  assert.equal(log.closes[0]?.name, 'hang');
  await restarted(t, server, alice);
  await restarted(t, server, bob);
});

test('what a mute connection was handed comes again at the next login', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 }, { keepAliveIntervalMs: 400 });
  assert.ok(alice);
  const { phone } = await server.control.createPhone();
  await server.control.disconnect('mute', { jid: alice.jid });
  const { id } = await server.control.send(phone, alice.phone, 'into the void');
  await until(() => alice.closes[0] === 408, { what: '408' });
  assert.equal(alice.text(id), undefined);
  alice.connect();
  await until(() => alice.text(id) === 'into the void');
  const entry = await server.control.call('ledgerMessage', { params: { id } });
  assert.equal(entry.devices[alice.jid]?.handed, 2);
});

test('a frame whose end never comes is silence; half a frame and a reset is a lost connection', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 }, { keepAliveIntervalMs: 400 });
  assert.ok(alice && bob);
  await server.control.disconnect('oversized-frame', { jid: alice.jid });
  await server.control.disconnect('truncated-frame', { jid: bob.jid });
  await until(() => alice.closes[0] === 408 && bob.closes[0] === 428);
});

test('a frame that fails its authentication has the length that it says', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const good = encode(node('ib', { from: SERVER })).length + 16;
  for (const [one, close, length] of [
    [alice, 'bad-mac', good],
    [bob, 'garbage-frame', 64],
  ] as const) {
    const { socket } = one.sock.ws as unknown as { socket: WebSocket };
    const heard: Buffer[] = [];
    // Taken from the client, whose unhandled rejection would end this process.
    socket.removeAllListeners('message');
    socket.on('message', (data: Buffer) => heard.push(data));
    await server.control.disconnect(close, { jid: one.jid });
    await until(() => heard.at(-1)?.length === 3 + length, { what: close });
    assert.equal(heard.at(-1)?.readUIntBE(0, 3), length);
  }
});

test('in the handshake a server may be silent, talk garbage, show a bad certificate or go away', async t => {
  const server = await simulator(t);
  const devices = await server.control.linkedDevices(5);
  const cases = [
    ['handshake.silent', {}, 408],
    ['handshake.garbage', {}, undefined],
    // Stock rc14 only wants 64 bytes of a signature (protocol.md 2.1); with the product's shims it verifies them.
    ['handshake.bad-certificate', { how: 'signature' }, 400],
    ['handshake.bad-certificate', { how: 'root' }, 400],
    ['handshake.drop', {}, 428],
  ] as const;
  for (const [index, [name, params, code]] of cases.entries()) {
    await server.control.arm(name, { when: { once: true }, params });
    const one = client(t, server.socketUrl, devices[index], { connectTimeoutMs: 5_000 });
    one.connect();
    await until(() => one.closes.length === 1, { what: name });
    assert.equal(one.closes[0], code, name);
    one.connect();
    await until(() => one.opens === 1, { what: `open after ${name}` });
  }
  await assert.rejects(
    server.control.arm('handshake.silent', { who: { device: devices[0]?.jid ?? '' } }),
    /nobody knows yet/,
  );
});

test('an upgrade may be refused with a status, never answered, or dropped', async t => {
  const server = await simulator(t);
  const attempt = () =>
    new Promise<number | string>(resolve => {
      const socket = new WebSocket(server.socketUrl, { handshakeTimeout: 3_000 });
      t.after(() => socket.terminate());
      socket.on('unexpected-response', (_request, response) =>
        resolve(`${response.statusCode} ${response.headers['retry-after']}`),
      );
      socket.on('open', () => resolve('open'));
      socket.on('error', error => resolve(error.message));
    });
  const once = { once: true } as const;
  await server.control.arm('upgrade.refuse', { when: once, params: { status: 429, retryAfter: 7 } });
  assert.equal(await attempt(), '429 7');
  await server.control.arm('upgrade.silent', { when: once });
  assert.match(String(await attempt()), /timed out/);
  await server.control.arm('upgrade.silent', { when: once });
  const unanswered = attempt();
  await until(async () => (await server.control.faults()).armed[1]?.fired === 1, { what: 'a second one' });
  await server.control.restart();
  assert.match(String(await unanswered), /hang up|ECONNRESET/, 'it dies with the server');
  await server.control.arm('upgrade.drop', { when: once });
  assert.match(String(await attempt()), /hang up|ECONNRESET/);
  assert.equal(await attempt(), 'open');
});

test('a restart ends every connection without a word, lets nobody in while it lasts, and loses nothing', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const { phone } = await server.control.createPhone();
  await server.control.restart(600);
  const { id } = await server.control.send(phone, alice.phone, 'while it is down');
  await until(() => alice.closes[0] === 428 && bob.closes[0] === 428, { what: '428 for both' });
  alice.connect();
  await until(() => alice.closes.length === 2, { what: 'nobody gets in' });
  await until(
    async () => {
      if (alice.opens === 2) return true;
      alice.connect();
      const before = alice.closes.length;
      await until(() => alice.opens === 2 || alice.closes.length > before);
      return alice.opens === 2;
    },
    { what: 'it is back' },
  );
  await until(() => alice.text(id) === 'while it is down');
  const { restarts } = await server.control.ledger();
  assert.equal(restarts, 1);
});
