// Groups by the control plane: what a person does on a phone, seen by that person's and others' linked devices.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { Given } from '../../src/simulator/control/operations.ts';
import { until } from '../support/until.ts';
import { linkedClients, simulator, tameClients } from './client.ts';
import { ask, childrenOf, refusal, watchGroups } from './group-events.ts';
import { lidOf, pn } from './jids.ts';

tameClients();

const CARLA = '15550009';
const DORA = '15550010';
type Change = Given<'changeGroup'>['body']['change'];

/** Carla and Dora have phones alone; alice has a linked device. */
async function cast(t: TestContext) {
  const server = await simulator(t);
  const { control } = server;
  for (const phone of [CARLA, DORA]) await control.createPhone({ phone });
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  const change = (group: string, by: string, wanted: Change) =>
    control.call('changeGroup', { params: { group }, body: { by, change: wanted } });
  const view = (group: string) => control.call('group', { params: { group } });
  return { server, control, alice, heard: watchGroups(alice), change, view };
}

test('a phone makes a group as it should be, and everything that it changes reaches linked devices', async t => {
  const { control, alice, heard, change, view } = await cast(t);
  const made = await control.call('createGroup', {
    body: {
      by: CARLA,
      subject: 'Choir',
      description: 'Tuesdays',
      members: [alice.phone],
      addressing: 'pn',
      settings: { announcement: true, ephemeral: 604_800 },
    },
  });
  await until(() => heard.joined.length === 1);
  const seen = await alice.sock.groupMetadata(made.jid);
  assert.deepEqual(
    [seen.subject, seen.desc, seen.announce, seen.ephemeralDuration, seen.addressingMode, seen.owner],
    ['Choir', 'Tuesdays', true, 604_800, 'pn', `${CARLA}@s.whatsapp.net`],
  );

  await change(made.jid, CARLA, { type: 'subject', subject: 'Band' });
  await until(() => heard.updates.some(update => update.subject === 'Band'));
  await change(made.jid, CARLA, { type: 'description', description: 'Mondays' });
  await until(() => heard.stubs('GROUP_CHANGE_DESCRIPTION').at(-1)?.[0] === 'Mondays');
  await change(made.jid, CARLA, { type: 'settings', settings: { announcement: false, locked: true } });
  // Of two updates within its buffer's time, Baileys' `groups.update` tells only the first.
  await until(() => heard.newest('not_announcement') && heard.newest('locked'));
  const added = await change(made.jid, CARLA, { type: 'add', members: [DORA, '4999999999'] });
  assert.deepEqual(
    added.results?.map(one => [one.phone, one.error]),
    [
      [DORA, undefined],
      [undefined, '404'],
    ],
  );
  await until(() => heard.people.includes(`add ${DORA}`));
  await change(made.jid, CARLA, { type: 'promote', members: [DORA] });
  await until(() => heard.people.includes(`promote ${DORA}`));
  await change(made.jid, DORA, { type: 'remove', members: [alice.phone] });
  await until(() => heard.people.includes(`remove ${alice.phone}`));
  const left = await view(made.jid);
  assert.deepEqual(left.members, [
    { phone: CARLA, role: 'superadmin' },
    { phone: DORA, role: 'admin' },
  ]);
});

test('a phone is refused what a linked device would be refused', async t => {
  const { control, alice, change } = await cast(t);
  const { id } = await alice.sock.groupCreate('Shoal', [`${CARLA}@s.whatsapp.net`]);
  await assert.rejects(change(id, CARLA, { type: 'settings', settings: { locked: true } }), /409.*403 forb/);
  await assert.rejects(change(id, DORA, { type: 'subject', subject: 'x' }), /403 forbidden/);
  await assert.rejects(change(id, CARLA, { type: 'subject', subject: 'x'.repeat(101) }), /400.*406/);
  await assert.rejects(change('120363000000000000', CARLA, { type: 'leave' }), /404/);
  await assert.rejects(change(id, '4999999999', { type: 'leave' }), /404/);
  await assert.rejects(change(id, CARLA, { type: 'end', reason: 'x' }), /400.*the server does this/);
  const nobody = control.call('changeGroup', { params: { group: id }, body: { change: { type: 'leave' } } });
  await assert.rejects(nobody, /400.*names the phone/);
});

