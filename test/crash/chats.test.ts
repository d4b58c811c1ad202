// The chat store is written before a stanza leaves the inbox: a process that dies in between finds it again, and says it once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crashWorld } from '../support/crash-world.ts';
import { until } from '../support/until.ts';

for (const point of ['recv.after_commit', 'recv.after_ack', 'recv.after_journal'])
  test(`killed at ${point}, the chat has each message once`, async t => {
    const world = await crashWorld(t);
    const { product, control, person, devices } = world;
    const [device] = devices;
    await world.open(`${point}:kill@2`);
    const texts = ['one', 'two', 'three'];
    for (const text of texts) await control.send(person, device?.phone ?? '', text).catch(() => {});
    await until(() => !product.running, { what: `it dies at ${point}` });
    await world.open();
    await until(async () => (await told()).length >= texts.length, { what: 'all messages' });
    await world.send(device?.id ?? '', 'four');
    await until(async () => (await told()).length >= 4, { what: 'what was sent' });
    await world.judged();
    const rows = await world.sql`select id from chat_message`;
    assert.equal(rows.length, 4, 'none of them twice');

    async function told(): Promise<readonly unknown[]> {
      const { body } = await product.calls.api<{ data: unknown[] }>('GET', `/chat/${person}/messages`);
      return body.results?.data ?? [];
    }
  });
