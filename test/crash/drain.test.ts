// F4 and F5: 500 messages wait for a device, and its process is killed, or its connection ends, in the middle of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CrashWorld, crashWorld } from '../support/crash-world.ts';
import { between, seeded } from '../support/random.ts';
import { until } from '../support/until.ts';

const MESSAGES = 500;
/** Other seeds, and how many: `CRASH_SEED=7 CRASH_SEEDS=20 npm test -- crash/drain`. */
const FIRST = Number(process.env.CRASH_SEED ?? 1);
const SEEDS = Number(process.env.CRASH_SEEDS ?? 2);

async function backlog({ control, person, devices }: CrashWorld): Promise<void> {
  for (let n = 1; n <= MESSAGES; n++) await control.send(person, devices[0]?.phone ?? '', `text ${n}`);
}

/** Each event once, in the order of their first arrival. */
function texts({ hook }: CrashWorld): unknown[] {
  const messages = hook.delivered.filter(({ event }) => event === 'message');
  return [...new Map(messages.map(({ id, payload }) => [id, payload.body])).values()];
}

const wanted = Array.from({ length: MESSAGES }, (_, n) => `text ${n + 1}`);

for (let seed = FIRST; seed < FIRST + SEEDS; seed++)
  test(`F4: killed three times in a drain of ${MESSAGES} messages, each is there once, in order (seed ${seed})`, async t => {
    const random = seeded(seed);
    const world = await crashWorld(t);
    await backlog(world);
    const receipts = async () => (await world.control.ledger()).receipts;
    // Those of the phone itself.
    const none = await receipts();
    let from = none;
    for (const kill of [1, 2, 3]) {
      world.product.start();
      // All of them, where the product was quicker than this process.
      const upto = Math.min(from + between(random, 1, MESSAGES / 4), none + MESSAGES);
      t.diagnostic(`kill ${kill} after ${upto} receipts`);
      await until(async () => (await receipts()) >= upto, { within: 180_000 });
      await world.product.end('SIGKILL');
      from = await receipts();
    }
    const figures = await world.judged();
    assert.equal(figures.messagesReceipted, MESSAGES);
    assert.deepEqual(texts(world), wanted);
  });

test(`F5: a connection that ends at message 250 of ${MESSAGES} loses none of them and repeats none`, async t => {
  const world = await crashWorld(t);
  await backlog(world);
  await world.control.arm('drain.close', { when: { once: true }, params: { after: 250 } });
  await world.open();
  const { armed } = await world.control.faults();
  assert.equal(armed[0]?.fired, 1, 'it did end there');
  const figures = await world.judged();
  assert.equal(figures.messagesReceipted, MESSAGES);
  assert.deepEqual(texts(world), wanted);
});
