// Every way in which the server ends a connection, by its name in the simulator: what becomes of the device, and what the
// journal tells of it. The table is reliability's table of stream errors, close by close.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CloseName, closeNames } from '../../src/simulator/wire/closes.ts';
import { startNode } from '../support/node.ts';
import type { Seeded } from '../support/seed.ts';
import { tells } from '../support/states.ts';
import { until } from '../support/until.ts';

interface Outcome {
  /** Where it is in the end, of itself. */
  readonly phase: 'open' | 'waiting' | 'unlinked' | 'stopped';
  /** What its events give as the reason; none for a reconnect that is no trouble. */
  readonly reason?: string;
}

const again: Outcome = { phase: 'open' };
const back = (reason: string): Outcome => ({ phase: 'open', reason });
const waits = (reason: string): Outcome => ({ phase: 'waiting', reason });
const gone: Outcome = { phase: 'unlinked', reason: 'logged out' };
const stopped = (reason: string): Outcome => ({ phase: 'stopped', reason });

/** Half-open lines: nothing comes, so nothing says so. The device's health is what notices them. */
const silent = ['hang', 'mute', 'oversized-frame'] as const;

const outcomes: Readonly<Record<Exclude<CloseName, (typeof silent)[number]>, Outcome>> = {
  restart: again,
  replaced: waits('replaced by another connection'),
  'device-removed': gone,
  unauthorized: gone,
  'stream-forbidden': stopped('account locked, or its phone is gone'),
  'stream-conflict': waits('replaced by another connection'),
  'stream-rate-limited': back('rate limited'),
  unavailable: back('server unavailable'),
  internal: back('server error'),
  'stream-516': gone,
  'not-well-formed': back('server error'),
  'xml-not-well-formed': back('server error'),
  'policy-violation': back('server error'),
  'system-shutdown': back('server error'),
  'connection-timeout': back('server error'),
  'internal-server-error': back('server error'),
  'stream-error-empty': back('server error'),
  'owes-acks': back('server error'),
  'failure-generic': back('refused'),
  'logged-out': gone,
  'temporary-ban': waits('temporarily banned'),
  forbidden: stopped('account locked, or its phone is gone'),
  outdated: waits('client is outdated'),
  banned: stopped('account banned'),
  'bad-user-agent': waits('replaced by another connection'),
  'cat-expired': back('closed with 413'),
  'cat-invalid': back('closed with 414'),
  'not-found': back('closed with 415'),
  'client-unknown': back('closed with 418'),
  'rate-limited': back('rate limited'),
  'failure-internal': back('server error'),
  experimental: back('server error'),
  'failure-unavailable': back('server unavailable'),
  xmlstreamend: back('connection closed'),
  websocket: back('connection closed'),
  tcp: back('connection closed'),
  downgrade: stopped('multi-device is not enabled'),
  'bad-mac': back('a frame could not be read'),
  'garbage-frame': back('a frame could not be read'),
  'truncated-frame': back('connection closed'),
};

test('every close of a live connection has exactly the reaction of the table, as a state, as events, and for that device alone', async t => {
  const names = Object.keys(outcomes) as (keyof typeof outcomes)[];
  assert.deepEqual([...names, ...silent].sort(), [...closeNames].sort(), 'a close without a row');

  const node = await startNode(t, { devices: names.length + 3, workers: 2 });
  await node.opened();
  const struck = new Map(names.map((name, n) => [name, node.seeded[n] as Seeded]));
  const others = node.seeded.slice(names.length);
  for (const [name, { jid }] of struck) await node.simulator.disconnect(name, { jid });

  await Promise.all(
    [...struck].map(async ([name, device]) => {
      const { phase, reason } = outcomes[name];
      const why = reason === undefined ? {} : { reason };
      const told =
        phase === 'open'
          ? [{ state: 'open' }, { state: 'disconnected', ...why }, { state: 'open' }]
          : [{ state: 'open' }, { state: phase === 'waiting' ? 'disconnected' : phase, ...why }];
      await tells(node, device, told, `the events after ${name}`);
      await until(() => node.device(device.id).phase === phase, { what: `${phase} after ${name}` });
      if (phase !== 'open') assert.equal(node.device(device.id).reason, reason, name);
    }),
  );
  const logins = new Map((await node.simulator.devices()).map(one => [one.jid, one.logins]));
  for (const [name, { jid }] of struck) {
    const { phase } = outcomes[name];
    if (phase !== 'unlinked') assert.equal(logins.get(jid), phase === 'open' ? 2 : 1, `logins after ${name}`);
  }
  for (const { jid } of others) assert.equal(logins.get(jid), 1, 'a device that nobody closed');
  assert.ok(node.node.supervisor.shards().every(({ restarts }) => restarts === 0));
  assert.deepEqual(node.fatal, []);
});
