import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNode } from '../support/node.ts';

test('a device that is made after others were removed moves nobody: every device still answers', async t => {
  const node = await startNode(t, { devices: 12 });
  await node.opened();
  const shardOf = new Map(node.seeded.map(({ id }) => [id, node.device(id).shard]));
  const on = (shard: number) => node.seeded.filter(({ id }) => shardOf.get(id) === shard);
  // Leaves one shard with all devices, which is more than it would be given.
  const [few, many] = on(0).length < on(1).length ? [on(0), on(1)] : [on(1), on(0)];
  for (const { id } of few) assert.equal((await node.api('DELETE', `/devices/${id}`)).status, 200);

  assert.equal((await node.api('POST', '/devices', { device_id: 'new' })).status, 200);
  const { phone } = await node.simulator.createPhone({ name: 'receiver' });
  for (const { id } of many) {
    assert.equal(node.device(id).shard, shardOf.get(id));
    assert.equal((await node.sendText(id, phone, 'still here')).status, 200);
  }
});
