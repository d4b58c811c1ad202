import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fault } from '../../src/shard/protocol.ts';
import { startNode } from '../support/node.ts';
import { until } from '../support/until.ts';

/** At most two deaths for each shard of a node: the third within a minute puts it in quarantine. */
const nodes: readonly (readonly { fault: Fault; shard: 0 | 1 }[])[] = [
  [
    { fault: 'throw', shard: 0 },
    { fault: 'reject', shard: 1 },
    { fault: 'exit', shard: 0 },
    { fault: 'return', shard: 1 },
  ],
  [
    { fault: 'loop', shard: 0 },
    { fault: 'heap', shard: 1 },
    { fault: 'map', shard: 0 },
  ],
];

for (const deaths of nodes) {
  const names = deaths.map(({ fault }) => `"${fault}"`).join(', ');
  test(`shards that die one after the other (${names})`, async t => {
    const node = await startNode(t, { devices: 4, settings: { SHARD_HEAP_MB: '160' } });
    await node.opened();
    const logins = async () =>
      new Map((await node.simulator.devices()).map(({ jid, logins }) => [jid, logins]));
    const hosted = (shard: number) => node.seeded.filter(({ id }) => node.device(id).shard === shard);

    for (const { fault, shard } of deaths)
      await t.test(
        `a shard that dies by "${fault}" leaves the devices of the other connected, and its own return`,
        async () => {
          const before = await logins();
          const [dying, staying] = [hosted(shard), hosted(1 - shard)];
          assert.ok(dying.length > 0 && staying.length > 0);

          node.node.supervisor.inject(shard, fault);
          await until(
            async () => {
              const now = await logins();
              return dying.every(({ jid }) => (now.get(jid) ?? 0) > (before.get(jid) ?? 0));
            },
            { within: 40_000, what: 'the devices of the dead shard to log in again' },
          );
          await node.opened();

          const after = await logins();
          for (const { jid } of staying) assert.equal(after.get(jid), before.get(jid), 'never left');
          assert.deepEqual(
            dying.map(({ id }) => node.device(id).shard),
            dying.map(() => shard),
            'a death moves nothing',
          );
          const [from] = dying;
          const [to] = staying;
          assert.equal((await node.sendText(from?.id ?? '', to?.phone ?? '', 'still here')).status, 200);
          assert.deepEqual(node.fatal, []);
        },
      );
  });
}
