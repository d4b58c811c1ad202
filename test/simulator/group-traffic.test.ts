// What membership means for messages: who gets them, and who may write.
import assert from 'node:assert/strict';
import test from 'node:test';
import { until } from '../support/until.ts';
import { type Client, linkedClients, simulator, tameClients } from './client.ts';
import { childrenOf, watchGroups } from './group-events.ts';
import { pn } from './jids.ts';

tameClients();

const write = async (one: Client, to: string, text: string) =>
  (await one.sock.sendMessage(to, { text }))?.key.id ?? '';

for (const addressing of ['lid', 'pn'] as const) {
  test(`who comes in gets what is written from then on, and who is out does not (${addressing})`, async t => {
    const server = await simulator(t, { groupAddressing: addressing });
    const [alice, bob, carla] = await linkedClients(t, server, { count: 3 });
    assert.ok(alice && bob && carla);
    const carlaHeard = watchGroups(carla);
    const { id } = await alice.sock.groupCreate('Shoal', [pn(bob)]);
    const before = await write(alice, id, 'before');
    await until(() => bob.text(before) === 'before');

    const code = (await alice.sock.groupInviteCode(id)) ?? '';
    await carla.sock.groupAcceptInvite(code);
    await until(() => carlaHeard.joined.length === 1);
    const both = await write(alice, id, 'both');
    await until(() => bob.text(both) === 'both' && carla.text(both) === 'both');
    const answer = await write(carla, id, 'answer');
    await until(() => alice.text(answer) === 'answer' && bob.text(answer) === 'answer');

    await alice.sock.groupParticipantsUpdate(id, [pn(bob)], 'remove');
    const after = await write(alice, id, 'after');
    await until(() => carla.text(after) === 'after');
    const { devices } = await server.control.call('ledgerMessage', { params: { id: after } });
    assert.ok(!Object.keys(devices).some(device => device.startsWith(bob.phone)));
    assert.equal(carla.text(before), undefined);
    const { undecryptable } = await server.get<{ undecryptable: number }>('/admin/ledger');
    assert.equal(undecryptable, 0);
  });
}

test('into announcements only admins write', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const { id } = await alice.sock.groupCreate('Shoal', [pn(bob)]);
  await alice.sock.groupSettingUpdate(id, 'announcement');
  const refused = await write(bob, id, 'no');
  await until(() => bob.statuses.get(refused) === 0, { what: 'an error for the message' });
  await alice.sock.groupParticipantsUpdate(id, [pn(bob)], 'promote');
  const allowed = await write(bob, id, 'yes');
  await until(() => alice.text(allowed) === 'yes');
  assert.equal(alice.text(refused), undefined);
});

test('a seeded group carries messages between clients that know nothing of each other', async t => {
  const server = await simulator(t, { seedGroups: ['Baileys Group Test'] });
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const [group] = Object.values(await alice.sock.groupFetchAllParticipating());
  assert.equal(group?.subject, 'Baileys Group Test');
  const id = await write(alice, group.id, 'hello all');
  await until(() => bob.text(id) === 'hello all');
});

test("a community's announcements reach everybody in it", async t => {
  const server = await simulator(t);
  const { control } = server;
  await control.createPhone({ phone: '15550009' });
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const reef = await control.call('createGroup', {
    body: { by: alice.phone, subject: 'Reef', community: {} },
  });
  const told = reef.subgroups[0] ?? '';
  for (const members of [[bob.phone], ['15550009']])
    await control.call('createGroup', {
      body: { by: alice.phone, subject: 'Corals', parent: reef.jid, members },
    });
  const id = await write(alice, told, 'low tide at six');
  await until(() => bob.text(id) === 'low tide at six');
  const seen = await control.waitForMessage('15550009', message => message.id === id);
  assert.equal(seen.text, 'low tide at six');
  const refused = await write(bob, told, 'no');
  await until(() => bob.statuses.get(refused) === 0);
});

test('what happened to groups while a client was away reaches it in order when it is back', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const { id } = await alice.sock.groupCreate('Shoal', [pn(bob)]);
  bob.sock.end(undefined);
  await until(async () => {
    const devices = await server.get<{ jid: string; connected: boolean }[]>('/admin/devices');
    return devices.some(one => one.jid === bob.jid && !one.connected);
  });
  await alice.sock.groupUpdateSubject(id, 'Ninho');
  await alice.sock.groupSettingUpdate(id, 'announcement');
  const other = await alice.sock.groupCreate('Reef', [pn(bob)]);
  await alice.sock.groupParticipantsUpdate(id, [pn(bob)], 'remove');
  bob.connect();
  const heard = watchGroups(bob);
  await until(() => bob.opens === 2 && heard.notifications.length >= 4);
  const seen = heard.notifications.slice(-4).map(one => [one.attrs.from, childrenOf(one)[0]?.tag]);
  assert.deepEqual(seen, [
    [id, 'subject'],
    [id, 'announcement'],
    [other.id, 'create'],
    [id, 'remove'],
  ]);
});
