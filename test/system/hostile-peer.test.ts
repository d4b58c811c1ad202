// What a peer can put into what it sends: names that no database takes. Nobody but the peer may suffer from it.
import '../../src/device/shims.ts';
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type BinaryNode, WA_CERT_DETAILS } from '@whiskeysockets/baileys';
import { client, tameClients } from '../simulator/client.ts';
import { journalOf } from '../support/journal.ts';
import { startNode } from '../support/node.ts';
import { until } from '../support/until.ts';

tameClients();

/** A node of one shard with two devices, and a stock Baileys that says what its test wants. */
async function withPeer(t: TestContext) {
  const node = await startNode(t, { devices: 2, workers: 1 });
  await node.opened();
  Object.assign(WA_CERT_DETAILS, { PUBLIC_KEY: Buffer.from(node.server.rootKey, 'hex') });
  const [linked] = await node.simulator.linkedDevices(1, '1999');
  const peer = client(t, node.server.socketUrl, linked);
  peer.connect();
  await until(() => peer.opens === 1);
  const [victim, neighbour] = node.seeded.map(({ id, phone }) => ({ id, jid: `${phone}@s.whatsapp.net` }));
  const bodies = async (id: string) =>
    (await journalOf(node.sql, id)).filter(({ event }) => event === 'message').map(told => told.payload.body);
  const downs = async (id: string) =>
    (await journalOf(node.sql, id)).filter(
      ({ event, payload }) => event === 'device.state' && payload.state !== 'open',
    ).length;
  return { node, peer, victim: victim!, neighbour: neighbour!, bodies, downs };
}

const names = {
  'a zero byte': '1203630\0@g.us',
  'more than an index takes': `${Array.from({ length: 6_000 }, () => Math.floor(Math.random() * 36).toString(36)).join('')}@g.us`,
};

for (const [what, groupId] of Object.entries(names))
  test(`a sender key for a group whose name has ${what} ends nobody's connection`, async t => {
    const { peer, victim, neighbour, bodies, downs } = await withPeer(t);
    const say = (jid: string, text: string) => peer.sock.sendMessage(jid, { text });
    await say(victim.jid, 'before');
    await until(async () => (await bodies(victim.id)).includes('before'));
    const key = await peer.sock.signalRepository.encryptGroupMessage({
      group: '1203630@g.us',
      meId: peer.creds.me?.id ?? '',
      data: Buffer.of(1),
    });
    const before = [await downs(victim.id), await downs(neighbour.id)];
    await peer.sock.relayMessage(
      victim.jid,
      {
        conversation: 'with a key',
        senderKeyDistributionMessage: {
          groupId,
          axolotlSenderKeyDistributionMessage: key.senderKeyDistributionMessage,
        },
      },
      {},
    );
    await Promise.all([say(victim.jid, 'after'), say(neighbour.jid, 'to the neighbour')]);
    await until(async () => (await bodies(victim.id)).includes('after'));
    await until(async () => (await bodies(neighbour.id)).includes('to the neighbour'));
    assert.deepEqual(await bodies(victim.id), ['before', 'with a key', 'after']);
    assert.deepEqual([await downs(victim.id), await downs(neighbour.id)], before);
  });

test('a receipt for a message whose id no database takes holds up nobody', async t => {
  const { peer, victim, neighbour, bodies } = await withPeer(t);
  const receipt: BinaryNode = { tag: 'receipt', attrs: { to: victim.jid, id: 'A\0B', t: '1700000000' } };
  await peer.sock.sendNode(receipt);
  await peer.sock.sendMessage(victim.jid, { text: 'after' });
  await peer.sock.sendMessage(neighbour.jid, { text: 'to the neighbour' });
  await until(async () => (await bodies(neighbour.id)).includes('to the neighbour'));
  await until(async () => (await bodies(victim.id)).includes('after'));
});