test('a phone joins by link, asks to where it must, is approved by another phone, and leaves', async t => {
  const { alice, heard, change, view } = await cast(t);
  const { id } = await alice.sock.groupCreate('Shoal', [`${CARLA}@s.whatsapp.net`]);
  await alice.sock.groupParticipantsUpdate(id, [`${CARLA}@s.whatsapp.net`], 'promote');
  await change(id, CARLA, { type: 'settings', settings: { approval: true } });
  const asked = await change(id, DORA, { type: 'join' });
  assert.equal(asked.pending, true);
  await until(() => heard.requests.length === 1);
  assert.deepEqual(
    (await view(id)).requests.map(one => [one.phone, one.method]),
    [[DORA, 'invite_link']],
  );
  await change(id, DORA, { type: 'cancel' });
  assert.deepEqual((await view(id)).requests, []);
  await change(id, DORA, { type: 'join' });
  await change(id, CARLA, { type: 'reject', members: [DORA] });
  await until(() => heard.requests.at(-1)?.action === 'rejected');
  await change(id, DORA, { type: 'join' });
  await change(id, CARLA, { type: 'approve', members: [DORA] });
  await until(() => heard.people.includes(`add ${DORA}`));
  await change(id, DORA, { type: 'leave' });
  await until(() => heard.stubs('GROUP_PARTICIPANT_LEAVE').length === 1);
  const { inviteCode } = await view(id);
  const reset = await change(id, CARLA, { type: 'reset-invite' });
  assert.notEqual(reset.group.inviteCode, inviteCode);
  await assert.rejects(change(id, DORA, { type: 'join', code: inviteCode }), /410/);
});

test('a phone makes a community, groups in it, links, unlinks and ends it', async t => {
  const { control, alice, heard, change, view } = await cast(t);
  const reef = await control.call('createGroup', {
    body: { by: CARLA, subject: 'Reef', community: { generalChat: true } },
  });
  assert.deepEqual([reef.kind, reef.subgroups.length], ['community', 2]);
  const corals = await control.call('createGroup', {
    body: { by: CARLA, subject: 'Corals', parent: reef.jid, members: [alice.phone] },
  });
  await until(() => heard.joined.length === 3);
  assert.equal((await alice.sock.groupMetadata(corals.jid)).linkedParent, reef.jid);
  const shoal = await control.call('createGroup', { body: { by: CARLA, subject: 'Shoal', members: [DORA] } });
  const linked = await change(reef.jid, CARLA, { type: 'link', groups: [shoal.jid] });
  assert.deepEqual(linked.linked, [{ jid: shoal.jid }]);
  const shown = (await alice.sock.communityFetchLinkedGroups(reef.jid)).linkedGroups;
  assert.deepEqual(shown.map(one => one.subject).sort(), ['Corals', 'General', 'Reef', 'Shoal']);
  const general = reef.subgroups[1] ?? '';
  await change(reef.jid, DORA, { type: 'join-subgroup', group: general });
  assert.equal((await view(general)).members.length, 2);
  await change(reef.jid, CARLA, { type: 'unlink', groups: [shoal.jid], removeOrphans: true });
  await until(() => heard.newest('unlink') !== undefined);
  assert.equal((await view(shoal.jid)).parent, undefined);
  // Dora is in the general chat too, so the community is still hers.
  assert.equal((await view(reef.jid)).members.length, 3);
  await change(reef.jid, CARLA, { type: 'deactivate' });
  await until(() => heard.newest('delete') !== undefined);
  await assert.rejects(view(reef.jid), /404/);
});

