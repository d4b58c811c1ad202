import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Deliveries } from '../../src/delivery/deliveries.ts';
import { parkedWaits } from '../../src/delivery/schedule.ts';
import type { Sql } from '../../src/store/database.ts';
import { syncGlobalEndpoints } from '../../src/store/endpoints.ts';
import { testDatabase } from '../support/database.ts';
import { type Receiver, receiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';
import { append, Clock, deliverer, device, upTo } from './ledger.ts';

const all = { skipTlsVerify: false, events: [] };
const seqs = ({ delivered }: Receiver) => delivered.map(({ seq }) => seq);

async function poisoned(t: TestContext, sql: Sql, clock: Clock) {
  const at = await receiver(t, { answer: ({ json }) => (json.seq === 2 ? 400 : 200) });
  await syncGlobalEndpoints(sql, [at.url], all);
  const one = await device(sql, 'one');
  const delivery = await deliverer(t, sql, { now: clock.now, everyMs: 5, random: () => 0.5 });
  const [endpoint] = await sql<[{ no: number }]>`select no from endpoint`;
  const which = { no: endpoint.no, deviceNo: null };
  const deliveries = new Deliveries({ sql, deliverer: delivery, now: clock.now });
  const tries = () => at.requests.filter(({ json }) => json.seq === 2);
  return { at, one, delivery, which, deliveries, tries };
}

test('F30: an event that is refused is tried three times in its lane, which then goes on; eight more times it is tried apart, is dead after 75 h 35 min, and can be tried again', async t => {
  const { sql } = await testDatabase(t);
  const clock = new Clock();
  const { at, one, delivery, which, deliveries, tries } = await poisoned(t, sql, clock);
  const begun = clock.now();
  await append(sql, one, 4);
  await until(() => tries().length === 1);
  assert.deepEqual(seqs(at), [1]);
  for (const [n, wait] of [5_000, 30_000].entries()) {
    await until(async () => {
      const [lane] = await sql`select refused from lane`;
      return lane!.refused === n + 1;
    });
    clock.to(clock.now() + wait - 1);
    delivery.look();
    assert.deepEqual(seqs(at), [1], 'what comes after it waits');
    clock.to(clock.now() + 1);
    await until(() => tries().length === n + 2);
  }
  await until(() => seqs(at).length === 3);
  assert.deepEqual(seqs(at), [1, 3, 4]);
  const [parked] = await deliveries.parked(which, { limit: 10, offset: 0 });
  assert.deepEqual(
    { ...parked, id: null, parkedAt: null },
    {
      ...{
        deviceId: 'one',
        seq: 2,
        id: null,
        event: 'message',
        attempt: 3,
        lastError: 'HTTP 400',
        parkedAt: null,
      },
      ...{ notBefore: new Date(clock.now() + 300_000), replay: false },
    },
  );

  for (const [n, minutes] of parkedWaits.entries()) {
    clock.to(clock.now() + minutes * 60_000);
    await until(() => tries().length === 4 + n);
    await until(async () => {
      const [left] = await deliveries.parked(which, { limit: 1, offset: 0 });
      return n === parkedWaits.length - 1 ? left === undefined : left?.attempt === 4 + n;
    });
  }
  assert.equal(clock.now() - begun, 35_000 + (75 * 60 + 35) * 60_000);
  const [letter] = await deliveries.deadLetters(which, { before: undefined, limit: 10 });
  assert.equal(letter!.reason, 'HTTP 400');
  assert.deepEqual([letter!.deviceId, letter!.fromSeq, letter!.toSeq, letter!.kept], ['one', 2, 2, true]);
  assert.equal(letter!.id, tries()[0]!.json.id);
  for (const { headers, body } of tries()) {
    assert.equal(headers['webhook-id'], letter!.id);
    assert.equal(body, tries()[0]!.body);
  }

  await assert.rejects(deliveries.revive(which, { from: letter!.no + 1, to: undefined }), {
    code: 'DEAD_LETTER_NOT_FOUND',
  });
  at.answer(200);
  const revived = await deliveries.revive(which, { from: letter!.no, to: letter!.no });
  assert.deepEqual(revived, { letters: 1, events: 1, expired: 0 });
  await until(() => seqs(at).length === 4);
  assert.equal(at.requests.at(-1)!.headers['webhook-replay'], '1');
  await until(async () => (await deliveries.parked(which, { limit: 1, offset: 0 })).length === 0);
  assert.equal((await deliveries.deadLetters(which, { before: undefined, limit: 1 })).length, 0);
});

test('a parked event spends no try while its endpoint is down', async t => {
  const { sql } = await testDatabase(t);
  const clock = new Clock();
  const { at, one, which, deliveries, tries } = await poisoned(t, sql, clock);
  await append(sql, one, 3);
  await until(() => {
    clock.to(clock.now() + 1_000);
    return seqs(at).length === 2;
  });
  const parked = async () => (await deliveries.parked(which, { limit: 1, offset: 0 }))[0];
  assert.equal((await parked())?.attempt, 3);
  at.answer(503);
  const before = tries().length;
  await until(() => {
    clock.to(clock.now() + 60_000);
    return tries().length >= before + 6;
  });
  assert.equal((await parked())?.attempt, 3);
  at.answer(200);
  await until(() => {
    clock.to(clock.now() + 60_000);
    return seqs(at).length === 3;
  });
  assert.deepEqual(seqs(at), [1, 3, 2]);
});

test('dead letters are listed in pages, dropped one by one and all, and not tried again when they have expired', async t => {
  const { sql } = await testDatabase(t);
  const { one, which, deliveries } = await poisoned(t, sql, new Clock());
  await sql`
    insert into dead_letter (endpoint_no, device_no, from_seq, to_seq, reason)
    select ${which.no}, ${one.no}, n * 10, n * 10 + 9, 'expired' from generate_series(1, 5) n`;
  const page = (before: number | undefined) => deliveries.deadLetters(which, { before, limit: 2 });
  const first = await page(undefined);
  const second = await page(first.at(-1)!.no);
  assert.deepEqual(
    [...first, ...second].map(({ fromSeq, kept }) => [fromSeq, kept]),
    [50, 40, 30, 20].map(seq => [seq, false]),
  );
  const every = { from: undefined, to: undefined };
  await assert.rejects(deliveries.revive(which, every), { code: 'DEAD_LETTER_EXPIRED' });
  await deliveries.dropOne(which, first[0]!.no);
  await assert.rejects(deliveries.dropOne(which, first[0]!.no), { code: 'DEAD_LETTER_NOT_FOUND' });
  assert.equal(await deliveries.drop(which, every), 4);
  assert.equal((await page(undefined)).length, 0);
});

test('attempts: every failure, the first success after it and one of a hundred are noted, and go after seven days', async t => {
  const { sql } = await testDatabase(t);
  const { forgetAttempts } = await import('../../src/store/attempts.ts');
  const clock = new Clock();
  const { at, one, which, deliveries } = await poisoned(t, sql, clock);
  at.answer(200);
  await append(sql, one, 150);
  await until(() => seqs(at).length === 150);
  at.answer(({ json }) => (json.seq === 151 && at.requests.length < 153 ? 503 : 200));
  await append(sql, one, 2);
  await until(() => {
    clock.to(clock.now() + 1_000);
    return seqs(at).length === 152;
  });
  assert.deepEqual(seqs(at), upTo(152));
  const page = { before: undefined, limit: 50, failed: false };
  await until(async () => (await deliveries.attempts(which, page)).length === 5);
  const made = await deliveries.attempts(which, page);
  assert.deepEqual(
    made.map(({ seq, status, error }) => [seq, status, error]),
    [
      [151, 200, null],
      [151, 503, 'HTTP 503'],
      [151, 503, 'HTTP 503'],
      [101, 200, null],
      [1, 200, null],
    ],
  );
  assert.equal(made[0]!.eventId, at.requests.at(-2)!.headers['webhook-id']);
  assert.equal((await deliveries.attempts(which, { ...page, failed: true })).length, 2);
  await sql`update attempt set at = now() - interval '8 days' where seq < 151`;
  await sql`update attempt set at = now() where seq >= 151`;
  assert.equal(await forgetAttempts(sql, 100), 2);
});
