import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNode } from '../support/node.ts';
import { deadPort, type Receiver, receiver } from '../support/receiver.ts';
import type { Seeded } from '../support/seed.ts';
import { until } from '../support/until.ts';

const SECRET = 'secret of the installation';
const OWN_SECRET = 'secret of one device';

test('events reach the webhooks that are meant to have them', async t => {
  const port = await deadPort();
  const [global, own] = [await receiver(t), await receiver(t)];
  const node = await startNode(t, {
    devices: 2,
    workers: 1,
    settings: {
      WEBHOOK_URL: `${global.url},http://127.0.0.1:${port}/hook`,
      WEBHOOK_SECRET: SECRET,
    },
  });
  await node.opened();
  const [one, other] = node.seeded as [Seeded, Seeded];
  const { phone } = await node.simulator.createPhone();
  const tell = (to: Seeded, text: string) => node.simulator.send(phone, to.phone, text);
  const texts = ({ delivered }: Receiver, { id }: Seeded) =>
    delivered.filter(it => it.event === 'message' && it.session_id === id).map(({ payload }) => payload.body);
  const got = (hook: Receiver, device: Seeded, wanted: string[]) =>
    until(() => {
      assert.deepEqual(texts(hook, device), wanted);
      return true;
    });

  await t.test(
    "a device's own webhook replaces the global ones, with its own secret and events",
    async () => {
      await tell(one, 'first');
      await got(global, one, ['first']);
      const settings = { webhook_url: own.url, webhook_secret: OWN_SECRET, webhook_events: 'message' };
      assert.equal((await node.api('PATCH', `/devices/${one.id}/webhook`, settings)).status, 200);
      await tell(one, 'second');
      await tell(other, 'to the other');
      await got(own, one, ['second']);
      await got(global, other, ['to the other']);
      assert.deepEqual(texts(global, one), ['first']);
      assert.deepEqual(texts(own, other), []);

      // Its answer is an event too, but not one that it asked for.
      assert.equal((await node.sendText(one.id, phone, 'an answer')).status, 200);
      await node.api('POST', `/devices/${one.id}/reconnect`);
      await node.opened();
      await tell(one, 'third');
      await got(own, one, ['second', 'third']);
      assert.deepEqual(new Set(own.delivered.map(({ event }) => event)), new Set(['message']));
    },
  );

  await t.test('without it the global ones have its events again', async () => {
    assert.equal((await node.api('PATCH', `/devices/${one.id}/webhook`, { webhook_url: '' })).status, 200);
    await tell(one, 'fourth');
    await got(global, one, ['first', 'fourth']);
    assert.deepEqual(texts(own, one), ['second', 'third']);
  });

  await t.test('both signatures of every delivery are right', async () => {
    for (const request of global.requests) global.verify(request, SECRET);
    for (const request of own.requests) own.verify(request, OWN_SECRET);
    assert.throws(() => global.verify(global.requests[0]!, OWN_SECRET));
    const ids = [...global.requests, ...own.requests].map(({ headers }) => headers['webhook-id']);
    assert.equal(new Set(ids).size, ids.length);
  });

  await t.test(
    'a receiver that was dead over a restart gets everything once it lives, in order',
    async () => {
      await node.stop();
      await tell(other, 'while both were down');
      await node.start();
      await node.opened();
      await got(global, other, ['to the other', 'while both were down']);
      const late = await receiver(t, { port });
      await got(late, other, ['to the other', 'while both were down']);
      for (const hook of [global, late])
        for (const { id } of [one, other]) {
          const seqs = hook.delivered.filter(it => it.session_id === id).map(({ seq }) => seq);
          assert.deepEqual(
            seqs,
            [...new Set(seqs)].toSorted((a, b) => a - b),
            'in order, once',
          );
        }
      for (const request of late.requests) late.verify(request, SECRET);
    },
  );
});