test('a phone sets the picture of a group, and linked devices hear of it and fetch it', async t => {
  const { control, alice, heard, change } = await cast(t);
  const { id } = await alice.sock.groupCreate('Shoal', [`${CARLA}@s.whatsapp.net`]);
  const where = { params: { group: id }, query: { by: CARLA } };
  const image = Buffer.from('a picture of a fish');
  const set = await control.call('setGroupPicture', { ...where, bytes: image });
  await until(() => heard.stubs('GROUP_CHANGE_ICON').some(([picture]) => picture === set.picture));
  const url = await alice.sock.profilePictureUrl(id, 'image');
  const fetched = Buffer.from(await (await fetch(url ?? '')).arrayBuffer());
  assert.deepEqual(fetched, image);
  const content = [
    { tag: 'picture', attrs: { jid: id, type: 'preview' } },
    { tag: 'picture', attrs: { jid: '120363000000000000@g.us', type: 'preview' } },
  ];
  const many = await ask(alice.sock, 'get', '@g.us', { tag: 'pictures', attrs: {}, content });
  assert.deepEqual(
    childrenOf(many).map(one => one.attrs.id ?? one.attrs.status),
    [set.picture, '204'],
  );
  await control.call('removeGroupPicture', where);
  assert.equal(await refusal(alice.sock.profilePictureUrl(id)), 404);
  await change(id, alice.phone, { type: 'settings', settings: { locked: true } });
  await assert.rejects(control.call('setGroupPicture', { ...where, bytes: image }), /403 forbidden/);
});

test('the picture of a group is gone with the group', async t => {
  const { server, control } = await cast(t);
  const { jid } = await control.call('createGroup', { body: { by: CARLA, subject: 'Choir' } });
  const bytes = Buffer.from('a picture of a choir');
  const where = { params: { group: jid }, query: { by: CARLA } };
  const { picture } = await control.call('setGroupPicture', { ...where, bytes });
  const url = `${server.controlUrl}/pictures/${picture}`;
  assert.equal((await fetch(url)).status, 200);
  await control.call('changeGroup', {
    params: { group: jid },
    body: { by: CARLA, change: { type: 'leave' } },
  });
  assert.equal((await fetch(url)).status, 404);
});

test('a community has room for 100 groups besides its announcements', async t => {
  const { control } = await cast(t);
  const reef = await control.call('createGroup', { body: { by: CARLA, subject: 'Reef', community: {} } });
  const more = (n: number) =>
    control.call('createGroup', { body: { by: CARLA, subject: `Coral ${n}`, parent: reef.jid } });
  for (let n = 1; n <= 100; n++) await more(n);
  await assert.rejects(more(101), /406/);
  const loose = await control.call('createGroup', { body: { by: CARLA, subject: 'Shoal' } });
  const linked = await control.call('changeGroup', {
    params: { group: reef.jid },
    body: { by: CARLA, change: { type: 'link', groups: [loose.jid] } },
  });
  assert.deepEqual(linked.linked, [{ jid: loose.jid, error: '406' }]);
});

test('who watches the world sees what happens in groups', async t => {
  const { control, alice, change } = await cast(t);
  const events = await control.events({ after: 0, kinds: ['group'] });
  const { id } = await alice.sock.groupCreate('Shoal', [`${CARLA}@s.whatsapp.net`]);
  await alice.sock.groupSettingUpdate(id, 'announcement');
  await change(id, alice.phone, { type: 'add', members: [DORA] });
  const seen: unknown[] = [];
  for await (const event of events) {
    const { seq: _seq, at: _at, ...rest } = event;
    seen.push(rest);
    if (seen.length === 3) break;
  }
  const common = { kind: 'group', group: id, by: alice.phone };
  assert.deepEqual(seen, [
    { ...common, change: 'create' },
    { ...common, change: 'announcement' },
    { ...common, change: 'add', people: [DORA] },
  ]);
});

