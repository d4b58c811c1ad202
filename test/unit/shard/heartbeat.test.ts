import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pressed } from '../../../src/lib/pressure.ts';
import { startHeartbeat } from '../../../src/shard/heartbeat.ts';
import {
  BEATS,
  BUFFERS_KIB,
  COLLECTED,
  HEAP_KIB,
  HEARTBEAT_SLOTS,
  PRESSED,
} from '../../../src/shard/protocol.ts';

test('a shard beats at once and on, tells its heap and its buffers, and not after it was stopped', t => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const shared = new SharedArrayBuffer(HEARTBEAT_SLOTS * 4);
  const slots = new Int32Array(shared);
  const heartbeat = startHeartbeat(shared);
  assert.equal(slots[BEATS], 1);
  assert.ok(slots[HEAP_KIB]! > 1_000, `${slots[HEAP_KIB]} KiB of heap`);

  const [heap, buffers] = [slots[HEAP_KIB]!, slots[BUFFERS_KIB]!];
  const large = [Buffer.alloc(64 * 1024 * 1024, 1), Array.from({ length: 3_000_000 }, (_, i) => i + 0.5)];
  t.mock.timers.tick(100);
  assert.equal(slots[BEATS], 2);
  assert.ok(
    slots[BUFFERS_KIB]! - buffers >= 60_000,
    'buffers do not count in the heap, and are seen all the same',
  );
  assert.ok(slots[HEAP_KIB]! - heap >= 15_000);
  assert.equal(large.length, 2);

  t.mock.timers.tick(1_000);
  assert.equal(slots[BEATS], 12);
  heartbeat.stop();
  t.mock.timers.tick(1_000);
  assert.equal(slots[BEATS], 12);
});

test('a thread that beats learns from the same memory whether the process is short of it', t => {
  const shared = new SharedArrayBuffer(HEARTBEAT_SLOTS * 4);
  const heartbeat = startHeartbeat(shared);
  t.after(() => heartbeat.stop());
  assert.equal(pressed(), false);
  Atomics.store(new Int32Array(shared), PRESSED, 1);
  assert.equal(pressed(), true);
});

test('a thread that is told so gives back what it does not use, once each time', t => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const shared = new SharedArrayBuffer(HEARTBEAT_SLOTS * 4);
  const slots = new Int32Array(shared);
  const heartbeat = startHeartbeat(shared);
  t.after(() => heartbeat.stop());
  const kept: { garbage?: number[] } = { garbage: Array.from({ length: 3_000_000 }, (_, i) => i + 0.5) };
  const beat = () => {
    t.mock.timers.tick(100);
    return slots[HEAP_KIB]!;
  };
  const full = beat();
  delete kept.garbage;
  Atomics.add(slots, COLLECTED, 1);
  const relieved = beat();
  assert.ok(full - relieved >= 15_000, `${full} KiB, then ${relieved}`);
  Atomics.add(slots, COLLECTED, 1);
  assert.ok(beat() <= relieved + 1_000);
});
