import '../../src/device/shims.ts';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import pino from 'pino';
import { Facts, type FactsOptions } from '../../src/device/receiving/facts.ts';
import { type Draft, openedBody } from '../../src/journal/event.ts';
import { Journal } from '../../src/journal/journal.ts';
import { Seal } from '../../src/lib/seal.ts';
import type { Streamed } from '../../src/shard/protocol.ts';
import { readEvents } from '../../src/store/journal.ts';
import { failInserts } from '../support/trouble.ts';
import { until } from '../support/until.ts';
import { quiet } from './signal.ts';
import { around, deviceStore, fillDisk } from './store.ts';

const draft = (n: number): Draft => ({ event: 'message', at: 1_700_000_000_000 + n, payload: { n } });

async function factsOf(t: TestContext, changes: Partial<FactsOptions> = {}) {
  const { sql, owner, seat } = await deviceStore(t);
  const at = await seat();
  const streamed: Streamed[] = [];
  const failures: unknown[] = [];
  const watched = around(sql, (_statement, run) =>
    run().catch((error: unknown) => {
      failures.push(error);
      throw error;
    }),
  );
  const options: FactsOptions = {
    journal: new Journal({ sql: watched, owner }),
    seat: at,
    seal: new Seal(at.key),
    jid: () => '15551234567@s.whatsapp.net',
    streamed: events => streamed.push(...events),
    log: quiet,
    ...changes,
  };
  const facts = new Facts(options);
  const journal = async () =>
    (await readEvents(sql, at.no, 0, 1_000)).map(row => [
      row.seq,
      JSON.parse(openedBody(row, at.id, new Seal(at.key))).payload.n,
    ]);
  return { sql, at, seat, options, facts, streamed, journal, failures };
}

test('facts are stored in the order in which they happened, and streamed as they are stored', async t => {
  const { facts, streamed, journal } = await factsOf(t);
  for (let n = 1; n <= 40; n += 2) facts.add([draft(n), draft(n + 1)]);
  await facts.stored();
  const all = Array.from({ length: 40 }, (_, i) => [i + 1, i + 1]);
  assert.deepEqual(await journal(), all);
  assert.deepEqual(
    streamed.map(({ seq, body }) => [seq, JSON.parse(body).payload.n]),
    all,
  );
});

test('facts wait for a database that is away: nothing is lost, nothing is twice, nothing overtakes', async t => {
  const { sql, facts, journal, failures } = await factsOf(t);
  facts.add([draft(1)]);
  await facts.stored();
  const makeRoom = await fillDisk(sql, 'journal');
  facts.add([draft(2)]);
  await until(() => failures.length > 0);
  facts.add([draft(3), draft(4)]);
  await makeRoom();
  await facts.stored();
  assert.deepEqual(await journal(), [
    [1, 1],
    [2, 2],
    [3, 3],
    [4, 4],
  ]);
});

test('a device that another node has taken writes no facts, and does not try for ever', async t => {
  const { sql, at, facts, streamed, journal } = await factsOf(t);
  await sql`update device set owner = ${randomUUID()}, epoch = epoch + 1 where no = ${at.no}`;
  facts.add([draft(1)]);
  await facts.stored();
  assert.deepEqual([await journal(), streamed], [[], []]);
});

test('who gives up waits for one more attempt at most', async t => {
  const { sql, facts, journal } = await factsOf(t);
  const makeRoom = await fillDisk(sql, 'journal');
  facts.add([draft(1)]);
  facts.giveUp();
  await facts.stored();
  await makeRoom();
  assert.deepEqual(await journal(), []);
});

const told = async ({ sql, at }: Awaited<ReturnType<typeof factsOf>>) =>
  (await readEvents(sql, at.no, 0, 1_000)).map(row => {
    const { event, payload } = JSON.parse(openedBody(row, at.id, new Seal(at.key)));
    return [row.seq, event, event === 'event.unparsed' ? payload.event : payload.n];
  });

