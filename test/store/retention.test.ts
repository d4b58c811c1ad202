// How long events are kept: by days, by device, and what becomes of who has not read them by then.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { makeLogger } from '../../src/lib/logger.ts';
import { createDevice } from '../../src/store/devices.ts';
import { readEvents } from '../../src/store/journal.ts';
import { daysBefore, makeDays, mendPlaces, utcDay } from '../../src/store/journal-days.ts';
import { readPage } from '../../src/store/pages.ts';
import { keepJournal } from '../../src/store/retention.ts';
import { testDatabase } from '../support/database.ts';
import { settled } from '../support/streams.ts';
import { until } from '../support/until.ts';

const log = makeLogger('silent', {});

/** A device with ten events, the first of them `ages` days old, and an endpoint. */
async function world(t: TestContext, ages: readonly number[] = [9, 9, 8, 8, 7, 6, 3, 1, 0, 0]) {
  const { address, sql } = await testDatabase(t);
  const owner = randomUUID();
  const [endpoint] = await sql<
    [{ no: number }]
  >`insert into endpoint (url) values ('http://there') returning no`;
  const device = await createDevice(sql, 'a', owner);
  const partition = async (ago: number) => {
    const [day] = await sql<[{ name: string; from: string; to: string }]>`
      select 'journal_' || to_char(d, 'YYYYMMDD') as name, d::text as "from", (d + 1)::text as "to"
        from (select (now() at time zone 'utc')::date - ${ago}::int as d) x`;
    await sql.unsafe(
      `create table if not exists ${day.name} partition of journal for values from ('${day.from}') to ('${day.to}')`,
    );
  };
  const write = async (no: number, ages: readonly number[]) => {
    for (const age of ages)
      await sql`
        with d as (
          update device set last_seq = last_seq + 1 where no = ${no}
          returning last_seq, 'e' || no || '-' || last_seq as id, (now() at time zone 'utc')::date - ${age}::int as day
        ), s as (
          insert into seen (device_no, id, seq, day) select ${no}, id, last_seq, day from d
        )
        insert into journal (device_no, seq, id, event, at, payload, day)
        select ${no}, last_seq, id, 'message', now(), 'sealed', day from d`;
  };
  for (const ago of new Set(ages)) if (ago > 0) await partition(ago);
  await write(device.no, ages);
  const keep = (days = 7) => keepJournal({ sql, log, days, stopped: () => false });
  const seqs = async (no = device.no) => (await readEvents(sql, no, 0, 100)).map(({ seq }) => seq);
  const dead = async () =>
    (
      await sql<{ text: string }[]>`
      select concat_ws(' ', device_no, from_seq || '-' || to_seq, reason) as text from dead_letter order by no`
    ).map(({ text }) => text);
  const cursor = async (replay = false, no = device.no) =>
    (
      await sql<{ cursor: number }[]>`select cursor from lane where device_no = ${no} and replay = ${replay}`
    ).map(({ cursor }) => cursor);
  const lane = (values: { cursor: number; until?: number; replay?: boolean }) => sql`
    insert into lane (endpoint_no, device_no, cursor, until, replay)
    values (${endpoint.no}, ${device.no}, ${values.cursor}, ${values.until ?? null}, ${values.replay ?? false})
    on conflict (endpoint_no, device_no, replay) do update set cursor = excluded.cursor, until = excluded.until`;
  return { address, sql, owner, device, endpoint, write, partition, keep, seqs, dead, cursor, lane };
}

test('a backlog older than the journal is kept is one dead letter, which grows; nothing else moves', async t => {
  const { sql, device, keep, seqs, dead, cursor, lane } = await world(t);
  await lane({ cursor: 1 });
  await lane({ cursor: 0, until: 2, replay: true });
  await keep();
  assert.deepEqual(await seqs(), [5, 6, 7, 8, 9, 10], 'what is eight days old is gone, seven days are kept');
  assert.deepEqual((await dead()).toSorted(), [`${device.no} 1-2 expired`, `${device.no} 2-4 expired`]);
  assert.deepEqual(
    [await cursor(), await cursor(true)],
    [[4], []],
    'the replay has reached its end and is over',
  );
  assert.deepEqual(await daysBefore(sql, 7, await utcDay(sql)), [], 'their partitions are dropped');
  await keep();
  assert.equal((await dead()).length, 2, 'once');
  // A day later.
  await keep(6);
  assert.deepEqual((await dead()).toSorted(), [`${device.no} 1-2 expired`, `${device.no} 2-5 expired`]);
  assert.deepEqual(await cursor(), [5]);
});

