import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { type Fact, identified, openedBody, Unwritable } from '../../src/journal/event.ts';
import { Journal } from '../../src/journal/journal.ts';
import { Seal } from '../../src/lib/seal.ts';
import { openDatabase, type Sql } from '../../src/store/database.ts';
import { claimDevices, createDevice } from '../../src/store/devices.ts';
import { Fenced } from '../../src/store/fence.ts';
import { lastSeq, type NewRow, readEvents, record } from '../../src/store/journal.ts';
import { testDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

const seal = new Seal(new Uint8Array(32));
const fact = (text: string): Fact =>
  identified(0, { event: 'message', at: Date.now(), payload: { body: text } });
const notes = (...facts: Fact[]) => ({ facts, done: [], steps: [] });
const range = (count: number) => Array.from({ length: count }, (_, index) => index);

test('numbers have no gap and follow the commits, whoever appends at the same time', async t => {
  const { address, sql } = await testDatabase(t);
  const owner = randomUUID();
  const devices = await Promise.all(['a', 'b', 'c'].map(id => createDevice(sql, id, owner)));
  const appenders = range(8).map(() => openDatabase({ address, connections: 1, name: 'appender' }));
  t.after(() => Promise.all(appenders.map(pool => pool.end({ timeout: 1 }))));

  // Each appender names the devices in another order, which would deadlock if the statement locked them as named.
  const perAppender = 25;
  await Promise.all(
    appenders.map(async (pool, n) => {
      for (const round of range(perAppender)) {
        const order = n % 2 ? devices : devices.toReversed();
        const rows = order.map(({ no }) => row(no, `${n}-${round}-${no}`));
        const { placed, fenced } = await record(pool, owner, {
          epochs: new Map(order.map(({ no }) => [no, 1])),
          rows: [...rows, row(devices[0]!.no, `${n}-${round}-again`)],
          done: [],
          steps: [],
        });
        assert.equal(placed.length, 4);
        assert.equal(fenced.size, 0);
      }
    }),
  );

  for (const [index, { no }] of devices.entries()) {
    const events = await readEvents(sql, no, 0, 10_000);
    const count = 8 * perAppender * (index === 0 ? 2 : 1);
    assert.deepEqual(
      events.map(({ seq }) => seq),
      range(count).map(n => n + 1),
    );
    assert.equal(await lastSeq(sql, no), count);
    for (const n of range(8)) {
      const rounds = events
        .filter(({ id }) => id.startsWith(`${n}-`))
        .map(({ id }) => Number(id.split('-')[1]));
      assert.deepEqual(
        rounds,
        rounds.toSorted((a, b) => a - b),
      );
    }
  }

  function row(deviceNo: number, id: string) {
    return { deviceNo, id, event: 'message', jid: '', at: new Date(), payload: Buffer.from('{}') };
  }
});

test('a reader continues after any number and gets at most what it asks for', async t => {
  const { sql } = await testDatabase(t);
  const { no } = await createDevice(sql, 'a', randomUUID());
  await sql`insert into journal select ${no}, n, n, 'message', '', now(), '{}' from generate_series(1, 9) n`;
  const seqs = (await readEvents(sql, no, 4, 3)).map(({ seq }) => seq);
  assert.deepEqual(seqs, [5, 6, 7]);
  assert.equal(await lastSeq(sql, 999), 0);
});

test('appends of many devices at once come back in order, with the body that a replay sends later', async t => {
  const { sql } = await testDatabase(t);
  const owner = randomUUID();
  const journal = new Journal({ sql, owner });
  const devices = await Promise.all(range(10).map(n => createDevice(sql, `d${n}`, owner)));
  const appended = await Promise.all(
    range(300).flatMap(n =>
      devices.map(({ no, id, epoch }) =>
        journal.write(
          { no, id, epoch, seal, jid: '1555@s.whatsapp.net' },
          notes(fact(`${n} one \0 \ud800`), fact(`${n} two`)),
        ),
      ),
    ),
  );
  for (const { no, id } of devices) {
    const streamed = appended.flat().filter(({ deviceNo }) => deviceNo === no);
    const stored = await readEvents(sql, no, 0, 10_000);
    assert.equal(stored.length, 600);
    assert.deepEqual(
      streamed.map(({ seq }) => seq),
      range(600).map(n => n + 1),
    );
    assert.deepEqual(
      streamed.map(({ body }) => body),
      stored.map(row => openedBody(row, id, seal)),
    );
    assert.match(streamed[0]!.id, /^evt_[\w-]{24}$/);
  }
});

test('an event that is told twice in one statement is stored as it is streamed', async t => {
  const { sql } = await testDatabase(t);
  const owner = randomUUID();
  const journal = new Journal({ sql, owner });
  const { no, id, epoch } = await createDevice(sql, 'a', owner);
  const copy = (from: string) =>
    identified(no, { event: 'message', at: Date.now(), payload: { from }, identity: 'one message' });
  const writer = { no, id, epoch, seal, jid: '1555@s.whatsapp.net' };
  const written = await Promise.all([
    journal.write(writer, notes(copy('1556@s.whatsapp.net'))),
    journal.write(writer, notes(copy('77@lid'), fact('another'))),
  ]);
  const stored = await readEvents(sql, no, 0, 10);
  assert.deepEqual(
    written.flat().map(({ body }) => body),
    stored.map(row => openedBody(row, id, seal)),
  );
  assert.equal(stored.length, 2);
});

test('a device that another node has taken cannot append, and its neighbours do not notice', async t => {
  const { sql } = await testDatabase(t);
  const owner = randomUUID();
  const journal = new Journal({ sql, owner });
  const [lost, kept] = await Promise.all(['lost', 'kept'].map(id => createDevice(sql, id, owner)));
  await claimDevices(sql, randomUUID());
  const [{ epoch } = { epoch: 0 }] = (await claimDevices(sql, owner)).filter(({ no }) => no === kept!.no);
  const [old, current, empty] = await Promise.allSettled([
    journal.write({ ...lost!, seal, jid: '' }, notes(fact('late'))),
    journal.write({ ...kept!, epoch, seal, jid: '' }, notes(fact('fine'))),
    journal.write({ ...kept!, seal, jid: '' }, notes(fact('of the old epoch'))),
  ]);
  assert.ok(old.status === 'rejected' && old.reason instanceof Fenced && old.reason.deviceNo === lost!.no);
  assert.ok(current.status === 'fulfilled' && current.value[0]!.seq === 1);
  assert.ok(empty.status === 'rejected' && empty.reason instanceof Fenced);
  assert.equal(await lastSeq(sql, lost!.no), 0);
  assert.equal((await readEvents(sql, kept!.no, 0, 10)).length, 1);
});

test('without a database an append fails as STORE_UNAVAILABLE, and what cannot be stored fails alone', async t => {
  const { address, sql } = await testDatabase(t);
  const owner = randomUUID();
  const device = await createDevice(sql, 'a', owner);
  const pool = openDatabase({ address, connections: 1, name: 'closed' });
  const journal = new Journal({ sql: pool, owner });
  const [bad, good] = await Promise.allSettled([
    journal.write({ ...device, seal, jid: '' }, notes({ ...fact('never'), at: Number.NaN })),
    journal.write({ ...device, seal, jid: '' }, notes(fact('fine'))),
  ]);
  assert.ok(bad.status === 'rejected' && bad.reason instanceof Unwritable);
  assert.equal(good.status, 'fulfilled');
  await pool.end();
  await assert.rejects(journal.write({ ...device, seal, jid: '' }, notes(fact('late'))), {
    code: 'STORE_UNAVAILABLE',
  });
});

test('a fact that two statements write at once is written once, without a hole, and no neighbour fails', async t => {
  const { address, sql } = await testDatabase(t);
  const owner = randomUUID();
  const [a, b] = [await createDevice(sql, 'a', owner), await createDevice(sql, 'b', owner)];
  const pool = openDatabase({ address, connections: 2, name: 'twins' });
  t.after(() => pool.end({ timeout: 1 }));
  const rows = (device: { no: number }, ...ids: string[]) =>
    ids.map(id => ({
      ...{ deviceNo: device.no, id, event: 'message', jid: '' },
      ...{ at: new Date(), payload: Buffer.from('{}') },
    }));
  const recording = (...rows: NewRow[]) => ({
    ...{ epochs: new Map([a, b].map(({ no }) => [no, 1])), done: [], steps: [] },
    rows,
  });
  // The first has written and not committed when the second begins: the second waits for the device's row.
  const second = await pool.begin(async first => {
    await record(first as unknown as Sql, owner, recording(...rows(a, 'twice', 'once')));
    const waiting = record(pool, owner, recording(...rows(a, 'twice', 'after'), ...rows(b, 'neighbour')));
    await until(
      async () =>
        (
          await sql`select from pg_stat_activity where application_name = 'twins' and wait_event_type = 'Lock'`
        ).count > 0,
      { what: 'the second statement waits' },
    );
    return { waiting };
  });
  const { placed } = await second.waiting;
  assert.deepEqual(placed.map(({ id, seq }) => `${id} ${seq}`).toSorted(), ['after 3', 'neighbour 1']);
  const stored = await readEvents(sql, a.no, 0, 10);
  assert.deepEqual(
    stored.map(({ id, seq }) => `${id} ${seq}`),
    ['twice 1', 'once 2', 'after 3'],
  );
  assert.equal(await lastSeq(sql, a.no), 3);
  // Told again later, alone and among others.
  const again = await record(sql, owner, recording(...rows(a, 'once', 'new')));
  assert.deepEqual(
    again.placed.map(({ id, seq }) => `${id} ${seq}`),
    ['new 4'],
  );
});

test('an older transaction that waited for a device does not put its events before those of a newer one', async t => {
  const { address, sql } = await testDatabase(t);
  const owner = randomUUID();
  const [a, b] = [await createDevice(sql, 'a', owner), await createDevice(sql, 'b', owner)];
  const pool = openDatabase({ address, connections: 2, name: 'older' });
  t.after(() => pool.end({ timeout: 1 }));
  const write = (on: Sql, { no }: { no: number }, id: string) =>
    record(on, owner, {
      ...{ epochs: new Map([[no, 1]]), done: [], steps: [] },
      rows: [{ deviceNo: no, id, event: 'message', jid: '', at: new Date(), payload: Buffer.from('{}') }],
    });
  await pool.begin(async older => {
    await write(older as unknown as Sql, a, 'a1'); // has its number of a transaction now
    await write(sql, b, 'b1'); // a newer one, committed before
    await write(older as unknown as Sql, b, 'b2');
  });
  const placed = await sql<
    { id: string }[]
  >`select id from journal where device_no = ${b.no} order by xid, pos`;
  assert.deepEqual(
    placed.map(({ id }) => id),
    ['b1', 'b2'],
  );
});

test('an event is written on a day that has no partition, and read in its place', async t => {
  const { sql } = await testDatabase(t);
  const owner = randomUUID();
  const { no } = await createDevice(sql, 'a', owner);
  await sql`
    insert into journal (device_no, seq, id, event, at, payload, day)
    select ${no}, n, n, 'message', now(), '{}', date '2000-01-01' + (n * 4000)::int from generate_series(1, 4) n`;
  assert.deepEqual(
    (await readEvents(sql, no, 1, 2)).map(({ seq }) => seq),
    [2, 3],
  );
});

test('with a device its events go, and what they were known by', async t => {
  const { sql } = await testDatabase(t);
  const owner = randomUUID();
  const journal = new Journal({ sql, owner });
  const device = await createDevice(sql, 'a', owner);
  await journal.write({ ...device, seal, jid: '' }, notes(fact('one')));
  assert.deepEqual([(await sql`select from journal`).count, (await sql`select from seen`).count], [1, 1]);
  await sql`delete from device`;
  assert.deepEqual([(await sql`select from journal`).count, (await sql`select from seen`).count], [0, 0]);
});
