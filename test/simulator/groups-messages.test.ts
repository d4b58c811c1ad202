import assert from 'node:assert/strict';
import test from 'node:test';
import type { GroupMetadata } from '@whiskeysockets/baileys';
import type { PhoneMessage } from '../../src/simulator/phone/messages.ts';
import { until } from '../support/until.ts';
import { linkedClients, simulator, tameClients } from './client.ts';
import { assertNoViolations, makeGroup } from './group-world.ts';

tameClients();

for (const addressing of ['lid', 'pn'] as const) {
  test(`in a ${addressing} group a text reaches every device of every member once, and answers come back`, async t => {
    const server = await simulator(t);
    let group: GroupMetadata | undefined;
    const config = { cachedGroupMetadata: async () => group };
    const [alice, bob] = await linkedClients(t, server, { count: 2 }, config);
    const [carol] = await linkedClients(t, server, { count: 1, prefix: '77' }, config);
    const [twin] = await linkedClients(t, server, { count: 1, prefix: '77' }, config);
    assert.ok(alice && bob && carol && twin);
    group = await makeGroup(server, addressing, [alice, bob, carol]);
    const first = await alice.sock.sendMessage(group.id, { text: 'hello group' });
    const id = first?.key.id ?? '';
    await until(() => [bob, carol, twin].every(one => one.text(id) === 'hello group'));
    const got = bob.received.find(one => one.message.key.id === id)?.message.key;
    const alicesForm = addressing === 'lid' ? alice.lid.split(':')[0] : alice.phone;
    assert.equal(got?.remoteJid, group.id);
    assert.equal(got?.participant?.split(/[:@]/)[0], alicesForm);
    assert.equal(got?.addressingMode, addressing);

    const second = await carol.sock.sendMessage(group.id, { text: 'hello alice' });
    const answer = second?.key.id ?? '';
    await until(() => [alice, bob, twin].every(one => one.text(answer) === 'hello alice'));
    assert.equal(twin.received.find(one => one.message.key.id === answer)?.message.key.fromMe, true);

    // Again, now that everybody has the keys; the phones of all members have read along.
    const third = await alice.sock.sendMessage(group.id, { text: 'third' });
    await until(() => [bob, carol, twin].every(one => one.text(third?.key.id ?? '') === 'third'));
    for (const phone of [alice.phone, bob.phone, carol.phone]) {
      const seen = await server.get<PhoneMessage[]>(`/admin/phones/${phone}/messages`);
      assert.deepEqual(
        seen.map(one => [one.text, one.chat, one.from]),
        [
          ['hello group', group.id, alice.jid],
          ['hello alice', group.id, carol.jid],
          ['third', group.id, alice.jid],
        ],
      );
    }
    const ledger = await server.get<Record<string, number>>('/admin/ledger');
    assert.deepEqual([ledger.duplicates, ledger.undecryptable, ledger.retries], [0, 0, 0]);
    const { devices } = await server.get<{ devices: Record<string, { deliveries: number }> }>(
      `/admin/ledger/messages/${id}`,
    );
    assert.deepEqual(
      Object.keys(devices).sort(),
      [
        `${alice.phone}@s.whatsapp.net`,
        `${bob.phone}@s.whatsapp.net`,
        bob.jid,
        `${carol.phone}@s.whatsapp.net`,
        carol.jid,
        twin.jid,
      ].sort(),
    );
    assert.ok(Object.values(devices).every(one => one.deliveries === 1));
    await assertNoViolations(server);
  });

  test(`a phone writes to a ${addressing} group, and clients and phones read it`, async t => {
    const server = await simulator(t);
    const [alice, bob] = await linkedClients(t, server, { count: 2 });
    assert.ok(alice && bob);
    const phone = '15550123';
    const { lid } = await server.post<{ lid: string }>('/admin/phones', { phone });
    const group = await makeGroup(server, addressing, [alice, bob, { phone, lid }]);
    for (const text of ['one', 'two']) {
      const { id } = await server.post<{ id: string }>(`/admin/phones/${phone}/send`, { to: group.id, text });
      await until(() => alice.text(id) === text && bob.text(id) === text);
    }
    const { id } = await server.post<{ id: string }>(`/admin/phones/${bob.phone}/send`, {
      to: group.id,
      text: 'from his phone',
    });
    await until(() => alice.text(id) === 'from his phone' && bob.text(id) === 'from his phone');
    assert.equal(bob.received.find(one => one.message.key.id === id)?.message.key.fromMe, true);
    const seen = await server.get<PhoneMessage[]>(`/admin/phones/${phone}/messages`);
    assert.deepEqual(
      seen.map(one => [one.text, one.fromMe]),
      [
        ['one', true],
        ['two', true],
        ['from his phone', false],
      ],
    );
  });
}

