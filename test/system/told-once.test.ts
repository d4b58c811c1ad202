// A message that WhatsApp delivers again, because its receipt did not reach it, is not told again in any form.
import '../../src/device/shims.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AnyMessageContent, WA_CERT_DETAILS } from '@whiskeysockets/baileys';
import { client, tameClients } from '../simulator/client.ts';
import { journalOf } from '../support/journal.ts';
import { startNode } from '../support/node.ts';
import type { Seeded } from '../support/seed.ts';
import { until } from '../support/until.ts';

tameClients();

test('a reaction, an edit and a deletion that come again after they were told add nothing to the journal', async t => {
  const node = await startNode(t, { devices: 1, workers: 1 });
  await node.opened();
  Object.assign(WA_CERT_DETAILS, { PUBLIC_KEY: Buffer.from(node.server.rootKey, 'hex') });
  const [linked] = await node.simulator.linkedDevices(1, '1999');
  const peer = client(t, node.server.socketUrl, linked);
  peer.connect();
  await until(() => peer.opens === 1);
  const [{ id, phone, jid }] = node.seeded as readonly [Seeded];
  const to = `${phone}@s.whatsapp.net`;
  const told = async () =>
    (await journalOf(node.sql, id))
      .filter(({ event }) => event.startsWith('message'))
      .map(({ event, payload }) => `${event} ${payload.id}`);
  const say = async (content: AnyMessageContent) => (await peer.sock.sendMessage(to, content))?.key;

  const first = await say({ text: 'first' });
  await until(async () => (await told()).length === 1);
  const expected = [`message ${first?.id}`];
  const second: [string, AnyMessageContent][] = [
    ['message.reaction', { react: { text: '👍', key: first! } }],
    ['message.edited', { text: 'second', edit: first! }],
    ['message.revoked', { delete: first! }],
  ];
  for (const [event, content] of second) {
    // The line ends at the receipt, which the server has not taken: it delivers the message again.
    await node.simulator.arm('close.tcp', {
      when: { once: true },
      who: { device: jid },
      filter: { tag: 'receipt' },
    });
    const key = await say(content);
    expected.push(`${event} ${key?.id}`);
    await until(async () => (await node.simulator.faults()).armed.some(({ fired }) => fired === 1));
    await node.simulator.disarm('close.tcp');
    const mark = await say({ text: 'mark' });
    expected.push(`message ${mark?.id}`);
    await until(async () => (await told()).includes(`message ${mark?.id}`));
    assert.deepEqual(await told(), expected);
  }
});