test('a number that is given up leaves its groups, and everybody hears of it', async t => {
  const { control, alice, heard } = await cast(t);
  await alice.sock.groupCreate('Shoal', [`${CARLA}@s.whatsapp.net`]);
  await control.call('removePhone', { params: { phone: CARLA } });
  await until(() => heard.stubs('GROUP_PARTICIPANT_LEAVE').length === 1);
});

test('a person who takes another number is in their groups with it, and everybody hears of it', async t => {
  const { server, control, alice, heard } = await cast(t);
  const [bob] = await linkedClients(t, server, { count: 1 });
  assert.ok(bob);
  const { id } = await alice.sock.groupCreate('Shoal', [pn(bob)]);
  await control.call('changeNumber', { params: { phone: bob.phone }, body: { to: '15559999' } });
  await until(() => heard.newest('modify') !== undefined);
  const told = heard.notifications.at(-1);
  assert.equal(told?.attrs.participant, lidOf(bob));
  const { participants } = await alice.sock.groupMetadata(id);
  const now = participants.at(-1);
  assert.equal(now?.phoneNumber, '15559999@s.whatsapp.net');
  assert.deepEqual(heard.stubs('GROUP_PARTICIPANT_CHANGE_NUMBER'), [[now.id]]);
  await until(() => bob.closes.includes(401), { what: 'the linked device is logged out' });
  await assert.rejects(
    control.call('changeNumber', { params: { phone: '15559999' }, body: { to: alice.phone } }),
    /409/,
  );
});

test('what groups are and wait for survives a restart of the simulator', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'groups-'));
  const running: { stop(): Promise<void> }[] = [];
  t.after(async () => {
    for (const one of running) await one.stop();
    await rm(folder, { recursive: true });
  });
  const stateFile = join(folder, 'state.json');
  const start = async () => {
    const server = await simulator(t, { stateFile });
    running.push(server);
    return server;
  };
  const first = await start();
  const made = async (body: Given<'createGroup'>['body']) => first.control.call('createGroup', { body });
  for (const phone of [CARLA, DORA]) await first.control.createPhone({ phone });
  const community = await made({ by: CARLA, subject: 'Reef', community: {}, description: 'all' });
  const settings = { approval: true, ephemeral: 86_400 };
  const group = await made({ by: CARLA, subject: 'Corals', parent: community.jid, settings });
  const change = (change: Change, by: string) =>
    first.control.call('changeGroup', { params: { group: group.jid }, body: { by, change } });
  await change({ type: 'reset-invite' }, CARLA);
  await change({ type: 'join' }, DORA);
  const before = await first.control.call('groups');
  await first.stop();
  const again = await start();
  const after = await again.control.call('groups');
  assert.deepEqual(after, before);
  const old = { type: 'join', code: group.inviteCode } as const;
  await assert.rejects(
    again.control.call('changeGroup', { params: { group: group.jid }, body: { by: DORA, change: old } }),
    /410/,
  );
});

test('a change on a phone reaches its own linked device as it reaches others', async t => {
  const { alice, heard, change, server } = await cast(t);
  const [bob] = await linkedClients(t, server, { count: 1 });
  assert.ok(bob);
  const bobHeard = watchGroups(bob);
  const { id } = await alice.sock.groupCreate('Shoal', [pn(bob)]);
  await change(id, alice.phone, { type: 'subject', subject: 'Ninho' });
  for (const one of [heard, bobHeard])
    await until(() => one.updates.some(update => update.subject === 'Ninho'));
  const { attrs } = bobHeard.notifications.at(-1) ?? { attrs: {} as Record<string, string> };
  assert.equal(attrs.participant, lidOf(alice));
  assert.equal(childrenOf(bobHeard.notifications.at(-1))[0]?.attrs.s_o, lidOf(alice));
});
