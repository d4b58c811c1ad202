import assert from 'node:assert/strict';
import { test } from 'node:test';
import { client } from '../simulator/client.ts';
import { journalOf } from '../support/journal.ts';
import { startNode, type TestNode } from '../support/node.ts';
import type { Seeded } from '../support/seed.ts';
import { until } from '../support/until.ts';

interface End {
  /** Its name on the simulator's control plane. */
  readonly close: string;
  /** More for the control plane. */
  readonly more?: Record<string, unknown>;
  readonly phase: 'open' | 'waiting' | 'unlinked' | 'stopped';
  readonly reason?: string;
}

/** What the server says, and what the table of src/device/line/verdict.ts makes of it. */
const ends: readonly End[] = [
  { close: 'restart', phase: 'open' },
  { close: 'unavailable', phase: 'open', reason: 'server unavailable' },
  { close: 'internal', phase: 'open', reason: 'server error' },
  { close: 'not-well-formed', phase: 'open', reason: 'server error' },
  { close: 'rate-limited', phase: 'open', reason: 'rate limited' },
  { close: 'xmlstreamend', phase: 'open', reason: 'connection closed' },
  { close: 'websocket', phase: 'open', reason: 'connection closed' },
  { close: 'tcp', phase: 'open', reason: 'connection closed' },
  { close: 'temporary-ban', more: { expire: 1 }, phase: 'open', reason: 'temporarily banned' },
  { close: 'temporary-ban', phase: 'waiting', reason: 'temporarily banned' },
  { close: 'outdated', phase: 'waiting', reason: 'client is outdated' },
  { close: 'device-removed', phase: 'unlinked', reason: 'logged out' },
  { close: 'unauthorized', phase: 'unlinked', reason: 'logged out' },
  { close: 'forbidden', phase: 'stopped', reason: 'account locked, or its phone is gone' },
  { close: 'banned', phase: 'stopped', reason: 'account banned' },
  { close: 'downgrade', phase: 'stopped', reason: 'multi-device is not enabled' },
];