test('a fact that cannot be written out is told as unparsed in its place, and nothing waits for it', async t => {
  const all = await factsOf(t);
  const { facts } = all;
  facts.add([draft(1), { ...draft(2), at: Number.NaN }, { ...draft(3), payload: { n: 3n } }, draft(4)]);
  await facts.stored();
  assert.deepEqual(await told(all), [
    [1, 'message', 1],
    [2, 'event.unparsed', 'message'],
    [3, 'event.unparsed', 'message'],
    [4, 'message', 4],
  ]);
});

test('a fact that leads the code astray that completes it is told as unparsed, what was heard with it is left out, and nothing waits', async t => {
  const { facts, streamed } = await factsOf(t, {
    completed: async fact => {
      if (fact.payload.n === 2) throw new RangeError('Invalid time value');
      return fact;
    },
  });
  facts.add([draft(1), draft(2), draft(3)]);
  await facts.stored();
  assert.deepEqual(
    streamed
      .map(({ body }) => JSON.parse(body))
      .map(({ event, payload }) => [event, payload.n ?? payload.reason]),
    [
      ['message', 1],
      ['event.unparsed', 'Invalid time value'],
      ['message', 3],
    ],
  );
});

test('what PostgreSQL refuses for a reason of its own neither blocks its device nor any other', async t => {
  const all = await factsOf(t);
  const { sql, facts, journal: stored } = all;
  await sql.unsafe(`
    create function dislike() returns trigger language plpgsql as
      $$ begin raise exception 'not this one' using errcode = '23514'; end $$;
    create trigger dislike before insert on journal for each row when (new.event = 'message.ack') execute function dislike()`);
  const other = { ...all.at, no: (await all.seat()).no };
  const neighbour = new Facts({ ...all.options, seat: other });
  facts.add([draft(1), { ...draft(2), event: 'message.ack' }, draft(3)]);
  facts.step({ id: 'with a \0', state: 'read' });
  facts.step({ id: 'another', state: 'read' });
  facts.done([Buffer.alloc(20)]);
  neighbour.add([draft(10)]);
  await Promise.all([facts.stored(), neighbour.stored()]);
  assert.deepEqual(await told(all), [
    [1, 'message', 1],
    [2, 'event.unparsed', 'message.ack'],
    [3, 'message', 3],
  ]);
  const [row] = await readEvents(sql, other.no, 0, 10);
  assert.equal(row?.event, 'message', 'what its neighbour could not store is no fault of it');
  facts.add([draft(4)]);
  await facts.stored();
  assert.equal((await stored()).length, 4);
});

test('while PostgreSQL refuses everything nothing is given up', async t => {
  const all = await factsOf(t);
  const { sql, facts, failures } = all;
  await sql`alter table journal add constraint nothing check (seq < 0)`;
  facts.add([draft(1), draft(2)]);
  await until(() => failures.length > 4);
  await sql`alter table journal drop constraint nothing`;
  await facts.stored();
  assert.equal((await told(all)).length, 2);
});

for (const code of ['40P01', '40001'])
  test(`F23: facts that another statement rolls back (${code}) are stored at the next try, as if nothing had been`, async t => {
    const { sql, options, journal, failures } = await factsOf(t);
    const complaints: string[] = [];
    const log = pino({ level: 'warn' }, { write: line => complaints.push(line) });
    const facts = new Facts({ ...options, log });
    await failInserts(sql, ['journal'], code, 3);
    facts.add([draft(1)]);
    facts.add([draft(2)]);
    await facts.stored();
    assert.deepEqual(await journal(), [
      [1, 1],
      [2, 2],
    ]);
    assert.deepEqual([failures.length, complaints], [3, []]);
  });

test('a receipt is one event, whether a copy of it has the number of its sender or the LID', async t => {
  const { facts, journal } = await factsOf(t, {
    lidOf: async number => (number === '1555' ? '998' : undefined),
  });
  const told = (identity: string) => facts.add([{ ...draft(1), identity }]);
  told('1555@s.whatsapp.net 1555@s.whatsapp.net A');
  await facts.stored();
  told('998@lid 998@lid A');
  told('998@lid 1555@s.whatsapp.net A');
  await facts.stored();
  assert.equal((await journal()).length, 1);
  told('1666@s.whatsapp.net 1666@s.whatsapp.net A');
  await facts.stored();
  assert.equal((await journal()).length, 2, 'who is not known keeps the number');
});
