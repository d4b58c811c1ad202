import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryShare } from '../../../src/lib/memory.ts';
import { MemoryWatch } from '../../../src/supervisor/memory-watch.ts';

function watch() {
  let [share, now] = [0.5, 0];
  const done: string[] = [];
  const memory = new MemoryWatch({
    read: () => share,
    now: () => now,
    collect: () => done.push('collect'),
    press: on => done.push(on ? 'pressed' : 'relieved'),
    replace: () => done.push('replace'),
  });
  memory.stop();
  /** What is done when so much is used, so many seconds later. */
  return (used: number, seconds = 2) => {
    share = used;
    now += seconds * 1_000;
    done.length = 0;
    memory.look();
    return [...done, memory.pressed];
  };
}

test('from 75 % on what is not used is given back, every ten seconds at most', () => {
  const at = watch();
  assert.deepEqual(at(0.74), [false]);
  assert.deepEqual(at(0.75), ['collect', false]);
  assert.deepEqual(at(0.84, 9), [false]);
  assert.deepEqual(at(0.84, 1), ['collect', false]);
});

test('pressure begins at 85 %, ends under 80 %, and does not flap in between', () => {
  const at = watch();
  assert.deepEqual(at(0.84), ['collect', false]);
  assert.deepEqual(at(0.85), ['pressed', true]);
  for (const share of [0.84, 0.9, 0.81]) assert.deepEqual(at(share), [true]);
  assert.deepEqual(at(0.79), ['collect', 'relieved', false]);
  assert.deepEqual(at(0.84), [false]);
});

test('from 95 % on a thread is replaced, once a minute at most', () => {
  const at = watch();
  assert.deepEqual(at(0.94), ['collect', 'pressed', true]);
  assert.deepEqual(at(0.95), ['replace', true]);
  assert.deepEqual(at(0.99, 58), ['collect', true]);
  assert.deepEqual(at(0.99, 2), ['replace', true]);
  assert.deepEqual(at(0.5, 60), ['relieved', false]);
});

test('what this process uses is a part of what it may', () => {
  const share = memoryShare();
  assert.ok(share > 0 && share < 1, `${share}`);
});