test('over midnight nothing goes that was not told of: the day is that of the beginning', async t => {
  const { sql, device, seqs, dead, cursor, lane } = await world(t);
  await lane({ cursor: 1 });
  const [{ yesterday }] = await sql<[{ yesterday: string }]>`
    select to_char((now() at time zone 'utc')::date - 1, 'YYYY-MM-DD') as yesterday`;
  // Midnight comes after the first question.
  let asked = 0;
  const before = new Proxy(sql, {
    apply: (target, self, query) => {
      const [text] = query as [unknown];
      if (!Array.isArray(text) || !text.join().includes("'YYYY-MM-DD'"))
        return Reflect.apply(target, self, query);
      asked += 1;
      return Promise.resolve([{ day: yesterday }]);
    },
  });
  await keepJournal({ sql: before, log, days: 7, stopped: () => false });
  assert.equal(asked, 1);
  assert.deepEqual(await seqs(), [3, 4, 5, 6, 7, 8, 9, 10], 'what was eight days old yesterday at midnight');
  assert.deepEqual([await dead(), await cursor()], [[`${device.no} 2-2 expired`], [2]]);
});

test('events that a device keeps for a shorter time make no gap for who reads those of all', async t => {
  const { sql, owner, device, write, keep } = await world(t);
  const usual = await createDevice(sql, 'usual', owner);
  await write(usual.no, [3, 0]);
  await sql`update device set event_days = 1 where no = ${device.no}`;
  await keep();
  const [row] =
    await sql`select expired_seq, expired_xid is null as nowhere from device where no = ${device.no}`;
  assert.deepEqual({ ...row }, { expired_seq: 7, nowhere: false });
  const page = () =>
    readPage(sql, {
      ...{ deviceNos: undefined, after: { xid: '0', pos: '0' }, limit: 100, events: [], without: [] },
    });
  await settled(sql);
  const { expired, rows } = await page();
  assert.equal(expired, undefined);
  assert.deepEqual(
    rows.filter(({ deviceNo }) => deviceNo === usual.no).map(({ seq }) => seq),
    [1, 2],
  );
  await keep(2);
  const [{ xid }] = await sql<
    [{ xid: string }]
  >`select expired_xid::text as xid from device where no = ${usual.no}`;
  assert.equal((await page()).expired?.xid, xid, 'those that are kept as long as all are one');
});

test('a lane that is past, or is owed no more, is left alone; a parked event that is too old is a dead letter', async t => {
  const { sql, device, endpoint, keep, dead, cursor, lane } = await world(t);
  await lane({ cursor: 4 });
  await lane({ cursor: 3, until: 3, replay: true });
  await sql`
    insert into parked (endpoint_no, device_no, seq, attempt, not_before, last_error)
    select ${endpoint.no}, ${device.no}, n, 1, now(), 'HTTP 400' from unnest('{2, 6}'::int[]) n`;
  await keep();
  assert.deepEqual([await cursor(), await cursor(true)], [[4], [3]]);
  assert.deepEqual(await dead(), [`${device.no} 2-2 expired`]);
  assert.deepEqual(
    (await sql`select seq from parked`).map(({ seq }) => seq),
    [6],
  );
});

test('a device keeps its events for as many days as it is told, also longer than all others', async t => {
  const { sql, owner, device, write, keep, seqs, cursor } = await world(t);
  const longer = await createDevice(sql, 'longer', owner);
  await write(longer.no, [9, 9, 3, 0]);
  await sql`update device set event_days = 2 where no = ${device.no}`;
  await sql`update device set event_days = 30 where no = ${longer.no}`;
  const usual = await createDevice(sql, 'usual', owner);
  await write(usual.no, [9, 8, 7]);
  await keep();
  assert.deepEqual(await seqs(), [8, 9, 10]);
  assert.deepEqual(await cursor(false), [7]);
  assert.deepEqual(await seqs(longer.no), [1, 2, 3, 4]);
  assert.deepEqual(await seqs(usual.no), [3], 'although its partition stays');
});

