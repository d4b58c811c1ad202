// PostgreSQL is there and does not do what it should. That is never taken for a message that cannot be decrypted, nothing
// is receipted that is not stored, and what was owed arrives when the trouble is over.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CrashWorld } from '../support/crash-world.ts';
import type { Asked } from '../support/oracle/evidence.ts';
import { startProxy } from '../support/proxy.ts';
import { endBackends, failInserts, ownDatabase, takeConnections, WRITTEN } from '../support/trouble.ts';
import { troubled } from '../support/troubled-world.ts';
import { until } from '../support/until.ts';

const closes = ({ sockets }: CrashWorld) => sockets.filter(({ kind }) => kind === 'close');

test('F18: a slow PostgreSQL slows everything down and closes nothing; one that is too slow for the lease closes all, until it is fast again', async t => {
  const { world, proxy, exchange, allOpen, allClosed, unready, writeAll, unreceipted } = await troubled(t, {
    devices: 2,
    settings: { LEASE_SECONDS: '9', COMMAND_SECONDS: '60' },
  });
  proxy.slow({ latencyMs: 250 });
  for (let n = 1; n <= 4; n++)
    for (const { status } of await exchange(`slow ${n}`)) assert.equal(status, 200);
  assert.deepEqual(closes(world), []);
  assert.equal((await world.product.calls.api('GET', '/ready')).status, 200);

  proxy.slow({ latencyMs: 2_500 });
  await allClosed();
  await unready();
  const written = await writeAll('too slow');
  await unreceipted(written);
  proxy.slow({});
  await allOpen();
  await world.judged();
});

test('F20: connections that PostgreSQL ends under traffic, three times, lose and double nothing', async t => {
  const { world, traffic, allOpen } = await troubled(t, { devices: 3 });
  const going = traffic();
  for (let round = 1; round <= 3; round++) {
    await going.more(6);
    await endBackends(world.sql);
    await allOpen();
  }
  await going.more(6);
  await going.end();
  await world.judged();
});

test('F21: without a free connection devices go on with those they have; who lost theirs waits, and API calls are told so', async t => {
  const database = await ownDatabase(t, { maxConnections: 20 });
  const proxy = await startProxy(t, database.address.url);
  const { world, exchange, allOpen, allClosed, unready, refused } = await troubled(t, {
    devices: 2,
    database,
    proxy,
    settings: { LEASE_SECONDS: '6', SHARD_CONNECTIONS: '3', MAIN_CONNECTIONS: '2' },
  });
  const { sql } = world;
  await exchange('before');
  let giveBack = await takeConnections(database.address);
  for (let n = 1; n <= 5; n++)
    for (const { status } of await exchange(`none is free ${n}`)) assert.equal(status, 200);
  assert.deepEqual(closes(world), []);

  await proxy.cut();
  await until(async () => {
    const rows = await sql`select from pg_stat_activity where application_name like 'cardume-%'`;
    return rows.length === 0;
  });
  await giveBack();
  giveBack = await takeConnections(database.address);
  await proxy.mend();
  await allClosed();
  await unready();
  await refused();
  await giveBack();
  await allOpen();
  await world.judged();
});

test('F22: on a full disk a send is answered with 507 STORE_FULL, sockets close and WhatsApp keeps what comes, until there is space', async t => {
  const { world, allOpen, allClosed, writeAll, unreceipted, exchange } = await troubled(t, { devices: 2 });
  const { sql, control, devices } = world;
  await exchange('before');
  const makeSpace = await failInserts(sql, WRITTEN, '53100');
  const answer = await world.send(devices[0]?.id ?? '', 'no space');
  assert.deepEqual([answer.status, answer.code], [507, 'STORE_FULL']);
  const before = await control.ledger();
  await writeAll('no space');
  await allClosed();
  const later = await world.send(devices[0]?.id ?? '', 'no space still');
  assert.ok(later.status === 503 || later.status === 507, `${later.status} ${later.code}`);
  const logins = world.sockets.filter(({ kind }) => kind === 'login').length;
  const written = await writeAll('no space still');
  const refusals = async () => (await sql<[{ n: number }]>`select last_value::int as n from trouble`)[0].n;
  const enough = (await refusals()) + 40;
  await until(async () => (await refusals()) >= enough, { within: 90_000, what: 'it was tried again' });
  await unreceipted(written);
  const after = await control.ledger();
  assert.deepEqual([after.retries, after.nacks], [before.retries, before.nacks]);
  assert.equal(world.sockets.filter(({ kind }) => kind === 'login').length, logins);
  await makeSpace();
  await allOpen();
  await world.judged();
});

test('F23: what PostgreSQL rolls back for a deadlock or a conflict is done at the next try, and nobody outside sees it', async t => {
  const { world, exchange } = await troubled(t, { devices: 2 });
  const { sql } = world;
  for (const code of ['40P01', '40001']) {
    // One failure a round: what is still tried again when the next round begins must not be failed more often than it is tried.
    const end = await failInserts(sql, WRITTEN, code, 1);
    for (let n = 1; n <= 6; n++) {
      for (const { status } of await exchange(`${code} ${n}`)) assert.equal(status, 200);
      await sql`select setval('trouble', 1, false)`;
    }
    await end();
  }
  // Maintenance that locks devices in the wrong order. Whom PostgreSQL ends, it or us, is not ours to say.
  for (let n = 1; n <= 3; n++) {
    let exchanged: Promise<Asked[]> | undefined;
    const maintenance = sql.begin(async tx => {
      await tx`select from device where id = 'device-1' for update`;
      exchanged = exchange(`maintenance ${n}`);
      await tx`select pg_sleep(0.2)`;
      await tx`select from device where id = 'device-0' for update`;
    });
    await maintenance.catch((error: { code?: string }) => assert.equal(error.code, '40P01'));
    for (const { status, code } of (await exchanged)!) assert.deepEqual([status, code], [200, 'SUCCESS']);
  }
  for (const { status } of await exchange('after')) assert.equal(status, 200);
  assert.deepEqual(closes(world), []);
  await world.judged();
});
