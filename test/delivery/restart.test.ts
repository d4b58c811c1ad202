import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import pino from 'pino';
import { deferred } from '../../src/lib/deferred.ts';
import { openDatabase, type Sql } from '../../src/store/database.ts';
import { syncGlobalEndpoints } from '../../src/store/endpoints.ts';
import { testDatabase } from '../support/database.ts';
import { type Receiver, receiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';
import { append, Clock, deliverer, device, secret, upTo } from './ledger.ts';

const all = { skipTlsVerify: false, events: [] };
const child = fileURLToPath(new URL('./child.js', import.meta.url));

/** What came, each event once, in the order in which it came first. */
function firsts({ delivered }: Receiver, id: string): number[] {
  return [...new Set(delivered.filter(({ session_id }) => session_id === id).map(({ seq }) => seq))];
}

test('a deliverer that is killed loses nothing, and what comes twice comes with the same id and body', async t => {
  const { address, sql } = await testDatabase(t);
  const at = await receiver(t);
  await syncGlobalEndpoints(sql, [at.url], all);
  const devices = await Promise.all(upTo(4).map(n => device(sql, `device-${n}`)));
  for (const each of devices) await append(sql, each, 300);
  const kills = [150, 400, 650, 900];
  for (const count of [...kills, 1200]) {
    const process_ = spawn(process.execPath, [child, JSON.stringify(address)], { stdio: 'inherit' });
    t.after(() => process_.kill('SIGKILL'));
    const complete = () => devices.every(({ id }) => firsts(at, id).length === 300);
    await until(() => (count === 1200 ? complete() : at.requests.length >= count), { within: 60_000 });
    process_.kill('SIGKILL');
    await once(process_, 'exit');
  }
  for (const { id } of devices) assert.deepEqual(firsts(at, id), upTo(300));
  const bodies = new Map(at.requests.map(({ json, body }) => [json.id, body]));
  assert.equal(bodies.size, 1200);
  for (const request of at.requests) {
    assert.equal(request.headers['webhook-id'], request.json.id);
    assert.equal(request.body, bodies.get(request.json.id));
    at.verify(request, secret);
  }
  const most = kills.length * devices.length * 21;
  assert.ok(at.requests.length - 1200 <= most, `at most 20 and the one under way of each lane at each kill`);
});

test('a deliverer that is stopped finishes what is under way and repeats nothing later', async t => {
  const { sql } = await testDatabase(t);
  const gate = deferred<void>();
  const at = await receiver(t);
  await syncGlobalEndpoints(sql, [at.url], all);
  const one = await device(sql, 'one');
  const first = await deliverer(t, sql);
  first.wake(await append(sql, one, 7));
  await until(() => at.delivered.length === 7);
  at.answer({ status: 200, after: gate.promise });
  first.wake(await append(sql, one, 7));
  await until(() => at.open === 1);
  const stopped = Promise.all([first.stop(), first.stop()]);
  gate.resolve();
  await stopped;
  await first.stop();
  assert.deepEqual(firsts(at, 'one'), upTo(8));
  first.wake(await append(sql, one, 1));
  await first.start();

  await deliverer(t, sql);
  await until(() => at.delivered.length === 15);
  assert.equal(at.requests.length, 15);
  assert.deepEqual(firsts(at, 'one'), upTo(15));
});

test('a POST that does not end in time is cut when the deliverer stops, and counts as no failure', async t => {
  const { sql } = await testDatabase(t);
  const gate = deferred<void>();
  t.after(() => gate.resolve());
  const at = await receiver(t, { answer: { status: 200, after: gate.promise } });
  await syncGlobalEndpoints(sql, [at.url], all);
  const one = await device(sql, 'one');
  const first = await deliverer(t, sql, { stopMs: 50 });
  first.wake(await append(sql, one, 2));
  await until(() => at.open === 1);
  await first.stop();
  const [lane] = await sql`select cursor, attempt, last_error from lane`;
  assert.deepEqual({ ...lane }, { cursor: 0, attempt: 0, last_error: null });
  at.answer(200);
  await deliverer(t, sql);
  await until(() => firsts(at, 'one').length === 2);
});

test('how often an event failed and when it is due again survive a restart', async t => {
  const { sql } = await testDatabase(t);
  const at = await receiver(t, { answer: ({ json }) => (json.session_id === 'one' ? 503 : 200) });
  await syncGlobalEndpoints(sql, [at.url], all);
  const [one, two] = [await device(sql, 'one'), await device(sql, 'two')];
  const clock = new Clock();
  const lane = async () => {
    const [row] = await sql<{ attempt: number; due: number; error: string | null; cursor: number }[]>`
      select attempt, extract(epoch from not_before)::float8 * 1000 as due, last_error as error, cursor
      from lane where device_no = ${one.no}`;
    return { ...row!, rest: (row!.due - clock.now()) / 1_000 };
  };
  // Without jitter.
  const options = { now: clock.now, everyMs: 5, random: () => 0.5 };
  const first = await deliverer(t, sql, options);
  first.wake(await append(sql, one, 3));
  for (const attempt of [1, 2, 3, 4]) {
    await until(async () => (await lane()).attempt === attempt);
    if (attempt < 4) clock.to((await lane()).due);
  }
  const { rest, error, cursor } = await lane();
  assert.deepEqual([rest, error, cursor], [15, 'HTTP 503', 0]);
  await first.stop();
  assert.equal((await lane()).attempt, 4);

  const tries = at.requests.length;
  const second = await deliverer(t, sql, options);
  for (const n of upTo(3)) {
    second.wake(await append(sql, one, 1));
    await append(sql, two, 1);
    await until(() => firsts(at, 'two').length === n);
  }
  assert.equal(at.requests.filter(({ json }) => json.session_id === 'one').length, tries);
  clock.to((await lane()).due);
  await until(async () => (await lane()).attempt === 5);
  assert.equal((await lane()).rest, 30);
  at.answer(200);
  clock.to((await lane()).due);
  await until(() => firsts(at, 'one').length === 6);
  await until(async () => (await lane()).cursor === 6);
  assert.equal((await lane()).attempt, 0);
});

test('F31: Retry-After of a receiver is what its lane and its endpoint wait for', async t => {
  const { sql } = await testDatabase(t);
  const at = await receiver(t, { answer: { status: 429, headers: { 'retry-after': '600' } } });
  await syncGlobalEndpoints(sql, [at.url], all);
  const one = await device(sql, 'one');
  const delivery = await deliverer(t, sql);
  delivery.wake(await append(sql, one, 1));
  await until(async () => {
    const [row] = await sql<{ rest: number; open: number }[]>`
      select extract(epoch from l.not_before - now())::float8 as rest,
             case when isfinite(e.breaker_until) then extract(epoch from e.breaker_until - now())::float8 else 0 end as open
        from lane l join endpoint e on e.no = l.endpoint_no`;
    return [row!.rest, row!.open].every(seconds => seconds > 570 && seconds <= 600);
  });
});

/** Lets nobody into the database but whoever is in; `admin` is a connection to another one. */
async function outage(admin: Sql, name: string, on: boolean): Promise<void> {
  await admin.unsafe(`alter database ${name} allow_connections ${!on}`);
  if (on) {
    await admin`select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = ${name}`;
  }
}

test('while the database is away streamed events still arrive, the log says it once, and afterwards nothing is missing', async t => {
  const { address, sql } = await testDatabase(t);
  if (!('url' in address)) throw new Error('the test server has a URL');
  const lines: { level: number; msg: string }[] = [];
  const log = pino({ level: 'info' }, { write: line => lines.push(JSON.parse(line)) });
  const at = await receiver(t);
  await syncGlobalEndpoints(sql, [at.url], all);
  const one = await device(sql, 'one');
  const delivery = await deliverer(t, sql, { log });
  await append(sql, one, 1);
  await until(() => at.delivered.length === 1);
  // The first of them is held until the database is away: they are all at hand by then, however it came that they are.
  const gate = deferred<void>();
  at.answer({ status: 200, after: gate.promise });
  delivery.wake(await append(sql, one, 10));
  await until(() => at.open === 1);

  const url = new URL(address.url);
  const name = url.pathname.slice(1);
  url.pathname = '/template1';
  const admin = openDatabase({ address: { url: url.href }, connections: 1, name: 'outage' });
  t.after(() => admin.end({ timeout: 1 }));
  await outage(admin, name, true);
  await until(() => lines.length > 0);
  gate.resolve();
  await until(() => at.delivered.length === 11, { what: 'no read is needed for what a shard streamed' });
  await outage(admin, name, false);
  await until(() => lines.some(({ msg }) => msg === 'deliveries go on'));
  await append(sql, one, 5);
  await until(() => firsts(at, 'one').length === 16);
  assert.deepEqual(firsts(at, 'one'), upTo(16));
  assert.equal(lines.filter(({ level }) => level > 30).length, 1);
});

test('a deliverer whose node holds nothing gives out no turns, and goes on where it was when the node does again', async t => {
  const { sql } = await testDatabase(t);
  const gate = deferred<void>();
  const at = await receiver(t, { answer: { status: 200, after: gate.promise } });
  await syncGlobalEndpoints(sql, [at.url], all);
  const one = await device(sql, 'one');
  let holds = true;
  let asked = 0;
  const held = () => {
    // Turns without an end would leave this process no time to fail in.
    if (++asked > 1_000) throw new Error('it is asked without an end');
    return holds;
  };
  const delivery = await deliverer(t, sql, { held, everyMs: 600_000 });
  delivery.wake(await append(sql, one, 5));
  await until(() => at.open === 1);
  holds = false;
  gate.resolve();
  await until(async () => (await sql`select from lane where cursor = 1`).count === 1);
  assert.ok(asked < 1_000, `asked ${asked} times`);
  assert.equal(at.requests.length, 1);
  holds = true;
  delivery.letGo();
  delivery.look();
  await until(() => at.delivered.length === 5);
  assert.deepEqual(firsts(at, 'one'), upTo(5));
});
