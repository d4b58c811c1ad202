// A device that takes its thread with it again and again is kept from its neighbours.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fault } from '../../src/shard/protocol.ts';
import { startNode, type TestNode } from '../support/node.ts';
import type { Seeded } from '../support/seed.ts';
import { statesOf } from '../support/states.ts';
import { until } from '../support/until.ts';

const WORKERS = 2;
const loginsOf = async ({ simulator }: TestNode) =>
  new Map((await simulator.devices()).map(({ jid, logins }) => [jid, logins]));

/** Makes the device's thread die of it, and resolves when another one is up in its place. */
async function kill(node: TestNode, { id }: Seeded, fault: Fault): Promise<void> {
  const shard = node.device(id).shard ?? -1;
  const view = () => node.node.supervisor.shards().find(one => one.shard === shard);
  const { restarts = 0 } = view() ?? {};
  node.node.supervisor.inject(shard, fault, id);
  await until(() => view()?.state === 'up' && (view()?.restarts ?? 0) > restarts, {
    within: 40_000,
    what: `shard ${shard} to be back after "${fault}"`,
  });
}

test('a device that its thread died of twice runs in quarantine, two deaths later it is crashed; the others go on', async t => {
  const node = await startNode(t, { devices: 6, workers: WORKERS, settings: { SHARD_HEAP_MB: '160' } });
  await node.opened();
  const poison = node.seeded[0] as Seeded;
  const home = node.device(poison.id).shard;
  const neighbours = node.seeded.slice(1).filter(({ id }) => node.device(id).shard === home);
  const [elsewhere] = node.seeded.filter(({ id }) => node.device(id).shard !== home);
  assert.ok(elsewhere && neighbours.length > 0);
  const start = await loginsOf(node);

  await t.test(
    'the first death moves nothing, the second one isolates who was at work: the blocked loop and the full heap have a name',
    async () => {
      await kill(node, poison, 'loop');
      await node.opened();
      assert.equal(node.device(poison.id).shard, home);
      await kill(node, poison, 'heap');
      await node.opened();
      assert.equal(node.device(poison.id).shard, WORKERS);
      assert.equal(node.device(poison.id).quarantined, true);
      for (const { id } of neighbours) assert.equal(node.device(id).shard, home, 'a neighbour was moved');
      assert.equal((await node.sendText(poison.id, elsewhere.phone, 'from quarantine')).status, 200);
      const { body } = await node.api<{ device_id: string; quarantined?: boolean }[]>('GET', '/device/list');
      const listed = body.results?.filter(({ quarantined }) => quarantined).map(one => one.device_id);
      assert.deepEqual(listed, [poison.id]);
      const metrics = await fetch(new URL('/metrics', node.node.url));
      assert.match(await metrics.text(), /^cardume_devices_quarantined 1$/m);
    },
  );

  await t.test('what it does there hurts nobody; twice more, and it is crashed', async () => {
    const before = await loginsOf(node);
    await kill(node, poison, 'exit');
    await node.opened();
    await kill(node, poison, 'throw');
    await until(() => node.device(poison.id).phase === 'crashed');
    const after = await loginsOf(node);
    for (const { jid } of node.seeded.slice(1)) assert.equal(after.get(jid), before.get(jid));
    await until(async () => (await statesOf(node.sql, poison.id)).at(-1)?.state === 'crashed');
    assert.match(node.device(poison.id).reason ?? '', /in quarantine/);
    assert.equal((await node.sendText(poison.id, elsewhere.phone, 'x')).body.code, 'DEVICE_CRASHED');
    assert.equal((await node.api('GET', '/ready')).status, 200);
    assert.equal(after.get(elsewhere.jid), start.get(elsewhere.jid), 'the other shard never noticed');
  });

  await t.test('a new process knows it, and tries it in quarantine when somebody asks', async () => {
    await node.restart();
    await node.opened(node.seeded.slice(1).map(({ id }) => id));
    await until(() => node.device(poison.id).phase === 'crashed');
    assert.equal(node.device(poison.id).shard, WORKERS);
    assert.equal((await node.api('POST', `/devices/${poison.id}/reconnect`)).status, 200);
    await node.opened();
    assert.equal(node.device(poison.id).shard, WORKERS);
    await kill(node, poison, 'exit');
    await node.opened();
  });

  await t.test('a device that is removed and made anew starts without a past', async () => {
    assert.equal((await node.api('DELETE', `/devices/${poison.id}`)).status, 200);
    await node.pair(poison.id);
    assert.ok((node.device(poison.id).shard ?? WORKERS) < WORKERS);
  });
  assert.deepEqual(node.fatal, []);
});
