import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deferred } from '../../src/lib/deferred.ts';
import { syncGlobalEndpoints } from '../../src/store/endpoints.ts';
import { testDatabase } from '../support/database.ts';
import { testSeals } from '../support/keys.ts';
import { deadPort, type Receiver, receiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';
import { append, deliverer, device, hurry, OWNER, seeded, upTo } from './ledger.ts';

const all = { skipTlsVerify: false, events: [] };
const seqs = ({ delivered }: Receiver, id: string) =>
  delivered.filter(({ session_id }) => session_id === id).map(({ seq }) => seq);

test('a dead, a stuck and a flaky endpoint hold up neither the healthy ones nor each other, and all get everything in order', async t => {
  const { sql } = await testDatabase(t);
  const random = seeded(1);
  const gate = deferred<void>();
  const port = await deadPort();
  const healthy = [await receiver(t), await receiver(t)];
  const stuck = await receiver(t, { answer: { status: 200, after: gate.promise } });
  const flaky = await receiver(t, { answer: () => (random() < 0.2 ? 503 : 200) });
  const urls = [...healthy, stuck, flaky].map(({ url }) => url);
  await syncGlobalEndpoints(sql, [...urls, `http://127.0.0.1:${port}/hook`], all);
  await sql`update endpoint set timeout_ms = 30000`;
  const devices = await Promise.all(upTo(10).map(n => device(sql, `device-${n}`)));
  const delivery = await deliverer(t, sql);

  for (let round = 0; round < 10; round += 1) {
    for (const each of devices) {
      const events = await append(sql, each, 3);
      // Every third time the hint gets lost.
      if (round % 3) delivery.wake(events);
    }
  }
  const complete = (of: Receiver) => devices.every(({ id }) => seqs(of, id).length === 30);
  await until(() => healthy.every(complete), { what: 'the healthy endpoints have everything' });
  await until(() => stuck.requests.length === 8, { what: 'all places of the stuck one are taken' });
  assert.equal(stuck.delivered.length, 0);
  assert.equal(stuck.mostOpen, 8);
  const open = stuck.requests.map(({ json }) => json.session_id);
  assert.equal(new Set(open).size, 8, 'one POST at a time for a device');

  gate.resolve();
  const revived = await receiver(t, { port });
  await until(
    async () => {
      await hurry(sql);
      return [stuck, flaky, revived].every(complete);
    },
    { within: 60_000, what: 'the others have everything' },
  );
  for (const each of [...healthy, stuck, flaky, revived]) {
    for (const { id } of devices) assert.deepEqual(seqs(each, id), upTo(30));
  }
  for (const each of healthy) assert.equal(each.requests.length, 300, 'nothing came twice');
  for (const { json } of flaky.requests.filter(({ status }) => status === 503)) {
    const tries = flaky.requests.filter(other => other.json.id === json.id);
    assert.equal(tries.at(-1)?.status, 200);
    assert.deepEqual(new Set(tries.map(({ body }) => body)).size, 1, 'every try has the same bytes');
  }
});

test('an event that a strict endpoint refuses stops its own lane only, until it is taken', async t => {
  const { sql } = await testDatabase(t);
  const picky = await receiver(t, {
    answer: ({ json }) => (json.session_id === 'one' && json.seq === 2 ? 422 : 200),
  });
  await syncGlobalEndpoints(sql, [picky.url], all);
  await sql`update endpoint set strict = true`;
  const [one, two] = [await device(sql, 'one'), await device(sql, 'two')];
  const delivery = await deliverer(t, sql);
  for (const each of [one, two]) delivery.wake(await append(sql, each, 5));
  await until(() => seqs(picky, 'two').length === 5);
  await until(async () => {
    await hurry(sql);
    return picky.requests.filter(({ status }) => status === 422).length > 4;
  });
  assert.deepEqual(seqs(picky, 'one'), [1]);
  const [lane] = await sql`select refused, last_error from lane where device_no = ${one.no}`;
  assert.equal(lane!.last_error, 'HTTP 422');
  assert.ok(lane!.refused >= 4);
  picky.answer(200);
  await until(async () => {
    await hurry(sql);
    return seqs(picky, 'one').length === 5;
  });
  assert.deepEqual(seqs(picky, 'one'), upTo(5));
  await until(async () => {
    const [row] = await sql`select refused, last_error, cursor from lane where device_no = ${one.no}`;
    return row!.refused === 0 && row!.last_error === null && row!.cursor === 5;
  });
});

test('F29: hundreds of lanes of one endpoint that are due at once are all delivered, eight at a time', async t => {
  const { sql } = await testDatabase(t);
  const one = await receiver(t);
  await syncGlobalEndpoints(sql, [one.url], all);
  await sql`insert into device (id) select 'device-' || n from generate_series(1, 400) n`;
  await sql`insert into lane (endpoint_no, device_no) select e.no, d.no from endpoint e, device d`;
  await sql`update device set owner = ${OWNER}, epoch = 1`;
  await testSeals(sql).complete();
  for (const { no, id } of await sql<{ no: number; id: string }[]>`select no, id from device`)
    await append(sql, { no, id }, 3);
  await deliverer(t, sql);
  await until(() => one.delivered.length === 1200, { within: 60_000 });
  for (const n of upTo(400)) assert.deepEqual(seqs(one, `device-${n}`), [1, 2, 3]);
  assert.ok(one.mostOpen <= 8);
  assert.equal(one.requests.length, 1200);
});

test('an endpoint gets the events it asked for, however they are spelled, and its cursor passes the others', async t => {
  const { sql } = await testDatabase(t);
  const some = await receiver(t);
  await syncGlobalEndpoints(sql, [some.url], {
    skipTlsVerify: false,
    events: [' Message.ACK', 'device.state'],
  });
  const one = await device(sql, 'one');
  const names = ['message', 'message.ack', 'message', 'device.state', 'message', 'message'];
  const delivery = await deliverer(t, sql);
  for (const hint of [false, true, true]) {
    const events = await append(sql, one, names);
    if (hint) delivery.wake(events);
    await until(async () => {
      const [row] = await sql`select cursor = last_seq as done from lane join device on no = device_no`;
      return row!.done;
    });
  }
  assert.deepEqual(seqs(some, 'one'), [2, 4, 8, 10, 14, 16]);
});
