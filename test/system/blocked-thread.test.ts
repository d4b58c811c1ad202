// A stanza whose handling never comes back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNode } from '../support/node.ts';
import { startProgram } from '../support/program.ts';
import { receiver } from '../support/receiver.ts';
import type { Seeded } from '../support/seed.ts';
import { until } from '../support/until.ts';
import { startWorld } from '../support/world.ts';

test('a stanza that blocks the loop costs the thread; the second time its device is isolated, and the message is not lost', async t => {
  const hook = await receiver(t);
  const node = await startNode(t, {
    devices: 4,
    workers: 1,
    settings: { WEBHOOK_URL: hook.url, FAILPOINTS: 'recv.after_commit:block@1' },
  });
  await node.opened();
  const [poisoned, ...others] = node.seeded as [Seeded, ...Seeded[]];
  const { phone } = await node.simulator.createPhone();
  const deaths = () => node.node.supervisor.shards()[0]?.restarts;

  for (const [death, place] of [
    [1, 0],
    [2, 1],
  ] as const) {
    await node.simulator.send(phone, poisoned.phone, `poison ${death}`);
    await until(() => deaths() === death, { within: 40_000, what: `death ${death}` });
    await node.opened();
    assert.equal(node.device(poisoned.id).shard, place);
  }
  assert.equal(node.device(poisoned.id).quarantined, true);
  for (const { id } of others) assert.equal(node.device(id).shard, 0);
  const texts = () =>
    hook.delivered.filter(({ event }) => event === 'message').map(({ payload }) => payload.body);
  await until(() => texts().length === 2, { what: 'both messages at the webhook' });
  assert.deepEqual(texts(), ['poison 1', 'poison 2']);
  assert.deepEqual(node.fatal, []);
});

test('a thread that nothing can end takes the process with it: no second thread opens its devices while its sockets live', async t => {
  const world = await startWorld(t, { devices: 2 });
  const program = await startProgram(t, {
    ...world.settings,
    WORKERS: '1',
    LOG_LEVEL: 'fatal',
    FAILPOINTS: 'recv.after_commit:freeze@1',
  });
  const ids = world.seeded.map(({ id }) => id);
  await program.opened(ids);
  const { phone } = await world.simulator.createPhone();
  await world.simulator.send(phone, world.seeded[0]?.phone ?? '', 'stuck');
  assert.equal(await program.ended, 'SIGKILL');
  const [last] = program.lines.filter(line => line.startsWith('{')).map(line => JSON.parse(line));
  assert.equal(last.level, 'fatal');
  assert.equal(last.code, 70);
  assert.match(last.why, /^the thread of shard 0 cannot be ended/);
  const logins = (await world.simulator.devices()).map(one => one.logins);
  assert.deepEqual(logins, [1, 1]);

  // Whoever runs it starts it anew.
  const next = await startProgram(t, { ...world.settings, WORKERS: '1' });
  await next.opened(ids);
});
