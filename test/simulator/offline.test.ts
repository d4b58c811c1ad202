import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { BinaryNode, GroupMetadata } from '@whiskeysockets/baileys';
import { Backlog } from '../../src/simulator/delivery/backlog.ts';
import { startSimulator } from '../../src/simulator/index.ts';
import { child, node } from '../../src/simulator/wire/stanza.ts';
import type { BareClientOptions } from '../support/bare-client.ts';
import { until } from '../support/until.ts';
import { bareClient } from './bare.ts';
import { client, driver, linkedClients, simulator, tameClients } from './client.ts';
import { assertNoViolations, makeGroup } from './group-world.ts';

tameClients();

const PHONE = '15550151';

/** A client that is a device of a simulator, with what it saw. */
function bare(
  t: TestContext,
  server: { socketUrl: string },
  linked: BareClientOptions['linked'],
  options: Partial<BareClientOptions> = {},
) {
  const { self, stanzas, settled } = bareClient(t, server, linked, options);
  const ids = () => stanzas.filter(one => one.tag === 'message').map(one => one.attrs.id);
  const ib = (tag: string) => stanzas.map(one => child(one, tag)).find(one => one !== undefined);
  return { self, stanzas, ids, ib, settled };
}

test('a client that asks for each batch gets a few at first, and then as many as it asks for', async t => {
  const server = await simulator(t);
  const [linked] = await server.control.linkedDevices(1);
  assert.ok(linked);
  await server.control.createPhone({ phone: PHONE });
  const sent: string[] = [];
  for (let index = 0; index < 30; index++)
    sent.push((await server.control.send(PHONE, linked.phone, `text ${index}`)).id);
  const { self, stanzas, ids, ib, settled } = bare(t, server, linked, { batch: 0, silent: true });
  await until(() => ib('offline_preview'));
  await settled();
  assert.deepEqual(ib('offline_preview')?.attrs, {
    count: '30',
    message: '30',
    receipt: '0',
    notification: '0',
    call: '0',
    appdata: '0',
  });
  assert.deepEqual(ids(), sent.slice(0, 5));
  self.askFor(10);
  await settled();
  assert.deepEqual(ids(), sent.slice(0, 15));
  // What comes meanwhile is behind what waited.
  const later = await server.control.send(PHONE, linked.phone, 'meanwhile');
  assert.equal(ib('offline'), undefined);
  self.askFor(200);
  await self.open;
  await settled();
  assert.deepEqual(ids(), [...sent, later.id]);
  assert.equal(ib('offline')?.attrs.count, '30');
  const marks = stanzas.filter(one => one.tag === 'message').map(one => one.attrs.offline);
  assert.deepEqual(marks, [...sent.map((_, index) => String(index)), undefined]);
  const end = stanzas.findIndex(one => child(one, 'offline'));
  assert.equal(stanzas[end + 1]?.attrs.id, later.id);
});

test('a client that asks for nothing and confirms what it gets is given all of it', async t => {
  const server = await simulator(t);
  const [linked] = await server.control.linkedDevices(1);
  assert.ok(linked);
  await server.control.createPhone({ phone: PHONE });
  const sent: string[] = [];
  for (let index = 0; index < 120; index++)
    sent.push((await server.control.send(PHONE, linked.phone, `text ${index}`)).id);
  const { self, ids } = bare(t, server, linked, { batch: 0 });
  await self.open;
  assert.deepEqual(ids(), sent);
});

