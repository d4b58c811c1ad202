// That the server itself loses nothing and that its ledger tells no lies, where clients, faults and restarts make it hard.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { LinkedDevice } from '../../src/simulator/control/client.ts';
import { startSimulator } from '../../src/simulator/index.ts';
import { type BinaryNode, node } from '../../src/simulator/wire/stanza.ts';
import { BareClient, type BareClientOptions } from '../support/bare-client.ts';
import { CiphertextChain } from '../support/ciphertexts.ts';
import { textTo } from '../support/fleet.ts';
import { until } from '../support/until.ts';
import { client, driver, simulator, tameClients } from './client.ts';

tameClients();

type Server = { readonly socketUrl: string } & ReturnType<typeof driver>;

async function bare(
  t: TestContext,
  server: Pick<Server, 'socketUrl'>,
  linked: LinkedDevice,
  options: Partial<BareClientOptions> = {},
) {
  const got: BinaryNode[] = [];
  const client = new BareClient({
    socketUrl: server.socketUrl,
    linked,
    ...options,
    onStanza: stanza => void got.push(stanza),
  });
  t.after(() => client.end());
  await client.open;
  const messages = () => got.filter(({ tag }) => tag === 'message').map(({ attrs }) => attrs.id);
  return { client, got, messages };
}

async function violations({ control }: Server): Promise<string[]> {
  const { violations: found } = await control.call('ledgerViolations', { query: {} });
  return found.map(({ kind, id }) => `${kind} ${id}`);
}

/** What Baileys says 250 ms after its retry receipt (messages-recv.js). */
const gaveUp = (id: string, from: string) => node('ack', { class: 'message', id, to: from, error: '500' });

test('the ack with an error that follows a retry receipt does not confirm the copy that was sent again', async t => {
  const server = await simulator(t);
  const { control } = server;
  const [linked] = await control.linkedDevices(1);
  const { phone } = await control.createPhone();
  const { client, got } = await bare(t, server, linked!, { silent: true });
  const { id } = await control.send(phone, linked!.phone, 'again, please');
  const copies = () => got.filter(({ tag, attrs }) => tag === 'message' && attrs.id === id);
  const first = await until(() => copies()[0]);
  const from = first.attrs.from!;
  client.send(
    node('receipt', { id, to: from, type: 'retry' }, [
      node('retry', { v: '1', count: '1', id, t: first.attrs.t }),
      node('registration', {}, Buffer.of(0, 0, 0, 1)),
    ]),
  );
  await until(() => copies().length === 2, { what: 'the second copy' });
  client.send(gaveUp(id, from));
  await client.query(node('iq', { to: 's.whatsapp.net', type: 'get', xmlns: 'w:p' }, [node('ping', {})]));
  client.end();
  await until(async () => !(await control.devices())[0]?.connected);
  const back = await bare(t, server, linked!);
  assert.ok(back.messages().includes(id), 'the copy that nobody confirmed comes again');
  assert.deepEqual(await violations(server), []);
});

test('a message that a fault took and that is sent again later is no inversion', async t => {
  const server = await simulator(t);
  const { control } = server;
  const [alice, bob] = await control.linkedDevices(2);
  const from = await bare(t, server, alice!);
  const to = await bare(t, server, bob!);
  const chain = new CiphertextChain();
  const send = (id: string) => from.client.send(textTo(id, bob!.phone, [[bob!.jid, chain.next()]]));
  await control.call('armFault', { params: { name: 'message.lost' }, body: { when: { once: true } } });
  send('FIRST');
  send('SECOND');
  await until(() => to.messages().includes('SECOND'));
  assert.deepEqual(await violations(server), ['acked-but-lost FIRST']);
  send('FIRST');
  await until(() => to.messages().includes('FIRST'));
  assert.deepEqual(
    (await violations(server)).filter(one => !one.startsWith('acked-but-lost')),
    [],
  );
});

test('after a restart a client may confirm what it got before', { timeout: 500_000 }, async t => {
  const directory = await mkdtemp(join(tmpdir(), 'truth-'));
  const stateFile = join(directory, 'world.json');
  const before = await startSimulator({ stateFile });
  t.after(() => before.stop());
  const { control } = driver(before);
  const [linked] = await control.linkedDevices(1);
  const { phone } = await control.createPhone();
  const first = await bare(t, before, linked!);
  const { id } = await control.send(phone, linked!.phone, 'hello');
  await until(() => first.messages().includes(id));
  await until(async () => (await control.devices())[0]?.queued === 0);
  await before.stop();

  const server = await simulator(t, { stateFile });
  t.after(() => rm(directory, { recursive: true, force: true }));
  // Nothing waits for it, and it does not know whether its receipt arrived.
  const { client } = await bare(t, server, linked!);
  client.send(node('receipt', { id, to: `${phone}@s.whatsapp.net` }));
  await until(async () => (await server.control.ledger()).receipts > 0);
  assert.deepEqual(await violations(server), []);
});

test('a post that the control plane writes is in the ledger, which goes on seeing receipts for nothing', async t => {
  const server = await simulator(t);
  const { control } = server;
  const [linked] = await control.linkedDevices(1);
  const { client, messages } = await bare(t, server, linked!);
  const owner = await control.createPhone();
  const { jid } = await control.call('createChannel', {
    params: { phone: owner.phone },
    body: { name: 'News' },
  });
  await control.call('follow', { params: { phone: linked!.phone, jid }, body: { role: 'SUBSCRIBER' } });
  const { id } = await control.call('addPost', { params: { jid }, body: { text: 'today' } });
  await until(() => messages().includes(id));
  await until(async () => {
    const { devices } = await control.call('ledgerMessage', { params: { id } });
    return devices[linked!.jid]?.settled === 'delivered';
  });
  client.send(node('receipt', { id: 'NEVER', to: `${owner.phone}@s.whatsapp.net` }));
  await until(async () => (await violations(server)).length > 0);
  assert.deepEqual(await violations(server), ['receipt-without-delivery NEVER']);
});

test('a phone that is removed while it links a client links nobody', { timeout: 500_000 }, async t => {
  const server = await simulator(t, { latencyMs: 1_000 });
  const { control } = server;
  const { phone } = await control.createPhone();
  const stranger = client(t, server.socketUrl);
  stranger.connect();
  const qr = await until(() => stranger.qrs[0]);
  const linking = assert.rejects(control.call('scan', { params: { phone }, text: qr }), { status: 409 });
  // The desk forgets a socket as soon as somebody links it.
  await until(async () => (await control.call('sockets')).length === 0);
  await control.call('removePhone', { params: { phone } });
  await linking;
  await until(() => stranger.closes.length > 0);
  assert.equal((await control.ledger()).pairings, 0);
});
