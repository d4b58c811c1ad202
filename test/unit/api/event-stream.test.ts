import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventStream } from '../../../src/api/event-stream.ts';
import type { Reading } from '../../../src/api/following.ts';
import type { Follower } from '../../../src/streams/streams.ts';
import { quiet } from '../../support/database-server.ts';

test('whoever may read no more is told nothing more of a page that was read before', async () => {
  const body = JSON.stringify('.'.repeat(70_000));
  let closed = false;
  const follower: Follower = {
    times: { heartbeatMs: 15_000, searchMs: 2_000, stallMs: 60_000, checkMs: 2_000, now: () => 0 },
    cursor: '0',
    page: async () => ({
      events: ['1', '2', '3', '4'].map(cursor => ({ cursor, body })),
      next: '4',
      more: false,
    }),
    news: async () => false,
    close: () => {
      closed = true;
    },
    get closed() {
      return closed;
    },
  };
  const reading: Reading = { allowed: () => true, open: () => follower };
  const reader = eventStream(reading, undefined, quiet).body!.getReader();
  const text = async () => new TextDecoder().decode((await reader.read()).value);
  assert.match(await text(), /^retry: /);
  assert.match(await text(), /^id: 1\n/);
  assert.match(await text(), /^id: 2\n/);
  follower.close('forbidden');
  assert.equal(await text(), '');
  assert.equal((await reader.read()).done, true);
});
