// The order of events over all devices, and pages of it.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { openDatabase, type Sql } from '../../src/store/database.ts';
import { createDevice } from '../../src/store/devices.ts';
import { record } from '../../src/store/journal.ts';
import { endPlace, readDevicePage, readNews, readPage } from '../../src/store/pages.ts';
import { testDatabase } from '../support/database.ts';

const all = { events: [], without: [] };

function written(owner: string) {
  return (sql: Sql, deviceNo: number, ...ids: string[]) =>
    record(sql, owner, {
      ...{ epochs: new Map([[deviceNo, 1]]), done: [], steps: [] },
      rows: ids.map(id => ({
        ...{ deviceNo, id, event: id.split('-')[0]!, jid: '', at: new Date() },
        payload: Buffer.alloc(1_000),
      })),
    });
}

test('F48: an event whose transaction commits late is told after those that were written later', async t => {
  const { address, sql } = await testDatabase(t);
  const owner = randomUUID();
  const write = written(owner);
  const [a, b] = [await createDevice(sql, 'a', owner), await createDevice(sql, 'b', owner)];
  const pool = openDatabase({ address, connections: 1, name: 'late' });
  t.after(() => pool.end({ timeout: 1 }));
  const heard: string[] = [];
  let after = await endPlace(sql);
  const read = async () => {
    const page = await readPage(sql, { deviceNos: undefined, after, limit: 10, ...all });
    after = page.next;
    heard.push(...page.rows.map(({ id }) => id));
  };
  await pool.begin(async late => {
    await write(late as unknown as Sql, a.no, 'message-1'); // draws its number first
    await write(sql, b.no, 'message-2'); // and this one is there first
    await read();
    await read();
    assert.deepEqual(heard, [], 'what could still be overtaken is not told');
  });
  await read();
  await read();
  assert.deepEqual(heard, ['message-1', 'message-2']);
});

test('a page has what is wanted, ends with its bytes, and says where the next one begins', async t => {
  const { sql } = await testDatabase(t);
  const owner = randomUUID();
  const write = written(owner);
  const [a, b] = [await createDevice(sql, 'a', owner), await createDevice(sql, 'b', owner)];
  const ids = (kind: string, from: number, count: number) =>
    Array.from({ length: count }, (_, n) => `${kind}-${from + n}`);
  await write(
    sql,
    a.no,
    ...ids('message', 1, 300),
    ...ids('message.ack', 1, 3),
    ...ids('message', 301, 2_200),
  );
  await write(sql, b.no, ...ids('presence', 1, 3));
  const readAll = async (wanted: Partial<Parameters<typeof readPage>[1]>) => {
    const found: string[] = [];
    const pages: number[] = [];
    let after = { xid: '0', pos: '0' };
    for (let more = true; more; ) {
      const page = await readPage(sql, { deviceNos: undefined, after, limit: 500, ...all, ...wanted });
      found.push(...page.rows.map(({ id }) => id));
      pages.push(page.rows.length);
      ({ next: after, more } = page);
    }
    return { found, pages };
  };
  const whole = await readAll({});
  assert.equal(new Set(whole.found).size, 2_506);
  assert.equal(whole.found.length, 2_506);
  assert.equal(whole.pages[0], 263, '256 KiB of 1,000 bytes each, and the one with which that is reached');
  assert.deepEqual(await readAll({ events: ['message.ack'] }), {
    found: ids('message.ack', 1, 3),
    pages: [3, 0],
  });
  assert.deepEqual((await readAll({ deviceNos: [b.no] })).found, ids('presence', 1, 3));
  assert.deepEqual((await readAll({ without: ['message', 'message.ack'] })).found, ids('presence', 1, 3));

  const device = { deviceNo: a.no, limit: 100, ...all };
  const page = await readDevicePage(sql, { ...device, after: 299, events: ['message.ack'] });
  assert.deepEqual(
    [page?.rows.map(({ seq }) => seq), page?.next, page?.more],
    [[301, 302, 303], 2_299, true],
    'looked at 2,000',
  );
  const last = await readDevicePage(sql, { ...device, after: 2_299, events: ['message.ack'] });
  assert.deepEqual([last?.rows, last?.next, last?.more], [[], 2_503, false]);
  assert.equal(await readDevicePage(sql, { ...device, deviceNo: 99, after: 0 }), undefined);

  const news = await readNews(sql, { xid: '0', pos: '0' });
  assert.deepEqual([news.events.length, news.more], [1_000, true]);
});

test('a page is found by the index of each day, however many events there are', async t => {
  const { sql } = await testDatabase(t);
  const { no } = await createDevice(sql, 'a', randomUUID());
  await sql`
    insert into journal (device_no, seq, id, event, at, payload)
    select ${no}, n, n, 'message', now(), '{}' from generate_series(1, 20000) n`;
  await sql`analyze journal`;
  const plan = async (query: string) =>
    (await sql.unsafe<{ 'QUERY PLAN': string }[]>(`explain ${query}`))
      .map(row => row['QUERY PLAN'])
      .join('\n');
  for (const query of [
    `select * from journal where device_no = ${no} and seq > 19000 order by seq limit 50`,
    "select * from journal where (xid, pos) > ('1'::xid8, 5) and xid < '99999999'::xid8 order by xid, pos limit 50",
  ]) {
    const found = await plan(query);
    assert.match(found, /Merge Append/);
    assert.doesNotMatch(found, /Seq Scan|Sort {2}/, found);
  }
});
