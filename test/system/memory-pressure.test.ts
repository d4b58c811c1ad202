// F56, with a reading that is given: no container is limited here.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNode } from '../support/node.ts';
import type { Seeded } from '../support/seed.ts';
import { until } from '../support/until.ts';

test('a process that is short of memory takes no new devices, then replaces its largest thread; its devices go on', async t => {
  let share = 0.5;
  const node = await startNode(t, { devices: 4, workers: 2, memory: () => share });
  await node.opened();
  const [one, two] = node.seeded as [Seeded, Seeded];
  const create = (id: string) => node.api('POST', '/devices', { device_id: id });
  const replacements = () =>
    node.node.supervisor.shards().reduce((sum, shard) => sum + shard.replacements, 0);
  assert.equal((await create('before')).status, 200);

  share = 0.9;
  const refused = await until(async () => {
    const answer = await create(`refused-${Math.random()}`);
    return answer.status === 503 ? answer : undefined;
  });
  assert.equal(refused.body.code, 'MEMORY_SHORT');
  assert.ok(Number(refused.headers.get('retry-after')) > 0);
  assert.equal((await node.sendText(one.id, two.phone, 'still here')).status, 200);
  assert.equal((await node.api('GET', '/ready')).status, 200);
  assert.equal(replacements(), 0);

  share = 0.96;
  await until(() => replacements() === 1, { what: 'a thread to be replaced' });
  share = 0.5;
  await node.opened(node.seeded.map(({ id }) => id));
  assert.equal(replacements(), 1);
  await until(async () => (await create('after')).status === 200);
  assert.equal((await node.sendText(one.id, two.phone, 'all the time')).status, 200);
  assert.deepEqual(node.fatal, []);
});
