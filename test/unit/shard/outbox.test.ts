import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Outbox } from '../../../src/shard/outbox.ts';
import type { Streamed } from '../../../src/shard/protocol.ts';
import { between, seeded } from '../../support/random.ts';

const event = (seq: number): Streamed => ({
  device: 'd',
  deviceNo: 1,
  seq,
  id: `${seq}`,
  event: 'message',
  body: '{}',
});
const events = (from: number, count: number) => Array.from({ length: count }, (_, i) => event(from + i));
const turn = () => new Promise(next => setImmediate(next));

function outboxOf(credit: number) {
  const posted: number[][] = [];
  const outbox = new Outbox(credit, batch => posted.push(batch.map(({ seq }) => seq)));
  return { outbox, posted, seqs: () => posted.flat() };
}

const sequence = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

test('what is added in one turn of the loop goes up together, in batches of 64 at most', async () => {
  const { outbox, posted } = outboxOf(1000);
  for (let i = 0; i < 150; i++) outbox.add([event(i)]);
  assert.equal(posted.length, 0, 'not one message per event');
  await turn();
  assert.deepEqual(
    posted.map(batch => batch.length),
    [64, 64, 22],
  );
  assert.deepEqual(posted.flat(), sequence(0, 149));
});

test('without credit nothing goes up, and with it the oldest go first', async () => {
  const { outbox, posted, seqs } = outboxOf(10);
  outbox.add(events(1, 30));
  await turn();
  assert.deepEqual(seqs(), sequence(1, 10));
  assert.deepEqual([outbox.queued, outbox.creditInUse], [20, 10]);
  outbox.grant(5);
  assert.deepEqual(seqs(), sequence(1, 15));
  assert.equal(outbox.creditInUse, 10);
  outbox.grant(10);
  assert.deepEqual(seqs(), sequence(1, 25), 'never more at once than was granted at the start');
  outbox.grant(10);
  assert.deepEqual(seqs(), sequence(1, 30));
  assert.equal(outbox.queued, 0);
  assert.ok(posted.every(batch => batch.length > 0));
});

test('when nobody takes anything the newest 2,000 are kept: the journal has the rest', async () => {
  const { outbox, seqs } = outboxOf(0);
  for (let i = 0; i < 5_000; i += 10) outbox.add(events(i, 10));
  await turn();
  assert.equal(outbox.queued, 2_000);
  outbox.empty();
  assert.deepEqual(seqs(), sequence(3_000, 4_999), 'a shard that ends sends them all');
});

test('whatever is added and granted when: never more under way than the credit, never out of order, nothing twice', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seeded(seed);
    const credit = between(random, 1, 200);
    let underWay = 0;
    const seen: number[] = [];
    const outbox = new Outbox(credit, batch => {
      underWay += batch.length;
      assert.ok(underWay <= credit, `seed ${seed}: ${underWay} of ${credit}`);
      assert.ok(batch.length >= 1 && batch.length <= 64);
      seen.push(...batch.map(({ seq }) => seq));
    });
    let next = 0;
    const finish = (count: number) => {
      underWay -= count;
      outbox.grant(count);
    };
    while (next < 1_500) {
      const count = between(random, 0, 60);
      outbox.add(events(next, count));
      next += count;
      if (random() < 0.5) await turn();
      finish(between(random, 0, underWay));
      assert.equal(outbox.creditInUse, underWay);
    }
    for (await turn(); seen.length < next; ) finish(underWay);
    assert.deepEqual(seen, sequence(0, next - 1), `seed ${seed}`);
  }
});
