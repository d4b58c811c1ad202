import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { commitState } from '../../src/store/commit.ts';
import { createDevice } from '../../src/store/devices.ts';
import { Fenced } from '../../src/store/fence.ts';
import { quarantinedRows, quarantineSignalKeys } from '../../src/store/quarantine.ts';
import { readSignalKeys } from '../../src/store/signal-keys.ts';
import { testDatabase } from '../support/database.ts';

test('Signal keys that do not open are moved aside as they are; one that is another by now is left', async t => {
  const { sql } = await testDatabase(t);
  const owner = randomUUID();
  const { no } = await createDevice(sql, 'a', owner);
  const row = (kind: 1 | 2, id: string, value: string) => ({ kind, id, value: Buffer.from(value) });
  const rows = [row(2, 'x', 'broken'), row(1, 'x', 'other kind'), row(2, 'y', 'sound'), row(2, 'z', 'old')];
  await commitState(sql, owner, {
    upserts: rows.map(one => ({ ...one, deviceNo: no, epoch: 1 })),
    deletes: [],
    credentials: [],
  } as Parameters<typeof commitState>[2]);
  await sql`update signal_key set value = 'new' where id = 'z'`;

  const term = { no, owner, epoch: 1 };
  assert.equal(await quarantineSignalKeys(sql, term, [rows[0]!, rows[3]!], 'it was changed'), 1);
  const left = await readSignalKeys(
    sql,
    rows.map(({ kind, id }) => ({ deviceNo: no, kind, id })),
  );
  assert.deepEqual(left.map(({ kind, id }) => `${kind}/${id}`).sort(), ['1/x', '2/y', '2/z']);
  const [aside, none] = await quarantinedRows(sql, no);
  assert.deepEqual(
    { ...aside, at: 0 },
    {
      deviceNo: no,
      source: 'signal_key',
      kind: 2,
      id: 'x',
      value: Buffer.from('broken'),
      reason: 'it was changed',
      at: 0,
    },
  );
  assert.equal(none, undefined);
});

test('who does not own the device moves nothing', async t => {
  const { sql } = await testDatabase(t);
  const { no } = await createDevice(sql, 'a', randomUUID());
  await sql`insert into signal_key (device_no, kind, id, value) values (${no}, 2, 'x', 'broken')`;
  const rows = [{ kind: 2, id: 'x', value: Buffer.from('broken') }] as const;
  await assert.rejects(quarantineSignalKeys(sql, { no, owner: randomUUID(), epoch: 1 }, rows, ''), Fenced);
  assert.equal((await quarantinedRows(sql, no)).length, 0);
  assert.equal((await sql`select from signal_key`).count, 1);
});
