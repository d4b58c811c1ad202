// Messages that are queued when a process starts, and a WhatsApp that has trouble in that moment.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serialize } from 'node:v8';
import { proto } from '@whiskeysockets/baileys';
import { places } from '../../src/store/places.ts';
import { testSeals } from '../support/keys.ts';
import { startNode } from '../support/node.ts';
import { until } from '../support/until.ts';

const ID = '3EB000112233445566778899';

// Baileys waits a minute for an answer.
for (const [what, fault, within] of [
  ['answers the look-up of devices with an error', 'iq.error', 30_000],
  ['does not answer the look-up of devices', 'iq.silent', 150_000],
] as const)
  test(`a queued message reaches its recipient although WhatsApp at first ${what}`, async t => {
    const node = await startNode(t, { devices: 1, workers: 1 });
    await node.opened();
    const { id } = node.seeded[0]!;
    const { phone } = await node.simulator.createPhone({ name: 'Ann' });
    const [row] = await node.sql<{ no: number }[]>`select no from device where id = ${id}`;
    const no = row?.no ?? 0;
    const seal = await testSeals(node.sql).sealOf(no);
    await node.stop();
    const message = Buffer.from(proto.Message.encode({ conversation: 'at last' }).finish());
    await node.sql`
      insert into outgoing (device_no, id, chat, message)
      values (${no}, ${ID}, ${`${phone}@s.whatsapp.net`}, ${seal.seal(places.outgoing(no, ID), serialize({ message }))})`;
    await node.simulator.arm(fault, { when: { count: 1 }, filter: { child: 'usync' } });
    await node.start();
    await node.opened();
    await until(
      async () => {
        const { body } = await node.api<{ status: string }>('GET', `/message/${ID}/status`, undefined, {
          'X-Device-Id': id,
        });
        assert.notEqual(body.results?.status, 'failed');
        return (await node.simulator.messages(phone)).some(({ text }) => text === 'at last');
      },
      { within, unless: assert.AssertionError },
    );
    assert.deepEqual(
      (await node.simulator.faults()).armed.map(({ fired }) => fired),
      [1],
    );
  });
