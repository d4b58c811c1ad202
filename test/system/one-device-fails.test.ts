// What breaks in the name of one device, where nobody is there to catch it: that device alone pays for it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNode, type TestNode } from '../support/node.ts';
import { receiver } from '../support/receiver.ts';
import type { Seeded } from '../support/seed.ts';
import { tells } from '../support/states.ts';
import { until } from '../support/until.ts';

const loginsOf = async ({ simulator }: TestNode) =>
  new Map((await simulator.devices()).map(({ jid, logins }) => [jid, logins]));

const untouched = async (node: TestNode, others: readonly Seeded[], before: Map<string, number>) => {
  const now = await loginsOf(node);
  for (const { jid } of others) assert.equal(now.get(jid), before.get(jid), 'a neighbour was disconnected');
  for (const { state, restarts } of node.node.supervisor.shards().slice(0, 1))
    assert.deepEqual([state, restarts], ['up', 0]);
};

test('a frame that fails its authentication is a reconnect of that one device: nothing is lost, nobody else notices', async t => {
  const hook = await receiver(t);
  const node = await startNode(t, { devices: 4, workers: 1, settings: { WEBHOOK_URL: hook.url } });
  await node.opened();
  const [struck, ...others] = node.seeded as [Seeded, ...Seeded[]];
  const before = await loginsOf(node);
  const { phone } = await node.simulator.createPhone();
  const sent: string[] = [];
  const say = async (text: string) => {
    sent.push(text);
    await node.simulator.send(phone, struck.phone, text);
  };
  const heard = () =>
    hook.delivered
      .filter(({ event, session_id }) => event === 'message' && session_id === struck.id)
      .map(({ payload }) => payload.body);
  const told = [{ state: 'open' }];
  for (const close of ['bad-mac', 'garbage-frame']) {
    const logins = (await loginsOf(node)).get(struck.jid) ?? 0;
    await say(`just before ${close}`);
    await node.simulator.disconnect(close, { jid: struck.jid });
    await say(`after ${close}`);
    await until(async () => ((await loginsOf(node)).get(struck.jid) ?? 0) > logins);
    await node.opened();
    await say(`back from ${close}`);
    told.push({ state: 'disconnected', reason: 'a frame could not be read' } as never, { state: 'open' });
  }
  await tells(node, struck, told);
  await until(() => heard().length >= sent.length, { what: 'every text at the webhook' });
  assert.deepEqual(heard(), sent);
  await untouched(node, others, before);
  assert.deepEqual((await node.simulator.violations()).violations, []);
  assert.deepEqual(node.fatal, []);
});

test('a device that fails is started anew five times in ten minutes, then it is crashed until somebody asks; its neighbours stay', async t => {
  const node = await startNode(t, { devices: 3, workers: 1 });
  await node.opened();
  const [failing, ...others] = node.seeded as [Seeded, ...Seeded[]];
  const before = await loginsOf(node);
  const fail = () => node.node.supervisor.inject(0, 'reject', failing.id);
  const told = [{ state: 'open' }];
  for (let restart = 1; restart <= 5; restart++) {
    fail();
    await until(() => node.device(failing.id).reason === 'the device failed');
    await node.opened();
    told.push({ state: 'disconnected', reason: 'the device failed' } as never, { state: 'open' });
  }
  fail();
  await until(() => node.device(failing.id).phase === 'crashed');
  const { reason = '' } = node.device(failing.id);
  assert.match(reason, /^the device failed too often/);
  await tells(node, failing, [...told, { state: 'crashed', reason }]);

  const refused = await node.sendText(failing.id, others[0]?.phone ?? '', 'are you there');
  assert.deepEqual([refused.status, refused.body.code], [503, 'DEVICE_CRASHED']);
  const { body } = await node.api<{ device_id: string; state: string }[]>('GET', '/device/list');
  assert.equal(body.results?.find(({ device_id }) => device_id === failing.id)?.state, 'crashed');
  assert.equal((await node.api('GET', '/ready')).status, 200);
  await untouched(node, others, before);

  assert.equal((await node.api('POST', `/devices/${failing.id}/reconnect`)).status, 200);
  await node.opened();
  assert.equal((await node.sendText(failing.id, others[0]?.phone ?? '', 'here again')).status, 200);
  assert.deepEqual(node.fatal, []);
});
