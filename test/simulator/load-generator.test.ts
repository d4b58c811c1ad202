// Phones that write at a fixed rate: the schedule, its bounds, and what arrives.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Chance } from '../../src/simulator/chance.ts';
import { Pace } from '../../src/simulator/load/pace.ts';
import { choices, chosen } from '../../src/simulator/load/route.ts';
import { until } from '../support/until.ts';
import { linkedClients, simulator, tameClients } from './client.ts';

tameClients();

test('what is due is the time that passed times the rate, over pauses and changes of the rate, however it is asked', () => {
  const chance = new Chance(7);
  for (let round = 0; round < 200; round++) {
    let now = chance.below('start', 1_000_000);
    let perSecond = 1 + chance.below('rate', 500);
    const pace = new Pace(perSecond, now);
    let exact = 0;
    let paused = false;
    for (let step = 0; step < 40; step++) {
      const passed = chance.below('step', 3_000);
      now += passed;
      if (!paused) exact += (passed / 1_000) * perSecond;
      const due = pace.due(now);
      assert.ok(Math.abs(due - exact) <= 1, `${due} are due, not ${exact} (round ${round})`);
      if (!paused && due > 0) assert.ok(pace.dueAt(due) <= now + 1e-6);
      const what = chance.below('what', 6);
      if (what === 0) pace.pause(now);
      if (what === 1) pace.resume(now);
      if (what === 2) {
        perSecond = 1 + chance.below('rate', 500);
        pace.setRate(perSecond, now);
      }
      if (what < 2) paused = what === 0;
    }
  }
});

test('a load sends exactly its total to those it names, once each, and says so', async t => {
  const server = await simulator(t);
  const { control } = server;
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const { id, phones } = await control.call('startLoad', {
    body: { phones: 5, to: [alice.phone, bob.phone], messagesPerSecond: 100, total: 60, seed: 1 },
  });
  assert.equal(phones, 5);
  const done = await until(async () => {
    const load = await control.call('load', { params: { id } });
    return load.state === 'done' ? load : undefined;
  });
  assert.deepEqual([done.due, done.sent + done.skipped, done.errors], [60, 60, 0], JSON.stringify(done));
  const got = () =>
    [...alice.received, ...bob.received].map(one => one.message.message?.conversation?.trim());
  await until(() => got().length >= done.sent);
  assert.equal(new Set(got()).size, done.sent);
  assert.ok(alice.received.length > 0 && bob.received.length > 0);
});

test('a load is paused, goes on at another rate, and is stopped', async t => {
  const server = await simulator(t);
  const { control } = server;
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  const { id } = await control.call('startLoad', { body: { phones: 2, messagesPerSecond: 200 } });
  const params = { id };
  const now = () => control.call('load', { params });
  await until(async () => (await now()).sent > 0);
  await control.call('changeLoad', { params, body: { paused: true } });
  await until(async () => (await now()).inFlight === 0);
  const { sent } = await now();
  const other = await control.call('startLoad', { body: { phones: 1, messagesPerSecond: 100, total: 10 } });
  await until(async () => (await control.call('load', { params: { id: other.id } })).state === 'done');
  assert.deepEqual([(await now()).sent, (await now()).state], [sent, 'paused']);
  await control.call('changeLoad', { params, body: { paused: false, messagesPerSecond: 50 } });
  await until(async () => (await now()).sent > sent);
  const stopped = await control.call('stopLoad', { params });
  assert.deepEqual([stopped.state, stopped.messagesPerSecond], ['stopped', 50]);
  await assert.rejects(control.call('changeLoad', { params, body: { paused: false } }), { status: 409 });
  assert.equal((await control.call('loads')).length, 2);
});

test('a load into groups makes one of everybody, and what is refused says why', async t => {
  const server = await simulator(t);
  const { control } = server;
  await assert.rejects(control.call('startLoad', { body: { messagesPerSecond: 1 } }), { status: 409 });
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  const { id } = await control.call('startLoad', {
    body: { phones: 3, kind: 'group', messagesPerSecond: 50, total: 12 },
  });
  await until(async () => (await control.call('load', { params: { id } })).state === 'done');
  const { sent } = await control.call('load', { params: { id } });
  await until(
    () => alice.received.filter(one => one.message.message?.conversation?.startsWith(id)).length === sent,
  );
  assert.ok(alice.received.every(one => one.message.key.remoteJid?.endsWith('@g.us')));
  const refused = (body: object, status: number) =>
    assert.rejects(control.request('POST', '/load', body), { status }, JSON.stringify(body));
  await refused({ messagesPerSecond: 0 }, 400);
  await refused({ messagesPerSecond: 1, seconds: 1, total: 1 }, 400);
  await refused({ messagesPerSecond: 1, phones: ['15559999'] }, 404);
  await refused({ messagesPerSecond: 1, phones: [alice.phone], to: [alice.phone] }, 409);
  await refused({ messagesPerSecond: 1, kind: 'group', groups: ['120363000000000009@g.us'] }, 404);
  await assert.rejects(control.call('load', { params: { id: 'load-99' } }), { status: 404 });
});

test('a phone writes to everybody but itself, and to its groups', () => {
  const [people, groups] = [
    ['a', 'b', 'c'],
    ['g', 'h'],
  ];
  const all = (own: number | undefined) =>
    Array.from({ length: choices({ people, own, groups }) }, (_, index) =>
      chosen({ people, own, groups }, index),
    );
  assert.deepEqual(all(undefined), ['a', 'b', 'c', 'g', 'h']);
  assert.deepEqual(all(0), ['b', 'c', 'g', 'h']);
  assert.deepEqual(all(2), ['a', 'b', 'g', 'h']);
});

test('no more loads run at once than may, however many are asked for at the same time', async t => {
  const server = await simulator(t);
  const { control } = server;
  await control.linkedDevices(1);
  const asked = await Promise.allSettled(
    Array.from({ length: 40 }, () =>
      control.call('startLoad', { body: { phones: 11, messagesPerSecond: 0.01 } }),
    ),
  );
  assert.equal(asked.filter(one => one.status === 'fulfilled').length, 16);
  assert.equal((await control.call('loads')).length, 16);
});

test('loads that are over are forgotten, also by the signal that would have stopped them', async t => {
  const warnings: Error[] = [];
  const note = (warning: Error) => void warnings.push(warning);
  process.on('warning', note);
  t.after(() => process.off('warning', note));
  const server = await simulator(t);
  const { control } = server;
  const [device] = await control.linkedDevices(1);
  const { phone } = await control.createPhone();
  for (let round = 0; round < 20; round++) {
    const { id } = await control.call('startLoad', {
      body: { phones: [phone], to: [device!.phone], messagesPerSecond: 1 },
    });
    await control.call('stopLoad', { params: { id } });
  }
  assert.deepEqual(warnings, []);
});