test('every end of a connection leads where the table says', async t => {
  const node = await startNode(t, { devices: ends.length + 5, workers: 1 });
  await node.opened();
  const [removed, refused, busy, stolen, unserved, ...ended] = node.seeded as Five;

  await t.test('each close by its own row, and the events and the database say so', async () => {
    const cases = ends.map((end, n) => ({ ...end, device: ended[n] as Seeded }));
    for (const { close, more, device } of cases)
      await node.simulator.request('POST', '/disconnect', { close, jid: device.jid, ...more });
    await Promise.all(
      cases.map(async ({ close, phase, reason, device }) => {
        const known = reason === undefined ? {} : { reason };
        const last = phase === 'waiting' ? 'disconnected' : phase;
        const told = [
          { state: 'open' },
          ...(phase === 'open' ? [{ state: 'disconnected', ...known }] : []),
          { state: last, ...(phase === 'open' ? {} : known) },
        ];
        await tells(node, device, told, `after ${close}`);
        // The journal may be quicker than the port between the threads.
        await until(() => node.device(device.id).phase === phase);
        assert.equal(node.device(device.id).reason, phase === 'open' ? undefined : reason);
        await until(
          async () => (await secretsOf(node, device.id)) === (phase === 'unlinked' ? 'none' : 'all'),
        );
      }),
    );
  });

  await t.test('an unlink on the phone forgets credentials and keys', async () => {
    await node.simulator.unlink(removed.phone);
    await until(() => node.device(removed.id).phase === 'unlinked');
    await until(async () => (await secretsOf(node, removed.id)) === 'none');
    await tells(node, removed, [{ state: 'open' }, { state: 'unlinked', reason: 'logged out' }]);
    const { status, body } = await node.sendText(removed.id, busy.phone, 'nobody there');
    assert.deepEqual([status, body.code], [409, 'DEVICE_NOT_LINKED']);
  });

  await t.test('a login that is refused with 401 is an unlink, one with 503 is tried again', async () => {
    await node.simulator.arm('login.refuse', {
      when: { once: true },
      who: { device: refused.jid },
      params: { reason: '401' },
    });
    await node.simulator.disconnect('restart', { jid: refused.jid });
    await until(() => node.device(refused.id).phase === 'unlinked');
    await until(async () => (await secretsOf(node, refused.id)) === 'none');

    await node.simulator.arm('login.refuse', {
      when: { once: true },
      who: { device: busy.jid },
      params: { reason: '503' },
    });
    await node.simulator.disconnect('restart', { jid: busy.jid });
    await until(() => node.device(busy.id).reason === 'server unavailable');
    await node.opened([busy.id]);
  });

  await t.test('an HTTP error instead of a WebSocket is tried again', async () => {
    await node.simulator.arm('upgrade.refuse', { params: { status: 503 } });
    await node.simulator.disconnect('restart', { jid: unserved.jid });
    await until(() => node.device(unserved.id).reason === 'server unavailable');
    await node.simulator.disarm();
    await node.opened([unserved.id]);
  });

  await t.test(
    'a second login elsewhere is not fought: one more try, then the device is in conflict',
    async () => {
      const thief = client(t, node.server.socketUrl, stolen);
      const replaced = () => node.device(stolen.id).reason === 'replaced by another connection';
      thief.connect();
      await until(() => thief.opens === 1 && replaced());
      assert.equal(node.device(stolen.id).phase, 'waiting');

      // What it would do by itself in 30 to 60 seconds.
      const { status } = await node.api('POST', `/devices/${stolen.id}/reconnect`);
      assert.equal(status, 200);
      await node.opened([stolen.id]);
      await until(() => thief.closes.length === 1);
      assert.deepEqual(thief.closes, [440]);

      thief.connect();
      await until(() => node.device(stolen.id).phase === 'conflict');
      assert.equal(await loginsOf(node, stolen), 4, 'two of ours and two of the other');
      const { body } = await node.sendText(stolen.id, busy.phone, 'who am I');
      assert.equal(body.code, 'DEVICE_STOPPED');
      assert.match(body.message, /same credentials/);
    },
  );

  await t.test(
    'a node that starts again leaves alone what was stopped, in conflict or unlinked',
    async () => {
      const phases = new Map(node.seeded.map(({ id }) => [id, node.device(id).phase]));
      const left = node.seeded.filter(({ id }) =>
        ['stopped', 'conflict', 'unlinked'].includes(phases.get(id) ?? ''),
      );
      const logins = await Promise.all(left.map(one => loginsOf(node, one)));
      await node.restart();
      await node.opened(node.seeded.map(({ id }) => id).filter(id => phases.get(id) === 'open'));
      for (const { id } of left) assert.equal(node.device(id).phase, phases.get(id));
      assert.deepEqual(await Promise.all(left.map(one => loginsOf(node, one))), logins);
    },
  );

  assert.deepEqual(node.fatal, []);
});

type Five = [Seeded, Seeded, Seeded, Seeded, Seeded, ...Seeded[]];

/** Resolves when the events of a device tell these states, in order. */
async function tells(
  { sql }: TestNode,
  { id }: Seeded,
  wanted: readonly { state: string; reason?: string }[],
  what = 'states',
): Promise<void> {
  await until(
    async () => {
      const states = (await journalOf(sql, id)).filter(({ event }) => event === 'device.state');
      const told = states.map(({ payload: { timestamp: _, ...state } }) => state);
      assert.deepEqual(told, wanted);
      return true;
    },
    { what },
  );
}

/** Whether the database has credentials and keys of a device: `all`, `none`, or only some. */
async function secretsOf({ sql }: TestNode, id: string): Promise<'all' | 'none' | 'some'> {
  const [found] = await sql<[{ credentials: boolean; keys: boolean }]>`
    select exists (select from credentials where device_no = no) as credentials,
           exists (select from signal_key where device_no = no) as keys
      from device where id = ${id}`;
  return found.credentials && found.keys ? 'all' : found.credentials || found.keys ? 'some' : 'none';
}

/** Successful logins; of a device that is unlinked there is no record any more. */
async function loginsOf({ simulator }: TestNode, { jid }: Seeded): Promise<number | undefined> {
  return (await simulator.devices()).find(one => one.jid === jid)?.logins;
}
