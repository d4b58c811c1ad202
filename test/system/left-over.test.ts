// Stanzas that an earlier process left in the inbox, and that nobody can do anything with.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serialize } from 'node:v8';
import type { BinaryNode } from '@whiskeysockets/baileys';
import { places } from '../../src/store/places.ts';
import { testSeals } from '../support/keys.ts';
import { startNode } from '../support/node.ts';
import { until } from '../support/until.ts';

const t = '1700000000';
const stanzas: readonly BinaryNode[] = [
  { tag: 'message', attrs: { id: 'A', from: 'nobody@nowhere', t } },
  { tag: 'receipt', attrs: { id: 'B', t } },
];

test('left-over stanzas that cannot be decoded, handled or opened keep a device from nothing', async t => {
  const node = await startNode(t, { devices: 1, workers: 1 });
  await node.opened();
  const { id, phone } = node.seeded[0]!;
  const [row] = await node.sql<{ no: number }[]>`select no from device where id = ${id}`;
  const no = row?.no ?? 0;
  const seal = await testSeals(node.sql).sealOf(no);
  await node.stop();
  const leave = (n: number, stanza: Buffer) =>
    node.sql`insert into inbox (device_no, hash, stanza) values (${no}, ${Buffer.of(n)}, ${stanza})`;
  for (const [n, stanza] of stanzas.entries())
    await leave(n, seal.seal(places.stanza(no, Buffer.of(n)), serialize(stanza)));
  await leave(99, Buffer.from('garbage'));

  await node.start();
  await node.opened();
  const friend = await node.simulator.createPhone({ name: 'Ann' });
  await node.simulator.send(friend.phone, phone, 'hello');
  const left = () => node.sql`select from inbox where device_no = ${no}`;
  await until(async () => (await left()).length === 0, { what: 'nothing is left over any more' });
  const moved = await node.sql`select from quarantined_row where device_no = ${no}`;
  assert.equal(moved.length, 2, 'what does not open, and what nobody can make sense of, is kept aside');
});
