import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNode } from '../support/node.ts';
import { receiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';

const DEVICES = 200;

test('a node that starts again has its 200 devices back, and loses and repeats no text', async t => {
  const hook = await receiver(t);
  const node = await startNode(t, { devices: DEVICES, settings: { WEBHOOK_URL: hook.url } });
  await node.opened(undefined, 60_000);
  const [ana, bruno] = await Promise.all([node.simulator.createPhone(), node.simulator.createPhone()]);
  const some = node.seeded.slice(0, 4);
  const { pairings } = await node.simulator.ledger();
  let messages = 0;
  const sendFromAll = async (text: string) => {
    const answers = await Promise.all(some.map(({ id }) => node.sendText(id, ana.phone, text)));
    assert.deepEqual(
      answers.map(({ status }) => status),
      some.map(() => 200),
    );
    messages += some.length;
  };

  await sendFromAll('before');
  await node.stop();
  const texts = Array.from({ length: 6 }, (_, n) => `while it was down ${n}`);
  for (const [n, text] of texts.entries())
    for (const { phone } of some) {
      await node.simulator.send(n % 2 ? ana.phone : bruno.phone, phone, text);
      messages++;
    }
  await node.start();
  await node.opened(undefined, 60_000);

  const devices = await node.simulator.devices();
  assert.deepEqual(new Set(devices.map(({ logins }) => logins)), new Set([2]), 'each logged in once more');
  assert.equal((await node.simulator.ledger()).pairings, pairings, 'nobody was paired');

  await until(
    () => hook.delivered.filter(({ event }) => event === 'message').length >= some.length * texts.length,
  );
  await sendFromAll('after');
  for (const { id } of some) {
    const arrived = hook.delivered.filter(one => one.event === 'message' && one.session_id === id);
    assert.deepEqual(
      arrived.map(({ payload }) => payload.body),
      texts,
      'in order, once',
    );
  }
  await until(async () => {
    const got = (await node.simulator.messages(ana.phone)).filter(({ fromMe }) => !fromMe);
    return got.length >= 2 * some.length;
  });
  const ledger = await node.simulator.ledger();
  assert.equal(ledger.messages, messages, 'nothing was sent twice');
  assert.equal(ledger.duplicates, 0);
  assert.equal(ledger.retries, 0, 'everybody could read everything');
});
