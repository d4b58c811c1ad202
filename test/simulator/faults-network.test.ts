import '../../src/device/shims.ts';
import assert from 'node:assert/strict';
import test from 'node:test';
import type { BinaryNode } from '@whiskeysockets/baileys';
import { until } from '../support/until.ts';
import { type Client, linkedClients, simulator, tameClients } from './client.ts';

tameClients();

/** Ids of the message stanzas that this client was sent, as often as it was sent them. */
function arrivals(one: Client): string[] {
  const ids: string[] = [];
  one.sock.ws.on('CB:message', ({ attrs }: BinaryNode) => ids.push(attrs.id ?? ''));
  return ids;
}

const texts = (one: Client) =>
  one.received.flatMap(
    ({ message }) => message.message?.conversation ?? message.message?.extendedTextMessage?.text ?? [],
  );

test('with delay and jitter everything is late and nothing changes its order', async t => {
  const server = await simulator(t, { seed: 3 });
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  await server.control.arm('network.delay', { params: { ms: 5, jitterMs: 60 } });
  const wanted = Array.from({ length: 15 }, (_, index) => `text ${index}`);
  for (const text of wanted) await alice.sock.sendMessage(`${bob.phone}@s.whatsapp.net`, { text });
  await until(() => bob.received.length === wanted.length);
  assert.deepEqual(texts(bob), wanted);
  const { armed } = await server.control.faults();
  assert.ok((armed[0]?.fired ?? 0) > 60, 'both directions of both');
});

test('a dropped delivery stays unconfirmed, and the next login brings it', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  const { phone } = await server.control.createPhone();
  await server.control.arm('delivery.drop', { when: { once: true }, filter: { tag: 'message' } });
  const lost = await server.control.send(phone, alice.phone, 'dropped');
  const next = await server.control.send(phone, alice.phone, 'next');
  await until(() => alice.text(next.id) === 'next');
  assert.equal(alice.text(lost.id), undefined);
  const { pending, total } = await server.control.violations();
  assert.deepEqual(
    pending.map(one => [one.id, one.device, one.waitsFor]),
    [[lost.id, alice.jid, 'receipt']],
  );
  assert.equal(total, 0, 'a loss on the way is none of the server');
  alice.sock.end(undefined);
  alice.connect();
  await until(() => alice.text(lost.id) === 'dropped');
  await until(async () => (await server.control.violations()).pendingTotal === 0);
});

test('a duplicated delivery reaches the client twice and its person once', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  const { phone } = await server.control.createPhone();
  const arrived = arrivals(alice);
  await server.control.arm('delivery.duplicate', { when: { once: true }, params: { times: 3 } });
  const { id } = await server.control.send(phone, alice.phone, 'three times');
  await until(() => arrived.filter(one => one === id).length === 3);
  const after = await server.control.send(phone, alice.phone, 'after');
  await until(() => alice.text(after.id) === 'after');
  assert.equal(texts(alice).filter(text => text === 'three times').length, 1);
});

test('a reordered delivery is overtaken by the next ones, or comes by itself when there are none', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  const { phone } = await server.control.createPhone();
  const arrived = arrivals(alice);
  await server.control.arm('delivery.reorder', { when: { once: true }, params: { by: 2, withinMs: 60_000 } });
  const ids: string[] = [];
  for (const text of ['1', '2', '3', '4']) ids.push((await server.control.send(phone, alice.phone, text)).id);
  const [one = '', two = '', three = '', four = ''] = ids;
  await until(() => arrived.length === 4);
  assert.deepEqual(arrived, [two, three, one, four]);
  await until(() => ids.every(id => alice.text(id)), { what: 'all readable, in whatever order' });
  await server.control.arm('delivery.reorder', { when: { once: true }, params: { by: 5, withinMs: 50 } });
  const alone = await server.control.send(phone, alice.phone, 'alone');
  await until(() => alice.text(alone.id) === 'alone');
  const { total } = await server.control.violations();
  assert.equal(total, 0, 'the server handed them in order');
});

test('an undecryptable message is asked for again and then readable', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const say = (text: string) => alice.sock.sendMessage(`${bob.phone}@s.whatsapp.net`, { text });
  const first = (await say('good'))?.key.id ?? '';
  await until(() => bob.text(first) === 'good');
  await server.control.arm('delivery.undecryptable', { when: { once: true }, who: { device: bob.jid } });
  const id = (await say('damaged'))?.key.id ?? '';
  await until(() => bob.text(id) === 'damaged');
  const entry = await server.control.call('ledgerMessage', { params: { id } });
  const row = entry.devices[bob.jid];
  assert.ok(row?.receipts.some(({ type }) => type === 'retry'));
  assert.ok((row?.addressed ?? 0) >= 2);
  assert.equal(row?.spoiled, 1, 'the ledger knows that it was no fault of theirs');
  const [old, fresh] = row?.keys ?? [];
  assert.notEqual(`${old?.chain} ${old?.counter}`, `${fresh?.chain} ${fresh?.counter}`, 'a new key');
});

