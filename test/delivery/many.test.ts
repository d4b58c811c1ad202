import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Guard } from '../../src/lib/guard.ts';
import { syncGlobalEndpoints } from '../../src/store/endpoints.ts';
import { dueLanes } from '../../src/store/lanes.ts';
import { testDatabase } from '../support/database.ts';
import { testSeals } from '../support/keys.ts';
import { receiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';
import { append, Clock, deliverer, device, OWNER, upTo } from './ledger.ts';

const all = { skipTlsVerify: false, events: [] };

test('F58: of 10,000 webhooks of which one in a hundred has something to do, a look finds these; an idle deliverer asks a fixed number of questions', async t => {
  const { sql } = await testDatabase(t);
  await sql`insert into device (id, owner, epoch) select 'device-' || n, ${OWNER}, 1 from generate_series(1, 1000) n`;
  await sql`
    insert into endpoint (source, device_no, url)
    select 'api', d.no, 'http://127.0.0.1:9/' || n from device d cross join generate_series(1, 10) n`;
  await sql`insert into lane (endpoint_no, device_no) select e.no, e.device_no from endpoint e`;
  await testSeals(sql).complete();
  await sql`update device set last_seq = 7 where no % 100 = 0`;
  await sql`update endpoint set breaker_until = now() + interval '1 hour' where device_no % 200 = 0`;
  await sql`analyze device, endpoint, lane`;

  const look = { limit: 1_000, each: 100, busy: [], now: Date.now(), settled: new Map() };
  for (const settled of [look.settled, new Map(upTo(1_000).flatMap(no => (no % 100 ? [[no, 0]] : [])))]) {
    const begun = performance.now();
    const due = await dueLanes(sql, OWNER, { ...look, settled });
    const took = Math.round(performance.now() - begun);
    t.diagnostic(`with ${settled.size} devices settled a look took ${took} ms, loaded as the machine is`);
    assert.equal(due.length, 50, 'those of open breakers are not even found');
    assert.ok(due.every(({ deviceNo }) => deviceNo % 100 === 0 && deviceNo % 200 !== 0));
  }

  await sql`update lane l set cursor = d.last_seq from device d where d.no = l.device_no`;
  let asked = 0;
  const counting = new Proxy(sql, {
    apply: (target, self, query) => {
      const [first] = query as [unknown];
      const text = Array.isArray(first) ? String(first[0]).trim() : '';
      if (/^(select|with|update|insert|delete)\b/.test(text)) asked += 1;
      return Reflect.apply(target, self, query);
    },
  });
  let looks = 0;
  const now = () => {
    looks += 1;
    return Date.now();
  };
  const idle = await deliverer(t, counting, { everyMs: 5, now });
  await until(() => looks >= 60);
  await idle.stop();
  t.diagnostic(`${asked} statements while the clock was asked ${looks} times`);
  assert.ok(asked <= looks * 2, 'two questions to a look, and two more each 2 s');
});

test('F57: a name that does not resolve, or takes its time, holds up its own webhook alone', async t => {
  const { sql } = await testDatabase(t);
  const good = await receiver(t);
  const asked = new Map<string, number>();
  const resolve = async (name: string) => {
    asked.set(name, (asked.get(name) ?? 0) + 1);
    if (name === 'never.example')
      throw Object.assign(new Error(`queryA ENOTFOUND ${name}`), { code: 'ENOTFOUND' });
    return await new Promise<never>((_, reject) => {
      setTimeout(() => reject(Object.assign(new Error('late'), { code: 'ETIMEOUT' })), 3_000).unref();
    });
  };
  await syncGlobalEndpoints(sql, [good.url], all);
  await sql`
    insert into endpoint (source, url)
    select 'api', 'http://' || name || '.example:8080/' from unnest(array['never', 'slow']) name`;
  const devices = await Promise.all(upTo(12).map(n => device(sql, `device-${n}`)));
  const guard = new Guard(['127.0.0.1'], { resolve });
  const clock = new Clock();
  const delivery = await deliverer(t, sql, { guard, now: clock.now, everyMs: 5, random: () => 0.5 });
  for (let round = 0; round < 3; round += 1)
    for (const each of devices) delivery.wake(await append(sql, each, 2));
  await until(() => good.delivered.length === 72, { what: 'the good one has everything' });
  await until(async () => {
    const rows = await sql<{ url: string; fails: number }[]>`
      select url, fails from endpoint where fails > 0 order by url`;
    return rows.length === 2;
  });
  const failed = await sql<{ error: string }[]>`
    select distinct last_error as error from lane where last_error is not null order by 1`;
  assert.deepEqual(
    [...failed].map(({ error }) => error).filter(error => !['connect_failed', 'timeout'].includes(error)),
    [],
  );
  const [healthy] = await sql`select fails from endpoint where url = ${good.url}`;
  assert.equal(healthy!.fails, 0);
  // All of its lanes are due again, and one alone may try.
  const tries = () => asked.get('never.example') ?? 0;
  const before = tries();
  assert.ok(before <= devices.length);
  clock.to(clock.now() + 1_500);
  for (const each of devices) delivery.wake(await append(sql, each, 1));
  await until(() => good.delivered.length === 84 && tries() > before);
  assert.equal(tries(), before + 1, 'it is left alone');
});
