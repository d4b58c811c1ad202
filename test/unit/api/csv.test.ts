import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csv } from '../../../src/api/csv.ts';

test('what a spreadsheet would take for a formula is a text', () => {
  const hostile = [
    '=1+1',
    '+1',
    "-2+3+cmd|' /C calc'!A0",
    '@SUM(1)',
    '\t=1',
    '\r=1',
    '  =1',
    '\n=1',
    '%0A=1',
    '|x',
  ];
  for (const text of hostile) {
    const line = csv([[text]]).slice(0, -2);
    assert.match(line, /^"?'/, JSON.stringify(text));
  }
});

test('commas, quotes, line ends and blanks at the ends stay in their cell', () => {
  assert.equal(
    csv([
      ['a', 'b,c', 'd"e', 'f\ng', ' h', "o'clock"],
      ['', '5511999990000', 'ünï 🐟', '', '', ''],
    ]),
    'a,"b,c","d""e","f\ng"," h","o\'clock"\r\n,5511999990000,ünï 🐟,,,\r\n',
  );
});
