import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recent } from '../../../src/delivery/recent.ts';

test('the last few are found, and each new one takes the place of the oldest', () => {
  const last = recent<number>(3);
  assert.equal(
    last.find(() => true),
    undefined,
  );
  for (let n = 1; n <= 7; n++) {
    last.add(n);
    const found = [1, 2, 3, 4, 5, 6, 7].filter(each => last.find(entry => entry === each) !== undefined);
    assert.deepEqual(
      found,
      [n - 2, n - 1, n].filter(each => each > 0),
    );
  }
});
