import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { KeyRing } from '../../src/lib/key-ring.ts';
import { Seal, SealBroken } from '../../src/lib/seal.ts';
import { DeviceSeals } from '../../src/store/device-seals.ts';
import { createDevice, listDevices, removeDevice } from '../../src/store/devices.ts';
import { testDatabase } from '../support/database.ts';
import { testSeals } from '../support/keys.ts';

test('each device has a key of its own, which opens from its row and is at hand after the first time', async t => {
  const { sql } = await testDatabase(t);
  const seals = testSeals(sql);
  const made = ['a', 'b'].map(id => ({ id, ...seals.make(id) }));
  const rows = await Promise.all(made.map(({ id, dek }) => createDevice(sql, id, randomUUID(), dek)));
  assert.notDeepEqual(made[0]!.key, made[1]!.key);
  for (const [at, row] of rows.entries()) {
    const { key } = made[at]!;
    assert.deepEqual(seals.keyOf(row), key);
    const opened = await Promise.all([seals.sealOf(row.no), seals.sealOf(row.no)]);
    const sealed = new Seal(key).seal('here', Buffer.from('ours'));
    for (const seal of opened) assert.equal(seal.open('here', sealed).toString(), 'ours');
    assert.ok(seals.sealOf(row.no) instanceof Seal, 'without waiting');
  }
});

test('keys that were swapped between devices, changed, or sealed with a key that is gone do not open', async t => {
  const { sql } = await testDatabase(t);
  const seals = testSeals(sql);
  const [a, b] = await Promise.all(
    ['a', 'b'].map(id => createDevice(sql, id, randomUUID(), seals.make(id).dek)),
  );
  await sql`update device d set dek = o.dek from device o where d.no <> o.no`;
  for (const { no } of [a!, b!]) await assert.rejects(async () => seals.sealOf(no), SealBroken);
  await sql`update device set dek = set_byte(dek, 40, get_byte(dek, 40) # 1) where no = ${a!.no}`;
  await assert.rejects(async () => seals.sealOf(a!.no), SealBroken);
  await sql`update device set dek = ${b!.dek} where no = ${b!.no}`;
  const others = new DeviceSeals(sql, new KeyRing([randomBytes(32)]));
  await assert.rejects(async () => others.sealOf(b!.no), /is not among the sealing keys/);
  assert.ok((await seals.sealOf(b!.no)) instanceof Seal, 'what failed before is tried again');
  await removeDevice(sql, { no: a!.no, owner: a!.owner ?? '', epoch: a!.epoch });
  await assert.rejects(async () => seals.sealOf(a!.no), { code: 'DEVICE_NOT_FOUND' });
});

test('devices without a key get one, once, whoever gives it at the same time', async t => {
  const { sql } = await testDatabase(t);
  const seals = testSeals(sql);
  for (let n = 0; n < 20; n++) await createDevice(sql, `d${n}`, randomUUID());
  const given = await Promise.all(Array.from({ length: 4 }, () => testSeals(sql).complete()));
  assert.equal(
    given.reduce((sum, count) => sum + count),
    20,
  );
  const before = await listDevices(sql);
  assert.equal(new Set(before.map(row => seals.keyOf(row).toString('hex'))).size, 20);
  assert.equal(await seals.complete(), 0);
  assert.deepEqual(await listDevices(sql), before);
});
