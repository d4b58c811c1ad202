// What a look for due lanes costs and finds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDatabase, type Sql } from '../../src/store/database.ts';
import { createDevice } from '../../src/store/devices.ts';
import {
  dueLanes,
  dueQuery,
  type LaneState,
  saveLanes,
  settledDevices,
  wakeLanes,
} from '../../src/store/lanes.ts';
import { completeLanes, insertWebhook, resumeWebhook, type WebhookFields } from '../../src/store/webhooks.ts';
import { OWNER } from '../delivery/ledger.ts';
import { testDatabase } from '../support/database.ts';

const look = { limit: 1_000, each: 100, busy: [], now: Date.now() };

/** A hundred devices, each with seven events and ten webhooks that have had all of them. */
async function world(sql: Sql): Promise<void> {
  await sql`
    insert into device (id, owner, epoch, last_seq) select 'device-' || n, ${OWNER}, 1, 7 from generate_series(1, 100) n`;
  await webhooks(sql, 10);
}

const webhooks = async (sql: Sql, each: number) => {
  await sql`
    with e as (
      insert into endpoint (source, device_no, url)
      select 'api', d.no, 'http://127.0.0.1:9/' || n from device d cross join generate_series(1, ${each}::int) n
       where d.no > 5 or ${each} = 10
      returning no, device_no
    )
    insert into lane (endpoint_no, device_no, cursor) select no, device_no, 7 from e`;
  await sql`analyze device, endpoint, lane`;
};

const settled = async (sql: Sql) =>
  new Map((await settledDevices(sql, OWNER, new Map())).map(({ no, seq }) => [no, seq]));

test('F58: a look reads as many pages for 10,000 idle webhooks as for 1,000, and goes through no table of them', async t => {
  const { sql } = await testDatabase(t);
  await world(sql);
  const known = await settled(sql);
  assert.equal(known.size, 100);
  await sql`update device set last_seq = 8 where no <= 5`;
  const plan = async () => {
    const wanted = { ...look, settled: known };
    assert.equal((await dueLanes(sql, OWNER, wanted)).length, 50);
    const rows = await sql<{ 'QUERY PLAN': string }[]>`
      explain (analyze, buffers, costs off, timing off, summary off) ${dueQuery(sql, OWNER, wanted)}`;
    const text = rows.map(row => row['QUERY PLAN']).join('\n');
    const pages = /shared hit=(\d+)(?: read=(\d+))?/.exec(text)?.slice(1) ?? [];
    return { text, pages: pages.reduce((sum, each) => sum + Number(each ?? 0), 0) };
  };
  const thousand = await plan();
  await webhooks(sql, 95);
  const [{ count }] = await sql<[{ count: number }]>`select count(*)::int as count from endpoint`;
  assert.ok(count > 10_000);
  for (const [no, seq] of await settled(sql)) known.set(no, seq);
  const tenThousand = await plan();
  t.diagnostic(`${thousand.pages} pages of 1,000 webhooks, ${tenThousand.pages} of ${count}`);
  assert.ok(tenThousand.pages <= thousand.pages + 60, tenThousand.text);
  assert.doesNotMatch(tenThousand.text, /Seq Scan on (lane|endpoint)/, tenThousand.text);
});

test('a device is settled when nothing waits for a webhook that is not off; what comes after opens it', async t => {
  const { sql } = await testDatabase(t);
  await world(sql);
  await sql`update endpoint set state = 'paused' where device_no = 1`;
  await sql`update endpoint set breaker_until = now() + interval '1 hour' where device_no = 2`;
  await sql`update lane set not_before = now() + interval '1 hour' where device_no = 3`;
  await sql`update lane set cursor = 6 where device_no <= 3`;
  await sql`update device set owner = gen_random_uuid() where no > 6`;
  const known = await settled(sql);
  assert.deepEqual([...known.keys()].toSorted(), [1, 4, 5, 6], 'what only rests is looked at each time');
  const due = async () => {
    const rows = await dueLanes(sql, OWNER, { ...look, settled: known });
    return [...new Set(rows.map(({ deviceNo }) => deviceNo))].toSorted();
  };
  assert.deepEqual(await due(), []);
  await sql`update device set last_seq = 8 where no in (1, 4, 7)`;
  assert.deepEqual(await due(), [4]);
  assert.deepEqual([...(await settledDevices(sql, OWNER, known))], [{ no: 1, seq: 8 }]);
});

