import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accused, type Suspicion, standing } from '../../../src/supervisor/suspects.ts';

const minute = 60_000;

/** What a device may do after deaths at so many minutes, now or at a later minute. */
function after(minutes: readonly number[], at = minutes.at(-1) ?? 0): string {
  let suspicion: Suspicion | undefined;
  for (const death of minutes) suspicion = accused(suspicion, death * minute);
  return standing(suspicion, at * minute);
}

test('one death is nobody’s fault, two within ten minutes isolate, two more make it rest', () => {
  assert.equal(after([]), 'free');
  assert.equal(after([0]), 'free');
  assert.equal(after([0, 9]), 'isolated');
  assert.equal(after([0, 11]), 'free');
  assert.equal(after([0, 11, 20]), 'isolated');
  assert.equal(after([0, 9, 60]), 'isolated');
  assert.equal(after([0, 9, 60, 120]), 'crashed');
});

test('it rests for an hour, is tried alone for another, and is a device like any other after that', () => {
  const deaths = [0, 1, 2, 3];
  assert.equal(after(deaths, 62), 'crashed');
  assert.equal(after(deaths, 63), 'isolated');
  assert.equal(after(deaths, 122), 'isolated');
  assert.equal(after(deaths, 123), 'free');
  assert.equal(after([...deaths, 64]), 'crashed', 'a try that kills again is enough');
  assert.equal(after([...deaths, 124]), 'free', 'what was forgotten does not count');
});
