import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { until } from '../support/until.ts';
import { linkedClients, paired, simulator, tameClients } from './client.ts';
import { ask, childrenOf, refusal, watchGroups } from './group-events.ts';
import { lidOf, pn } from './jids.ts';

tameClients();

for (const addressing of ['lid', 'pn'] as const) {
  test(`a client makes a group, and every member hears of it and sees the same (${addressing})`, async t => {
    const server = await simulator(t, { groupAddressing: addressing });
    const [alice, bob, carla] = await linkedClients(t, server, { count: 3 });
    assert.ok(alice && bob && carla);
    const heard = [alice, bob, carla].map(watchGroups);
    const made = await alice.sock.groupCreate('Shoal', [pn(bob), pn(carla)]);
    assert.match(made.id, /^120363\d{12}@g\.us$/);
    assert.equal(made.subject, 'Shoal');
    assert.equal(made.addressingMode, addressing);
    assert.equal(made.size, 3);
    const form = addressing === 'lid' ? lidOf : pn;
    const other = addressing === 'lid' ? pn : lidOf;
    assert.deepEqual(
      made.participants.map(one => [one.id, one.phoneNumber ?? one.lid, one.admin]),
      [
        [form(alice), other(alice), 'superadmin'],
        [form(bob), other(bob), null],
        [form(carla), other(carla), null],
      ],
    );
    assert.equal(made.owner, form(alice));
    await until(() => heard.every(one => one.joined.length === 1), { what: 'groups.upsert everywhere' });
    for (const { joined } of heard) assert.equal(joined[0]?.id, made.id);
    const seen = await bob.sock.groupMetadata(made.id);
    assert.deepEqual(seen.participants, made.participants);
    const all = await carla.sock.groupFetchAllParticipating();
    assert.deepEqual(Object.keys(all), [made.id]);
    assert.equal(all[made.id]?.participants.length, 3);
  });

  test(`people are added, promoted, demoted and removed, and leave (${addressing})`, async t => {
    const server = await simulator(t, { groupAddressing: addressing });
    const [alice, bob, carla] = await linkedClients(t, server, { count: 3 });
    assert.ok(alice && bob && carla);
    const { id } = await alice.sock.groupCreate('Shoal', [pn(bob)]);
    const bobHeard = watchGroups(bob);
    const carlaHeard = watchGroups(carla);
    const form = addressing === 'lid' ? lidOf : pn;

    const added = await alice.sock.groupParticipantsUpdate(id, [pn(carla)], 'add');
    assert.deepEqual(
      added.map(one => [one.status, one.jid]),
      [['200', form(carla)]],
    );
    await until(() => carlaHeard.joined.length === 1, { what: 'the group, for who was added' });
    assert.equal(carlaHeard.joined[0]?.size, 3);
    await until(() => bobHeard.people.includes(`add ${carla.phone}`), { what: 'the addition, for members' });

    await alice.sock.groupParticipantsUpdate(id, [lidOf(carla)], 'promote');
    await until(() => bobHeard.people.includes(`promote ${carla.phone}`));
    assert.equal((await bob.sock.groupMetadata(id)).participants.at(-1)?.admin, 'admin');
    await alice.sock.groupParticipantsUpdate(id, [lidOf(carla)], 'demote');
    await until(() => bobHeard.people.includes(`demote ${carla.phone}`));
    assert.equal((await bob.sock.groupMetadata(id)).participants.at(-1)?.admin, null);

    await alice.sock.groupParticipantsUpdate(id, [pn(carla)], 'remove');
    await until(() => carlaHeard.people.includes(`remove ${carla.phone}`), {
      what: 'who was removed hears it',
    });
    await until(() => bobHeard.people.includes(`remove ${carla.phone}`));
    assert.equal(await refusal(carla.sock.groupMetadata(id)), 403);

    await bob.sock.groupLeave(id);
    await until(() => bobHeard.stubs('GROUP_PARTICIPANT_LEAVE').length === 1, { what: 'one has left' });
    assert.deepEqual(await bob.sock.groupFetchAllParticipating(), {});
    assert.equal((await alice.sock.groupMetadata(id)).size, 1);
  });
}