test('those who change several lanes of a webhook wait for each other in one order, whatever order they name them in', async t => {
  const { sql } = await testDatabase(t);
  await sql`insert into device (id, owner, epoch, last_seq) select 'device-' || n, ${OWNER}, 1, 7 from generate_series(1, 400) n`;
  const [endpoint] = await sql<
    [{ no: number }]
  >`insert into endpoint (url) values ('http://there') returning no`;
  await sql`insert into lane (endpoint_no, device_no) select ${endpoint.no}, no from device order by no desc`;
  const states = (await sql<{ no: number }[]>`select no from device order by no`).map(
    ({ no }): LaneState => ({
      ...{ endpointNo: endpoint.no, deviceNo: no, replay: false, cursor: 1, run: 0 },
      ...{ attempt: 1, refused: 0, frozenTo: undefined, failure: { until: Date.now(), error: 'HTTP 503' } },
    }),
  );
  const rounds = async (change: () => Promise<unknown>) => {
    for (let round = 0; round < 30; round += 1) await change();
  };
  await Promise.all([
    rounds(() => saveLanes(sql, OWNER, states)),
    rounds(() => saveLanes(sql, OWNER, states.toReversed())),
    rounds(() => resumeWebhook(sql, endpoint.no, 'backlog')),
    rounds(() => wakeLanes(sql, endpoint.no)),
  ]);
  const [{ deadlocks }] = await sql<[{ deadlocks: number }]>`
    select deadlocks::int from pg_stat_database where datname = current_database()`;
  assert.equal(deadlocks, 0);
});

test('a webhook and a device that are made in the same moment find each other, and it is owed all events of the device', async t => {
  const { address, sql } = await testDatabase(t);
  const pool = openDatabase({ address, connections: 1, name: 'beside' });
  t.after(() => pool.end({ timeout: 1 }));
  const fields: WebhookFields = {
    ...{ name: '', url: 'http://there', events: [], chats: [], own: true, headers: null },
    ...{ batchEvents: 1, batchMs: 0, strict: false, maxInFlight: 8, timeoutMs: 15_000 },
    direction: 'any',
    payload: 'fat',
  };
  const make = (by: Sql) => insertWebhook(by, null, fields, Buffer.alloc(8), 16);
  const lanes = async () => {
    const rows = await sql<{ text: string }[]>`
      select concat_ws(' ', d.id, l.endpoint_no, l.cursor, l.until) as text from lane l join device d on d.no = l.device_no
       order by 1`;
    return rows.map(({ text }) => text);
  };
  await pool.begin(async device => {
    await createDevice(device as unknown as Sql, 'a', OWNER);
    await make(sql);
  });
  assert.deepEqual(await lanes(), [], 'neither has seen the other');
  await sql`update device set last_seq = 3`;
  assert.equal(await completeLanes(sql), 1);
  await pool.begin(async webhook => {
    await make(webhook as unknown as Sql);
    await createDevice(sql, 'b', OWNER);
  });
  assert.deepEqual(await lanes(), ['a 1 0', 'a 2 3', 'b 1 0']);
  await sql`update device set last_seq = 5`;
  assert.equal(await completeLanes(sql), 1);
  assert.deepEqual(await lanes(), ['a 1 0', 'a 2 3', 'b 1 0', 'b 2 0']);
  assert.equal(await completeLanes(sql), 0);
  const due = await dueLanes(sql, OWNER, { ...look, settled: new Map() });
  assert.deepEqual(due.map(({ deviceId, cursor, upto }) => `${deviceId} ${cursor}-${upto}`).toSorted(), [
    'a 0-5',
    'a 3-5',
    'b 0-5',
    'b 0-5',
  ]);
});
