// PostgreSQL is away, or takes nothing. Nothing is receipted that is not stored, callers are told to come back, sockets
// close so that WhatsApp keeps what comes, and everything is back by itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startProxy } from '../support/proxy.ts';
import { endBackends, killServer, ownDatabase } from '../support/trouble.ts';
import { troubled } from '../support/troubled-world.ts';
import { until } from '../support/until.ts';

test('F15: a PostgreSQL that dies under traffic and comes back loses and doubles nothing; calls are told to come back', async t => {
  const database = await ownDatabase(t);
  const proxy = await startProxy(t, database.address.url);
  const { world, traffic, refused, writeAll, unreceipted, allOpen } = await troubled(t, {
    devices: 2,
    database,
    proxy,
  });
  const going = traffic();
  for (let round = 1; round <= 2; round++) {
    await going.more(5);
    // It may be back before anybody has asked it anything; so its door stays shut until somebody has.
    await killServer(database.sql);
    await proxy.cut();
    await going.more(3);
    await refused();
    await unreceipted(await writeAll(`down ${round}`));
    await until(async () => (await database.sql`select 1`).length, { within: 60_000 });
    await proxy.mend();
    await allOpen();
  }
  await going.more(5);
  await going.end();
  await world.judged();
});

test('F16: a PostgreSQL that is away for longer than the lease: sends are refused, sockets closed, it lives and is not ready; then all is back through the gate', async t => {
  const { world, proxy, exchange, refused, allClosed, unready, allOpen, writeAll, unreceipted } =
    await troubled(t, {
      devices: 4,
      settings: { LEASE_SECONDS: '6', CONNECTS_PER_SECOND: '2', CONNECT_BURST: '1' },
    });
  await exchange('before');
  await proxy.cut();
  await allClosed();
  await unready();
  await until(
    async () => {
      const { body } = await world.product.calls.api('GET', '/ready');
      return JSON.stringify(body).includes('lease');
    },
    { within: 60_000, what: 'the lease is lost' },
  );
  await refused();
  const { length: seen } = world.sockets;
  const written = await writeAll('while it is away');
  await unreceipted(written);
  await proxy.mend();
  await allOpen();
  const logins = world.sockets.slice(seen).filter(({ kind }) => kind === 'login');
  assert.equal(logins.length, world.devices.length, 'each device came back once');
  await world.judged();
});

test('F17: a PostgreSQL that has become read-only: no receipt, no retry request leaves, sockets close, and the server that writes is found', async t => {
  const { world, exchange, refused, allClosed, unready, allOpen, writeAll, unreceipted } = await troubled(t, {
    devices: 3,
    settings: { LEASE_SECONDS: '6' },
  });
  const { sql, control } = world;
  for (const { status } of await exchange('before')) assert.equal(status, 200);
  const before = await control.ledger();
  const [{ name }] = await sql<[{ name: string }]>`select current_database() as name`;
  await sql.unsafe(`alter database ${name} set default_transaction_read_only = on`);
  await endBackends(sql);
  const written = await writeAll('read only');
  await allClosed();
  await unready();
  await refused();
  await unreceipted([...written, ...(await writeAll('read only still'))]);
  // New sessions write again; those that are open do not, as those to a server that was demoted.
  await sql.unsafe(`alter database ${name} reset default_transaction_read_only`);
  await allOpen();
  const after = await control.ledger();
  assert.deepEqual([after.retries, after.nacks], [before.retries, before.nacks]);
  for (const { status } of await exchange('after')) assert.equal(status, 200);
  await world.judged();
});
