import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normalised } from '../../../src/lib/blind-index.ts';

test('marks, case and forms do not count, whichever way they are written', () => {
  for (const written of ['Café', 'cafe\u0301', 'CAFÉ', 'ｃａｆé', 'ca\u0323\u0301fe', ' café\n'])
    assert.equal(normalised(written), 'cafe', written);
  assert.equal(normalised('パ'), normalised('ハ\u309a'));
  assert.equal(normalised('ﾊﾟ'), normalised('パ'));
  assert.equal(normalised('한'), normalised('\u1112\u1161\u11ab'));
});

test('a text of nothing but marks in a wrong order is read like any other', { timeout: 20_000 }, () => {
  // Each of these took seconds, in which nobody else was served.
  const text = `a${'\u0301'.repeat(32_000)}${'\u0323'.repeat(32_000)}`;
  for (let n = 0; n < 10; n++) assert.equal(normalised(text), 'a');
});
