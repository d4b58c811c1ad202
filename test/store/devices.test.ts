import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { commitState } from '../../src/store/commit.ts';
import { persist } from '../../src/store/database.ts';
import {
  claimDevices,
  createDevice,
  listDevices,
  markHalted,
  markLinked,
  markUnlinked,
  removeDevice,
} from '../../src/store/devices.ts';
import { syncGlobalEndpoints } from '../../src/store/endpoints.ts';
import { Fenced } from '../../src/store/fence.ts';
import { record } from '../../src/store/journal.ts';
import { ensureSetting, readSetting } from '../../src/store/settings.ts';
import { testDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

test('a device goes from made to linked, stopped and unlinked, and the list shows each state', async t => {
  const { sql } = await testDatabase(t);
  const owner = randomUUID();
  const made = await createDevice(sql, 'shop', owner);
  assert.deepEqual(
    { ...made, createdAt: 0, stateAt: 0 },
    {
      no: made.no,
      id: 'shop',
      jid: null,
      lid: null,
      name: null,
      state: 'unlinked',
      reason: null,
      owner,
      epoch: 1,
      lastSeq: 0,
      createdAt: 0,
      stateAt: 0,
      dek: null,
      exportedAt: null,
    },
  );
  const term = { no: made.no, owner, epoch: 1 };
  const only = async () => (await listDevices(sql))[0]!;

  await markLinked(sql, { ...term, jid: '1555:3@s.whatsapp.net', lid: '77:3@lid', name: 'Sh\0op' });
  const linked = await only();
  assert.deepEqual(
    [linked.state, linked.jid, linked.lid, linked.name],
    ['linked', '1555:3@s.whatsapp.net', '77:3@lid', 'Shop'],
  );
  await markLinked(sql, { ...term, jid: '1555:3@s.whatsapp.net', lid: null, name: 'Shop 2' });
  assert.deepEqual((await only()).stateAt, linked.stateAt, 'linked again is not linked anew');

  await markHalted(sql, { ...term, state: 'stopped', reason: 'banned' });
  const stopped = await only();
  assert.deepEqual(
    [stopped.state, stopped.reason, stopped.jid],
    ['stopped', 'banned', '1555:3@s.whatsapp.net'],
  );

  await commitState(sql, owner, {
    upserts: [{ deviceNo: made.no, epoch: 1, kind: 1, id: '1', value: Buffer.from('key') }],
    deletes: [],
    credentials: [{ deviceNo: made.no, epoch: 1, value: Buffer.from('credentials') }],
  });
  await markUnlinked(sql, { ...term, reason: 'logged out' });
  const unlinked = await only();
  assert.deepEqual(
    [unlinked.state, unlinked.reason, unlinked.jid, unlinked.name],
    ['unlinked', 'logged out', null, null],
  );
  const [left] =
    await sql`select (select count(*) from credentials) + (select count(*) from signal_key) as rows`;
  assert.equal(left!.rows, 0);
});

test('two devices cannot have one id, and an id that could be a path is refused', async t => {
  const { sql } = await testDatabase(t);
  await createDevice(sql, 'shop', randomUUID());
  await assert.rejects(createDevice(sql, 'shop', randomUUID()), { code: 'DEVICE_EXISTS' });
  for (const id of ['', '..', '.hidden', 'a/b', 'ünï', 'x'.repeat(65)]) {
    await assert.rejects(createDevice(sql, id, randomUUID()), { code: 'INVALID_DEVICE_ID' });
  }
});

test('a claim gives every device a new epoch, and the writes of the former owner are refused', async t => {
  const { sql } = await testDatabase(t);
  const former = randomUUID();
  const { no } = await createDevice(sql, 'a', former);
  await createDevice(sql, 'b', former);
  const claimed = await claimDevices(sql, randomUUID());
  assert.deepEqual(
    claimed.map(({ epoch }) => epoch),
    [2, 2],
  );
  const term = { no, owner: former, epoch: 1 };
  await assert.rejects(markLinked(sql, { ...term, jid: 'x', lid: null, name: null }), Fenced);
  await assert.rejects(markUnlinked(sql, { ...term, reason: null }), Fenced);
  await assert.rejects(markHalted(sql, { ...term, state: 'stopped', reason: 'x' }), Fenced);
});

test('nodes that claim at the same time do not deadlock and end with one owner for all devices', async t => {
  const { sql } = await testDatabase(t);
  for (let n = 0; n < 20; n++) await createDevice(sql, `d${n}`, randomUUID());
  await Promise.all(Array.from({ length: 12 }, () => claimDevices(sql, randomUUID())));
  const devices = await listDevices(sql);
  const terms = new Set(devices.map(({ owner, epoch }) => `${owner} ${epoch}`));
  assert.equal(terms.size, 1, 'whoever came last took all of them');
});

test('a removed device takes everything of it along', async t => {
  const { sql } = await testDatabase(t);
  const owner = randomUUID();
  const { no } = await createDevice(sql, 'a', owner);
  const row = {
    deviceNo: no,
    id: 'e',
    event: 'message',
    jid: '',
    at: new Date(),
    payload: Buffer.from('{}'),
  };
  const recording = { epochs: new Map([[no, 1]]), rows: [row], done: [], steps: [] };
  await record(sql, owner, recording);
  assert.equal(await removeDevice(sql, { no, owner, epoch: 1 }), true);
  assert.equal(await removeDevice(sql, { no, owner, epoch: 1 }), false);
  assert.equal((await sql`select from journal`).count, 0);
  assert.deepEqual(
    [...(await record(sql, owner, recording)).fenced],
    [no],
    'and nothing can be written for it',
  );
});

test('a setting is made once, whoever asks for it at the same time', async t => {
  const { sql } = await testDatabase(t);
  assert.equal(await readSetting(sql, 'secret'), undefined);
  const values = await Promise.all(
    Array.from({ length: 20 }, () => ensureSetting(sql, 'secret', randomUUID)),
  );
  assert.equal(new Set(values).size, 1);
  assert.equal(await readSetting(sql, 'secret'), values[0]);
});

test('a device is made while a webhook for all devices is being removed', async t => {
  const { sql } = await testDatabase(t);
  await syncGlobalEndpoints(sql, ['http://127.0.0.1:9/'], { skipTlsVerify: false, events: [] });
  const { making } = await sql.begin(async tx => {
    await tx`delete from endpoint`;
    const making = persist(() => createDevice(sql, 'shop', randomUUID()));
    await until(async () => {
      // Within a transaction the statistics stay as they were first seen.
      const waiting = await sql`
        select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`;
      return waiting.count === 1;
    });
    return { making };
  });
  const { no } = await making;
  assert.equal((await sql`select from lane where device_no = ${no}`).count, 0);
});
