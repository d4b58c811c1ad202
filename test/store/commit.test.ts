import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { commitState } from '../../src/store/commit.ts';
import { readCredentials } from '../../src/store/credentials.ts';
import type { Sql } from '../../src/store/database.ts';
import { claimDevices, createDevice } from '../../src/store/devices.ts';
import { readSignalKeys, signalKinds } from '../../src/store/signal-keys.ts';
import { testDatabase } from '../support/database.ts';

const { session } = signalKinds;
const range = (count: number) => Array.from({ length: count }, (_, index) => index);
const nothing = { upserts: [], deletes: [], credentials: [] };

async function devicesOf(sql: Sql, count: number) {
  const owner = randomUUID();
  const rows = await Promise.all(range(count).map(n => createDevice(sql, `d${n}`, owner)));
  return { owner, rows };
}

test('2,000 records of 40 devices are one statement and come back as they were', async t => {
  const { sql } = await testDatabase(t);
  const { owner, rows } = await devicesOf(sql, 40);
  const upserts = rows.flatMap(({ no }) =>
    range(50).map(n => ({
      deviceNo: no,
      epoch: 1,
      kind: session,
      id: `1555000${n}.0 "quoted", {a,b} \\ ✓`,
      value: randomBytes(1000 + n),
    })),
  );
  const credentials = rows.map(({ no }) => ({ deviceNo: no, epoch: 1, value: randomBytes(3000) }));
  assert.deepEqual(await commitState(sql, owner, { ...nothing, upserts, credentials }), new Set());

  const stored = await readSignalKeys(sql, upserts);
  assert.equal(stored.length, 2000);
  const values = new Map(stored.map(row => [`${row.deviceNo} ${row.id}`, row.value]));
  for (const row of upserts) assert.deepEqual(values.get(`${row.deviceNo} ${row.id}`), row.value);
  const kept = await readCredentials(sql, [...rows.map(({ no }) => no), 999_999]);
  assert.equal(kept.size, 40);
  for (const row of credentials) assert.deepEqual(kept.get(row.deviceNo), row.value);

  // The same again as updates and deletes.
  const value = Buffer.from([]);
  const half = upserts.filter((_, index) => index % 2);
  await commitState(sql, owner, {
    upserts: half.map(row => ({ ...row, value })),
    deletes: upserts.filter((_, index) => index % 2 === 0),
    credentials: [],
  });
  const left = await readSignalKeys(sql, upserts);
  assert.equal(left.length, 1000);
  assert.ok(left.every(row => row.value.length === 0));
});

test('nothing of a device that another node has taken is written, everything of the others is', async t => {
  const { sql } = await testDatabase(t);
  const { owner, rows } = await devicesOf(sql, 3);
  const change = (byte: number) => ({
    upserts: rows.map(({ no }) => ({
      deviceNo: no,
      epoch: 1,
      kind: session,
      id: 'x',
      value: Buffer.from([byte]),
    })),
    deletes: rows.map(({ no }) => ({ deviceNo: no, epoch: 1, kind: session, id: 'gone' })),
    credentials: rows.map(({ no }) => ({ deviceNo: no, epoch: 1, value: Buffer.from([byte]) })),
  });
  await commitState(sql, owner, change(1));
  await commitState(sql, owner, {
    ...nothing,
    upserts: rows.map(({ no }) => ({
      deviceNo: no,
      epoch: 1,
      kind: session,
      id: 'gone',
      value: Buffer.from([1]),
    })),
  });
  const taken = rows[1]!.no;
  await sql`update device set owner = ${randomUUID()}, epoch = 2 where no = ${taken}`;

  assert.deepEqual(await commitState(sql, owner, change(2)), new Set([taken]));
  const keys = await readSignalKeys(
    sql,
    rows.map(({ no }) => ({ deviceNo: no, kind: session, id: 'x' })),
  );
  const credentials = await readCredentials(
    sql,
    rows.map(({ no }) => no),
  );
  for (const { no } of rows) {
    const expected = no === taken ? 1 : 2;
    assert.equal(keys.find(row => row.deviceNo === no)?.value[0], expected);
    assert.equal(credentials.get(no)?.[0], expected);
  }
  const [removed] = await sql<[{ count: number }]>`select count(*) from signal_key where id = 'gone'`;
  assert.equal(removed.count, 1, 'only the taken device still has the record that the others deleted');
});

test('a commit that meets a takeover is either whole before it or fenced off after it', async t => {
  const { sql } = await testDatabase(t);
  const { owner, rows } = await devicesOf(sql, 5);
  let fenced = 0;
  for (const round of range(20)) {
    const epochs = new Map((await claimDevices(sql, owner, [])).map(({ no, epoch }) => [no, epoch]));
    const id = `round ${round}`;
    const upserts = rows.map(({ no }) => ({
      deviceNo: no,
      epoch: epochs.get(no)!,
      kind: session,
      id,
      value: Buffer.from([round]),
    }));
    const [refused] = await Promise.all([
      commitState(sql, owner, { ...nothing, upserts }),
      claimDevices(sql, randomUUID()),
    ]);
    const [stored] = await sql<[{ count: number }]>`select count(*) from signal_key where id = ${id}`;
    assert.equal(stored.count, rows.length - refused.size);
    fenced += refused.size;
  }
  t.diagnostic(`${fenced} of 100 were fenced off`);
});

test('an empty change asks the database nothing', async t => {
  const { sql } = await testDatabase(t);
  await sql.end();
  assert.deepEqual(await commitState(sql, randomUUID(), nothing), new Set());
  assert.deepEqual(await readSignalKeys(sql, []), []);
});
