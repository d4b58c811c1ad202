import assert from 'node:assert/strict';
import { test } from 'node:test';
import { disposition, rangeOf } from '../../../src/api/file-answer.ts';

test('one range is read as HTTP has it; what is no range, or several, is the whole file', () => {
  const ranges: [string | undefined, ReturnType<typeof rangeOf>][] = [
    ['bytes=0-0', { start: 0, end: 0 }],
    ['bytes=5-', { start: 5, end: 99 }],
    ['bytes=90-200', { start: 90, end: 99 }],
    ['bytes=-10', { start: 90, end: 99 }],
    ['bytes=-200', { start: 0, end: 99 }],
    ['bytes=100-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=9-5', undefined],
    ['bytes=-', undefined],
    ['bytes=0-1,3-4', undefined],
    ['bytes=1-x', undefined],
    [`bytes=${'9'.repeat(30)}-`, undefined],
    ['items=0-1', undefined],
    ['', undefined],
    [undefined, undefined],
  ];
  for (const [header, range] of ranges) assert.deepEqual(rangeOf(header, 100), range, header);
  assert.equal(rangeOf('bytes=0-', 0), 'unsatisfiable');
});

test('S34: a name in a header is for old clients in ASCII and for others whole', () => {
  assert.equal(disposition('a b.pdf'), `attachment; filename="a b.pdf"; filename*=UTF-8''a%20b.pdf`);
  assert.equal(
    disposition('ü"\\%;\r\nX: y(1)\ud800'),
    `attachment; filename="____;__X: y(1)_"; filename*=UTF-8''%C3%BC%22%5C%25%3B%0D%0AX%3A%20y%281%29`,
  );
});
