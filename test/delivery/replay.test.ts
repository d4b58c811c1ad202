import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Deliveries } from '../../src/delivery/deliveries.ts';
import { deferred } from '../../src/lib/deferred.ts';
import type { Sql } from '../../src/store/database.ts';
import { syncGlobalEndpoints } from '../../src/store/endpoints.ts';
import { testDatabase } from '../support/database.ts';
import { type Received, type Receiver, receiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';
import { append, deliverer, device, recorded, upTo } from './ledger.ts';

const all = { skipTlsVerify: false, events: [] };
const again = ({ headers }: Received) => headers['webhook-replay'] === '1';
const replayed = ({ requests }: Receiver, id = 'one') =>
  requests.filter(request => again(request) && request.json.session_id === id).map(({ json }) => json.seq);
const live = ({ requests }: Receiver) =>
  requests.filter(request => !again(request)).map(({ json }) => json.seq);

async function told(t: TestContext, sql: Sql) {
  const at = await receiver(t);
  await syncGlobalEndpoints(sql, [at.url], all);
  const one = await device(sql, 'one');
  const delivery = await deliverer(t, sql);
  const [endpoint] = await sql<[{ no: number }]>`select no from endpoint`;
  const which = { no: endpoint.no, deviceNo: null };
  const deliveries = new Deliveries({ sql, deliverer: delivery });
  const names = upTo(20).map(n => (n % 4 === 0 ? 'device.state' : 'message'));
  await append(sql, one, names);
  await until(async () => at.delivered.length === 20 && (await recorded(sql)));
  return { at, one, delivery, which, deliveries };
}

test('what was told is told again from a number on, under the same ids, marked, in order, beside what comes; then it is over', async t => {
  const { sql } = await testDatabase(t);
  const { at, one, delivery, which, deliveries } = await told(t, sql);
  const gate = deferred<void>();
  at.answer(request => (again(request) ? { status: 200, after: gate.promise } : 200));
  const begun = await deliveries.replay(which, one.no, { fromSeq: 6, types: [] });
  assert.deepEqual(
    begun.map(({ deviceId, fromSeq, toSeq }) => [deviceId, fromSeq, toSeq]),
    [['one', 6, 20]],
  );
  await until(() => at.open === 1);
  delivery.wake(await append(sql, one, 5));
  await until(() => live(at).length === 25);
  assert.deepEqual(replayed(at), [6], 'the live ones did not wait');
  const [under] = await deliveries.replays(which);
  assert.deepEqual([under!.fromSeq, under!.toSeq, under!.seq], [6, 20, 5]);
  await assert.rejects(deliveries.replay(which, one.no, { fromSeq: 1, types: [] }), {
    code: 'REPLAY_RUNNING',
  });
  gate.resolve();
  await until(async () => (await deliveries.replays(which)).length === 0);
  assert.deepEqual(replayed(at), upTo(20, 6));
  assert.deepEqual(live(at), upTo(25));
  const ids = new Map(at.requests.map(({ json, headers }) => [json.seq, headers['webhook-id']]));
  for (const { json, headers } of at.requests) assert.equal(headers['webhook-id'], ids.get(json.seq));
  await deliveries.replay(which, one.no, { fromSeq: 25, types: [] });
  await until(() => replayed(at).length === 16);
});

test('a replay tells some kinds alone, between two times, and of nothing else', async t => {
  const { sql } = await testDatabase(t);
  const { at, one, which, deliveries } = await told(t, sql);
  await deliveries.replay(which, one.no, { fromSeq: 3, toSeq: 17, types: ['device.state'] });
  await until(() => replayed(at).length === 4);
  await until(async () => (await deliveries.replays(which)).length === 0);
  assert.deepEqual(replayed(at), [4, 8, 12, 16]);

  await sql`update journal set at = now() - (21 - seq) * interval '1 hour'`;
  const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000 - 60_000);
  await deliveries.replay(which, undefined, { since: hoursAgo(3), until: hoursAgo(1), types: [] });
  await until(() => replayed(at).length === 6);
  await until(async () => (await deliveries.replays(which)).length === 0);
  assert.deepEqual(replayed(at).slice(4), [18, 19]);
  assert.deepEqual(await deliveries.replay(which, one.no, { since: new Date(), types: [] }), []);
});

test('a replay that is ended tells nothing more; one of many devices takes a quarter of the places of its webhook', async t => {
  const { sql } = await testDatabase(t);
  const { at, which, deliveries } = await told(t, sql);
  const others = await Promise.all(upTo(10).map(n => device(sql, `device-${n}`)));
  for (const each of others) await append(sql, each, 3);
  await until(async () => at.delivered.length === 50 && (await recorded(sql)));
  const gate = deferred<void>();
  at.answer({ status: 200, after: gate.promise });
  const begun = await deliveries.replay(which, undefined, { types: [] });
  assert.equal(begun.length, 11);
  await until(() => at.open === 2);
  const cancelled = deliveries.cancel(which, undefined);
  assert.equal(await cancelled, 11);
  assert.equal(at.requests.filter(again).length, 2, 'of eight places');
  gate.resolve();
  await until(() => at.open === 0);
  for (const each of others) await append(sql, each, 1);
  await until(() => live(at).length === 60);
  assert.equal(at.requests.filter(again).length, 2);
  assert.equal((await deliveries.replays(which)).length, 0);
});

test('a replay that had told everything when its process was killed is in nobody’s way', async t => {
  const { sql } = await testDatabase(t);
  const { at, one, which, deliveries } = await told(t, sql);
  await sql`
    insert into lane (endpoint_no, device_no, replay, cursor, until, start_seq, began_at)
    values (${which.no}, ${one.no}, true, 20, 20, 1, now())`;
  await deliveries.replay(which, one.no, { fromSeq: 19, types: [] });
  await until(() => replayed(at).length === 2);
});