test('with retention none an event goes once nobody is owed it, and numbers go on', async t => {
  const { sql, device, endpoint, keep, seqs, dead, lane, write } = await world(t, [2, 1, 1, 0, 0]);
  await sql`update device set event_days = 0 where no = ${device.no}`;
  await lane({ cursor: 4 });
  await lane({ cursor: 2, until: 5, replay: true });
  await keep();
  assert.deepEqual(await seqs(), [3, 4, 5], 'a replay needs the third');
  await sql`delete from lane where replay`;
  await sql`
    insert into parked (endpoint_no, device_no, seq, attempt, not_before, last_error)
    values (${endpoint.no}, ${device.no}, 4, 1, now(), 'HTTP 400')`;
  await keep();
  assert.deepEqual(await seqs(), [4, 5], 'one is parked');
  await sql`delete from parked`;
  await lane({ cursor: 5 });
  await keep();
  assert.deepEqual([await seqs(), await dead()], [[], []]);
  await write(device.no, [0]);
  assert.deepEqual(await seqs(), [6]);
});

test('with retention metadata what is in an event goes once nobody is owed it, and the event stays', async t => {
  const { sql, device, keep, lane } = await world(t, [1, 0, 0]);
  await sql`update device set event_payloads = false where no = ${device.no}`;
  await lane({ cursor: 2 });
  const payloads = async () =>
    (await readEvents(sql, device.no, 0, 10)).map(({ payload }) => payload.toString());
  await keep();
  assert.deepEqual(await payloads(), ['', '', 'sealed']);
  await lane({ cursor: 3 });
  await keep();
  assert.deepEqual(await payloads(), ['', '', '']);
});

test('what was told is known for two weeks, whatever is kept of it', async t => {
  const { sql, keep } = await world(t, [16, 15, 14, 1]);
  await keep(1);
  const seen = await sql<{ seq: number }[]>`select seq from seen order by seq`;
  assert.deepEqual(
    seen.map(({ seq }) => seq),
    [3, 4],
  );
});

test('the next days are made by whoever comes, at once and again, and not where the day has begun without', async t => {
  const { sql } = await testDatabase(t);
  const days = async () => (await sql`select from pg_inherits where inhparent = 'journal'::regclass`).count;
  const before = await days();
  const [{ name }] = await sql<[{ name: string }]>`
    select 'journal_' || to_char((now() at time zone 'utc')::date + 1, 'YYYYMMDD') as name`;
  const [{ today }] = await sql<[{ today: string }]>`
    select 'journal_' || to_char((now() at time zone 'utc')::date, 'YYYYMMDD') as today`;
  await sql.unsafe(`drop table ${name}`);
  await sql.unsafe(`drop table ${today}`);
  const { no } = await createDevice(sql, 'a', randomUUID());
  await sql`insert into journal (device_no, seq, id, event, at, payload) values (${no}, 1, 'e', 'message', now(), '')`;
  await Promise.all([makeDays(sql), makeDays(sql), makeDays(sql)]);
  assert.equal(await days(), before - 1, 'tomorrow is there again, today stays where its event is');
  assert.equal((await readEvents(sql, no, 0, 10)).length, 1);
});

test('events of a database that was restored have a place before all that follow, in their order', async t => {
  const { sql, device, write } = await world(t, [0, 0, 0]);
  const other = await createDevice(sql, 'b', randomUUID());
  await write(other.no, [0, 0]);
  // As a dump of a server that has counted further leaves them.
  await sql`update journal set xid = (xid::text::bigint + 1000000)::text::xid8 where device_no = ${device.no} or seq = 2`;
  await sql`update device set last_xid = '2000000', expired_xid = '1999999', expired_pos = 7 where no = ${device.no}`;
  const visible = async () =>
    (
      await sql<{ id: string }[]>`
        select id from journal where xid < pg_snapshot_xmin(pg_current_snapshot()) order by xid, pos`
    ).map(({ id }) => id);
  await until(async () => (await visible()).length === 1);
  assert.deepEqual(await visible(), [`e${other.no}-1`]);
  assert.equal(await mendPlaces(sql), 4);
  await write(other.no, [0]);
  await settled(sql);
  const [a, b] = [device.no, other.no];
  assert.deepEqual(await visible(), [`e${b}-1`, `e${a}-1`, `e${a}-2`, `e${a}-3`, `e${b}-2`, `e${b}-3`]);
  const [row] = await sql`
    select last_xid is null as unknown, expired_xid < pg_snapshot_xmax(pg_current_snapshot()) as mended
      from device where no = ${device.no}`;
  assert.deepEqual({ ...row }, { unknown: true, mended: true });
  assert.equal(await mendPlaces(sql), 0);
});
