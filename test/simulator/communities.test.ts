import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { BinaryNode } from '@whiskeysockets/baileys';
import baileysLogger from '@whiskeysockets/baileys/lib/Utils/logger.js';
import { until } from '../support/until.ts';
import { type Client, linkedClients, simulator, tameClients } from './client.ts';
import { ask, childrenOf, refusal, watchGroups } from './group-events.ts';
import { lidOf, pn } from './jids.ts';

tameClients();
// Its functions about communities print what they get, whatever logger the socket has.
baileysLogger.level = 'silent';

/** A community that alice made; bob and carla are not in it. All are heard. */
async function community(t: TestContext, addressing: 'lid' | 'pn' = 'lid') {
  const server = await simulator(t, { groupAddressing: addressing });
  const [alice, bob, carla] = await linkedClients(t, server, { count: 3 });
  assert.ok(alice && bob && carla);
  const heard = { alice: watchGroups(alice), bob: watchGroups(bob), carla: watchGroups(carla) };
  const made = await alice.sock.communityCreate('Reef', 'all of us');
  assert.ok(made);
  return { server, alice, bob, carla, id: made.id, made, heard };
}

const linkedOf = async (one: Client, id: string) =>
  (await one.sock.communityFetchLinkedGroups(id)).linkedGroups.map(group => group.subject);

/** The raw nodes of the community's groups. */
const subgroups = async (one: Client, id: string): Promise<BinaryNode[]> =>
  childrenOf(await ask(one.sock, 'get', id, { tag: 'sub_groups', attrs: {} }));

const announcements = async (one: Client, id: string): Promise<string> => {
  const [first] = await subgroups(one, id);
  assert.equal(childrenOf(first)[0]?.tag, 'default_sub_group');
  return first?.attrs.jid ?? '';
};

for (const addressing of ['lid', 'pn'] as const) {
  test(`a community comes with its announcements and a general chat (${addressing})`, async t => {
    const { alice, id, made, heard } = await community(t, addressing);
    assert.deepEqual([made.subject, made.desc, made.isCommunity], ['Reef', 'all of us', true]);
    await until(() => heard.alice.joined.length === 3, { what: 'the community and two groups' });
    const { communityJid, isCommunity, linkedGroups } = await alice.sock.communityFetchLinkedGroups(id);
    assert.deepEqual([communityJid, isCommunity], [id, true]);
    assert.deepEqual(
      linkedGroups.map(group => [group.subject, group.size]),
      [
        ['Reef', 1],
        ['General', 1],
      ],
    );
    const told = await alice.sock.groupMetadata(await announcements(alice, id));
    assert.deepEqual(
      [told.linkedParent, told.isCommunityAnnounce, told.announce, told.isCommunity],
      [id, true, true, false],
    );
    const parent = await ask(alice.sock, 'get', id, { tag: 'query', attrs: { request: 'interactive' } });
    const node = childrenOf(parent).find(one => one.tag === 'parent');
    assert.equal(node?.attrs.default_membership_approval_mode, 'request_required');
    // Baileys reads a community under another name than a group.
    const seen = await alice.sock.communityMetadata(id);
    assert.deepEqual([seen.id, seen.subject, seen.isCommunity], [id, 'Reef', true]);
    const all = await alice.sock.communityFetchAllParticipating();
    assert.deepEqual(Object.keys(all), [id]);
    assert.equal(Object.keys(await alice.sock.groupFetchAllParticipating()).length, 3);
  });

  test(`a group made in a community brings its people into it (${addressing})`, async t => {
    const { alice, bob, id, heard } = await community(t, addressing);
    const made = await alice.sock.communityCreateGroup('Corals', [pn(bob)], id);
    assert.ok(made);
    assert.deepEqual([made.linkedParent, made.size], [id, 2]);
    // The group, the community and its announcements; not the general chat.
    await until(() => heard.bob.joined.length === 3);
    assert.deepEqual(heard.bob.joined.map(one => one.subject).sort(), ['Corals', 'Reef', 'Reef']);
    await until(() => heard.alice.newest('link') !== undefined);
    const links = heard.bob.notifications.flatMap(one =>
      childrenOf(one)
        .filter(child => child.tag === 'link')
        .map(child => [one.attrs.from, child.attrs.link_type, childrenOf(child)[0]?.attrs.jid]),
    );
    assert.deepEqual(links, [
      [made.id, 'parent_group', id],
      [id, 'sub_group', made.id],
    ]);
    const people = childrenOf(
      await ask(bob.sock, 'get', id, { tag: 'linked_groups_participants', attrs: {} }),
    );
    const form = addressing === 'lid' ? lidOf : pn;
    assert.deepEqual(people.map(one => one.attrs.jid).sort(), [form(alice), form(bob)].sort());
  });

  test(`a group is linked to a community and unlinked from it (${addressing})`, async t => {
    const { alice, bob, id, heard } = await community(t, addressing);
    const { id: group } = await alice.sock.groupCreate('Shoal', [pn(bob)]);
    await alice.sock.communityLinkGroup(group, id);
    assert.deepEqual(await linkedOf(alice, id), ['Reef', 'General', 'Shoal']);
    await until(() => heard.bob.newest('link') !== undefined);
    assert.equal((await bob.sock.groupMetadata(group)).linkedParent, id);
    assert.equal((await bob.sock.groupMetadata(id)).size, 2);
    const fromGroup = await bob.sock.communityFetchLinkedGroups(group);
    assert.deepEqual([fromGroup.communityJid, fromGroup.isCommunity], [id, false]);
    // The general chat hears of its new sibling.
    const sibling = heard.alice.notifications.find(
      one => childrenOf(one)[0]?.attrs.link_type === 'sibling_group',
    );
    assert.equal(childrenOf(childrenOf(sibling)[0])[0]?.attrs.jid, group);

    await alice.sock.communityUnlinkGroup(group, id);
    await until(() => heard.bob.newest('unlink') !== undefined);
    const news = heard.bob.notifications.flatMap(childrenOf).find(one => one.tag === 'unlink');
    assert.deepEqual([news?.attrs.unlink_type, news?.attrs.unlink_reason], ['parent_group', 'unlink_group']);
    assert.equal((await bob.sock.groupMetadata(group)).linkedParent, undefined);
    assert.deepEqual(await linkedOf(alice, id), ['Reef', 'General']);
    assert.equal((await bob.sock.groupMetadata(id)).size, 2);
  });
}

