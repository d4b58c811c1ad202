// The protocol between the supervisor and a shard, over real threads of a real pool, and every way in which one dies.
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { Piscina } from 'piscina';
import { monotonic } from '../../../src/lib/deadline.ts';
import { LeaseClock } from '../../../src/lib/lease-clock.ts';
import type { Fault, FromShard, Reply, Sent, ShardSettings } from '../../../src/shard/protocol.ts';
import { ShardHandle } from '../../../src/supervisor/shard-handle.ts';
import { quiet } from '../../support/database-server.ts';
import { until } from '../../support/until.ts';

const MB = 1024 * 1024;

const poolOf = (threads: number, heapMb: number) => {
  const pool = new Piscina({
    filename: new URL('../../fixtures/shard.js', import.meta.url).href,
    minThreads: threads,
    maxThreads: threads,
    concurrentTasksPerWorker: 1,
    idleTimeout: Number.POSITIVE_INFINITY,
    atomics: 'disabled',
    recordTiming: false,
    resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: 16 },
  });
  pool.on('error', () => {});
  after(() => pool.destroy());
  return pool;
};
const pool = poolOf(3, 64);

interface Shard {
  readonly handle: ShardHandle;
  /** Why and how each generation ended. */
  readonly downs: { why: string; planned: boolean }[];
  /** Of each of them, the number of the device that is to blame. */
  readonly suspects: number[];
  /** Why its thread could not be ended. */
  readonly stuck: string[];
  readonly ups: number[];
  readonly heard: FromShard[];
  up(): Promise<number>;
  down(): Promise<{ why: string; planned: boolean }>;
  order(text: string): Promise<Reply | 'lost'>;
}

interface StartOptions {
  readonly threads?: Piscina;
  readonly behaviour?: string;
  readonly softHeap?: number;
  readonly helloWithin?: number;
  readonly silentFor?: number;
}

function shardOf(t: TestContext, options: StartOptions = {}): Shard {
  const downs: Shard['downs'] = [];
  const ups: number[] = [];
  const heard: FromShard[] = [];
  const suspects: number[] = [];
  const stuck: string[] = [];
  const settings: Omit<ShardSettings, 'beats'> = {
    shard: 0,
    node: options.behaviour ?? '',
    lease: new LeaseClock().shared,
    credit: 10,
    database: { url: 'postgres://nowhere' },
    connections: 1,
    whatsapp: {},
    logLevel: 'silent',
  };
  const handle = new ShardHandle({
    pool: options.threads ?? pool,
    settings,
    softHeap: options.softHeap ?? 1024 * MB,
    log: quiet,
    hear: message => heard.push(message),
    up: () => ups.push(handle.threadId ?? -1),
    down: ({ why, planned, suspect }) => {
      assert.equal(handle.state, 'down');
      downs.push({ why, planned });
      suspects.push(suspect);
    },
    stuck: why => stuck.push(why),
    limits: {
      // A thread takes its time to start on a machine where every core is busy three times over.
      helloWithin: options.helloWithin ?? 60_000,
      silentFor: options.silentFor ?? 20_000,
      watchEvery: 50,
      drainWithin: 60_000,
    },
  });
  t.after(async () => {
    handle.kill('the test ends');
    await until(() => handle.state === 'down');
    handle.close();
  });
  handle.start();
  return {
    handle,
    downs,
    suspects,
    stuck,
    ups,
    heard,
    up: async () => {
      await until(() => handle.state === 'up', { what: 'the shard to be up', within: 60_000 });
      return handle.threadId ?? assert.fail('without a thread');
    },
    down: async () => {
      const seen = downs.length;
      if (handle.state !== 'down')
        await until(() => downs.length > seen, { what: 'the shard to be down', within: 60_000 });
      return downs.at(-1) ?? assert.fail('never down');
    },
    order: text =>
      handle.command({
        device: 'd',
        command: { do: 'send-text', input: { id: text, to: '', text } },
        deadline: 0,
        request: '',
      }),
  };
}

test('a shard says hello, answers each command with its own reply, and leaves with bye', async t => {
  const shard = shardOf(t);
  assert.equal(shard.handle.state, 'starting');
  assert.equal(shard.handle.post({ op: 'credit', events: 1 }), false, 'nobody listens yet');
  assert.equal(await shard.order('too early'), 'lost');
  const threadId = await shard.up();
  assert.deepEqual(shard.ups, [threadId]);

  const replies = await Promise.all(['a', 'b', 'c'].map(shard.order));
  const ids = replies.map(reply => {
    assert.ok(reply !== 'lost' && reply.ok);
    const { messageId, at } = reply.answer as Sent;
    assert.equal(messageId, `${threadId}`);
    return at;
  });
  assert.equal(new Set(ids).size, 3);

  await shard.handle.drain(monotonic() + 60_000, 'the node stops');
  assert.deepEqual(shard.downs, [{ why: 'the node stops', planned: true }]);
  assert.equal(shard.heard.length, 100, 'what it posted before its bye is read');
  assert.equal(shard.handle.threadId, undefined);
  assert.equal(await shard.order('too late'), 'lost');
  await shard.handle.drain(monotonic() + 5_000, 'again');
  assert.equal(shard.downs.length, 1);
});

