import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { until } from '../support/until.ts';
import { linkedClients, simulator, tameClients } from './client.ts';
import { ask, childrenOf, refusal, watchGroups } from './group-events.ts';
import { lidOf, pn } from './jids.ts';

tameClients();

/** A group of alice and bob; carla is not in it. All are heard. */
async function trio(t: TestContext, addressing: 'lid' | 'pn' = 'lid') {
  const server = await simulator(t, { groupAddressing: addressing });
  const [alice, bob, carla] = await linkedClients(t, server, { count: 3 });
  assert.ok(alice && bob && carla);
  const heard = { alice: watchGroups(alice), bob: watchGroups(bob), carla: watchGroups(carla) };
  const { id } = await alice.sock.groupCreate('Shoal', [pn(bob)]);
  await until(() => heard.bob.joined.length === 1);
  return { server, alice, bob, carla, id, heard };
}

for (const addressing of ['lid', 'pn'] as const) {
  test(`whoever has the link sees the group, joins it, and everybody hears of it (${addressing})`, async t => {
    const { alice, carla, id, heard } = await trio(t, addressing);
    const code = await alice.sock.groupInviteCode(id);
    assert.match(code ?? '', /^[A-Za-z0-9]{22}$/);
    const info = await carla.sock.groupGetInviteInfo(code ?? '');
    assert.deepEqual([info.id, info.subject, info.size], [id, 'Shoal', 2]);
    assert.equal(await carla.sock.groupAcceptInvite(code ?? ''), id);
    await until(() => heard.carla.joined.length === 1);
    assert.equal(heard.carla.newest('create')?.attrs.reason, 'invite');
    await until(() => heard.bob.people.includes(`add ${carla.phone}`));
    assert.equal(heard.bob.newest('add')?.attrs.reason, 'invite');
    assert.equal((await carla.sock.groupMetadata(id)).size, 3);
    assert.equal(await refusal(carla.sock.groupAcceptInvite(code ?? '')), 409);
  });

  test(`an admin approves and rejects those who want to come in (${addressing})`, async t => {
    const { server, alice, bob, carla, id, heard } = await trio(t, addressing);
    const [dora] = await linkedClients(t, server, { count: 1 });
    assert.ok(dora);
    const form = addressing === 'lid' ? lidOf : pn;
    const doraHeard = watchGroups(dora);
    await alice.sock.groupJoinApprovalMode(id, 'on');
    const code = (await alice.sock.groupInviteCode(id)) ?? '';
    const answer = await ask(carla.sock, 'set', '@g.us', { tag: 'invite', attrs: { code } });
    assert.deepEqual([answer?.tag, answer?.attrs.jid], ['membership_approval_request', id]);
    assert.equal(await refusal(carla.sock.groupMetadata(id)), 403);
    await dora.sock.groupAcceptInvite(code);
    await until(() => heard.alice.requests.length === 2);
    assert.deepEqual(heard.alice.requests[0], {
      participant: form(carla),
      action: 'created',
      method: 'invite_link',
    });
    assert.equal(childrenOf(heard.alice.newest('created_membership_requests'))[0]?.tag, 'requested_user');

    const waiting = await alice.sock.groupRequestParticipantsList(id);
    assert.deepEqual(
      waiting.map(one => [one.jid, one.request_method]),
      [
        [form(carla), 'invite_link'],
        [form(dora), 'invite_link'],
      ],
    );
    assert.ok(Math.abs(Number(waiting[0]?.request_time) - Date.now() / 1000) < 300);
    assert.equal(await refusal(bob.sock.groupRequestParticipantsList(id)), 403);
    assert.equal(await refusal(bob.sock.groupRequestParticipantsUpdate(id, [pn(carla)], 'approve')), 403);

    const approved = await alice.sock.groupRequestParticipantsUpdate(id, [form(carla)], 'approve');
    assert.deepEqual(approved, [{ status: '200', jid: form(carla) }]);
    await until(() => heard.carla.joined.length === 1, { what: 'the group, for who was approved' });
    await until(() => heard.bob.people.includes(`add ${carla.phone}`));

    await alice.sock.groupRequestParticipantsUpdate(id, [form(dora)], 'reject');
    await until(() => heard.alice.requests.at(-1)?.action === 'rejected');
    await until(() => doraHeard.newest('revoked_membership_requests') !== undefined);
    assert.deepEqual(await alice.sock.groupRequestParticipantsList(id), []);
    const again = await alice.sock.groupRequestParticipantsUpdate(id, [form(dora)], 'approve');
    assert.deepEqual(again, [{ status: '404', jid: form(dora) }]);
    // Only admins hear of requests.
    assert.deepEqual(heard.bob.requests, []);
  });
}

