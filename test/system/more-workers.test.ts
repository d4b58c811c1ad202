import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LOAD_BOUND } from '../../src/supervisor/placement.ts';
import { startNode } from '../support/node.ts';

const DEVICES = 40;

test('a third worker takes only its own share of the devices from the two, and every device is open again', async t => {
  const node = await startNode(t, { devices: DEVICES, workers: 2 });
  await node.opened();
  const before = places();
  assert.deepEqual(new Set(before.values()), new Set([0, 1]));

  await node.restart({ WORKERS: '3' });
  await node.opened();
  const after = places();
  const moved = [...after].filter(([id, shard]) => before.get(id) !== shard);
  assert.deepEqual(new Set(moved.map(([, shard]) => shard)), new Set([2]), 'nobody moves between the two');
  // A third of them, give or take what the bound on a shard's load allows.
  const share = Math.ceil((LOAD_BOUND * DEVICES) / 3);
  assert.ok(moved.length <= share, `${moved.length} moved, ${share} is the most that a shard may host`);
  for (const shard of [0, 1, 2]) {
    const hosted = [...after.values()].filter(one => one === shard).length;
    assert.ok(hosted <= share, `shard ${shard} hosts ${hosted}`);
  }

  const logins = (await node.simulator.devices()).map(one => one.logins);
  assert.deepEqual(new Set(logins), new Set([2]));

  function places(): Map<string, number | null> {
    return new Map(node.node.supervisor.list().map(({ id, shard }) => [id, shard]));
  }
});
