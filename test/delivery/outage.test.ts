import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Deliverer } from '../../src/delivery/deliverer.ts';
import type { Sql } from '../../src/store/database.ts';
import { syncGlobalEndpoints } from '../../src/store/endpoints.ts';
import { testDatabase } from '../support/database.ts';
import { type Receiver, receiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';
import { append, Clock, deliverer, device, recorded, seeded, upTo } from './ledger.ts';

const all = { skipTlsVerify: false, events: [] };
const HOUR = 3_600_000;
const seqs = ({ delivered }: Receiver, id: string) =>
  delivered.filter(({ session_id }) => session_id === id).map(({ seq }) => seq);

interface Row {
  readonly state: string;
  readonly fails: number;
  readonly until: number | null;
  readonly warned: boolean;
  readonly reason: string | null;
}
async function endpoint(sql: Sql, url: string): Promise<Row> {
  const [row] = await sql<Row[]>`
    select state, fails, reason, warned_at is not null as warned,
           case when isfinite(breaker_until) then extract(epoch from breaker_until)::float8 * 1000 end as until
      from endpoint where url = ${url}`;
  return row!;
}

/** A deliverer on a clock that only the test moves. */
async function timed(t: TestContext, sql: Sql, clock: Clock): Promise<Deliverer> {
  return await deliverer(t, sql, { now: clock.now, everyMs: 5, random: () => 0.5 });
}

/** One try of an endpoint that is left alone: the clock goes to its time, or to `at`, and the try is over. */
async function probe(sql: Sql, at: Receiver, clock: Clock, from = 0): Promise<void> {
  const before = await endpoint(sql, at.url);
  assert.ok(before.until !== null, 'its breaker is open');
  const tries = at.requests.length;
  clock.to(Math.max(before.until + 1, from));
  await until(() => at.requests.length > tries);
  await until(async () => {
    const { until: next, fails } = await endpoint(sql, at.url);
    return next === null || (fails > before.fails && next > clock.now());
  });
  assert.equal(at.requests.length, tries + 1);
}

test('F24: an endpoint that refuses for 6 h gets one try per 5 min, however many lanes it has, then everything in order; others notice nothing', async t => {
  const { sql } = await testDatabase(t);
  const clock = new Clock();
  const [down, other] = [await receiver(t, { answer: 503 }), await receiver(t)];
  await syncGlobalEndpoints(sql, [down.url, other.url], all);
  const devices = await Promise.all(upTo(30).map(n => device(sql, `device-${n}`)));
  for (const each of devices) await append(sql, each, 2);
  const delivery = await timed(t, sql, clock);
  await until(() => other.delivered.length === 60);
  await until(async () => (await endpoint(sql, down.url)).until !== null);
  const { length: before } = down.requests;
  assert.ok(before <= 5 + 8, `${before} POSTs until it was left alone`);

  const messages = () => other.delivered.filter(({ event }) => event === 'message').length;
  const begun = clock.now();
  const times: number[] = [];
  while (clock.now() < begun + 6 * HOUR) {
    await probe(sql, down, clock);
    times.push(clock.now());
    if (times.length % 10 === 0) {
      for (const each of devices.slice(0, 3)) delivery.wake(await append(sql, each, 1));
      await until(() => messages() === 60 + (3 * times.length) / 10);
    }
  }
  const gaps = times.map((time, n) => (time - (times[n - 1] ?? begun)) / 60_000);
  assert.ok(times.length >= 72 && times.length < 90, `${times.length} tries`);
  for (const gap of gaps.slice(12)) assert.ok(gap > 4.9 && gap < 5.1, `${gap} min`);
  const refused = await sql`select count(*)::int as count from lane where refused > 0`;
  assert.equal(refused[0]!.count, 0, 'no event spent an attempt');

  down.answer(200);
  clock.to((await endpoint(sql, down.url)).until! + 1);
  await until(async () => down.delivered.length >= 60 && (await recorded(sql)));
  for (const { id } of devices) assert.deepEqual(seqs(down, id), seqs(other, id));
  await until(async () => (await endpoint(sql, down.url)).until === null);
  assert.equal((await endpoint(sql, down.url)).fails, 0);
});

test('F25: an endpoint that is dead is told of after an hour, given up after 120 h with its backlog kept; resumed, it gets it in order, and is told to be well', async t => {
  const { sql } = await testDatabase(t);
  const clock = new Clock();
  const [dead, other] = [await receiver(t, { answer: 500 }), await receiver(t)];
  await syncGlobalEndpoints(sql, [dead.url, other.url], all);
  const [one, idle] = [await device(sql, 'one'), await device(sql, 'idle')];
  await append(sql, one, 3);
  await timed(t, sql, clock);
  const begun = clock.now();
  const notices = () => other.delivered.filter(({ event }) => event.startsWith('webhook.'));
  const openIts = async () => {
    for (;;) {
      await until(async () => (await endpoint(sql, dead.url)).fails > 0);
      if ((await endpoint(sql, dead.url)).until !== null) return;
      const { fails } = await endpoint(sql, dead.url);
      clock.to(clock.now() + 60_000);
      await until(async () => (await endpoint(sql, dead.url)).fails > fails);
    }
  };
  await openIts();
  assert.equal(notices().length, 0);
  await probe(sql, dead, clock, begun + HOUR);
  await until(() => notices().length === 1);
  await probe(sql, dead, clock, begun + 119 * HOUR);
  assert.equal((await endpoint(sql, dead.url)).state, 'active');
  clock.to(begun + 120 * HOUR + 1);
  await until(() => notices().length === 2);
  await until(async () => (await endpoint(sql, dead.url)).state === 'disabled');
  assert.match((await endpoint(sql, dead.url)).reason ?? '', /5 days: HTTP 500/);
  assert.deepEqual(
    notices().map(({ event, session_id, payload }) => [event, session_id, payload.behind, payload.reason]),
    [
      ['webhook.failing', 'one', 3, 'HTTP 500'],
      ['webhook.disabled', 'one', 4, 'it has taken nothing for 5 days: HTTP 500'],
    ],
  );
  assert.equal(notices()[0]!.payload.url, dead.url);
  assert.equal(seqs(other, idle.id).length, 0, 'a device of which nothing waits is told nothing');

  const { length: tries } = dead.requests;
  clock.to(clock.now() + 200 * HOUR);
  await append(sql, one, 1);
  await until(() => seqs(other, 'one').length === 6);
  assert.equal(dead.requests.length, tries);

  dead.answer(200);
  await sql`
    update endpoint set state = 'active', fails = 0, first_fail_at = null, breaker_until = '-infinity'
     where url = ${dead.url}`;
  await sql`update lane set not_before = '-infinity'`;
  await until(() => seqs(dead, 'one').length === 7);
  assert.deepEqual(seqs(dead, 'one'), upTo(7));
  assert.equal(notices().at(-1)!.event, 'webhook.recovered');
  assert.equal((await endpoint(sql, dead.url)).warned, false);
});

test('F32: an endpoint that says 410 gets no further request, and the devices whose events wait are told', async t => {
  const { sql } = await testDatabase(t);
  const [gone, other] = [await receiver(t, { answer: 410 }), await receiver(t)];
  await syncGlobalEndpoints(sql, [gone.url, other.url], all);
  const one = await device(sql, 'one');
  const delivery = await deliverer(t, sql);
  delivery.wake(await append(sql, one, 3));
  await until(() => other.delivered.length === 4);
  assert.equal(other.delivered[3]!.event, 'webhook.disabled');
  assert.match(String(other.delivered[3]!.payload.reason), /410/);
  await until(async () => (await endpoint(sql, gone.url)).state === 'gone');
  delivery.wake(await append(sql, one, 3));
  await until(() => other.delivered.length === 7);
  assert.equal(gone.requests.length, 1);
});

test('F35: an endpoint that answers 503 to every fifth POST gets everything in order, and its breaker does not stay open', async t => {
  const { sql } = await testDatabase(t);
  const dice = seeded(35);
  const clock = new Clock();
  const flaky = await receiver(t, { answer: () => (dice() < 0.2 ? 503 : 200) });
  await syncGlobalEndpoints(sql, [flaky.url], all);
  const devices = await Promise.all(upTo(10).map(n => device(sql, `device-${n}`)));
  for (const each of devices) await append(sql, each, 40);
  await timed(t, sql, clock);
  const begun = clock.now();
  await until(
    () => {
      clock.to(clock.now() + 100);
      return flaky.delivered.length === 400;
    },
    { within: 60_000 },
  );
  for (const { id } of devices) assert.deepEqual(seqs(flaky, id), upTo(40));
  await until(async () => (await endpoint(sql, flaky.url)).until === null);
  t.diagnostic(`400 events took ${(clock.now() - begun) / 1000} s of the clock`);
});

test('a failure of one device’s lane is no other’s: an endpoint that fails for one of them goes on for the rest', async t => {
  const { sql } = await testDatabase(t);
  const at = await receiver(t, { answer: ({ json }) => (json.session_id === 'bad' ? 503 : 200) });
  await syncGlobalEndpoints(sql, [at.url], all);
  const [bad, good] = [await device(sql, 'bad'), await device(sql, 'good')];
  const delivery = await deliverer(t, sql);
  delivery.wake(await append(sql, bad, 3));
  for (const n of upTo(10)) {
    delivery.wake(await append(sql, good, 5));
    await until(() => seqs(at, 'good').length === 5 * n);
  }
  assert.equal(seqs(at, 'bad').length, 0);
});
