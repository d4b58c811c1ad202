// People whose privacy lets nobody add them: they are invited in person (a GroupInviteMessage, "v4").
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { type BinaryNode, proto } from '@whiskeysockets/baileys';
import { until } from '../support/until.ts';
import { linkedClients, simulator, tameClients } from './client.ts';
import { ask, childrenOf, refusal, watchGroups } from './group-events.ts';
import { lidOf, pn } from './jids.ts';

tameClients();

/** A group of alice and bob; carla, whom nobody may add, is invited by alice. */
async function invited(t: TestContext, addressing: 'lid' | 'pn' = 'lid') {
  const server = await simulator(t, { groupAddressing: addressing });
  const [alice, bob, carla] = await linkedClients(t, server, { count: 3 });
  assert.ok(alice && bob && carla);
  await carla.sock.updateGroupsAddPrivacy('none' as never);
  const heard = { alice: watchGroups(alice), bob: watchGroups(bob), carla: watchGroups(carla) };
  const { id } = await alice.sock.groupCreate('Shoal', [pn(bob)]);
  const [result] = await alice.sock.groupParticipantsUpdate(id, [pn(carla)], 'add');
  const request = childrenOf(result?.content as BinaryNode)[0];
  const { code = '', expiration = '' } = request?.attrs ?? {};
  const invitation = proto.Message.GroupInviteMessage.fromObject({
    groupJid: id,
    inviteCode: code,
    inviteExpiration: Number(expiration),
    groupName: 'Shoal',
  });
  return { server, alice, bob, carla, id, heard, result, request, code, expiration, invitation };
}

for (const addressing of ['lid', 'pn'] as const) {
  test(`who may not be added is invited in person, sees the group and comes in (${addressing})`, async t => {
    const { server, alice, carla, id, heard, result, request, code, expiration, invitation } = await invited(
      t,
      addressing,
    );
    assert.deepEqual([result?.status, request?.tag], ['403', 'add_request']);
    assert.ok(Number(expiration) > Date.now() / 1000);
    assert.equal(await refusal(carla.sock.groupMetadata(id)), 403);
    const attrs = { code, expiration, admin: pn(alice) };
    const query = { tag: 'query', attrs: {}, content: [{ tag: 'add_request', attrs }] };
    assert.equal((await ask(carla.sock, 'get', id, query))?.attrs.subject, 'Shoal');
    assert.equal(await carla.sock.groupAcceptInviteV4(pn(alice), invitation), id);
    await until(() => heard.carla.joined.length === 1);
    await until(() => heard.bob.people.includes(`add ${carla.phone}`));
    assert.equal((await alice.sock.groupMetadata(id)).size, 3);
    // It is used up.
    await carla.sock.groupLeave(id);
    assert.equal(await refusal(carla.sock.groupAcceptInviteV4(pn(alice), invitation)), 410);
    const { undecryptable } = await server.get<{ undecryptable: number }>('/admin/ledger');
    assert.equal(undecryptable, 0);
  });
}

test('a creation tells of whom it could not add, with their invitations', async t => {
  const { alice, carla } = await invited(t);
  const content = [{ tag: 'participant', attrs: { jid: lidOf(carla) } }];
  const group = await ask(alice.sock, 'set', '@g.us', { tag: 'create', attrs: { subject: 'Reef' }, content });
  const people = childrenOf(group).filter(one => one.tag === 'participant');
  assert.deepEqual(
    people.map(one => [one.attrs.error, childrenOf(one)[0]?.tag]),
    [
      [undefined, undefined],
      ['403', 'add_request'],
    ],
  );
});

test('an invitation in person is for that person alone, for three days, and until it is taken back', async t => {
  const { server, alice, bob, carla, id, invitation } = await invited(t);
  const [dora] = await linkedClients(t, server, { count: 1 });
  assert.ok(dora);
  assert.equal(await refusal(dora.sock.groupAcceptInviteV4(pn(alice), invitation)), 410);
  assert.equal(await refusal(carla.sock.groupAcceptInviteV4(pn(bob), invitation)), 410);
  assert.equal(await refusal(bob.sock.groupRevokeInviteV4(id, pn(carla))), 403);
  assert.equal(await alice.sock.groupRevokeInviteV4(id, pn(carla)), true);
  assert.equal(await refusal(carla.sock.groupAcceptInviteV4(pn(alice), invitation)), 410);

  const [again] = await alice.sock.groupParticipantsUpdate(id, [pn(carla)], 'add');
  const { code, expiration } = childrenOf(again?.content as BinaryNode)[0]?.attrs ?? {};
  const fresh = proto.Message.GroupInviteMessage.fromObject({
    groupJid: id,
    inviteCode: code,
    inviteExpiration: Number(expiration),
  });
  await server.control.call('setClock', { body: { advanceMs: 4 * 24 * 3_600_000 } });
  assert.equal(await refusal(carla.sock.groupAcceptInviteV4(pn(alice), fresh)), 410);
});

test('a phone that is invited in person comes in', async t => {
  const { server, alice, carla, id, heard } = await invited(t);
  const change = (by: string, wanted: { type: 'accept' }) =>
    server.control.call('changeGroup', { params: { group: id }, body: { by, change: wanted } });
  const { invites } = await server.control.call('group', { params: { group: id } });
  assert.deepEqual(
    invites.map(one => [one.phone, one.by]),
    [[carla.phone, alice.phone]],
  );
  await change(carla.phone, { type: 'accept' });
  await until(() => heard.bob.people.includes(`add ${carla.phone}`));
  await assert.rejects(change(carla.phone, { type: 'accept' }), /404/);
});
