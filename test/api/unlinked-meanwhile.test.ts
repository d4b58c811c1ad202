// Devices that go while they are asked for something: every caller hears what became of it, and of nothing else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNode } from '../support/node.ts';

const CARLA = '15550009999';
/** Sent, or not and why. */
const HONEST = new Set([
  'SUCCESS',
  'MESSAGE_REFUSED',
  'DEVICE_NOT_LINKED',
  'DEVICE_NOT_CONNECTED',
  'DEVICE_NOT_FOUND',
]);

test('messages of a device that is logged out or removed meanwhile', { timeout: 500_000 }, async t => {
  const node = await startNode(t, { devices: 2, workers: 1 });
  await node.opened();
  await node.simulator.createPhone({ phone: CARLA, name: 'Carla' });
  const ends = [
    ['logged out', (id: string) => node.api('POST', `/devices/${id}/logout`)],
    ['removed', (id: string) => node.api('DELETE', `/devices/${id}`)],
  ] as const;
  for (const [index, [name, end]] of ends.entries())
    await t.test(name, async () => {
      const from = node.seeded[index]?.id ?? '';
      const first = await node.sendText(from, CARLA, 'first');
      assert.equal(first.status, 200, first.body.message);
      // Some are being prepared, some are on the wire and some not begun when it goes.
      const sends: ReturnType<typeof node.sendText>[] = [];
      for (let n = 0; n < 20; n++) sends.push(node.sendText(from, CARLA, `text ${n}`));
      await sends[0];
      for (let n = 20; n < 60; n++) sends.push(node.sendText(from, CARLA, `text ${n}`));
      const ended = end(from);
      for (let n = 60; n < 80; n++) sends.push(node.sendText(from, CARLA, `text ${n}`));
      for (const { status, body } of await Promise.all(sends))
        assert.ok(HONEST.has(body.code), `${status} ${body.message}`);
      assert.equal((await ended).status, 200);
    });
});
