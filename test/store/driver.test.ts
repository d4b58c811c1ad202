// What we rely on when a connection is lost; the published driver breaks the first three promises (docs/decisions/0001).
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openDatabase, type Sql, unavailable } from '../../src/store/database.ts';
import { startEmbedded } from '../../src/store/embedded.ts';
import { testDatabase } from '../support/database.ts';
import { quiet } from '../support/database-server.ts';
import { until } from '../support/until.ts';

const dir = mkdtempSync(join(tmpdir(), 'cardume-driver-'));
after(() => rmSync(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));

/** Ends the connections of a pool as a restarting server does. */
const terminate = (admin: Sql, name: string) => admin`
  select pg_terminate_backend(pid) from pg_stat_activity where application_name = ${name}`;

test('statements of a transaction whose connection was lost are never committed on the next connection', async t => {
  const { address, sql } = await testDatabase(t);
  await sql`create table fact (name text)`;
  for (const connections of [1, 2]) {
    const pool = openDatabase({ address, connections, name: 'transaction' });
    t.after(() => pool.end({ timeout: 1 }));
    let late: Promise<PromiseSettledResult<unknown>[]> | undefined;
    const lost = new Promise<void>(resolve => {
      pool
        .begin(async tx => {
          await tx`insert into fact values ('first')`;
          await terminate(sql, 'transaction');
          await until(() => closed);
          // The application does not know yet. All of these must fail, and so must what follows them.
          late = Promise.allSettled([
            tx`insert into fact values ('second')`,
            tx`insert into fact values ('third')`,
          ]);
          await late;
          await tx`insert into fact values ('fourth')`;
        })
        .catch(error => {
          assert.ok(unavailable(error), error);
          resolve();
        });
    });
    let closed = false;
    await lost.then(() => {
      closed = true;
    });
    const results = await until(() => late);
    assert.ok(results.every(({ status }) => status === 'rejected'));
    await until(() => pool`select 1`);
    assert.equal((await sql`select from fact`).count, 0);
  }
});

test('a pool whose connections are ended again and again under load loses no answer and always comes back', async t => {
  const { address, sql } = await testDatabase(t);
  await sql`create table written (n integer primary key)`;
  const pool = openDatabase({ address, connections: 3, name: 'load' });
  t.after(() => pool.end({ timeout: 1 }));
  let n = 0;
  let stop = false;
  t.after(() => {
    stop = true;
  });
  let failures = 0;
  const stored: number[] = [];
  const writers = Array.from({ length: 16 }, async () => {
    while (!stop) {
      const value = ++n;
      try {
        await pool`insert into written values (${value})`;
        stored.push(value);
      } catch (error) {
        assert.ok(unavailable(error), error as Error);
        failures++;
      }
    }
  });
  for (let round = 0; round < 15; round++) {
    const before = stored.length;
    await until(() => stored.length > before + 50);
    await terminate(sql, 'load');
  }
  stop = true;
  await Promise.all(writers);
  assert.ok(failures > 0);
  const there = new Set((await sql<{ n: number }[]>`select n from written`).map(row => row.n));
  assert.deepEqual(
    stored.filter(value => !there.has(value)),
    [],
  );
});

test('a server that is killed under load costs no acknowledged row and no process, and the pool is back in seconds', async t => {
  const server = await startEmbedded({ dir, maxConnections: 20, log: quiet });
  t.after(() => server.stop());
  const pool = openDatabase({ address: server.address, connections: 4, name: 'load' });
  t.after(() => pool.end({ timeout: 1 }));
  await pool`create table written (n integer primary key)`;
  let n = 0;
  let stop = false;
  t.after(() => {
    stop = true;
  });
  let failures = 0;
  const stored: number[] = [];
  const writers = Array.from({ length: 16 }, async () => {
    while (!stop) {
      const value = ++n;
      try {
        await pool`insert into written values (${value})`;
        stored.push(value);
      } catch (error) {
        assert.ok(unavailable(error), error as Error);
        failures++;
        await until(() => pool`select 1`);
      }
    }
  });
  const postmaster = () => {
    const pid = Number.parseInt(readFileSync(join(dir, 'pgdata-18/postmaster.pid'), 'utf8'), 10);
    try {
      process.kill(pid, 0);
      return pid;
    } catch {
      return undefined; // not that one any more
    }
  };
  const away: number[] = [];
  for (const signal of ['SIGKILL', 'SIGINT', 'SIGKILL', 'SIGQUIT'] as const) {
    const before = stored.length;
    await until(() => stored.length > before + 100);
    const failed = failures;
    // Its file names the one before until the new server has written it.
    process.kill(await until(postmaster), signal);
    const killed = performance.now();
    await until(() => failures > failed);
    const reached = stored.length;
    await until(() => stored.length > reached + 20);
    away.push(Math.round(performance.now() - killed));
  }
  stop = true;
  await Promise.all(writers);
  const there = new Set((await pool<{ n: number }[]>`select n from written`).map(row => row.n));
  assert.deepEqual(
    stored.filter(value => !there.has(value)),
    [],
  );
  t.diagnostic(`${stored.length} rows stored, back after ${away.join(', ')} ms`);
});
