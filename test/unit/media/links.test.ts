import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Links } from '../../../src/media/links.ts';

const name = 'ab'.repeat(32);
const linked = { deviceNo: 7, name, mimetype: 'image/png', filename: 'olá 🐟.png' };
const now = Date.UTC(2026, 0, 2);

test('S35: a token leads to its file until its time is over', () => {
  const links = new Links(300_000);
  const token = links.token(linked, now);
  assert.match(token, /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}$/);
  assert.deepEqual(links.open(token, now + 300_000), linked);
  assert.equal(links.open(token, now + 300_001), undefined);
});

test('S35: a token of another process, or one that was changed anywhere, leads nowhere', () => {
  const links = new Links(300_000);
  const token = links.token(linked, now);
  assert.equal(new Links(300_000).open(token, now), undefined);
  for (let at = 0; at < token.length; at++) {
    const other = token[at] === 'A' ? 'Q' : 'A';
    const changed = token.slice(0, at) + other + token.slice(at + 1);
    const opened = links.open(changed, now);
    // The last letter of a signature has two bits that say nothing.
    if (at < token.length - 1) assert.equal(opened, undefined, changed);
  }
  for (const wrong of ['', '.', `${token}.x`, `x${token}`]) assert.equal(links.open(wrong, now), undefined);
});

test('a long name is cut and keeps its ending', () => {
  const links = new Links(1000);
  const token = links.token({ ...linked, filename: `${'🐟'.repeat(200)}.pdf` }, now);
  const { filename = '' } = links.open(token, now) ?? {};
  assert.ok(filename.length <= 120 && filename.endsWith('🐟.pdf'));
  assert.ok(token.length < 1000);
});
