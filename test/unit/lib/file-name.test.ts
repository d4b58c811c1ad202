import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanName } from '../../../src/lib/file-name.ts';

test('S34: a name is data to show: no path, nothing unprintable, not longer than file systems take', () => {
  const names: [string | undefined, string | undefined][] = [
    ['report.pdf', 'report.pdf'],
    ['../../etc/cron.d/x', 'x'],
    ['C:\\Users\\ana\\a.txt', 'a.txt'],
    ['a\0b\r\n.txt', 'ab.txt'],
    ['evil\u202egnp.exe', 'evilgnp.exe'],
    ['  olá 🐟.png ', 'olá 🐟.png'],
    ['con', 'con'],
    ['.', undefined],
    ['a/..', undefined],
    ['/', undefined],
    ['', undefined],
    [undefined, undefined],
  ];
  for (const [written, clean] of names) assert.equal(cleanName(written), clean, written);
  const long = cleanName(`${'x'.repeat(4096)}.tar.gz`) ?? '';
  assert.deepEqual([long.length, long.endsWith('x.gz')], [255, true]);
  assert.doesNotMatch(cleanName(`x${'🐟'.repeat(200)}`) ?? '', /\p{Surrogate}/u);
});
