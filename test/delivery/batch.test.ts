import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Sql } from '../../src/store/database.ts';
import { syncGlobalEndpoints } from '../../src/store/endpoints.ts';
import { testDatabase } from '../support/database.ts';
import { type Envelope, type Received, type Receiver, receiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';
import { append, Clock, deliverer, device, recorded, secret, upTo } from './ledger.ts';

const all = { skipTlsVerify: false, events: [] };
const eventsOf = ({ json }: Pick<Received, 'json'>): Envelope[] =>
  json.event === 'batch' ? (json as unknown as { events: Envelope[] }).events : [json];
const sizes = ({ requests }: Receiver) => requests.map(request => eventsOf(request).length);
const taken = ({ requests }: Receiver) =>
  requests.filter(({ status }) => status === 200).flatMap(request => eventsOf(request).map(({ seq }) => seq));

async function batching(t: TestContext, sql: Sql, events: number, ms = 10) {
  const at = await receiver(t);
  await syncGlobalEndpoints(sql, [at.url], all);
  await sql`update endpoint set batch_events = ${events}, batch_ms = ${ms}`;
  return { at, one: await device(sql, 'one') };
}

test('a backlog goes in whole batches, the last one partial, each signed under an id of its own', async t => {
  const { sql } = await testDatabase(t);
  const { at, one } = await batching(t, sql, 100);
  await append(sql, one, 250);
  await deliverer(t, sql);
  await until(() => taken(at).length === 250);
  assert.deepEqual(sizes(at), [100, 100, 50]);
  assert.deepEqual(taken(at), upTo(250));
  for (const request of at.requests) {
    at.verify(request, secret);
    const events = eventsOf(request);
    assert.equal(request.headers['webhook-id'], `bat_${events[0]!.id}_${events.length}`);
    assert.equal(request.json.id, request.headers['webhook-id']);
  }
});

test('what is streamed is gathered until a batch is full or its first event is old', async t => {
  const { sql } = await testDatabase(t);
  const { at, one } = await batching(t, sql, 5, 300);
  const delivery = await deliverer(t, sql);
  delivery.wake(await append(sql, one, 1));
  await until(() => taken(at).length === 1);
  for (const event of await append(sql, one, 7)) delivery.wake([event]);
  await until(() => taken(at).length === 8);
  assert.deepEqual(taken(at), upTo(8));
  assert.deepEqual(sizes(at), [1, 5, 2]);
});

test('a batch that waits for more has nobody look again and again for what is due', async t => {
  const { sql } = await testDatabase(t);
  const { at, one } = await batching(t, sql, 10, 1_000);
  let looks = 0;
  const counting = new Proxy(sql, {
    apply: (pool, self, asked: [TemplateStringsArray, ...unknown[]]) => {
      if (asked[0].join('').includes('from endpoint_version')) looks++;
      return Reflect.apply(pool, self, asked);
    },
  });
  const delivery = await deliverer(t, counting, { everyMs: 600_000 });
  delivery.wake(await append(sql, one, 4));
  await until(() => taken(at).length === 4);
  // At the start, for a device that nothing was known of, and for more where that came from, at the begin and the end of its turn.
  assert.ok(looks <= 4, `${looks} looks within the second that the batch waited`);
});

test('a batch that did not arrive is tried again as it was, also by the next process, whatever has come meanwhile', async t => {
  const { sql } = await testDatabase(t);
  const clock = new Clock();
  const { at, one } = await batching(t, sql, 10);
  at.answer(503);
  await append(sql, one, 4);
  const first = await deliverer(t, sql, { now: clock.now, everyMs: 5 });
  await until(() => at.requests.length === 1);
  await until(async () => {
    const [lane] = await sql`select frozen_to from lane`;
    return lane!.frozen_to === 4;
  });
  await first.stop();
  await append(sql, one, 8);
  at.answer(200);
  clock.to(clock.now() + 10_000);
  await deliverer(t, sql, { now: clock.now, everyMs: 5 });
  await until(() => taken(at).length === 12);
  assert.deepEqual(sizes(at), [4, 4, 8]);
  assert.equal(at.requests[1]!.body, at.requests[0]!.body);
  assert.deepEqual(taken(at), upTo(12));
  await until(() => recorded(sql));
});

test('of a batch that is refused the one event that is at fault is found and parked, and the others arrive', async t => {
  const { sql } = await testDatabase(t);
  const clock = new Clock();
  const { at, one } = await batching(t, sql, 16);
  at.answer(request => (eventsOf(request).some(({ seq }) => seq === 11) ? 422 : 200));
  await append(sql, one, 40);
  await deliverer(t, sql, { now: clock.now, everyMs: 5 });
  await until(() => {
    clock.to(clock.now() + 1_000);
    return taken(at).length === 39;
  });
  assert.deepEqual(
    taken(at),
    upTo(40).filter(seq => seq !== 11),
  );
  const parked = await sql`select seq, attempt from parked`;
  assert.deepEqual([parked[0]!.seq, parked[0]!.attempt, parked.length], [11, 3, 1]);
});

test('F28: a batch ends before 512 KiB, however many events it might have', async t => {
  const { sql } = await testDatabase(t);
  const { at, one } = await batching(t, sql, 100);
  await append(sql, one, 20, { length: 60_000 });
  await deliverer(t, sql);
  await until(() => taken(at).length === 20);
  assert.deepEqual(taken(at), upTo(20));
  assert.deepEqual(sizes(at), [8, 8, 4]);
  for (const { body } of at.requests) assert.ok(body.length <= 512 * 1024, `${body.length}`);
});
