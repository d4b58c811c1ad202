// F56 under a limit of the system, which takes a memory group that this process may write to:
// mkdir /sys/fs/cgroup/memory/cardume && echo 512M >/sys/fs/cgroup/memory/cardume/memory.limit_in_bytes
// MEMORY_GROUP=/sys/fs/cgroup/memory/cardume npm test -- crash/memory-limit
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { crashWorld } from '../support/crash-world.ts';
import { until } from '../support/until.ts';

const GROUP = process.env.MEMORY_GROUP;
const DEVICES = Number(process.env.MEMORY_DEVICES ?? 300);
const FRESH = 8;
const PATIENTLY = { within: 300_000 };

test(`${DEVICES} devices and ${FRESH} fresh ones with long histories, in a memory group: nobody is killed, nobody loses a connection, nothing is lost`, {
  skip: GROUP === undefined && 'no MEMORY_GROUP was named',
}, async t => {
  const world = await crashWorld(t, {
    devices: DEVICES,
    // The simulator is beside it: a lease that is short of time is not what this is about.
    settings: {
      WORKERS: '2',
      SHARD_CONNECTIONS: '4',
      LEASE_SECONDS: '30',
      COMMAND_SECONDS: '60',
      CONNECTS_PER_SECOND: '20',
    },
  });
  const { product, control, devices, person, sql } = world;
  product.start();
  writeFileSync(join(GROUP ?? '', 'cgroup.procs'), String(product.pid));
  await product.listening();
  await until(
    async () => (await control.devices()).filter(({ connected }) => connected).length >= DEVICES,
    PATIENTLY,
  );
  const before = world.sockets.length;

  const past = { chats: 60, groups: 5, messagesPerChat: 400, addressing: 'lid', days: 400 } as const;
  const fresh: string[] = [];
  for (let n = 0; n < FRESH; n++) {
    const { phone } = await control.createPhone();
    await control.call('addHistory', { params: { phone }, body: { seed: `past ${n}`, ...past } as never });
    const login = await product.calls.api<{ qr: string }>('POST', '/device/login', {
      device_id: `fresh-${n}`,
    });
    if (login.status === 503) {
      assert.equal(login.body.code, 'MEMORY_SHORT');
      t.diagnostic(`the ${n + 1}th fresh device was refused for want of memory`);
      break;
    }
    assert.equal(login.status, 200);
    await control.scan(login.body.results?.qr ?? '', phone);
    fresh.push(phone);
  }
  for (let round = 1; round <= 5; round++)
    for (const { id, phone } of devices.slice(0, 60)) {
      await control.send(person, phone, `round ${round}`);
      const { status, code } = await world.send(id, `round ${round}, from ${id}`);
      assert.equal(status, 200, code);
    }
  await until(async () => {
    for (const phone of fresh) {
      const { transfers } = await control.call('history', { params: { phone } });
      if (!transfers.some(({ syncType, progress }) => syncType === 'RECENT' && progress === 100))
        return false;
    }
    const [row] = await sql<[{ n: number }]>`select count(*)::int as n from inbox`;
    return row.n === 0;
  }, PATIENTLY);
  const [{ n: stored }] = await sql<[{ n: number }]>`select count(*)::int as n from chat_message`;
  t.diagnostic(`${stored} messages of chats are stored`);
  const closes = world.sockets
    .slice(before)
    .filter(({ kind, jid }) => kind === 'close' && devices.some(one => one.jid === jid));
  assert.deepEqual(closes, []);
  assert.deepEqual(product.deaths, []);
  await world.judged();
});
