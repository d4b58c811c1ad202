import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { test } from 'node:test';
import { type Deferred, deferred } from '../../../src/lib/deferred.ts';
import { groupCommit } from '../../../src/lib/group-commit.ts';
import { until } from '../../support/until.ts';

/** Flushes that end when the test says so; each result is the item in capitals. */
function recorded() {
  const flushes: { items: string[]; end: Deferred<void> }[] = [];
  const flush = async (items: string[]) => {
    const end = deferred<void>();
    flushes.push({ items, end });
    await end.promise;
    return items.map(item => item.toUpperCase());
  };
  const contents = () => flushes.map(({ items }) => items.join(''));
  return { flushes, flush, contents };
}

test('what comes within the delay goes together and each caller gets its own result', async () => {
  const { flushes, flush, contents } = recorded();
  const add = groupCommit({ delayMs: 1, maxItems: 10, flush });
  const all = Promise.all(['a', 'b', 'c'].map(add));
  await until(() => flushes.length);
  flushes[0]!.end.resolve();
  assert.deepEqual(await all, ['A', 'B', 'C']);
  assert.deepEqual(contents(), ['abc']);
});

test('what comes while a flush is under way waits for its end and then goes at once', async () => {
  const { flushes, flush, contents } = recorded();
  const add = groupCommit({ delayMs: 1, maxItems: 10, flush });
  const first = add('a');
  await until(() => flushes.length);
  const rest = Promise.all([add('b'), add('c')]);
  flushes[0]!.end.resolve();
  assert.equal(await first, 'A');
  await until(() => flushes.length === 2);
  flushes[1]!.end.resolve();
  assert.deepEqual(await rest, ['B', 'C']);
  assert.deepEqual(contents(), ['a', 'bc']);
});

test('a flush runs in nobody’s name, whoever began it and however many follow it; each caller goes on in its own', async () => {
  const names = new AsyncLocalStorage<string>();
  const { flushes, flush } = recorded();
  const flushedAs: (string | undefined)[] = [];
  const add = groupCommit({
    ...{ delayMs: 1, maxItems: 2 },
    flush(items: string[]) {
      flushedAs.push(names.getStore());
      return flush(items);
    },
  });
  const addAs = (name: string) =>
    names.run(name, async () => {
      await add(name);
      return names.getStore();
    });
  const callers = [addAs('by the timer')];
  await until(() => flushes.length === 1);
  callers.push(addAs('after that one'));
  flushes[0]!.end.resolve();
  await until(() => flushes.length === 2);
  flushes[1]!.end.resolve();
  await Promise.all(callers);
  callers.push(addAs('full'), addAs('at once'));
  await until(() => flushes.length === 3);
  flushes[2]!.end.resolve();
  assert.deepEqual(await Promise.all(callers), ['by the timer', 'after that one', 'full', 'at once']);
  assert.deepEqual(flushedAs, [undefined, undefined, undefined]);
});

test('a full batch does not wait, and no batch is heavier than the limit unless one item alone is', async () => {
  const { flushes, flush, contents } = recorded();
  const add = groupCommit({ delayMs: 60_000, maxItems: 4, flush, weigh: (item: string) => item.length });
  const all = Promise.all(['aa', 'b', 'cc', 'dddddd', 'ee'].map(add));
  const last = add('ffff');
  for (let n = 0; n < 5; n++) {
    await until(() => flushes.length > n);
    flushes[n]!.end.resolve();
  }
  await Promise.all([all, last]);
  assert.deepEqual(contents(), ['aab', 'cc', 'dddddd', 'ee', 'ffff']);
});

test('a failed flush fails everyone in it and nobody after it', async () => {
  let calls = 0;
  const add = groupCommit<string, string>({
    delayMs: 1,
    maxItems: 2,
    flush: async items => {
      if (++calls === 1) throw new Error('the disk is full');
      return items;
    },
  });
  const results = await Promise.allSettled(['a', 'b', 'c'].map(add));
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'rejected', 'fulfilled'],
  );
});

test('a flush that forgets a result fails instead of mixing the callers up', async () => {
  const add = groupCommit<string, string>({ delayMs: 1, maxItems: 2, flush: async () => ['one'] });
  const results = await Promise.allSettled([add('a'), add('b')]);
  for (const result of results)
    assert.match(String(result.status === 'rejected' && result.reason), /2 items/);
});

test('what is urgent waits for no company, and takes along what waits', async () => {
  const { flushes, flush, contents } = recorded();
  const add = groupCommit({ delayMs: 1e9, maxItems: 10, flush, urgent: item => item === '!' });
  const all = Promise.all(['a', 'b', '!'].map(add));
  assert.deepEqual(contents(), ['ab!']);
  const more = add('!');
  flushes[0]!.end.resolve();
  await all;
  assert.deepEqual(contents(), ['ab!', '!']);
  flushes[1]!.end.resolve();
  assert.equal(await more, '!');
});
