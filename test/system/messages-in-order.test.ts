import assert from 'node:assert/strict';
import { test } from 'node:test';
import { journalOf } from '../support/journal.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { until } from '../support/until.ts';

test('texts are told in the order in which WhatsApp handed them over', async t => {
  const node = await startNode(t, { devices: 8, workers: 1 });
  await node.opened();
  const texts = Array.from({ length: 20 }, (_, n) => `text ${n}`);

  await t.test('of a chat that nobody knew before', async () => {
    const { phone } = await node.simulator.createPhone();
    for (const text of texts)
      for (const one of node.seeded) await node.simulator.send(phone, one.phone, text);
    for (const { id } of node.seeded) await heard(node, id, phone, texts);
  });

  await t.test('of a chat that goes on while what had waited for the device still comes in', async () => {
    const { phone } = await node.simulator.createPhone();
    const [{ id, phone: to, jid }] = node.seeded as [(typeof node.seeded)[0]];
    const many = Array.from({ length: 200 }, (_, n) => `number ${n}`);
    await node.simulator.disconnect('websocket', { jid });
    for (const text of many.slice(0, 150)) await node.simulator.send(phone, to, text);
    await until(async () => (await node.simulator.devices()).find(one => one.jid === jid)?.connected);
    for (const text of many.slice(150)) await node.simulator.send(phone, to, text);
    await heard(node, id, phone, many);
  });
});

/** Resolves when the journal has as many texts of a chat; fails unless they are these, in this order. */
async function heard({ sql }: TestNode, id: string, phone: string, texts: readonly string[]): Promise<void> {
  const read = async () =>
    (await journalOf(sql, id))
      .filter(({ event, payload }) => event === 'message' && payload.from === `${phone}@s.whatsapp.net`)
      .map(({ payload }) => payload.body);
  await until(async () => (await read()).length >= texts.length, { what: `${texts.length} texts` });
  assert.deepEqual(await read(), texts);
}
