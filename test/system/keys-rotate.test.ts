import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { KeyRing } from '../../src/lib/key-ring.ts';
import { keyId } from '../../src/lib/seal.ts';
import { DeviceSeals } from '../../src/store/device-seals.ts';
import { createDevice, listDevices } from '../../src/store/devices.ts';
import { keepCanary } from '../../src/store/sealing.ts';
import { testDatabase } from '../support/database.ts';
import { dumpRows } from '../support/dump.ts';
import { TEST_KEY, TEST_KEYS, testRing } from '../support/keys.ts';
import { startNode } from '../support/node.ts';
import { runProgram } from '../support/program.ts';
import { receiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';

const newer = randomBytes(32);
const [newKey, bothKeys] = [newer.toString('base64'), `${newer.toString('base64')},${TEST_KEYS}`];

test('keys are rotated beside a running node; after that it starts with the new key alone, and all is as it was', async t => {
  const [global, own] = [await receiver(t), await receiver(t)];
  const node = await startNode(t, { devices: 2, settings: { WEBHOOK_URL: global.url } });
  await node.opened();
  const [a, b] = node.seeded;
  const hook = { webhook_url: own.url, webhook_secret: 'a-secret-of-its-own' };
  assert.equal((await node.api('PATCH', `/devices/${b!.id}/webhook`, hook)).status, 200);
  await node.api('POST', '/devices', { device_id: 'made-before' });

  await node.restart({ SEALING_KEYS: bothKeys });
  await node.opened([a!.id, b!.id]);
  await node.api('POST', '/devices', { device_id: 'made-after' });
  const rotate = async (says: RegExp) => {
    const child = runProgram(t, { ...node.settings, SEALING_KEYS: bothKeys }, ['--rotate-keys']);
    assert.equal(await child.ended, 0, child.errors.join('\n'));
    assert.match(child.lines.join('\n'), says);
  };
  await rotate(
    /^Sealed with the first key: 3 devices and 4 settings; 1 were already\.\nThe other keys are not/,
  );
  const keysOf = async () => {
    const { device, setting } = await dumpRows(node.sql);
    const deks = device!.map(row => JSON.parse(row).dek);
    return { deks, setting };
  };
  const after = await keysOf();
  await rotate(/^Sealed with the first key: 0 devices and 0 settings; 8 were already\.$/m);
  assert.deepEqual(await keysOf(), after);

  const talk = async (text: string) => {
    const before = [global.requests.length, own.requests.length];
    assert.equal((await node.sendText(a!.id, b!.phone, text)).status, 200);
    assert.equal((await node.sendText(b!.id, a!.phone, text)).status, 200);
    await until(
      () =>
        global.requests.slice(before[0]).some(({ body }) => body.includes(text)) &&
        own.requests.slice(before[1]).some(({ body }) => body.includes(text)),
    );
    for (const request of own.requests) own.verify(request, 'a-secret-of-its-own');
  };
  await talk('while it runs');
  const secret = await secretOf(node.sql, new KeyRing([newer]));
  for (const request of global.requests) global.verify(request, secret);

  await node.restart({ SEALING_KEYS: newKey });
  await node.opened([a!.id, b!.id]);
  assert.deepEqual(
    node.node.supervisor.list().map(({ id, phase }) => [id, phase]),
    [
      [a!.id, 'open'],
      [b!.id, 'open'],
      ['made-before', 'unlinked'],
      ['made-after', 'unlinked'],
    ],
  );
  await talk('with the new key alone');
  for (const request of global.requests) global.verify(request, secret);
  await assert.rejects(node.restart({ SEALING_KEYS: TEST_KEYS }), /The database was sealed with the key/);
  await node.start({ SEALING_KEYS: newKey });
});

test('a rotation that is killed in the middle is refused with the new key alone, and finished by the next run', async t => {
  const { sql, address } = await testDatabase(t);
  await keepCanary(sql, testRing);
  const seals = new DeviceSeals(sql, testRing);
  await Promise.all(
    Array.from({ length: 1_200 }, (_, n) =>
      createDevice(sql, `device-${n}`, randomUUID(), seals.make(`device-${n}`).dek),
    ),
  );
  const keys = new Map((await listDevices(sql)).map(row => [row.id, seals.keyOf(row).toString('hex')]));
  // Each statement takes a second, so that there is a middle.
  await sql.unsafe(`
    create function dawdle() returns trigger language plpgsql as $$ begin perform pg_sleep(1); return null; end $$;
    create trigger slow before update on device for each statement execute function dawdle()`);
  const settings = { DB_URI: address.url, SEALING_KEYS: bothKeys };
  const killed = runProgram(t, settings, ['--rotate-keys']);
  const underNewer = async () => {
    const [row] = await sql<[{ count: number }]>`
      select count(*)::int as count from device where substr(dek, 2, 4) = ${keyId(newer)}`;
    return row.count;
  };
  await until(underNewer);
  killed.kill('SIGKILL');
  await killed.ended;
  // The server may be at a statement of the one that is dead, and would only notice at its end.
  await until(async () => {
    const others = await sql`
      select from pg_stat_activity where datname = current_database() and application_name like 'cardume-%'`;
    return others.count === 0;
  });
  const middle = await underNewer();
  assert.ok(middle > 0 && middle < 1_200, `${middle}`);
  await sql.unsafe('drop trigger slow on device');

  const early = runProgram(t, { ...settings, SEALING_KEYS: newKey, PORT: '0' });
  assert.equal(await early.ended, 78);
  assert.match(early.errors.join(), new RegExp(`sealed with the key ${keyId(TEST_KEY).toString('hex')}`));

  const again = runProgram(t, settings, ['--rotate-keys']);
  assert.equal(await again.ended, 0, again.errors.join('\n'));
  assert.match(
    again.lines.join('\n'),
    new RegExp(`: ${1_200 - middle} devices and 1 settings; ${middle} were`),
  );
  const alone = new DeviceSeals(sql, new KeyRing([newer]));
  for (const row of await listDevices(sql)) assert.equal(alone.keyOf(row).toString('hex'), keys.get(row.id));
});

test('a key that does not open is named and left as it is, and the rotation says so with its exit code', async t => {
  const { sql, address } = await testDatabase(t);
  await keepCanary(sql, testRing);
  const seals = new DeviceSeals(sql, testRing);
  for (const id of ['a', 'b', 'c']) await createDevice(sql, id, randomUUID(), seals.make(id).dek);
  await sql`update device set dek = set_byte(dek, 30, get_byte(dek, 30) # 1) where id = 'b'`;
  const broken = (await listDevices(sql))[1]!.dek;
  const child = runProgram(t, { DB_URI: address.url, SEALING_KEYS: bothKeys }, ['--rotate-keys']);
  assert.equal(await child.ended, 1);
  assert.match(
    child.lines.join('\n'),
    /^Sealed with the first key: 2 devices and 1 settings; 0 were already\.$/,
  );
  assert.match(
    child.errors.join('\n'),
    /^Left as it was: the stored value at device\/b\/key cannot be opened/,
  );
  assert.deepEqual((await listDevices(sql))[1]!.dek, broken);
});

async function secretOf(sql: Parameters<typeof keepCanary>[0], ring: KeyRing): Promise<string> {
  const [row] = await sql<[{ value: string }]>`select value from setting where name = 'webhook_secret'`;
  return ring.open('setting/webhook_secret', Buffer.from(row.value, 'base64')).toString();
}
