import assert from 'node:assert/strict';
import { test } from 'node:test';
import { told } from '../../../src/api/told.ts';
import type { Follower } from '../../../src/streams/streams.ts';

/** A reader of these pages, each of which takes so many milliseconds; behind the last one there is nothing. */
function reader(pages: readonly { at: string; more?: boolean; event?: string }[], ms: number) {
  let clock = 0;
  let at = 0;
  const waits: number[] = [];
  const follower: Follower = {
    times: { heartbeatMs: 15_000, searchMs: 2_000, stallMs: 60_000, checkMs: 2_000, now: () => clock },
    get cursor() {
      return at === 0 ? '0' : pages[at - 1]!.at;
    },
    async page() {
      clock += ms;
      const { at: next, more = false, event } = pages[at++]!;
      return { events: event === undefined ? [] : [{ cursor: event, body: '{}' }], next, more };
    },
    async news(within) {
      waits.push(within);
      return true;
    },
    close() {},
    get closed() {
      return at === pages.length;
    },
  };
  return { follower, waits };
}

async function all(follower: Follower) {
  const parts: (string | undefined)[] = [];
  for await (const { events, at } of told(follower)) parts.push(events[0] ? `event ${events[0].cursor}` : at);
  return parts;
}

test('a search is told of every two seconds, with the place it has come to', async () => {
  const pages = Array.from({ length: 8 }, (_, n) => ({ at: String(n + 1), more: true }));
  assert.deepEqual(await all(reader([...pages, { at: '9' }], 700).follower), ['3', '6']);
});

test('who is woken again and again for nothing hears that the stream is there, at the usual times', async () => {
  const pages = Array.from({ length: 41 }, () => ({ at: '7' }));
  const { follower, waits } = reader([{ at: '6', event: '5' }, ...pages], 1_000);
  // The place behind what was told counts once; without a new one there is only the sign of life.
  assert.deepEqual(await all(follower), ['event 5', '7', undefined]);
  assert.deepEqual(waits.slice(0, 3), [14_000, 13_000, 12_000]);
});