test('phones with scripts answer clients in a group, and not each other', async t => {
  const server = await simulator(t);
  let group: GroupMetadata | undefined;
  const [alice] = await linkedClients(t, server, { count: 1 }, { cachedGroupMetadata: async () => group });
  assert.ok(alice);
  const phones = ['15550125', '15550126'];
  const members = [{ phone: alice.phone, lid: alice.lid }];
  for (const phone of phones) {
    members.push(await server.control.createPhone({ phone }));
    await server.control.script(phone, { reply: `${phone} read {text}`, reads: true });
  }
  group = await makeGroup(server, 'lid', members);
  const sent = await alice.sock.sendMessage(group.id, { text: 'hello' });
  const replies = () =>
    alice.received.flatMap(one => one.message.message?.conversation ?? []).filter(text => text !== 'hello');
  await until(() => replies().length === 2);
  await until(
    () =>
      alice.stanzas.filter(
        one => one.tag === 'receipt' && one.attrs.id === sent?.key.id && one.attrs.type === 'read',
      ).length === 2,
  );
  // Each phone has read what the other one wrote, and left it at that.
  for (const phone of phones) {
    const seen = await until(async () => {
      const texts = (await server.control.messages(phone)).map(one => one.text);
      return texts.length >= 3 ? texts : undefined;
    });
    assert.deepEqual(seen.toSorted(), ['hello', ...phones.map(one => `${one} read hello`)].toSorted());
  }
  assert.equal(replies().length, 2);
});

test('who is not in a group is refused, and nobody gets what they wrote', async t => {
  const server = await simulator(t);
  let group: GroupMetadata | undefined;
  const [alice, bob] = await linkedClients(
    t,
    server,
    { count: 2 },
    { cachedGroupMetadata: async () => group },
  );
  assert.ok(alice && bob);
  group = await makeGroup(server, 'lid', [bob]);
  const sent = await alice.sock.sendMessage(group.id, { text: 'let me in' });
  await until(() => alice.statuses.get(sent?.key.id ?? '') === 0, { what: 'status ERROR' });
  const { devices } = await server.get<{ devices: object }>(`/admin/ledger/messages/${sent?.key.id}`);
  assert.deepEqual(devices, {});
  await assert.rejects(
    server.post(`/admin/phones/${alice.phone}/send`, { to: group.id, text: 'me too' }),
    /409.*may not write/,
  );
});

test('a status reaches the people it is meant for, from clients and from phones', async t => {
  const server = await simulator(t);
  const [alice, bob, carol] = await linkedClients(t, server, { count: 3 });
  assert.ok(alice && bob && carol);
  const forBob = [`${bob.phone}@s.whatsapp.net`];
  const sent = await alice.sock.sendMessage(
    'status@broadcast',
    { text: 'my day' },
    { statusJidList: forBob },
  );
  const id = sent?.key.id ?? '';
  await until(() => bob.text(id) === 'my day');
  const key = bob.received.find(one => one.message.key.id === id)?.message.key;
  assert.equal(key?.remoteJid, 'status@broadcast');
  assert.equal(key?.participant?.split(/[:@]/)[0], alice.phone);
  await until(async () => {
    const seen = await server.get<PhoneMessage[]>(`/admin/phones/${bob.phone}/messages`);
    return seen.some(one => one.text === 'my day' && one.chat === 'status@broadcast');
  });
  assert.equal(carol.received.length, 0);

  // A phone's status goes to those it has a chat with.
  const phone = '15550124';
  await server.post('/admin/phones', { phone });
  await server.post(`/admin/phones/${phone}/send`, { to: carol.phone, text: 'hi' });
  await until(() => carol.received.length === 1);
  const { id: status } = await server.post<{ id: string }>(`/admin/phones/${phone}/send`, {
    to: 'status@broadcast',
    text: 'at the sea',
  });
  await until(() => carol.text(status) === 'at the sea');
  assert.equal(carol.received.at(-1)?.message.key.remoteJid, 'status@broadcast');
  assert.equal(bob.text(status), undefined);
});
