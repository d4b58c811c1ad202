import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpointOf } from '../../../src/delivery/endpoint.ts';
import {
  advance as advanceBy,
  cursorOf,
  forget,
  hasWork,
  type Lane,
  laneOf,
  offer as offerAt,
  ready,
  refresh,
  rest,
  ripe,
  type Shelf,
  stock,
  wantsMore,
} from '../../../src/delivery/lane.ts';
import type { Streamed } from '../../../src/shard/protocol.ts';
import { type Row, row } from './rows.ts';

const made = (change: Partial<Row> = {}): Lane => laneOf(row(change), endpointOf(row(change), 'secret'));
const offer = (lane: Lane, event: Streamed, room: Shelf, at = 0) =>
  offerAt(lane, event, room, { payload: () => ({}), at });
const advance = (lane: Lane, room: Shelf) => advanceBy(lane, 1, room);
const event = (seq: number, name = 'message') => ({
  ...{ device: 'sales', deviceNo: 1, seq, id: `ev_${seq}`, event: name, body: '0123456789' },
});
const shelf = () => ({ held: 0, room: 1_000 });
const seqs = ({ queue }: Lane) => queue.map(({ seq }) => seq);

test('the very next events are kept as they come, and each delivery moves the cursor by one', () => {
  const [lane, room] = [made(), shelf()];
  for (const seq of [11, 12]) assert.equal(offer(lane, event(seq), room), false);
  assert.deepEqual(seqs(lane), [11, 12]);
  assert.equal(cursorOf(lane), 10);
  advance(lane, room);
  assert.equal(cursorOf(lane), 11);
  advance(lane, room);
  assert.equal(cursorOf(lane), 12);
  assert.equal(hasWork(lane), false);
  assert.equal(room.held, 0);
});

test('after a gap nothing is kept: the journal has it', () => {
  const [lane, room] = [made(), shelf()];
  offer(lane, event(12), room);
  offer(lane, event(13), room);
  assert.deepEqual(seqs(lane), []);
  assert.equal(hasWork(lane), true);
  assert.equal(cursorOf(lane), 10);
  stock(
    lane,
    [11, 12, 13].map(seq => ({ ...event(seq), at: 0 })),
    13,
    room,
  );
  offer(lane, event(14), room);
  assert.deepEqual(seqs(lane), [11, 12, 13, 14]);
});

test('an event that was heard of before is not kept twice', () => {
  const [lane, room] = [made(), shelf()];
  offer(lane, event(11), room);
  offer(lane, event(11), room);
  advance(lane, room);
  offer(lane, event(11), room);
  assert.deepEqual(seqs(lane), []);
});

test('unwanted events move the cursor only when no wanted one is before them', () => {
  const [lane, room] = [made({ events: ['message'] }), shelf()];
  assert.equal(offer(lane, event(11, 'message.ack'), room), true);
  assert.equal(cursorOf(lane), 11);
  offer(lane, event(12, 'MESSAGE'), room);
  assert.equal(offer(lane, event(13, 'message.ack'), room), false);
  assert.deepEqual(seqs(lane), [12]);
  assert.equal(cursorOf(lane), 11);
  advance(lane, room);
  assert.equal(cursorOf(lane), 13);
});

test('a lane holds 50 streamed events at most, and all lanes together what the shelf has room for', () => {
  const [lane, room] = [made(), shelf()];
  for (let seq = 11; seq <= 80; seq += 1) offer(lane, event(seq), room);
  assert.equal(lane.queue.length, 50);
  assert.equal(lane.latest, 80);
  const other = made({ endpointNo: 2 });
  for (let seq = 11; seq <= 80; seq += 1) offer(other, event(seq), room);
  assert.equal(room.held, 1_000);
  const third = made({ endpointNo: 3 });
  offer(third, event(11), room);
  assert.deepEqual(seqs(third), []);
  assert.equal(hasWork(third), true);
  for (const each of [lane, other, third]) forget(each, room);
  assert.equal(room.held, 0);
  assert.equal(cursorOf(lane), 10);
});

test('an ended lane takes nothing that comes after its end', () => {
  const [lane, room] = [made({ until: 11 }), shelf()];
  offer(lane, event(11), room);
  offer(lane, event(12), room);
  assert.deepEqual(seqs(lane), [11]);
  assert.equal(lane.latest, 11);
});

test('a lane that rests keeps what it has and what comes, for itself at most half of the room of all', () => {
  const [lane, room] = [made(), shelf()];
  offer(lane, event(11), room);
  rest(lane, room, 1_000, 'HTTP 503');
  for (let seq = 12; seq <= 40; seq += 1) offer(lane, event(seq), room);
  assert.equal(lane.queue.length, 40 - 10);
  const other = made({ endpointNo: 2 });
  rest(other, room, 1_000, 'HTTP 503');
  for (let seq = 11; seq <= 40; seq += 1) offer(other, event(seq), room);
  assert.equal(room.held, 500);
  assert.deepEqual([cursorOf(other), other.queue.length, hasWork(other)], [10, 20, true]);
  const third = made({ endpointNo: 3 });
  offer(third, event(11), room);
  assert.deepEqual(seqs(third), [11]);
  rest(third, room, 1_000, 'HTTP 503');
  assert.deepEqual([seqs(third), room.held, hasWork(third)], [[], 500, true]);
});

test('a lane whose endpoint takes nothing keeps no bodies', () => {
  const [lane, room] = [made({ breakerUntil: 1_000 }), shelf()];
  offer(lane, event(11), room);
  assert.deepEqual(seqs(lane), []);
  assert.equal(hasWork(lane), true);
});

test('a row that is a moment old takes back neither the cursor nor the attempts', () => {
  const [lane, room] = [made(), shelf()];
  offer(lane, event(11), room);
  advance(lane, room);
  refresh(lane, row({ upto: 11, attempt: 3 }), room);
  assert.equal(cursorOf(lane), 11);
  assert.equal(lane.attempt, 0);
  assert.equal(hasWork(lane), false);
});

test('a stale lane takes everything from its row but a cursor that is behind its own', () => {
  const [lane, room] = [made(), shelf()];
  for (const seq of [11, 12]) offer(lane, event(seq), room);
  advance(lane, room);
  lane.stale = true;
  refresh(lane, row({ upto: 12, until: 12, attempt: 2 }), room);
  assert.equal(lane.stale, false);
  assert.equal(lane.until, 12);
  assert.equal(lane.attempt, 2);
  assert.equal(cursorOf(lane), 11);
  assert.deepEqual(seqs(lane), []);
  assert.equal(room.held, 0);
  lane.stale = true;
  refresh(lane, row({ cursor: 20, upto: 25 }), room);
  assert.equal(cursorOf(lane), 20);
});

test('a batch that is whole by its bytes waits for nothing, and nothing more is read for it', () => {
  const lane = made({ batchEvents: 100 });
  const room = { held: 0, room: 10_000_000 };
  for (const seq of [11, 12, 13, 14, 15, 16]) offer(lane, { ...event(seq), body: 'x'.repeat(100_000) }, room);
  assert.equal(ripe(lane, 0), true);
  lane.latest = 50;
  assert.deepEqual([wantsMore(lane), ready(lane, 0)], [false, true]);
  const small = made({ batchEvents: 100 });
  offer(small, event(11), room);
  assert.deepEqual([ripe(small, 0), ripe(small, 1_000)], [false, true]);
});