test('each group that is to be linked or unlinked gets its own answer', async t => {
  const { alice, bob, id } = await community(t);
  const hers = await alice.sock.groupCreate('Hers', []);
  const his = await bob.sock.groupCreate('His', [pn(alice)]);
  const groups = (jids: string[], attrs = {}) =>
    jids.map(jid => ({ tag: 'group', attrs: { jid, ...attrs } }));
  const nowhere = '120363000000000000@g.us';
  const linkNode = (jids: string[]) => ({
    tag: 'links',
    attrs: {},
    content: [{ tag: 'link', attrs: { link_type: 'sub_group' }, content: groups(jids) }],
  });
  const linked = await ask(alice.sock, 'set', id, linkNode([hers.id, his.id, nowhere, id]));
  const errors = (holder: BinaryNode | undefined) => childrenOf(holder).map(one => one.attrs.error);
  assert.deepEqual(errors(childrenOf(linked)[0]), [undefined, '403', '404', '406']);
  const again = await ask(alice.sock, 'set', id, linkNode([hers.id]));
  assert.deepEqual(errors(childrenOf(again)[0]), ['409']);
  const told = await announcements(alice, id);
  const unlinked = await ask(alice.sock, 'set', id, {
    tag: 'unlink',
    attrs: { unlink_type: 'sub_group' },
    content: groups([hers.id, his.id, told]),
  });
  assert.deepEqual(errors(unlinked), [undefined, '404', '406']);
  assert.equal(await refusal(ask(bob.sock, 'set', id, linkNode([his.id]))), 403);
  assert.equal(await refusal(ask(alice.sock, 'set', hers.id, linkNode([his.id]))), 406);
});

test('those who were in a community for one group alone leave with it, where that is asked', async t => {
  const { alice, bob, carla, id, heard } = await community(t);
  const first = await alice.sock.communityCreateGroup('First', [pn(bob), pn(carla)], id);
  await alice.sock.communityCreateGroup('Second', [pn(carla)], id);
  const content = [{ tag: 'group', attrs: { jid: first?.id ?? '', remove_orphaned_members: 'true' } }];
  await ask(alice.sock, 'set', id, { tag: 'unlink', attrs: { unlink_type: 'sub_group' }, content });
  await until(() => heard.bob.people.filter(one => one === `remove ${bob.phone}`).length === 2);
  const { participants } = await alice.sock.groupMetadata(id);
  assert.deepEqual(
    participants.map(one => one.id),
    [lidOf(alice), lidOf(carla)],
  );
  assert.equal((await bob.sock.groupMetadata(first?.id ?? '')).size, 3);
});

