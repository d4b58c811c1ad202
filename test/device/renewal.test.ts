import '../../src/device/shims.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNode } from '../support/node.ts';

test('sessions outlive a restart: no message begins one that is there already', async t => {
  const node = await startNode(t, { devices: 1, workers: 1 });
  await node.opened();
  const { phone } = await node.simulator.createPhone();
  const [{ id, jid, phone: own }] = node.seeded as [(typeof node.seeded)[0]];
  const say = async (text: string) => assert.equal((await node.sendText(id, phone, text)).status, 200);
  await say('one');
  await say('two');
  for (const text of ['three', 'four']) {
    await node.restart();
    await node.opened();
    await say(text);
  }
  const { messages } = await node.simulator.call('ledgerMessages', { query: { limit: 1_000 } });
  for (const to of [phone, own]) {
    const keys = messages
      .filter(({ from }) => from === jid)
      .flatMap(({ devices }) => devices[`${to}@s.whatsapp.net`]?.keys ?? []);
    assert.equal(keys.length, 4);
    assert.equal(new Set(keys.map(({ baseKey }) => baseKey)).size, 1, 'all of them in one session');
  }
});
