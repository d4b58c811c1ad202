import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Checkpoint } from '../../../src/delivery/checkpoint.ts';
import { courier } from '../../../src/delivery/courier.ts';
import { known } from '../../../src/delivery/known.ts';
import { cursorOf, type Lane, stock } from '../../../src/delivery/lane.ts';
import type { Watch } from '../../../src/delivery/watch.ts';
import { quiet } from '../../support/database-server.ts';
import { row } from './rows.ts';

/** Lanes of batches that are never old enough, each with so many events of so many characters in the journal. */
function world({ events, length }: { events: number; length: number }) {
  const all = known('secret');
  const posts: { deviceNo: number; seqs: number[] }[] = [];
  const read = async (lane: Lane, limit: number) => {
    const from = lane.scanned + 1;
    const to = Math.min(events, lane.scanned + Math.min(limit, Math.ceil((256 * 1024) / length)));
    const seqs = Array.from({ length: to - from + 1 }, (_, n) => from + n);
    const ready = seqs.map(seq => ({
      seq,
      id: `ev_${seq}`,
      body: 'x'.repeat(length),
      at: performance.now(),
    }));
    stock(lane, ready, to, all.shelf);
  };
  const carry = courier({
    ...{ sql: undefined as never, owner: '', log: quiet, known: all, read },
    checkpoint: { mark: () => {}, flush: async () => {} } as unknown as Checkpoint,
    watch: { may: async () => true, ok: async () => {} } as unknown as Watch,
    send: async (_, { deviceNo, events }) => {
      posts.push({ deviceNo, seqs: events.map(({ seq }) => seq) });
      return { status: 200, retryAfter: undefined };
    },
    ...{ now: () => 0, random: () => 0.5, stopping: () => false },
  });
  const turn = async (deviceNo: number) => {
    const change = { deviceNo, cursor: 0, upto: events, batchEvents: 100, batchMs: 3_600_000 };
    const lane = all.take(row(change), 1);
    lane.state = 'running';
    await carry(lane);
    lane.state = 'idle';
    return lane;
  };
  return { all, posts, turn };
}

test('what waits to become a whole batch stays within the room there is: over it batches go as they are', async () => {
  const { all, posts, turn } = world({ events: 4, length: 100_000 });
  let most = 0;
  for (let deviceNo = 1; deviceNo <= 200; deviceNo += 1) {
    await turn(deviceNo);
    most = Math.max(most, all.shelf.held);
  }
  assert.ok(most <= all.shelf.room, `${most} characters`);
  assert.ok(most > all.shelf.room - 400_000, 'and it is made use of');
  assert.equal(posts.length, 200 - Math.floor(all.shelf.room / 400_000));
  assert.ok(posts.every(({ seqs }) => seqs.length === 4));
});

test('what is left at hand after a turn goes back to the journal where there is no room', async () => {
  const { all, posts, turn } = world({ events: 250, length: 40_000 });
  all.shelf.held = all.shelf.room;
  const lane = await turn(1);
  const sent = posts.flatMap(({ seqs }) => seqs).length;
  assert.ok(sent >= 100 && sent < 250, 'one turn');
  assert.deepEqual([lane.queue.length, cursorOf(lane), all.shelf.held], [0, sent, all.shelf.room]);
});
