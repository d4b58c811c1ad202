import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNode } from '../support/node.ts';
import { until } from '../support/until.ts';

for (const fault of ['throw', 'reject', 'exit', 'loop', 'heap', 'map', 'return'] as const) {
  test(`a shard that dies by "${fault}" leaves the devices of the other connected, and its own return`, async t => {
    const node = await startNode(t, { devices: 4, settings: { SHARD_HEAP_MB: '160' } });
    await node.opened();
    const logins = async () =>
      new Map((await node.simulator.devices()).map(({ jid, logins }) => [jid, logins]));
    const before = await logins();
    const hosted = (shard: number) => node.seeded.filter(({ id }) => node.device(id).shard === shard);
    const [dying, other] = [hosted(0), hosted(1)];
    assert.ok(dying.length > 0 && other.length > 0);

    node.node.supervisor.inject(0, fault);
    await until(
      async () => {
        const now = await logins();
        return dying.every(({ jid }) => (now.get(jid) ?? 0) > (before.get(jid) ?? 0));
      },
      { within: 40_000, what: 'the devices of the dead shard to log in again' },
    );
    await node.opened();

    const after = await logins();
    for (const { jid } of other) assert.equal(after.get(jid), before.get(jid), 'never left');
    assert.deepEqual(
      dying.map(({ id }) => node.device(id).shard),
      dying.map(() => 0),
      'a death moves nothing',
    );
    const [from] = dying;
    const [to] = other;
    assert.equal((await node.sendText(from?.id ?? '', to?.phone ?? '', 'still here')).status, 200);
    assert.deepEqual(node.fatal, []);
  });
}