test('what was not confirmed comes again at the next login, before what came meanwhile, and then no more', async t => {
  const server = await simulator(t);
  const [linked] = await server.control.linkedDevices(1);
  assert.ok(linked);
  await server.control.createPhone({ phone: PHONE });
  const sent: string[] = [];
  const send = async () => sent.push((await server.control.send(PHONE, linked.phone, 'a text')).id);
  for (let index = 0; index < 8; index++) await send();
  const first = bare(t, server, linked, { silent: true });
  await first.self.open;
  await send();
  await until(() => first.ids().length === 9);
  first.self.end();
  await until(async () => (await server.control.devices()).every(one => !one.connected));
  await send();
  const second = bare(t, server, linked);
  await second.self.open;
  assert.deepEqual(second.ids(), sent);
  const queued = async () => (await server.control.devices())[0]?.queued;
  await until(async () => (await queued()) === 0, { what: 'all confirmed' });
  const third = bare(t, server, linked);
  await third.self.open;
  assert.deepEqual([third.ids(), third.ib('offline_preview')], [[], undefined]);
  await assertNoViolations(server);
});

test('Baileys, which asks once, gets everything that waited in order, and after it live traffic', async t => {
  const server = await simulator(t);
  let group: GroupMetadata | undefined;
  const config = { cachedGroupMetadata: async () => group };
  const [alice, bob] = await linkedClients(t, server, { count: 2 }, config);
  assert.ok(alice && bob);
  await server.control.createPhone({ phone: PHONE });
  group = await makeGroup(server, 'lid', [alice, bob]);
  alice.sock.end(undefined);
  await until(async () => (await server.control.devices()).some(one => !one.connected));
  const wanted: string[] = [];
  for (let index = 0; index < 230; index++) {
    const { id } = await server.control.send(PHONE, alice.phone, `text ${index}`);
    wanted.push(id);
  }
  const toGroup = await bob.sock.sendMessage(group.id, { text: 'to the group' });
  const status = await bob.sock.sendMessage(
    'status@broadcast',
    { text: 'my day' },
    { statusJidList: [`${alice.phone}@s.whatsapp.net`] },
  );
  wanted.push(toGroup?.key.id ?? '', status?.key.id ?? '');
  const away = alice.stanzas.length;
  await until(async () =>
    (await server.control.devices()).some(one => one.jid === alice.jid && one.queued >= 232),
  );
  alice.connect();
  await until(() => wanted.every(id => alice.text(id) !== undefined), { what: 'all that waited' });
  const live = await server.control.send(PHONE, alice.phone, 'live');
  await until(() => alice.text(live.id) === 'live');
  const came = alice.stanzas.slice(away).filter(one => one.tag === 'message');
  assert.deepEqual(
    came.map(one => one.attrs.id),
    [...wanted, live.id],
  );
  assert.ok(came.slice(0, -1).every(one => one.attrs.offline !== undefined));
  assert.equal(came.at(-1)?.attrs.offline, undefined);
  const types = new Map(alice.received.map(one => [one.message.key.id, one.type]));
  assert.deepEqual([types.get(wanted[0] ?? ''), types.get(live.id)], ['append', 'notify']);
  await assertNoViolations(server);
});

test('a typing state waits for a device that is away only as long as it was told to', async t => {
  const server = await simulator(t, { chatStateTtlMs: 60_000 });
  const [alice] = await linkedClients(t, server, { count: 1 });
  const [linked] = await server.control.linkedDevices(1);
  assert.ok(alice && linked);
  const chat = `${linked.phone}@s.whatsapp.net`;
  const typing = async (text: string) => {
    await alice.sock.sendPresenceUpdate('composing', chat);
    const sent = await alice.sock.sendMessage(chat, { text });
    await until(async () =>
      (await server.control.messages(linked.phone)).some(one => one.id === sent?.key.id),
    );
  };
  const chatStates = (seen: { stanzas: BinaryNode[] }) =>
    seen.stanzas.filter(one => one.tag === 'chatstate').length;
  await typing('in time');
  const first = bare(t, server, linked);
  await first.self.open;
  assert.deepEqual([chatStates(first), first.ids().length], [1, 1]);
  first.self.end();
  await until(async () => (await server.control.devices()).some(one => !one.connected));

  await typing('too late');
  await server.control.call('setClock', { body: { advanceMs: 61_000 } });
  const second = bare(t, server, linked);
  await second.self.open;
  assert.deepEqual([chatStates(second), second.ids().length], [0, 1]);
  second.self.end();
  await until(async () => (await server.control.devices()).some(one => !one.connected));

  await server.control.call('setDelivery', { body: { chatStateTtlMs: 0 } });
  await typing('for nobody');
  const third = bare(t, server, linked);
  await third.self.open;
  assert.deepEqual([chatStates(third), third.ids().length], [0, 1]);
});

