import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';

interface Held {
  readonly before: number;
  readonly after: number;
  readonly heldMore: number;
}

/** 100,000 were run for docs/decisions/0007; here a tenth says the same. */
const OPERATIONS = 10_000;

test(`${OPERATIONS} operations leave nothing behind in the wasm, whether they went well or not`, async t => {
  const worker = new Worker(new URL('../fixtures/wasm-memory.js', import.meta.url), {
    workerData: { operations: OPERATIONS },
  });
  const held = await new Promise<Held>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  await worker.terminate();
  t.diagnostic(`the wasm's memory: ${held.before} bytes before, ${held.after} after`);
  assert.equal(held.heldMore, 0, 'every object was freed, not left to the garbage collector');
  assert.ok(held.before > 0);
  assert.equal(held.after, held.before);
});
