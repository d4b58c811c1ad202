import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pressed } from '../../../src/lib/pressure.ts';
import { startHeartbeat } from '../../../src/shard/heartbeat.ts';
import { BEATS, BUFFERS_KIB, HEAP_KIB, HEARTBEAT_SLOTS, PRESSED } from '../../../src/shard/protocol.ts';

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
