// All shards of a node over real threads: the spare, the quarantine thread, and what is too often.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { monotonic } from '../../../src/lib/deadline.ts';
import type { Fault } from '../../../src/shard/protocol.ts';
import { Shards } from '../../../src/supervisor/shards.ts';
import { quiet } from '../../support/database-server.ts';
import { until } from '../../support/until.ts';

interface Options {
  readonly behaviour?: string;
  readonly workers?: number;
  readonly heapMb?: number;
}

async function start(t: TestContext, { behaviour = '', workers = 1, heapMb = 128 }: Options = {}) {
  const quarantined: number[] = [];
  const fatal: string[] = [];
  const downs: number[] = [];
  const shards = new Shards({
    workers,
    heapMb,
    entry: new URL('../../fixtures/shard.js', import.meta.url).href,
    settings: { node: behaviour } as never,
    log: quiet,
    hear: () => {},
    up: () => {},
    down: shard => downs.push(shard),
    quarantined: shard => quarantined.push(shard),
    fatal: why => fatal.push(why),
  });
  t.after(() => shards.stop(monotonic() + 2_000));
  await shards.start();
  return { shards, quarantined, fatal, downs };
}

const threadOf = (shards: Shards, shard = 0) => shards.handle(shard)?.threadId;
const oneSpare = (shards: Shards) =>
  until(() => shards.spares === 1, { within: 60_000, what: 'one spare thread' });

/** The number of the one thread that is no shard's, when its loop has come to rest: everything is loaded. */
async function warmSpare(shards: Shards): Promise<number> {
  const used = shards.view().map(({ shard }) => threadOf(shards, shard));
  // One that has just died may still be on the list.
  const spare = await until(
    () => {
      const [one, ...more] = shards.threads.filter(({ threadId }) => !used.includes(threadId));
      return more.length === 0 ? one : undefined;
    },
    { what: "one thread that is no shard's" },
  );
  await until(() => spare.performance.eventLoopUtilization().idle > 0, { what: 'the spare to be warm' });
  return spare.threadId;
}

/** The shard's thread dies; resolves with the number of the thread that took its place. */
async function kill(shards: Shards, fault: Fault, shard = 0): Promise<number> {
  const before = threadOf(shards, shard);
  shards.post(shard, { op: 'fault', fault });
  const another = () => (threadOf(shards, shard) === before ? undefined : threadOf(shards, shard));
  return until(() => (shards.handle(shard)?.state === 'up' ? another() : undefined), {
    within: 60_000,
    what: `a thread after "${fault}"`,
  });
}

test('a shard that dies comes back on the spare that was warm, and there is another spare then', async t => {
  const { shards, fatal } = await start(t);
  for (const fault of ['throw', 'exit'] as const) {
    await oneSpare(shards);
    const spare = await warmSpare(shards);
    assert.equal(await kill(shards, fault), spare);
  }
  await oneSpare(shards);
  assert.deepEqual(fatal, []);
});

test('a spare that could not be started is tried again: the pool itself would never have one any more', async t => {
  const { shards } = await start(t);
  await oneSpare(shards);
  process.env.FIXTURE_CANNOT_START = '1';
  t.after(() => delete process.env.FIXTURE_CANNOT_START);
  await kill(shards, 'throw');
  await until(() => shards.spares === 0, { what: 'a spare that failed' });
  delete process.env.FIXTURE_CANNOT_START;
  await oneSpare(shards);
});

test('the quarantine thread is there while it is wanted, beside a spare, and its deaths are no sickness of the node', async t => {
  const { shards, quarantined, fatal, downs } = await start(t, { workers: 2 });
  assert.deepEqual(
    shards.view().map(({ shard, quarantine }) => [shard, quarantine]),
    [
      [0, undefined],
      [1, undefined],
    ],
  );
  assert.equal(shards.quarantine, 2);
  shards.isolate();
  shards.isolate();
  await until(() => shards.handle(2)?.state === 'up', { within: 60_000 });
  await oneSpare(shards);
  for (const fault of ['throw', 'exit', 'throw', 'exit'] as const) await kill(shards, fault, 2);
  assert.deepEqual(downs, [2, 2, 2, 2]);
  assert.deepEqual(shards.hosts(), [0, 1], 'nobody is placed there');
  assert.equal(shards.view()[2]?.quarantine, true);
  assert.deepEqual([quarantined, fatal], [[], []]);

  const released = shards.release();
  shards.isolate();
  await released;
  await until(() => shards.handle(2)?.state === 'up', {
    within: 60_000,
    what: 'the quarantine thread, which was wanted again while it was being released',
  });

  await shards.release();
  await oneSpare(shards);
  assert.equal(shards.view().length, 2);
  const spare = await warmSpare(shards);
  assert.equal(await kill(shards, 'throw'), spare, 'no thread is left behind that nobody uses');
  shards.isolate();
  await until(() => shards.handle(2)?.state === 'up', { within: 60_000 });
});

test('a shard that is replaced for its memory again and again is counted apart, and is quarantined instead of a fifth time', async t => {
  const { shards, quarantined, fatal } = await start(t, { behaviour: 'large', heapMb: 64 });
  await until(() => quarantined.length > 0, { within: 120_000, what: 'the quarantine' });
  const [view] = shards.view();
  assert.deepEqual(
    [view?.state, view?.restarts, view?.replacements, quarantined, fatal],
    ['quarantined', 4, 4, [0], []],
  );
});
