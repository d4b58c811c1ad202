// What a database had in its journal before it was one of days is there afterwards, in its order.
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readDegraded } from '../../src/store/health.ts';
import { readEvents } from '../../src/store/journal.ts';
import { migrate } from '../../src/store/migrate.ts';
import { testDatabase } from '../support/database.ts';
import { quiet } from '../support/database-server.ts';
import { ownFolder } from '../support/own-folder.ts';

test('events of a database from before are moved, known by their ids, and in their order over all devices', async t => {
  const { address, sql } = await testDatabase(t, { migrated: false });
  const ours = new URL('../../src/store/migrations/', import.meta.url);
  const folder = join(ownFolder(t), 'migrations');
  mkdirSync(folder);
  for (const name of readdirSync(ours))
    if (Number(name.slice(0, 4)) < 13) copyFileSync(new URL(name, ours), join(folder, name));
  await migrate({ address, log: quiet, folder });
  await sql`insert into device (id, last_seq) values ('a', 3), ('b', 2)`;
  const [a, b] = (await sql<{ no: number }[]>`select no from device order by id`).map(({ no }) => no) as [
    number,
    number,
  ];
  await sql`
    insert into journal (device_no, seq, id, event, at, payload) values
      (${a}, 1, 'a1', 'message', now() - interval '9 min', 'sealed'),
      (${b}, 1, 'b1', 'device.degraded', now() - interval '8 min', ''),
      (${a}, 2, 'a2', 'device.degraded', now() - interval '7 min', ''),
      (${a}, 3, 'a3', 'device.recovered', now() - interval '10 min', ''), -- told late
      (${b}, 2, 'b2', 'message', now() - interval '6 min', '')`;
  const applied = await migrate({ address, log: quiet });
  assert.equal(applied[0], '0013_journal.sql');
  const order = await sql<{ id: string }[]>`select id from journal order by xid, pos`;
  assert.deepEqual(
    order.map(({ id }) => id),
    ['a1', 'b1', 'a2', 'a3', 'b2'],
  );
  const [first] = await readEvents(sql, a, 0, 1);
  assert.deepEqual([first?.id, first?.payload.toString()], ['a1', 'sealed']);
  assert.equal((await sql`select from seen s join journal j using (device_no, id, seq, day)`).count, 5);
  assert.deepEqual(await readDegraded(sql, [a, b]), new Set([b]));
});