test('a slow drain brings everything in order, one after the other', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  const { phone } = await server.control.createPhone();
  alice.sock.end(undefined);
  await until(async () => !(await server.control.devices())[0]?.connected);
  const wanted = Array.from({ length: 10 }, (_, index) => `text ${index}`);
  for (const text of wanted) await server.control.send(phone, alice.phone, text);
  await server.control.arm('drain.slow', { params: { perSecond: 40 } });
  alice.connect();
  const arrived: number[] = [];
  alice.sock.ws.on('CB:message', () => arrived.push(performance.now()));
  await until(() => arrived.length === wanted.length);
  const gaps = arrived.slice(1).map((at, index) => at - (arrived[index] ?? 0));
  assert.ok(Math.max(...gaps) >= 20, 'not all at once');
  await until(() => texts(alice).length === wanted.length);
  assert.deepEqual(texts(alice), wanted);
});

for (const [name, how] of [
  ['drain.close', { after: 4, close: 'tcp' }],
  ['drain.restart', { after: 4, downMs: 0 }],
] as const) {
  test(`${name} interrupts an offline drain, and the next login brings the rest`, async t => {
    const server = await simulator(t);
    const [alice] = await linkedClients(t, server, { count: 1 });
    assert.ok(alice);
    const { phone } = await server.control.createPhone();
    alice.sock.end(undefined);
    await until(async () => !(await server.control.devices())[0]?.connected);
    const ids: string[] = [];
    for (let index = 0; index < 10; index++)
      ids.push((await server.control.send(phone, alice.phone, `text ${index}`)).id);
    await server.control.arm(name, { when: { once: true }, params: how });
    alice.connect();
    const before = arrivals(alice);
    const closes = alice.closes.length;
    await until(() => alice.closes.length > closes, { what: 'the interruption' });
    assert.deepEqual(before, ids.slice(0, 4));
    alice.connect();
    const after = arrivals(alice);
    await until(() => new Set([...before, ...after]).size === ids.length);
    await until(async () => (await server.control.devices())[0]?.queued === 0, { what: 'all confirmed' });
    const { total, violations } = await server.control.violations();
    assert.equal(total, 0, JSON.stringify(violations));
  });
}

test('routing info is put before the next intro, and what is dirty is cleaned', async t => {
  const server = await simulator(t);
  await server.control.arm('ib.edge-routing', { when: { once: true }, params: { bytes: 9 } });
  await server.control.arm('ib.dirty', { when: { once: true }, params: { type: 'account_sync' } });
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  await until(() => alice.creds.routingInfo?.length === 9, { what: 'routing info' });
  alice.sock.end(undefined);
  alice.connect();
  await until(() => alice.opens === 2, { what: 'open with a routing prefix' });
  const sent: string[] = [];
  alice.sock.ws.on('CB:ib,,dirty', (node: BinaryNode) => sent.push(node.tag));
  assert.deepEqual(await server.control.strike('ib.dirty', { jid: alice.jid }, { type: 'groups' }), {
    struck: 1,
  });
  await until(() => sent.length === 1);
});

test('a connection can end at a stanza: before it is heard, after it, or when one is on its way to the client', async t => {
  const server = await simulator(t);
  const [alice, bob, carol] = await linkedClients(t, server, { count: 3 });
  assert.ok(alice && bob && carol);
  const { phone } = await server.control.createPhone();
  const to = `${phone}@s.whatsapp.net`;
  const heard = async () => (await server.control.messages(phone)).map(({ text }) => text);
  await server.control.arm('close.unavailable', {
    when: { once: true },
    who: { device: alice.jid },
    filter: { tag: 'message' },
  });
  await alice.sock.sendMessage(to, { text: 'unheard' });
  await until(() => alice.closes[0] === 503);
  await server.control.arm('close.restart', {
    when: { once: true },
    who: { device: bob.jid },
    filter: { tag: 'message' },
    params: { processed: true },
  });
  await bob.sock.sendMessage(to, { text: 'heard' });
  await until(() => bob.closes[0] === 515);
  await until(async () => (await heard()).length > 0);
  assert.deepEqual(await heard(), ['heard']);
  await server.control.arm('close.tcp', {
    when: { once: true },
    who: { device: carol.jid },
    filter: { tag: 'message' },
    params: { direction: 'out' },
  });
  const { id } = await server.control.send(phone, carol.phone, 'on its way');
  await until(() => carol.closes[0] === 428);
  assert.equal(carol.text(id), undefined);
  carol.connect();
  await until(() => carol.text(id) === 'on its way');
});