test('a freshly paired client is in every seeded group', async t => {
  const server = await simulator(t, { seedGroups: ['Baileys Group Test', 'Second'] });
  const alice = await paired(t, server, '15550001');
  const all = Object.values(await alice.sock.groupFetchAllParticipating());
  assert.deepEqual(all.map(one => one.subject).sort(), ['Baileys Group Test', 'Second']);
  const [bob] = await linkedClients(t, server, { count: 1 });
  assert.ok(bob);
  const seen = Object.values(await bob.sock.groupFetchAllParticipating());
  assert.deepEqual(
    seen.map(one => one.size),
    [2, 2],
  );
});

test('a phone makes a group, and its members hear of it', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  const heard = watchGroups(alice);
  await server.post('/admin/phones', { phone: '15550009', name: 'Carla' });
  const made = await server.post<{ jid: string }>('/admin/groups', {
    by: '15550009',
    subject: 'From a phone',
    members: [alice.phone],
  });
  await until(() => heard.joined.length === 1);
  assert.equal(heard.joined[0]?.id, made.jid);
  const seen = await alice.sock.groupMetadata(made.jid);
  assert.equal(seen.ownerPn, '15550009@s.whatsapp.net');
  assert.deepEqual(
    seen.participants.map(one => one.admin),
    ['superadmin', null],
  );
});

test('each of the people that a request names gets its own answer', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const { id } = await alice.sock.groupCreate('Shoal', [pn(bob)]);
  const nobody = '4999999999@s.whatsapp.net';
  const statuses = async (jids: string[], action: 'add' | 'remove' | 'promote' | 'demote') =>
    (await alice.sock.groupParticipantsUpdate(id, jids, action)).map(one => one.status);
  assert.deepEqual(await statuses([nobody, pn(bob)], 'add'), ['404', '409']);
  assert.deepEqual(await statuses([nobody, pn(bob)], 'promote'), ['404', '200']);
  assert.deepEqual(await statuses([pn(bob)], 'promote'), ['409']);
  assert.deepEqual(await statuses([pn(bob), pn(alice)], 'demote'), ['200', '405']);
  assert.deepEqual(await statuses([nobody, pn(bob), pn(bob)], 'remove'), ['404', '200', '409']);
});

test('only admins change who is in a group, and only members see it', async t => {
  const server = await simulator(t);
  const [alice, bob, carla] = await linkedClients(t, server, { count: 3 });
  assert.ok(alice && bob && carla);
  const { id } = await alice.sock.groupCreate('Shoal', [pn(bob)]);
  assert.equal(await refusal(bob.sock.groupParticipantsUpdate(id, [pn(alice)], 'remove')), 403);
  assert.equal(await refusal(bob.sock.groupParticipantsUpdate(id, [pn(bob)], 'promote')), 403);
  assert.equal(await refusal(carla.sock.groupParticipantsUpdate(id, [pn(carla)], 'add')), 403);
  assert.equal(await refusal(carla.sock.groupMetadata(id)), 403);
  assert.equal(await refusal(alice.sock.groupMetadata('120363000000000000@g.us')), 404);
  // Any member may add, unless the group says otherwise.
  const added = await bob.sock.groupParticipantsUpdate(id, [pn(carla)], 'add');
  assert.equal(added[0]?.status, '200');
});

test('when the last admin leaves, the oldest member becomes one', async t => {
  const server = await simulator(t);
  const [alice, bob, carla] = await linkedClients(t, server, { count: 3 });
  assert.ok(alice && bob && carla);
  const { id } = await alice.sock.groupCreate('Shoal', [pn(bob), pn(carla)]);
  const heard = watchGroups(carla);
  await alice.sock.groupLeave(id);
  await until(() => heard.people.includes(`promote ${bob.phone}`));
  const { participants } = await carla.sock.groupMetadata(id);
  assert.deepEqual(
    participants.map(one => [one.id, one.admin]),
    [
      [lidOf(bob), 'admin'],
      [lidOf(carla), null],
    ],
  );
});