test('a link that was reset is gone, and one that never was is not acceptable', async t => {
  const { alice, bob, carla, id, heard } = await trio(t);
  const old = (await alice.sock.groupInviteCode(id)) ?? '';
  const fresh = await alice.sock.groupRevokeInvite(id);
  assert.notEqual(fresh, old);
  await until(() => heard.bob.updates.some(update => update.inviteCode === fresh));
  assert.equal(await refusal(carla.sock.groupGetInviteInfo(old)), 410);
  assert.equal(await refusal(carla.sock.groupAcceptInvite(old)), 410);
  assert.equal(await refusal(carla.sock.groupGetInviteInfo('nonsense')), 406);
  assert.equal(await refusal(carla.sock.groupAcceptInvite('nonsense')), 406);
  assert.equal(await carla.sock.groupAcceptInvite(fresh ?? ''), id);
  assert.equal(await refusal(bob.sock.groupRevokeInvite(id)), 401);
});

test('who sees the link is a setting', async t => {
  const { alice, bob, carla, id } = await trio(t);
  assert.equal(await refusal(bob.sock.groupInviteCode(id)), 401);
  assert.equal(await refusal(carla.sock.groupInviteCode(id)), 403);
  assert.equal(await refusal(alice.sock.groupInviteCode('120363000000000000@g.us')), 404);
  await ask(alice.sock, 'set', id, { tag: 'member_link_mode', attrs: {}, content: 'all_member_link' });
  assert.equal(await bob.sock.groupInviteCode(id), await alice.sock.groupInviteCode(id));
});

test('whom an admin has removed does not come back by link, but when somebody adds them', async t => {
  const { alice, bob, id, heard } = await trio(t);
  const code = (await alice.sock.groupInviteCode(id)) ?? '';
  await alice.sock.groupParticipantsUpdate(id, [pn(bob)], 'remove');
  assert.equal(await refusal(bob.sock.groupAcceptInvite(code)), 405);
  await alice.sock.groupParticipantsUpdate(id, [pn(bob)], 'add');
  await until(() => heard.bob.joined.length === 2);
  await bob.sock.groupLeave(id);
  assert.equal(await bob.sock.groupAcceptInvite(code), id);
});

test('whoever has asked to come in takes it back', async t => {
  const { alice, carla, id, heard } = await trio(t);
  await alice.sock.groupJoinApprovalMode(id, 'on');
  await carla.sock.groupAcceptInvite((await alice.sock.groupInviteCode(id)) ?? '');
  const content = [{ tag: 'participant', attrs: { jid: lidOf(carla) } }];
  const cancel = { tag: 'cancel_membership_requests', attrs: {}, content };
  assert.equal(await refusal(ask(alice.sock, 'set', id, cancel)), 403);
  await ask(carla.sock, 'set', id, cancel);
  await until(() => heard.alice.requests.at(-1)?.action === 'revoked');
  assert.deepEqual(await alice.sock.groupRequestParticipantsList(id), []);
});

test('where newcomers are approved, what a member adds is a request', async t => {
  const { alice, bob, carla, id, heard } = await trio(t);
  await alice.sock.groupJoinApprovalMode(id, 'on');
  const [result] = await bob.sock.groupParticipantsUpdate(id, [pn(carla)], 'add');
  assert.equal(result?.status, '202');
  await until(() => heard.alice.newest('created_membership_requests') !== undefined);
  const news = heard.alice.newest('created_membership_requests');
  assert.equal(news?.attrs.request_method, 'non_admin_add');
  const [waiting] = await alice.sock.groupRequestParticipantsList(id);
  assert.deepEqual([waiting?.jid, waiting?.requestor], [lidOf(carla), lidOf(bob)]);
  await alice.sock.groupRequestParticipantsUpdate(id, [lidOf(carla)], 'approve');
  await until(() => heard.carla.joined.length === 1);
});

test('nobody joins by link while the server has locked it, and nothing changes in a suspended group', async t => {
  const { server, alice, carla, id, heard } = await trio(t);
  const code = (await alice.sock.groupInviteCode(id)) ?? '';
  const act = (change: object) => server.post(`/admin/groups/${id}/change`, { change });
  const lockedUntil = Math.floor(Date.now() / 1000) + 3_600;
  await act({ type: 'growth-lock', until: lockedUntil });
  await until(() => heard.bob.newest('growth_locked')?.attrs.expiration === String(lockedUntil));
  assert.equal(await refusal(carla.sock.groupAcceptInvite(code)), 436);
  await act({ type: 'growth-lock', until: 0 });
  await until(() => heard.bob.newest('growth_unlocked') !== undefined);
  await act({ type: 'suspend' });
  await until(() => heard.bob.newest('suspended') !== undefined);
  assert.equal(await refusal(carla.sock.groupAcceptInvite(code)), 423);
  assert.equal(await refusal(alice.sock.groupUpdateSubject(id, 'more')), 423);
  await act({ type: 'suspend', suspended: false });
  await until(() => heard.bob.newest('unsuspended') !== undefined);
  assert.equal(await carla.sock.groupAcceptInvite(code), id);
});

test('a group that the server ends is gone for everybody', async t => {
  const { server, alice, bob, id, heard } = await trio(t);
  await server.post(`/admin/groups/${id}/change`, { change: { type: 'end', reason: 'abuse' } });
  await until(() => heard.bob.newest('delete')?.attrs.reason === 'abuse');
  assert.equal(await refusal(alice.sock.groupMetadata(id)), 404);
  assert.deepEqual(await bob.sock.groupFetchAllParticipating(), {});
});
