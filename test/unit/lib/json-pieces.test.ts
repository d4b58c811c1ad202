import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseObject } from '../../../src/lib/json-pieces.ts';
import { seeded } from '../../support/random.ts';

const noPauses = { due: false, take: async () => {} };

function parsed(text: string): unknown {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : 'refused';
  } catch {
    return 'refused';
  }
}

const whole = [
  '{}',
  ' { } ',
  '{"a":[]}',
  '{"a":[1,"x",[2,{"b":"]}"}],null]}',
  '{ "a" : [ 1 , [ ] ] , "b" : { "c" : [1,2] } , "é\\"\\\\" : "\\\\\\"" }',
  '{"a":1,"a":[2],"__proto__":{"x":1}}',
  '{"list":[true,false,-1.5e3,"\\u00e9\\ud83d\\ude00é😀"],"text":"[{,:}]"}\n',
];

test('an object in pieces is what JSON.parse makes of it', async () => {
  for (const text of whole)
    assert.deepEqual(await parseObject(Buffer.from(text), noPauses), parsed(text), text);
});

test('and what JSON.parse refuses is refused, wherever something is missing, too much or another', async () => {
  const random = seeded(7);
  const inserts = ['', '"', '\\', ',', ':', '[', ']', '{', '}', '1', ' ', 'x'];
  for (const text of whole)
    for (let at = 0; at <= text.length; at++)
      for (const insert of inserts) {
        const changed = text.slice(0, at) + insert + text.slice(at + Math.floor(random() * 3));
        const expected = parsed(changed);
        const got = await parseObject(Buffer.from(changed), noPauses).catch(error => {
          assert.ok(error instanceof SyntaxError, changed);
          return 'refused';
        });
        // Half of a pair of surrogates is no UTF-8.
        if (changed.isWellFormed?.() ?? true) assert.deepEqual(got, expected, changed);
      }
});

test('between the items of a list others have their turns', async () => {
  const seen: string[] = [];
  const pauses = { due: true, take: async () => void seen.push('turn') };
  await parseObject(Buffer.from('{"a":[1,2,3],"b":4}'), pauses);
  assert.equal(seen.length, 3);
});

test('an object of more fields than any has is refused before they are kept, a repeated one counts again', async () => {
  const fields = (count: number) => Buffer.from(`{${Array(count).fill('"a":0').join()}}`);
  assert.deepEqual(await parseObject(fields(64), noPauses), { a: 0 });
  await assert.rejects(parseObject(fields(65), noPauses), SyntaxError);
});