test('a queue that is full gives up its oldest receipts, then notifications, then messages', () => {
  const stanza = (tag: string, id: number) => node(tag, { id: `${tag} ${id}` });
  const names = (backlog: Backlog) => backlog.stanzas.map(one => one.attrs.id);
  const backlog = new Backlog(6);
  for (const id of [1, 2])
    for (const tag of ['receipt', 'notification', 'message']) backlog.push(stanza(tag, id));
  assert.equal(backlog.dropped, 0);
  backlog.push(stanza('message', 3));
  assert.ok(!names(backlog).includes('receipt 1') && backlog.dropped > 0);
  for (let id = 4; id < 30; id++) backlog.push(stanza('message', id));
  assert.ok(names(backlog).every(name => name?.startsWith('message')));
  assert.ok(backlog.size <= 6 && names(backlog).at(-1) === 'message 29');
  assert.equal(backlog.size + backlog.dropped, 33);

  const large = new Backlog(1_000, 100_000);
  for (let id = 0; id < 20; id++) large.push(node('message', { id: `${id}` }, Buffer.alloc(10_000)));
  assert.ok(large.size < 10 && names(large).at(-1) === '19');
  // What passes is dropped before everything else and does not count as lost.
  const mixed = new Backlog(4);
  for (let id = 0; id < 3; id++) mixed.push(stanza('receipt', id));
  for (let id = 0; id < 5; id++) mixed.push(stanza('chatstate', id), () => false);
  assert.deepEqual([names(mixed), mixed.dropped], [['receipt 0', 'receipt 1', 'receipt 2'], 0]);
});

test('sender keys, sent messages and the queue of a group survive a restart of the simulator', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'simulator-'));
  const stops: (() => Promise<void>)[] = [];
  t.after(async () => {
    for (const stop of stops) await stop();
    await rm(folder, { recursive: true });
  });
  const stateFile = join(folder, 'state.json');
  const first = await startSimulator({ stateFile, addressing: 'lid' });
  stops.push(first.stop);
  const before = driver(first);
  const [linked] = await before.control.linkedDevices(1);
  assert.ok(linked);
  const phone = await before.control.createPhone({ phone: PHONE });
  const group = await makeGroup(
    Object.assign({}, first, before),
    'lid',
    [phone, linked].map(({ phone, lid }) => ({ phone, lid })),
  );
  const alice = client(t, first.socketUrl, linked);
  alice.connect();
  await until(() => alice.opens === 1);
  const { id: one } = await before.control.send(PHONE, group.id, 'one');
  await until(() => alice.text(one) === 'one');
  alice.sock.end(undefined);
  await until(async () => (await before.control.devices()).every(device => !device.connected));
  const { id: two } = await before.control.send(PHONE, group.id, 'two');
  await first.stop();

  const second = await startSimulator({ stateFile, addressing: 'lid' });
  stops.push(second.stop);
  const after = driver(second);
  alice.connect(second.socketUrl);
  await until(() => alice.text(two) === 'two');
  const { id: three } = await after.control.send(PHONE, group.id, 'three');
  await until(() => alice.text(three) === 'three');
  assert.equal((await after.control.ledger()).retries, 0);
  // The key was not handed out again.
  const encs = alice.stanzas.find(stanza => stanza.tag === 'message' && stanza.attrs.id === three)?.content;
  assert.deepEqual(Array.isArray(encs) && encs.map(enc => enc.attrs.type), ['skmsg']);
  alice.dropSenderKeys();
  const { id: four } = await after.control.send(PHONE, group.id, 'four');
  await until(() => alice.text(four) === 'four', { what: 'sent again' });
});
