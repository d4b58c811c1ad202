import '../../src/device/shims.ts';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { Facts } from '../../src/device/facts.ts';
import { type Draft, openedBody } from '../../src/journal/event.ts';
import { Journal } from '../../src/journal/journal.ts';
import { Seal } from '../../src/lib/seal.ts';
import type { Streamed } from '../../src/shard/protocol.ts';
import { readEvents } from '../../src/store/journal.ts';
import { until } from '../support/until.ts';
import { quiet } from './signal.ts';
import { around, deviceStore, fillDisk } from './store.ts';

const draft = (n: number): Draft => ({ event: 'message', at: 1_700_000_000_000 + n, payload: { n } });

async function factsOf(t: TestContext) {
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
  const facts = new Facts({
    journal: new Journal({ sql: watched, owner }),
    seat: at,
    seal: new Seal(at.key),
    jid: () => '15551234567@s.whatsapp.net',
    streamed: events => streamed.push(...events),
    log: quiet,
  });
  const journal = async () =>
    (await readEvents(sql, at.no, 0, 1_000)).map(row => [
      row.seq,
      JSON.parse(openedBody(row, at.id, new Seal(at.key))).payload.n,
    ]);
  return { sql, at, facts, streamed, journal, failures };
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
