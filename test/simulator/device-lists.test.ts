import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { type BinaryNode, proto, type WAMessage } from '@whiskeysockets/baileys';
import { verify } from '../../src/simulator/wire/crypto.ts';
import { bytes, child } from '../../src/simulator/wire/stanza.ts';
import { until } from '../support/until.ts';
import { linkedClients, simulator, tameClients } from './client.ts';

tameClients();

/** whatsmeow's participantListHashV2, written again from its description. */
const hashOf = (...names: string[]) =>
  `2:${createHash('sha256').update(names.sort().join('')).digest().subarray(0, 6).toString('base64').slice(0, 8)}`;

test('who knows a list of devices hears of every change, with the new hash and a signed list', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  const [bob] = await linkedClients(t, server, { count: 1, prefix: '65' });
  const [stranger] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice && bob && stranger);
  const chat = `${bob.phone}@s.whatsapp.net`;
  const sent = await alice.sock.sendMessage(chat, { text: 'hello' });
  await until(() => bob.text(sent?.key.id ?? ''));
  const changes = (tag: string, of: { stanzas: BinaryNode[] }) =>
    of.stanzas.filter(
      one => one.tag === 'notification' && one.attrs.type === 'devices' && child(one, tag) !== undefined,
    );

  const [late] = await server.control.linkedDevices(1, '65');
  assert.ok(late);
  const [added] = await until(() => {
    const found = changes('add', alice);
    return found.length > 0 ? found : undefined;
  });
  const [pn, lid] = [bob.phone, bob.lid.split(':')[0]];
  const device = child(child(added, 'add'), 'device')?.attrs;
  assert.deepEqual(
    { from: added?.attrs.from, lid: added?.attrs.lid, device },
    {
      from: chat,
      lid: `${lid}@lid`,
      device: { jid: late.jid, lid: late.lid, 'key-index': '2' },
    },
  );
  assert.deepEqual(child(added, 'add')?.attrs, {
    device_hash: hashOf(...[0, 1, 2].map(id => `${pn}.0:${id}@s.whatsapp.net`)),
    device_lid_hash: hashOf(...[0, 1, 2].map(id => `${lid}.0:${id}@lid`)),
  });
  const list = proto.ADVSignedKeyIndexList.decode(
    bytes(child(child(added, 'add'), 'key-index-list')) ?? Buffer.of(),
  );
  assert.ok(list.details && list.accountSignature && list.accountSignatureKey);
  const signed = Buffer.concat([Buffer.of(6, 2), list.details]);
  assert.ok(verify(list.accountSignatureKey, signed, list.accountSignature));
  assert.deepEqual(proto.ADVKeyIndexList.decode(list.details).validIndexes, [0, 1, 2]);

  await server.control.unlink(bob.phone, 2);
  const [removed] = await until(() => {
    const found = changes('remove', alice);
    return found.length > 0 ? found : undefined;
  });
  assert.deepEqual(child(removed, 'remove')?.attrs, {
    device_hash: hashOf(...[0, 1].map(id => `${pn}.0:${id}@s.whatsapp.net`)),
    device_lid_hash: hashOf(...[0, 1].map(id => `${lid}.0:${id}@lid`)),
  });
  // Bob's own device heard of both; who never asked for the list of neither.
  assert.deepEqual([changes('add', bob).length, changes('remove', bob).length], [1, 1]);
  assert.deepEqual([changes('add', stranger).length, changes('remove', stranger).length], [0, 0]);
});

test('texts that are sent while devices come and go reach those who are there', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  const [bob] = await linkedClients(t, server, { count: 1, prefix: '67' });
  assert.ok(alice && bob);
  const chat = `${bob.phone}@s.whatsapp.net`;
  const ids: string[] = [];
  const send = async (text: string) => {
    const sent: WAMessage | undefined = await alice.sock.sendMessage(chat, { text });
    ids.push(sent?.key.id ?? '');
    return sent?.key.id ?? '';
  };
  // Alice has the list; a change during her very first request for it would be lost on Baileys.
  await send('the first');
  for (let round = 0; round < 3; round++) {
    const changing = (async () => {
      const [late] = await linkedClients(t, server, { count: 1, prefix: '67' });
      assert.ok(late);
      const { phone, jid } = late;
      const id = await send(`to the new device ${round}`);
      await until(() => late.text(id), { what: `${phone} ${jid} got it` });
      await server.control.unlink(phone, Number(jid.match(/:(\d+)@/)?.[1]));
      await until(() => late.closes.includes(401));
    })();
    for (let index = 0; index < 10; index++) await send(`text ${round}.${index}`);
    await changing;
  }
  await until(() => ids.every(id => bob.text(id)), { what: 'all at the device that stayed' });
  const copies = bob.received.filter(one => one.message.message && ids.includes(one.message.key.id ?? ''));
  assert.equal(copies.length, ids.length);
});