test('who is in a community joins its groups, or asks to', async t => {
  const { alice, bob, id, heard } = await community(t);
  const code = (await alice.sock.communityInviteCode(id)) ?? '';
  const info = await bob.sock.communityGetInviteInfo(code);
  assert.deepEqual([info.id, info.subject], [id, 'Reef']);
  assert.equal(await bob.sock.communityAcceptInvite(code), id);
  await until(() => heard.bob.joined.length === 2, { what: 'the community and its announcements' });

  const [, general] = await subgroups(bob, id);
  const jid = general?.attrs.jid ?? '';
  const preview = await ask(bob.sock, 'get', id, { tag: 'query_linked', attrs: { type: 'sub_group', jid } });
  assert.equal(childrenOf(preview)[0]?.attrs.subject, 'General');
  const joined = await ask(bob.sock, 'set', id, { tag: 'join_linked_group', attrs: { jid } });
  assert.deepEqual([joined?.tag, childrenOf(joined)[0]?.attrs.size], ['linked_group', '2']);
  await until(() => heard.bob.joined.length === 3);
  assert.equal(await refusal(ask(bob.sock, 'set', id, { tag: 'join_linked_group', attrs: { jid } })), 409);

  // The community was made so that its groups approve newcomers.
  const made = await alice.sock.communityCreateGroup('Corals', [], id);
  const asked = await ask(bob.sock, 'set', id, { tag: 'join_linked_group', attrs: { jid: made?.id ?? '' } });
  assert.equal(asked?.tag, 'membership_approval_request');
  await until(() => heard.alice.requests.length === 1);
  assert.equal(heard.alice.requests[0]?.method, 'linked_group_join');
  const waiting = await alice.sock.communityRequestParticipantsList(made?.id ?? '');
  assert.deepEqual(
    waiting.map(one => [one.jid, one.parent_group_jid]),
    [[lidOf(bob), id]],
  );
  await alice.sock.communityRequestParticipantsUpdate(made?.id ?? '', [lidOf(bob)], 'approve');
  await until(() => heard.bob.joined.length === 4);
});

test('who leaves a community, or is removed from it, is out of all of its groups', async t => {
  const { alice, bob, carla, id, heard } = await community(t);
  const group = await alice.sock.communityCreateGroup('Corals', [pn(bob), pn(carla)], id);
  await bob.sock.communityLeave(id);
  assert.deepEqual(await bob.sock.groupFetchAllParticipating(), {});
  await until(() => heard.alice.people.filter(one => one === `remove ${bob.phone}`).length === 3);
  const [removed] = await alice.sock.communityParticipantsUpdate(id, [pn(carla)], 'remove');
  assert.equal(removed?.status, '200');
  await until(() => heard.carla.people.filter(one => one === `remove ${carla.phone}`).length === 3);
  assert.equal(await refusal(carla.sock.groupMetadata(group?.id ?? '')), 403);
  assert.equal((await alice.sock.groupMetadata(group?.id ?? '')).size, 1);
});

test("an admin of a community is one of its announcements' too", async t => {
  const { alice, bob, id, heard } = await community(t);
  const code = (await alice.sock.communityInviteCode(id)) ?? '';
  await bob.sock.communityAcceptInvite(code);
  await alice.sock.communityParticipantsUpdate(id, [pn(bob)], 'promote');
  await until(() => heard.bob.newest('linked_group_promote') !== undefined);
  const told = await bob.sock.groupMetadata(await announcements(bob, id));
  assert.deepEqual(
    told.participants.map(one => [one.id, one.admin]),
    [
      [lidOf(alice), 'superadmin'],
      [lidOf(bob), 'admin'],
    ],
  );
});