const deaths: [name: string, how: { fault: Fault } | { order: string }, why: RegExp][] = [
  ['throws', { fault: 'throw' }, /fault: throw/],
  ['leaves a rejection unhandled', { fault: 'reject' }, /fault: reject/],
  ['exits', { fault: 'exit' }, /exited with code: 4/],
  ['throws null', { order: 'throw null' }, /the task ended/],
  ['returns', { fault: 'return' }, /the task ended/],
  ['blocks its event loop', { fault: 'loop' }, /^silent: its event loop is blocked$/],
  ['runs out of heap', { fault: 'heap' }, /ERR_WORKER_OUT_OF_MEMORY/],
  ['stops beating', { order: 'stop beating' }, /^silent/],
];

for (const [name, how, why] of deaths)
  test(`a shard that ${name} is down once, its commands are lost, and the next one is a new thread`, async t => {
    const shard = shardOf(t, why.source.startsWith('^silent') ? { silentFor: 4_000 } : {});
    const before = await shard.up();
    const owed = [shard.order('silence'), shard.order('silence')];
    if ('fault' in how) shard.handle.post({ op: 'fault', fault: how.fault });
    else void shard.order(how.order);
    const down = await shard.down();
    assert.match(down.why, why);
    assert.equal(down.planned, false);
    assert.deepEqual(await Promise.all(owed), ['lost', 'lost']);
    assert.equal(await shard.order('after'), 'lost');

    shard.handle.start();
    assert.notEqual(await shard.up(), before);
    assert.notEqual(await shard.order('hello'), 'lost');
    assert.equal(shard.downs.length, 1);
    assert.equal(shard.ups.length, 2);
  });

test('what a shard had posted when it died is read to the last message, before anybody hears that it is down', async t => {
  for (let round = 0; round < 5; round++) {
    const shard = shardOf(t);
    await shard.up();
    const order = shard.order('say 1000 and exit');
    assert.equal(await order, 'lost');
    assert.equal(shard.downs.length, 1);
    assert.equal(shard.heard.length, 1_000);
    assert.deepEqual(
      shard.heard.map(message => message.op === 'status' && message.status.since),
      Array.from({ length: 1_000 }, (_, i) => i),
    );
  }
});

test('a shard that never says hello is ended and reported', async t => {
  const shard = shardOf(t, { behaviour: 'says nothing', helloWithin: 300 });
  assert.deepEqual(await shard.down(), { why: 'no hello in time', planned: false });
  assert.deepEqual(shard.ups, []);
});

test('a shard that cannot start is reported with the reason', async t => {
  const { why, planned } = await shardOf(t, { behaviour: 'throws' }).down();
  assert.match(why, /cannot start/);
  assert.equal(planned, false);
});

test('of a generation that has ended nothing is heard any more', async t => {
  const shard = shardOf(t);
  for (let round = 0; round < 4; round++) {
    const threadId = await shard.up();
    void shard.order('chatter');
    await until(() => shard.heard.length > 0);
    assert.ok(
      shard.heard.every(message => message.op === 'status' && message.device === `thread-${threadId}`),
    );
    shard.handle.kill('enough');
    await shard.down();
    shard.heard.length = 0;
    shard.handle.start();
  }
  await shard.up();
  assert.notEqual(await shard.order('hello'), 'lost');
  assert.deepEqual(shard.heard, []);
});

test('a shard that does not drain in time is ended, and that is no planned end', async t => {
  const shard = shardOf(t);
  await shard.up();
  void shard.order('go deaf');
  await shard.handle.drain(monotonic() + 300, 'the node stops');
  assert.deepEqual(shard.downs, [{ why: 'the node stops', planned: false }]);
});

test('a shard is drained before it says hello: it is ended at once', async t => {
  const shard = shardOf(t, { behaviour: 'says nothing' });
  await shard.handle.drain(monotonic() + 60_000, 'the node stops');
  assert.deepEqual(shard.downs, [{ why: 'the node stops', planned: false }]);
});

test('a shard whose memory grows over the soft limit is drained, in good order, and comes back small', async t => {
  // A Map that reaches the hard limit ends the whole process, so that one is far away here.
  const shard = shardOf(t, { softHeap: 40 * MB, threads: poolOf(1, 1024) });
  await shard.up();
  const answered = shard.order('hello');
  shard.handle.post({ op: 'fault', fault: 'map' });
  assert.notEqual(await answered, 'lost');
  assert.deepEqual(await shard.down(), { why: 'memory over the soft limit', planned: true });
  shard.handle.start();
  await shard.up();
  assert.notEqual(await shard.order('hello'), 'lost');
});

test('the other shards of the pool notice nothing of a death', async t => {
  const [dying, other] = [shardOf(t), shardOf(t)];
  await Promise.all([dying.up(), other.up()]);
  const threadId = other.handle.threadId;
  for (const fault of ['throw', 'exit', 'return'] as const) {
    dying.handle.post({ op: 'fault', fault });
    await dying.down();
    assert.notEqual(await other.order('still there?'), 'lost');
    dying.handle.start();
    await dying.up();
  }
  assert.equal(other.handle.threadId, threadId);
  assert.deepEqual(other.downs, []);
});
