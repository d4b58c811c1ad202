// That the judge of the delivery benchmark sees what it is there to see.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { broken, judge, type LaneRow, latencies, percentile } from '../../../scripts/bench/delivery/judge.ts';
import { type Answered, ENDPOINTS, type EndpointName } from '../../../scripts/bench/delivery/protocol.ts';

type Post = readonly [device: number, seq: number, status?: number, life?: number];

function answered(posts: readonly Post[]): Answered {
  return {
    devices: posts.map(([device]) => device),
    seqs: posts.map(([, seq]) => seq),
    times: posts.map((_, n) => 100 + n),
    statuses: posts.map(([, , status = 200]) => status),
    lives: posts.map(([, , , life = 0]) => life),
  };
}

const lane = (change: Partial<LaneRow> = {}): LaneRow => ({
  ...{ endpoint: 'good', device: 1, cursor: 3, last: 3, parked: [], dead: [] },
  ...change,
});

function verdict(posts: readonly Post[], row: LaneRow, kills = 0): string[] {
  const none = Object.fromEntries(ENDPOINTS.map(name => [name, answered([])])) as Record<
    EndpointName,
    Answered
  >;
  return broken(judge({ answered: { ...none, good: answered(posts) }, lanes: [row], kills }), kills);
}

const inOrder: Post[] = [
  [1, 1],
  [1, 2],
  [1, 3],
];

test('what arrives once and in order breaks nothing, and a refused or a parked event is no loss', () => {
  assert.deepEqual(verdict(inOrder, lane()), []);
  assert.deepEqual(
    verdict(
      [
        [1, 1],
        [1, 2, 503],
        [1, 2],
        [1, 3],
      ],
      lane(),
    ),
    [],
  );
  assert.deepEqual(
    verdict(
      [
        [1, 1],
        [1, 2, 400],
        [1, 3],
      ],
      lane({ parked: [2] }),
    ),
    [],
  );
  assert.deepEqual(
    verdict(
      [
        [1, 1],
        [1, 3],
      ],
      lane({ dead: [2] }),
    ),
    [],
  );
  assert.deepEqual(
    verdict(
      [
        [1, 1],
        [1, 2, 400],
        [1, 3],
        [1, 2],
      ],
      lane(),
    ),
    [],
  );
});

test('an event that a cursor has passed and that never came is lost, one that it has not come to is owed', () => {
  assert.deepEqual(
    verdict(
      [
        [1, 1],
        [1, 2, 503],
        [1, 3],
      ],
      lane(),
    ),
    ['good: 1 events are lost'],
  );
  assert.deepEqual(verdict([[1, 1]], lane({ cursor: 1 })), ['good: 2 events were not delivered in the end']);
});

test('an event that comes after a newer one of its device is out of order, one of another device is not', () => {
  assert.deepEqual(
    verdict(
      [
        [1, 2],
        [1, 1],
        [1, 3],
      ],
      lane(),
    ),
    ['good: 1 events came after newer ones'],
  );
  assert.deepEqual(verdict([[2, 3], ...inOrder], lane()), []);
});

test('what comes again needs a kill, and stays within a checkpoint', () => {
  const again = (seqs: number): Post[] => Array.from({ length: seqs }, (_, n) => [1, n + 1, 200, 1]);
  const first = Array.from({ length: 30 }, (_, n): Post => [1, n + 1]);
  const row = lane({ cursor: 30, last: 30 });
  assert.deepEqual(verdict([...first, ...again(1)], row), ['good: 1 events of a lane came again, 0 may']);
  assert.deepEqual(verdict([...first, ...again(20)], row, 1), []);
  assert.deepEqual(verdict([...first, ...again(21)], row, 1), [
    'good: 21 events of a lane came again, 20 may',
  ]);
});

test('a latency is from the commit to the first answer with 200, without the events that warm up', () => {
  const committed = { devices: [1, 1, 1], seqs: [1, 2, 3], times: [90, 91, 92] };
  const posts = answered([
    [1, 1],
    [1, 2, 503],
    [1, 2],
    [1, 3],
    [1, 3],
  ]);
  assert.deepEqual(latencies(committed, posts, 1), [11, 11]);
  const ascending = Array.from({ length: 100 }, (_, n) => n);
  assert.deepEqual([percentile(ascending, 0.5), percentile(ascending, 0.99)], [50, 99]);
});