test('a community that is deactivated leaves its groups behind and is gone', async t => {
  const { alice, bob, id, heard } = await community(t);
  const group = await alice.sock.communityCreateGroup('Corals', [pn(bob)], id);
  const told = await announcements(alice, id);
  assert.equal(await refusal(ask(bob.sock, 'set', id, { tag: 'delete_parent', attrs: {} })), 403);
  await ask(alice.sock, 'set', id, { tag: 'delete_parent', attrs: {} });
  await until(() => heard.bob.notifications.filter(one => childrenOf(one)[0]?.tag === 'delete').length === 2);
  assert.equal(heard.bob.newest('unlink')?.attrs.unlink_reason, 'delete_parent');
  assert.equal(await refusal(bob.sock.groupMetadata(id)), 404);
  assert.equal(await refusal(bob.sock.groupMetadata(told)), 404);
  const left = await bob.sock.groupMetadata(group?.id ?? '');
  assert.deepEqual([left.linkedParent, left.size], [undefined, 2]);
});

test('members make groups in a community where its admins let them', async t => {
  const { alice, bob, id, heard } = await community(t);
  await bob.sock.communityAcceptInvite((await alice.sock.communityInviteCode(id)) ?? '');
  // Baileys makes every community so.
  const mine = await bob.sock.communityCreateGroup('Mine', [], id);
  assert.equal(mine?.linkedParent, id);
  await ask(alice.sock, 'set', id, { tag: 'not_allow_non_admin_sub_group_creation', attrs: {} });
  await until(() => heard.bob.newest('not_allow_non_admin_sub_group_creation') !== undefined);
  assert.equal(await refusal(bob.sock.communityCreateGroup('More', [], id)), 403);
});

test('what a community says and how it is set changes as in any group', async t => {
  const { alice, bob, id, heard } = await community(t);
  await bob.sock.communityAcceptInvite((await alice.sock.communityInviteCode(id)) ?? '');
  await alice.sock.communityUpdateSubject(id, 'Atoll');
  await until(() => heard.bob.updates.some(update => update.subject === 'Atoll'));
  await alice.sock.communityUpdateDescription(id, 'a ring');
  assert.equal((await bob.sock.groupMetadata(id)).desc, 'a ring');
  await alice.sock.communitySettingUpdate(id, 'locked');
  assert.equal(await refusal(bob.sock.communityUpdateSubject(id, 'mine')), 403);
  await alice.sock.communityMemberAddMode(id, 'admin_add');
  await alice.sock.communityJoinApprovalMode(id, 'off');
  const parent = await ask(bob.sock, 'get', id, { tag: 'query', attrs: { request: 'interactive' } });
  const node = childrenOf(parent).find(one => one.tag === 'parent');
  assert.equal(node?.attrs.default_membership_approval_mode, undefined);
  const fresh = await alice.sock.communityRevokeInvite(id);
  await until(() => heard.bob.updates.some(update => update.inviteCode === fresh));
  const told = await announcements(alice, id);
  assert.equal(await refusal(alice.sock.groupSettingUpdate(told, 'not_announcement')), 403);
});

test('WhatsApp Web asks for the groups of a community, and for their sizes, by mex', async t => {
  const { alice, bob, id } = await community(t);
  await alice.sock.communityCreateGroup('Corals', [pn(bob)], id);
  const mex = async (query_id: string, variables: object) => {
    const answer = await alice.sock.query({
      tag: 'iq',
      attrs: { type: 'get', xmlns: 'w:mex', to: '@s.whatsapp.net' },
      content: [{ tag: 'query', attrs: { query_id }, content: Buffer.from(JSON.stringify({ variables })) }],
    });
    const text = childrenOf(answer)[0]?.content as Buffer;
    return JSON.parse(text.toString()).data.xwa2_group_query_by_id;
  };
  const all = await mex('9935467776504344', { group_id: id, query_context: 'INTERACTIVE' });
  assert.equal(all.default_sub_group.id, await announcements(alice, id));
  const names = all.sub_groups.edges.map((one: { node: { subject: { value: string } } }) => one.node.subject);
  assert.deepEqual(
    names.map((one: { value: string }) => one.value),
    ['General', 'Corals'],
  );
  const counts = await mex('24079399904996141', { input: { group_jid: id } });
  const sizes = counts.sub_groups.edges.map(
    (one: { node: { total_participants_count: number } }) => one.node.total_participants_count,
  );
  assert.deepEqual(sizes, [2, 1, 2]);
});
