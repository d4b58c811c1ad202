import assert from 'node:assert/strict';
import { test } from 'node:test';
import { begin } from '../../../src/api/following.ts';

test('a reader whose key has ended sees no device, and not all of them', async () => {
  let now: unknown = { actor: { scopes: new Set(['read']), devices: new Set([7]) }, devices: {} };
  let seen: () => readonly number[] | undefined = () => undefined;
  const events = {
    end: async () => '0.0',
    room() {},
    page: async () => ({}),
    follow(how: { devices: typeof seen }) {
      seen = how.devices;
      return {};
    },
  };
  const asked = { device: undefined, id: undefined, types: [], after: undefined, also: undefined };
  const reading = await begin(events as never, asked, 'read', 'sse', () => now as never);
  reading.open();
  assert.deepEqual([seen(), reading.allowed()], [[7], true]);
  now = { actor: { scopes: new Set(['read']), devices: undefined }, devices: {} };
  assert.deepEqual([seen(), reading.allowed()], [undefined, true], 'a key for all');
  now = undefined;
  assert.deepEqual([seen(), reading.allowed()], [[], false]);
});
