import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capacity, LOAD_BOUND, murmur3, place, preference } from '../../../src/supervisor/placement.ts';
import { between, seeded, shuffled } from '../../support/random.ts';

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

function devicesOf(random: () => number, count: number): string[] {
  return range(count).map(i => `device-${i}-${Math.floor(random() * 1e9)}`);
}

function loads(placed: ReadonlyMap<string, number>): Map<number, number> {
  const counts = new Map<number, number>();
  for (const shard of placed.values()) counts.set(shard, (counts.get(shard) ?? 0) + 1);
  return counts;
}

const movedBetween = (before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>) =>
  [...before].filter(([device, shard]) => after.get(device) !== shard).map(([device]) => device);

/** Runs with many sizes: the seed of a failure is in its message. */
function each(run: (random: () => number, devices: string[], shards: number[]) => void): void {
  for (let seed = 1; seed <= 60; seed++) {
    const random = seeded(seed);
    const devices = devicesOf(random, between(random, 1, 400));
    const shards = range(between(random, 1, 16));
    try {
      run(random, devices, shards);
    } catch (error) {
      throw new Error(`seed ${seed}: ${devices.length} devices, ${shards.length} shards`, { cause: error });
    }
  }
}

test('murmur3 is MurmurHash3 x86 32', () => {
  const seed = 0x9747b28c;
  const vectors: [text: string, seed: number, hash: number][] = [
    ['', 0, 0],
    ['', 1, 0x514e28b7],
    ['', 0xffffffff, 0x81f16f39],
    ['test', 0, 0xba6bd213],
    ['test', seed, 0x704b81dc],
    ['Hello, world!', 0, 0xc0363e43],
    ['Hello, world!', seed, 0x24884cba],
    ['aaaa', seed, 0x5a97808a],
    ['aaa', seed, 0x283e0130],
    ['aa', seed, 0x5d211726],
    ['a', seed, 0x7fa09ea6],
    ['abcd', seed, 0xf0478627],
    ['abc', seed, 0xc84a62dd],
    ['ab', seed, 0x74875592],
    ['The quick brown fox jumps over the lazy dog', 0, 0x2e4ff723],
    ['The quick brown fox jumps over the lazy dog', seed, 0x2fa826cd],
  ];
  for (const [text, with_, hash] of vectors) assert.equal(murmur3(text, with_), hash, `${text}, ${with_}`);
});

test('every device has a shard, and none has more than 1.25 times the mean', () => {
  each((_random, devices, shards) => {
    const placed = place(devices, shards);
    assert.deepEqual(new Set(placed.keys()), new Set(devices));
    for (const [shard, load] of loads(placed)) {
      assert.ok(shards.includes(shard));
      assert.ok(load <= Math.ceil((LOAD_BOUND * devices.length) / shards.length), `${shard}: ${load}`);
    }
  });
});

test('what has a place keeps it, and placing again changes nothing', () => {
  each((_random, devices, shards) => {
    const placed = place(devices, shards);
    assert.deepEqual(movedBetween(placed, place(devices, shards, placed)), []);
  });
});

test('the order in which devices or shards are listed does not matter', () => {
  each((random, devices, shards) => {
    const placed = place(devices, shards);
    const other = place(shuffled(random, devices), shuffled(random, shards));
    assert.deepEqual(movedBetween(placed, other), []);
    const lost = shards.slice(1);
    const mixed = new Map(shuffled(random, [...placed]));
    if (lost.length > 0)
      assert.deepEqual(
        movedBetween(place(devices, lost, placed), place(shuffled(random, devices), lost, mixed)),
        [],
      );
  });
});

test('a lost shard moves its own devices and no other; when it is back only the excess returns', () => {
  each((random, devices, shards) => {
    if (shards.length === 1) return;
    const before = place(devices, shards);
    const lost = shards[between(random, 0, shards.length - 1)]!;
    const left = shards.filter(shard => shard !== lost);
    const without = place(devices, left, before);
    for (const device of movedBetween(before, without)) assert.equal(before.get(device), lost);
    assert.ok(![...without.values()].includes(lost));
    assertExcessOnly(without, place(devices, shards, without), devices.length, shards.length);
  });
});

test('more shards take no more than the share they must, fewer give theirs away', () => {
  each((_random, devices, shards) => {
    const before = place(devices, shards);
    const grown = [...shards, shards.length];
    const after = place(devices, grown, before);
    assertExcessOnly(before, after, devices.length, grown.length);
    const moved = movedBetween(before, after);
    // The share of one new shard among equals is 1/N of the devices.
    assert.ok(moved.length <= Math.ceil(devices.length / grown.length), `${moved.length} moved`);
  });
});

function assertExcessOnly(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
  devices: number,
  shards: number,
): void {
  let excess = 0;
  for (const load of loads(before).values()) excess += Math.max(0, load - capacity(devices, shards));
  assert.equal(movedBetween(before, after).length, excess);
}

test('devices that come one by one are never moved for each other while there is room', () => {
  each((random, devices, shards) => {
    let placed = new Map<string, number>();
    for (const [i, device] of devices.slice(0, 80).entries()) {
      const before = placed;
      placed = place(shuffled(random, devices.slice(0, i + 1)), shards, before);
      assert.ok(placed.has(device));
      // More devices mean a higher bound, so nobody has to go.
      assert.deepEqual(movedBetween(before, placed), []);
    }
  });
});

test('a place on a shard that is out of service, or of a device that is gone, does not count', () => {
  const placed = place(
    ['a', 'b'],
    [0, 1],
    new Map([
      ['a', 7],
      ['gone', 0],
      ['b', 1],
    ]),
  );
  assert.equal(placed.get('b'), 1);
  assert.ok([0, 1].includes(placed.get('a') ?? -1));
  assert.equal(placed.size, 2);
  assert.equal(place(['a'], []).size, 0, 'without shards nobody has a place');
  assert.equal(place([], [0, 1]).size, 0);
});

test('each device has its own order of shards, which others do not disturb', () => {
  const shards = range(8);
  const orders = new Set<string>();
  for (const device of devicesOf(seeded(3), 200)) {
    const order = preference(device, shards);
    assert.deepEqual([...order].sort(), shards);
    assert.deepEqual(
      preference(
        device,
        shards.filter(shard => shard !== 5),
      ),
      order.filter(shard => shard !== 5),
    );
    orders.add(order.join());
  }
  assert.ok(orders.size > 190, `${orders.size} orders`);
});

test('a thousand devices are spread evenly although nobody balances them', () => {
  const devices = devicesOf(seeded(8), 1000);
  for (const [count, bound] of [
    [2, 1.1],
    [4, 1.15],
    [8, 1.25],
  ] as const) {
    const most = Math.max(...loads(place(devices, range(count))).values());
    assert.ok(most <= (bound * 1000) / count, `${count} shards: ${most}`);
  }
});
