import '../../src/device/shims.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDatabase } from '../../src/store/database.ts';
import { failInserts } from '../support/trouble.ts';
import { until } from '../support/until.ts';
import { around, deviceStore } from './store.ts';

const message = Buffer.from('hello');

for (const [code, times] of [
  ['40P01', 6],
  ['40001', 6],
  ['53300', 3],
] as const)
  test(`F23: a commit that PostgreSQL does not make for others’ sake (${code}, ${times} times in a row) is made at the next try, and nobody hears of it`, async t => {
    const { sql, seat, open, vaultOn } = await deviceStore(t);
    let writes = 0;
    const pool = around(sql, (statement, run) => {
      if (statement.includes('insert into signal_key')) writes++;
      return run();
    });
    const vault = vaultOn({ sql: pool });
    const devices = await Promise.all([seat(), seat()]);
    const accounts = devices.map(at => open(at, { vault }));
    await failInserts(sql, ['signal_key'], code, times);
    await Promise.all(accounts.map(({ keys }, n) => keys.queue({ id: `id-${n}`, chat: 'chat', message })));
    const rows = await sql`select id from outgoing`;
    assert.equal(rows.length, 2);
    assert.equal(writes, times + 1);
    assert.deepEqual(
      accounts.flatMap(({ failures }) => failures),
      [],
    );
  });

test('F21: a commit that cannot begin fails after three more tries, and its device is closed', async t => {
  const { sql, seat, open } = await deviceStore(t);
  const { keys, failures } = open(await seat());
  const end = await failInserts(sql, ['signal_key'], '53300');
  await assert.rejects(keys.queue({ id: 'id', chat: 'chat', message }), { code: 'STORE_UNAVAILABLE' });
  assert.equal(failures.length, 1);
  const [row] = await sql<[{ tries: number }]>`select last_value::int as tries from trouble`;
  assert.equal(row.tries, 4);
  await end();
});

test('a unit that PostgreSQL refuses for a reason of its own fails its device, and no other that is in the same commit', async t => {
  const { sql, seat, open, vaultOn } = await deviceStore(t);
  const vault = vaultOn();
  const [bad, good] = [open(await seat(), { vault }), open(await seat(), { vault })];
  const [refused, taken] = await Promise.allSettled([
    bad.keys.queue({ id: 'id', chat: 'a \0 in it', message }),
    good.keys.queue({ id: 'id', chat: 'chat', message }),
  ]);
  assert.deepEqual([refused?.status, taken?.status], ['rejected', 'fulfilled']);
  assert.deepEqual([bad.failures.length, good.failures.length], [1, 0]);
  const rows = await sql`select chat from outgoing`;
  assert.deepEqual([...rows], [{ chat: 'chat' }]);
});

test('F22: without space a commit fails with STORE_FULL, and nothing of it was done', async t => {
  const { sql, seat, open } = await deviceStore(t);
  const { keys } = open(await seat());
  await failInserts(sql, ['outgoing'], '53100');
  await assert.rejects(keys.queue({ id: 'id', chat: 'chat', message }), { code: 'STORE_FULL' });
});

test('F17: a pool whose sessions are read only gives them up, and finds the server that writes', async t => {
  const { sql, address } = await deviceStore(t);
  const pool = openDatabase({ address, connections: 2, name: 'pool' });
  t.after(() => pool.end());
  await sql`create table note (id int)`;
  const [{ name }] = await sql<[{ name: string }]>`select current_database() as name`;
  await sql.unsafe(`alter database ${name} set default_transaction_read_only = on`);
  const write = () => pool`insert into note values (1)`;
  await assert.rejects(write(), { code: '25006' });
  // Sessions that were read only stay so: as those to a server that was demoted.
  await sql.unsafe(`alter database ${name} reset default_transaction_read_only`);
  await assert.rejects(write(), { code: '25006' });
  await until(() => write().then(() => true), { what: 'a session that writes' });
  assert.equal((await sql`select from note`).length, 1);
});
