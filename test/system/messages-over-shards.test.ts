import assert from 'node:assert/strict';
import { test } from 'node:test';
import { privateEvents } from '../../src/journal/names.ts';
import { startNode } from '../support/node.ts';
import { receiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';

test('several devices pair, send and receive at the same time over two shards', async t => {
  const hook = await receiver(t);
  const node = await startNode(t, { workers: 2, settings: { WEBHOOK_URL: hook.url } });
  const ids = ['ana', 'bruno', 'carla', 'davi'];
  const phones = new Map(await Promise.all(ids.map(async id => [id, await node.pair(id)] as const)));
  assert.deepEqual(new Set(ids.map(id => node.device(id).shard)), new Set([0, 1]));

  const sends = ids.flatMap(from => ids.filter(to => to !== from).map(to => ({ from, to })));
  const answers = await Promise.all(
    sends.map(({ from, to }) => node.sendText(from, phones.get(to) ?? '', `${from} to ${to}`)),
  );
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));

  const messages = () => hook.delivered.filter(({ event }) => event === 'message');
  await until(() => messages().length >= sends.length, { what: 'every message at the webhook' });
  for (const { from, to } of sends) {
    const [arrived, ...more] = messages().filter(({ payload }) => payload.body === `${from} to ${to}`);
    assert.equal(more.length, 0);
    assert.equal(arrived?.session_id, to);
    assert.equal(arrived?.device_id, `${phones.get(to)}@s.whatsapp.net`);
    assert.equal(arrived?.payload.from, `${phones.get(from)}@s.whatsapp.net`);
  }
  for (const id of ids) {
    const seqs = hook.delivered.filter(({ session_id }) => session_id === id).map(({ seq }) => seq);
    const owed = await node.sql<{ seq: number }[]>`
      select seq from journal join device on no = device_no
       where device.id = ${id} and event <> all(${[...privateEvents]}) and seq <= ${seqs.at(-1) ?? 0} order by seq`;
    assert.deepEqual(
      seqs,
      owed.map(({ seq }) => seq),
      'in order and without a gap',
    );
  }
  assert.equal((await node.simulator.ledger()).duplicates, 0);
});

test('devices that write to each other for the first time at the same time lose nothing and ask for nothing again', async t => {
  const hook = await receiver(t);
  const node = await startNode(t, { devices: 4, settings: { WEBHOOK_URL: hook.url } });
  await node.opened();
  const pairs = node.seeded.flatMap(from => node.seeded.filter(to => to !== from).map(to => ({ from, to })));
  const sends = pairs.flatMap(({ from, to }) =>
    [0, 1, 2, 3, 4].map(n => ({ from, to, text: `${from.id} to ${to.id} ${n}` })),
  );
  await Promise.all(sends.map(({ from, to, text }) => node.sendText(from.id, to.phone, text)));

  const bodies = () =>
    hook.delivered.filter(({ event }) => event === 'message').map(({ payload }) => payload.body);
  await until(() => bodies().length >= sends.length, { what: 'every message at the webhook' });
  assert.deepEqual(bodies().sort(), sends.map(({ text }) => text).sort());
  const { retries, duplicates } = await node.simulator.ledger();
  assert.deepEqual({ retries, duplicates }, { retries: 0, duplicates: 0 });
});