test('a malformed request about groups is answered with 400 and costs nobody anything', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  const { id } = await alice.sock.groupCreate('Shoal', []);
  const bad = (to: string, tag: string, attrs = {}, content: never[] = []) =>
    refusal(ask(alice.sock, 'set', to, { tag, attrs, content }));
  assert.equal(await bad('@g.us', 'create'), 400);
  assert.equal(await bad('@g.us', 'leave'), 400);
  assert.equal(await bad(id, 'add'), 400);
  assert.equal(await bad(id, 'no_such_thing'), 400);
  assert.equal(await bad('nonsense', 'add'), 404);
  const missing = { tag: 'participant', attrs: {} };
  assert.equal(await refusal(ask(alice.sock, 'set', id, { tag: 'add', attrs: {}, content: [missing] })), 400);
  assert.equal(await bad('@g.us', 'create', { subject: 'x'.repeat(5_000) }), 406);
  assert.equal(await bad(id, 'description', { id: 'x'.repeat(300) }), 400);
  assert.equal(await bad('@g.us', 'create', { subject: ' ' }), 406);
  const many = Array.from({ length: 1_024 }, (_, n) => ({
    tag: 'participant',
    attrs: { jid: `${10_000_000 + n}@s.whatsapp.net` },
  }));
  const crowd = { tag: 'create', attrs: { subject: 'crowd' }, content: many };
  assert.equal(await refusal(ask(alice.sock, 'set', '@g.us', crowd)), 406);
  assert.equal(alice.opens, 1);
  assert.deepEqual(alice.closes, []);
});

test('who a creation names and does not exist is in the answer with an error', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  const content = [{ tag: 'participant', attrs: { jid: '4999999999@s.whatsapp.net' } }];
  const group = await ask(alice.sock, 'set', '@g.us', {
    tag: 'create',
    attrs: { subject: 'Shoal' },
    content,
  });
  const people = childrenOf(group).filter(one => one.tag === 'participant');
  assert.deepEqual(
    people.map(one => one.attrs.error),
    [undefined, '404'],
  );
  assert.equal(group?.attrs.size, '1');
});

test('a group holds 1,024 people, and no more come in by any way', async t => {
  const server = await simulator(t);
  const { control } = server;
  const { phones } = await control.call('createPhone', { body: { count: 1_024, prefix: '1777' } });
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice && phones?.[0]);
  const [first, ...others] = phones.map(one => one.phone);
  const made = await control.call('createGroup', {
    body: { by: first ?? '', subject: 'Shoal', members: others },
  });
  assert.equal(made.members.length, 1_024);
  const params = { group: made.jid };
  const added = await control.call('changeGroup', {
    params,
    body: { by: first ?? '', change: { type: 'add', members: [alice.phone] } },
  });
  assert.deepEqual(
    added.results?.map(one => one.error),
    ['419'],
  );
  assert.equal(await refusal(alice.sock.groupAcceptInvite(made.inviteCode)), 419);
  await control.call('changeGroup', { params, body: { by: others[0] ?? '', change: { type: 'leave' } } });
  assert.equal(await alice.sock.groupAcceptInvite(made.inviteCode), made.jid);
  assert.equal((await alice.sock.groupMetadata(made.jid)).participants.length, 1_024);
});

test('groups survive a restart of the simulator', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'groups-'));
  const running: { stop(): Promise<void> }[] = [];
  t.after(async () => {
    for (const one of running) await one.stop();
    await rm(folder, { recursive: true });
  });
  const options = { stateFile: join(folder, 'state.json'), seedGroups: ['Seeded'] };
  const server = await simulator(t, options);
  running.push(server);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const { id } = await alice.sock.groupCreate('Shoal', [pn(bob)]);
  await server.stop();
  const again = await simulator(t, options);
  running.push(again);
  bob.connect(again.socketUrl);
  await until(() => bob.opens === 2, { what: 'open again' });
  const all = Object.values(await bob.sock.groupFetchAllParticipating());
  assert.deepEqual(all.map(one => [one.subject, one.size]).sort(), [
    ['Seeded', 2],
    ['Shoal', 2],
  ]);
  const seen = await bob.sock.groupMetadata(id);
  assert.deepEqual(
    seen.participants.map(one => [one.id, one.admin]),
    [
      [lidOf(alice), 'superadmin'],
      [lidOf(bob), null],
    ],
  );
});
