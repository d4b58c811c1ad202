import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PhoneMessage } from '../../src/simulator/control/client.ts';
import { receiver } from '../support/receiver.ts';
import {
  assertNeverTwice,
  epochs,
  listed,
  readiness,
  startRival,
  waits,
  watchSockets,
} from '../support/rivals.ts';
import { until } from '../support/until.ts';
import { startWorld } from '../support/world.ts';

test('a second node on the same database runs nothing that is owned: it waits, says so, and answers with a code', async t => {
  const hook = await receiver(t);
  const world = await startWorld(t, { devices: 3 });
  const sockets = await watchSockets(t, world);
  const ids = world.seeded.map(({ id }) => id);
  const [one] = world.seeded;
  assert.ok(one);
  const { phone } = await world.simulator.createPhone();
  const settings = { WEBHOOK_URL: hook.url };
  const first = await startRival(t, world, settings);
  await first.opened(ids);
  const second = await startRival(t, world, settings);

  await waits(second);
  const waiting = await readiness(second);
  assert.equal(waiting.status, 503);
  assert.deepEqual(waiting.reasons, [
    'Another node runs the 3 devices; this one waits, and takes over when that one ends.',
  ]);
  assert.equal((await fetch(new URL('/health', second.url))).status, 200);
  assert.deepEqual(await readiness(first), { status: 200, reasons: [] });
  for (const { state, reason, shard } of await listed(second))
    assert.deepEqual([state, reason, shard], ['waiting', 'another node runs this device', null]);

  const refused = [
    await second.sendText(one.id, phone, 'by the wrong one'),
    await second.api('POST', `/devices/${one.id}/reconnect`),
    await second.api('POST', `/devices/${one.id}/logout`),
    await second.api('DELETE', `/devices/${one.id}`),
    await second.api('PATCH', `/devices/${one.id}/webhook`, { webhook_url: 'http://127.0.0.1:9/' }),
  ];
  for (const { status, body, headers } of refused) {
    assert.deepEqual([status, body.code], [503, 'DEVICE_ELSEWHERE']);
    assert.ok(Number(headers.get('retry-after')) > 0);
  }

  await t.test('devices are made and removed on both, and each is known to the other', async () => {
    const twice = await second.api('POST', '/devices', { device_id: one.id });
    assert.deepEqual([twice.status, twice.body.code], [409, 'DEVICE_EXISTS']);
    assert.equal((await second.api('POST', '/devices', { device_id: 'new' })).status, 200);
    assert.equal((await readiness(second)).status, 200, 'it runs one now');
    const seenByFirst = async () => (await listed(first)).find(({ device_id }) => device_id === 'new');
    await until(async () => (await seenByFirst())?.reason === 'another node runs this device');
    const made = await Promise.all(
      [first, second].map(node => node.api('POST', '/devices', { device_id: 'raced' })),
    );
    assert.deepEqual(made.map(({ status }) => status).sort(), [200, 409]);
    assert.equal((await second.api('DELETE', '/devices/new')).status, 200);
    await until(async () => (await seenByFirst()) === undefined);
  });

  await t.test('a message that comes is delivered once, by the node that runs the device', async () => {
    for (const { phone: to } of world.seeded) await world.simulator.send(phone, to, 'for one of you');
    await until(() => hook.delivered.filter(({ event }) => event === 'message').length >= ids.length);
    assert.equal((await first.sendText(one.id, phone, 'by the right one')).status, 200);
    const sent = new Set(hook.requests.map(({ json }) => json.id));
    assert.equal(hook.requests.length, sent.size);
  });

  assert.deepEqual(await epochs(world), [2, 2, 2], 'nobody took anything');
  assert.equal(
    (await world.simulator.messages(phone)).filter(({ text }) => text === 'by the wrong one').length,
    0,
  );
  assertNeverTwice(sockets);
});

test('SIGTERM under load: the node hands its devices over, the other runs them, and nothing is lost, doubled or told twice', async t => {
  const hook = await receiver(t);
  const world = await startWorld(t, { devices: 4 });
  const sockets = await watchSockets(t, world);
  const ids = world.seeded.map(({ id }) => id);
  // So long a lease that nothing but the hand-over gives the devices away.
  const settings = { WEBHOOK_URL: hook.url, DRAIN_SECONDS: '20', LEASE_SECONDS: '300' };
  const first = await startRival(t, world, settings);
  await first.opened(ids);
  const second = await startRival(t, world, { ...settings, LOG_LEVEL: 'info' });
  await waits(second);
  const { phone } = await world.simulator.createPhone();

  // Callers go to whichever node takes it, as behind a load balancer that follows /ready.
  let going = true;
  t.after(() => {
    going = false;
  });
  let told = 0;
  const sent: string[] = [];
  const tellers = ids.map(async id => {
    for (let n = 0; going; n++) {
      for (const node of [first, second]) {
        const answer = await node.sendText(id, phone, `${id} says ${n}`).catch(() => undefined);
        if (answer?.status !== 200) continue;
        sent.push(answer.body.results?.message_id ?? '');
        break;
      }
    }
  });
  const teller = (async () => {
    for (let n = 0; going; n++)
      for (const { id, phone: to } of world.seeded) {
        await world.simulator.send(phone, to, `${id} hears ${n}`);
        told++;
      }
  })();
  const texts = () => hook.delivered.filter(({ event }) => event === 'message');
  await until(() => sent.length > 30 && texts().length > 30);
  first.kill('SIGTERM');
  assert.equal(await first.ended, 0);
  await second.opened(ids);
  assert.ok(
    !second.lines.some(line => /ended without giving/.test(line)),
    'they were given, not left behind',
  );
  assert.equal((await readiness(second)).status, 200);
  const enough = sent.length + 20;
  await until(() => sent.length > enough);
  going = false;
  await Promise.all([...tellers, teller]);

  await until(() => new Set(texts().map(({ id }) => id)).size >= told);
  const seen = (await world.simulator.messages(phone)).filter(({ fromMe }) => !fromMe);
  assert.deepEqual(new Set(sent), new Set(seen.map(({ id }: PhoneMessage) => id)), 'a 200 is what left');
  assert.equal(new Set(seen.map(({ text }) => text)).size, seen.length);
  const answered = hook.requests.filter(({ status }) => status === 200).map(({ json }) => json.id);
  assert.equal(new Set(answered).size, answered.length, 'no event was delivered twice');
  for (const { id } of world.seeded) {
    const heard = texts().filter(({ session_id }) => session_id === id);
    const inOrder = heard.map(({ payload }) => Number(/\d+$/.exec(String(payload.body))?.[0]));
    assert.deepEqual(
      inOrder,
      inOrder.toSorted((a, b) => a - b),
    );
  }
  const ledger = await world.simulator.ledger();
  assert.deepEqual({ duplicates: ledger.duplicates, retries: ledger.retries }, { duplicates: 0, retries: 0 });
  assert.deepEqual(await epochs(world), [3, 3, 3, 3]);
  for (const { jid } of world.seeded) assert.deepEqual(sockets.of(jid), ['login', 'client', 'login']);
  assertNeverTwice(sockets);
});
