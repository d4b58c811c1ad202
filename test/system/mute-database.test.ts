// A database that was moved while nobody could hear it: on the connections that a node has nothing is ever answered, and
// nothing says so.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNode } from '../support/node.ts';
import { startProxy } from '../support/proxy.ts';
import { receiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';
import { startWorld } from '../support/world.ts';

test('a node whose connections to its database have gone mute has its devices back over new ones, answers, and delivers', async t => {
  const hook = await receiver(t);
  const world = await startWorld(t, { devices: 2 });
  const proxy = await startProxy(t, world.settings.DB_URI ?? '');
  const node = await startNode(t, {
    world,
    settings: { DB_URI: proxy.url, WEBHOOK_URL: hook.url, LEASE_SECONDS: '4' },
  });
  await node.opened();
  const { phone } = await world.simulator.createPhone();

  proxy.blackHole();
  await until(() => node.node.supervisor.ownership().missing !== undefined);
  for (const { phone: to } of world.seeded) await world.simulator.send(phone, to, 'meanwhile');
  proxy.letThrough();
  await node.opened();
  await until(() => hook.delivered.filter(({ event }) => event === 'message').length === world.seeded.length);
  for (const { id } of world.seeded) assert.equal((await node.sendText(id, phone, 'after')).status, 200);
  assert.equal((await node.api('GET', '/webhooks')).status, 200);
  const { duplicates, retries } = await world.simulator.ledger();
  assert.deepEqual({ duplicates, retries }, { duplicates: 0, retries: 0 });
  assert.deepEqual(node.fatal, []);
});
