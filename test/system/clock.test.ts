import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNode } from '../support/node.ts';
import { receiver } from '../support/receiver.ts';
import type { Seeded } from '../support/seed.ts';
import { until } from '../support/until.ts';

test('a wall clock that jumps an hour forward and two back: nobody is disconnected, nothing is lost, sends and pings go on', async t => {
  const hook = await receiver(t);
  const node = await startNode(t, {
    devices: 6,
    workers: 1,
    settings: { WEBHOOK_URL: hook.url },
    health: { everyMs: 100, pingEveryMs: 300, pongWithinMs: 5_000, deafAfterMs: 10_000 },
  });
  await node.opened();
  const { phone } = await node.simulator.createPhone();
  const [sender] = node.seeded as [Seeded, ...Seeded[]];
  const logins = async () => (await node.simulator.ledger()).logins;
  assert.equal(await logins(), node.seeded.length);
  const pongs = async () => {
    const metrics = await (await fetch(new URL('/metrics', node.node.url))).text();
    return Number(/^cardume_ping_seconds_count (\d+)$/m.exec(metrics)?.[1] ?? Number.NaN);
  };

  let said = 0;
  for (const fault of ['clock-forward', 'clock-back', 'clock-back'] as const) {
    node.node.supervisor.inject(0, fault);
    for (const { phone: to } of node.seeded) await node.simulator.send(phone, to, `after ${fault} ${++said}`);
    assert.equal((await node.sendText(sender.id, phone, `still here ${said}`)).status, 200);
    await until(() => hook.delivered.filter(({ event }) => event === 'message').length === said);
    const before = await pongs();
    await until(async () => (await pongs()) >= before + 2 * node.seeded.length, {
      what: 'pings to be answered',
    });
    assert.ok(node.node.supervisor.list().every(({ phase, degraded }) => phase === 'open' && !degraded));
  }
  assert.equal(await logins(), node.seeded.length, 'nobody logged in again');
  assert.equal((await node.api('GET', '/ready')).status, 200);
  assert.deepEqual((await node.simulator.violations()).violations, []);
});
