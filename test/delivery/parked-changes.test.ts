// Parked events while what is around them changes.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Deliveries } from '../../src/delivery/deliveries.ts';
import { deferred } from '../../src/lib/deferred.ts';
import { syncGlobalEndpoints } from '../../src/store/endpoints.ts';
import { dueParked } from '../../src/store/parked.ts';
import {
  deleteWebhook,
  pauseWebhook,
  resumeWebhook,
  updateWebhook,
  type WebhookFields,
} from '../../src/store/webhooks.ts';
import { testDatabase } from '../support/database.ts';
import { receiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';
import { append, Clock, deliverer, device, OWNER, upTo } from './ledger.ts';

const all = { skipTlsVerify: false, events: [] };
const HOUR = 3_600_000;

/** A webhook that has refused the second event of a device, and of which it is parked. */
async function parked(t: TestContext) {
  const { sql } = await testDatabase(t);
  const clock = new Clock();
  const at = await receiver(t, { answer: ({ json }) => (json.seq === 2 ? 400 : 200) });
  await syncGlobalEndpoints(sql, [at.url], all);
  const one = await device(sql, 'one');
  let looks = 0;
  const now = () => {
    looks += 1;
    return clock.now();
  };
  const delivery = await deliverer(t, sql, { now, everyMs: 5 });
  await append(sql, one, 3);
  await until(() => {
    clock.to(clock.now() + 1_000);
    return at.delivered.length === 2;
  });
  const [{ no }] = await sql<[{ no: number }]>`select no from endpoint`;
  await until(async () => (await sql`select from parked`).count === 1);
  const tries = () => at.requests.filter(({ json }) => json.seq === 2).length;
  /** It has had more than one look at what is due. */
  const looked = async () => {
    const before = looks;
    delivery.look();
    await until(() => looks > before + 20);
  };
  return { sql, clock, at, one, delivery, no, tries, looked };
}

const fields = (url: string): WebhookFields => ({
  ...{ name: '', url, events: [], chats: [], own: true, headers: null },
  ...{ batchEvents: 1, batchMs: 0, strict: false, maxInFlight: 8, timeoutMs: 15_000 },
  direction: 'any',
  payload: 'fat',
});

test('a parked event of a webhook that is paused waits until it is resumed, and spends no try', async t => {
  const { sql, clock, at, delivery, no, tries, looked } = await parked(t);
  await delivery.reconfigure('all', () => pauseWebhook(sql, no));
  clock.to(clock.now() + HOUR);
  await looked();
  assert.equal(tries(), 3);
  at.answer(200);
  await delivery.reconfigure('all', () => resumeWebhook(sql, no, 'backlog'));
  delivery.look();
  await until(async () => (await sql`select from parked`).count === 0);
  assert.deepEqual([tries(), at.delivered.map(({ seq }) => seq)], [4, [1, 3, 2]]);
});

test('a parked event goes to the URL that its webhook has when its time has come', async t => {
  const { sql, clock, delivery, no, tries } = await parked(t);
  const elsewhere = await receiver(t);
  await delivery.reconfigure('all', () => updateWebhook(sql, no, fields(elsewhere.url)));
  clock.to(clock.now() + HOUR);
  await until(async () => (await sql`select from parked`).count === 0);
  assert.deepEqual([tries(), elsewhere.delivered.map(({ seq }) => seq)], [3, [2]]);
});

test('parked events of a webhook that is deleted while they wait for their turn are sent nowhere, and hold up nobody', async t => {
  const { sql, clock, at, one, delivery, no, tries, looked } = await parked(t);
  const other = await receiver(t, { answer: ({ json }) => (json.seq === 4 ? 400 : 200) });
  const [beside] = await sql<[{ no: number }]>`
    insert into endpoint (source, url) values ('api', ${other.url}) returning no`;
  await sql`insert into lane (endpoint_no, device_no, cursor) values (${beside.no}, ${one.no}, 3)`;
  await append(sql, one, 1);
  await until(() => {
    clock.to(clock.now() + 1_000);
    return other.requests.length === 3;
  });
  await until(async () => (await sql`select from parked where endpoint_no = ${beside.no}`).count === 1);
  // One place for what is told again or apart: of two parked events one waits behind the other.
  await sql`update endpoint set max_inflight = 1`;
  await sql`
    insert into parked (endpoint_no, device_no, seq, attempt, not_before, last_error)
    values (${no}, ${one.no}, 3, 3, now(), 'HTTP 400')`;
  const held = deferred<void>();
  at.answer({ status: 200, after: held.promise });
  clock.to(clock.now() + HOUR);
  const before = at.requests.length;
  await until(() => at.requests.length === before + 1);
  await delivery.reconfigure('all', () => deleteWebhook(sql, no));
  held.resolve();
  other.answer(200);
  clock.to(clock.now() + HOUR);
  await until(() => other.delivered.some(({ seq }) => seq === 4));
  await looked();
  assert.equal(at.requests.length, before + 1);
  assert.equal((await sql`select from parked`).count, 0);
  assert.ok(tries() <= 4);
});

test('many parked events of one webhook leave room for those of others, and those of other nodes take no turn', async t => {
  const { sql } = await testDatabase(t);
  const [mine, theirs] = [await device(sql, 'mine'), await device(sql, 'theirs')];
  await sql`update device set owner = gen_random_uuid() where no = ${theirs.no}`;
  const [{ many, few }] = await sql<[{ many: number; few: number }]>`
    with e as (
      insert into endpoint (source, url) values ('api', 'http://127.0.0.1/1'), ('api', 'http://127.0.0.1/2') returning no
    )
    select min(no) as many, max(no) as few from e`;
  const park = (endpoint: number, of: number, count: number, minutes: number) => sql`
    insert into parked (endpoint_no, device_no, seq, attempt, not_before, last_error)
    select ${endpoint}, ${of}, n, 3, now() - ${minutes}::int * interval '1 minute', 'HTTP 400' from generate_series(1, ${count}::int) n`;
  await park(many, mine.no, 150, 60);
  await park(few, theirs.no, 30, 30);
  await park(few, mine.no, 1, 1);
  const due = await dueParked(sql, OWNER, { limit: 100, each: 20, busy: [], now: Date.now() });
  assert.deepEqual(
    due.map(({ endpointNo, deviceNo }) => [endpointNo, deviceNo]).toSorted(),
    [...upTo(20).map(() => [many, mine.no]), [few, mine.no]].toSorted(),
  );
});

test('of a span that had grown old only what the webhook wants is told again, by name and by what is in it', async t => {
  const { sql } = await testDatabase(t);
  const at = await receiver(t);
  await syncGlobalEndpoints(sql, [at.url], { ...all, events: ['message', 'message.ack'] });
  const one = await device(sql, 'one');
  await append(sql, one, ['message', 'presence', 'message.ack', 'message']);
  const [{ no }] = await sql<[{ no: number }]>`
    update endpoint set direction = 'incoming' returning no`;
  await sql`update lane set cursor = 4`;
  await sql`
    insert into dead_letter (endpoint_no, device_no, from_seq, to_seq, reason) values (${no}, ${one.no}, 1, 4, 'expired')`;
  const delivery = await deliverer(t, sql, { everyMs: 5 });
  const deliveries = new Deliveries({ sql, deliverer: delivery });
  const every = { from: undefined, to: undefined };
  assert.deepEqual(await deliveries.revive({ no, deviceNo: null }, every), {
    letters: 1,
    events: 3,
    expired: 0,
  });
  await until(async () => (await sql`select from parked`).count === 0);
  assert.deepEqual(at.delivered.map(({ seq }) => seq).toSorted(), [1, 4]);
  // All but those that have to be named.
  await sql`update endpoint set events = '{}', direction = 'any'`;
  await append(sql, one, ['device.qr', 'presence']);
  await sql`update lane set cursor = 6`;
  await sql`
    insert into dead_letter (endpoint_no, device_no, from_seq, to_seq, reason) values (${no}, ${one.no}, 5, 6, 'expired')`;
  const again = await deliveries.revive({ no, deviceNo: null }, every);
  assert.deepEqual(again, { letters: 1, events: 1, expired: 0 });
});
