import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { armFailpoints, FailpointError, failpoint, parseFailpoints } from '../../../src/lib/failpoint.ts';

afterEach(() => armFailpoints(undefined));

/** What the next passes of a point do: nothing, throw, or wait. */
async function passes(count: number): Promise<string[]> {
  const seen: string[] = [];
  for (let n = 0; n < count; n++) {
    const hit = failpoint('recv.after_commit');
    seen.push(
      hit === undefined ? '-' : await hit.then(() => 'waited').catch(error => error.constructor.name),
    );
  }
  return seen;
}

test('nothing is armed unless it is told to be', async () => {
  assert.equal(failpoint('recv.after_commit'), undefined);
  armFailpoints('send.after_wire:throw');
  assert.equal(failpoint('recv.after_commit'), undefined);
});

test('a rule without passes strikes at each, @n at the nth alone, @n+ from the nth on; the first that fits holds', async () => {
  const thrown = FailpointError.name;
  armFailpoints('recv.after_commit:throw');
  assert.deepEqual(await passes(2), [thrown, thrown]);
  armFailpoints('recv.after_commit:throw@2');
  assert.deepEqual(await passes(3), ['-', thrown, '-']);
  armFailpoints('recv.after_commit:delay(1)@2+; recv.after_commit:throw@3');
  assert.deepEqual(await passes(3), ['-', 'waited', 'waited']);
  armFailpoints('recv.after_commit:throw@3;recv.after_commit:delay(0)@2+');
  assert.deepEqual(await passes(4), ['-', 'waited', thrown, 'waited']);
});

test('a point that hangs never goes on', async () => {
  armFailpoints('recv.after_commit:hang');
  const hung = failpoint('recv.after_commit');
  const first = await Promise.race([hung, new Promise(next => setImmediate(next, 'other'))]);
  assert.equal(first, 'other');
});

test('what is no rule, names no point or has no such action is refused with the word that is wrong', () => {
  for (const [text, says] of [
    ['recv.after_commit', /^Error: recv\.after_commit is no rule$/],
    ['recv.after_commit:kill@0', /is no rule$/],
    ['recv.after_commit:delay', /is no rule$/],
    ['recv.after_commit:delay(1s)', /is no rule$/],
    ['recv.after_commit:kill;nowhere', /^Error: nowhere is no rule$/],
    ['recv.nowhere:kill', /^Error: recv\.nowhere is no failpoint$/],
  ] as const)
    assert.throws(() => parseFailpoints(text), says, text);
  assert.deepEqual(parseFailpoints(' ; '), []);
  for (const action of ['exit', 'block', 'freeze'])
    assert.equal(parseFailpoints(`recv.after_commit:${action}@3`)[0]?.action, action);
});
