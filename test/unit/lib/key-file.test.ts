import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeKeyFile, parseKeys, readKeyFile } from '../../../src/lib/key-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'cardume-keys-'));
after(() => rmSync(folder, { recursive: true }));
const [one, two] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
const [first, second] = [one.toString('base64'), two.toString('base64')];

test('keys are read one per line or with commas, in order, and nothing but whole keys', () => {
  assert.deepEqual(parseKeys(`${first}\r\n\n ${second} \n`), [one, two]);
  assert.deepEqual(parseKeys(`${second},${first}`), [two, one]);
  for (const text of ['', '\n', 'nonsense', first.slice(0, -1), `${first}${second}`, `${first},x`])
    assert.throws(() => parseKeys(text), RangeError, text);
  assert.throws(() => parseKeys(`${first}\n${second}\n${first}`), /key 3 is there twice/);
});

test('a key file is made once, for its owner only, and read back; no draft stays', () => {
  const path = join(folder, 'made', 'sealing.key');
  assert.equal(readKeyFile(path), undefined);
  const keys = makeKeyFile(path);
  assert.equal(keys.length, 1);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readKeyFile(path), keys);
  assert.deepEqual(makeKeyFile(path), keys, 'whoever comes second gets the key of the first');
  assert.deepEqual(readdirSync(join(folder, 'made')), ['sealing.key']);
});

test('a key file that others may read is refused, with what to do about it', () => {
  const path = join(folder, 'open.key');
  for (const mode of [0o644, 0o640, 0o602, 0o601]) {
    writeFileSync(path, `${first}\n`);
    chmodSync(path, mode);
    assert.throws(() => readKeyFile(path), /others than its owner may use .*chmod 600/, mode.toString(8));
  }
  chmodSync(path, 0o400);
  assert.deepEqual(readKeyFile(path), [one]);
});
