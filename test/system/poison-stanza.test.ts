// F13: a message that cannot be made an event of.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { poisons } from '../../src/simulator/faults/poison.ts';
import { startNode } from '../support/node.ts';
import { receiver } from '../support/receiver.ts';
import type { Seeded } from '../support/seed.ts';
import { until } from '../support/until.ts';

test('a message that throws in the mapping is told as unparsed, receipted and kept as it came; those behind it arrive', async t => {
  const hook = await receiver(t);
  const node = await startNode(t, {
    devices: 2,
    workers: 1,
    settings: { WEBHOOK_URL: hook.url, FAILPOINTS: 'recv.in_mapping:throw@2' },
  });
  await node.opened();
  const [hearer] = node.seeded as [Seeded, Seeded];
  const { phone } = await node.simulator.createPhone();
  const ids: string[] = [];
  for (const text of ['one', 'poison', 'three'])
    ids.push((await node.simulator.send(phone, hearer.phone, text)).id);
  const told = () =>
    hook.delivered
      .filter(({ event, session_id }) => session_id === hearer.id && event !== 'device.state')
      .map(({ event, payload }) => [event, event === 'message' ? payload.body : payload.id]);
  await until(() => told().length === 3, { what: 'three events' });
  assert.deepEqual(told(), [
    ['message', 'one'],
    ['event.unparsed', ids[1]],
    ['message', 'three'],
  ]);
  for (const id of ids)
    await until(async () => {
      const entry = await node.simulator.call('ledgerMessage', { params: { id } });
      return (entry.devices[hearer.jid]?.receipts ?? []).length > 0;
    });
  await until(
    async () => {
      const kept = await node.sql`select source from quarantined_row order by source`;
      assert.deepEqual(
        kept.map(({ source }) => source),
        ['inbox.plaintext', 'inbox.stanza'],
      );
      return true;
    },
    { what: 'stanza and plaintext in quarantine' },
  );
  await until(async () => (await node.sql`select from inbox`).length === 0);

  await node.restart({ FAILPOINTS: '' });
  await node.opened();
  await node.simulator.send(phone, hearer.phone, 'four');
  await until(() => told().length === 4);
  assert.deepEqual(told().at(-1), ['message', 'four'], 'it is not told again');
  assert.deepEqual((await node.simulator.violations()).violations, []);
});

test('no nonsense of the catalogue costs a device its connection, or its neighbours anything', async t => {
  const hook = await receiver(t);
  const node = await startNode(t, { devices: 2, workers: 1, settings: { WEBHOOK_URL: hook.url } });
  await node.opened();
  const [struck] = node.seeded as [Seeded, Seeded];
  const { phone } = await node.simulator.createPhone();
  for (const poison of Object.keys(poisons))
    await node.simulator.strike(`poison.${poison}`, { jid: struck.jid });
  await node.simulator.send(phone, struck.phone, 'after all of it');
  await until(() => hook.delivered.some(({ payload }) => payload.body === 'after all of it'));
  assert.deepEqual(
    (await node.simulator.devices()).map(({ logins }) => logins),
    [1, 1],
  );
  assert.ok(node.node.supervisor.shards().every(({ restarts }) => restarts === 0));
});
