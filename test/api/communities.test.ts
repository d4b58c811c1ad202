// /community over HTTP, with a whole node; what became of it is read from the simulator.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Actor, brief, type Outcome, refusal, results, startActors } from '../support/acting.ts';

interface Subgroup {
  readonly group_id: string;
  readonly name: string;
  readonly owner: string;
  readonly owner_lid: string;
  readonly participant_count: number;
  readonly is_announcements: boolean;
}

test('communities', async t => {
  const { node, actors } = await startActors(t, 4);
  const [ana, bruno, carla, outsider] = actors as [Actor, Actor, Actor, Actor];
  const { simulator } = node;
  const state = (group: string) => simulator.call('group', { params: { group } });
  const phones = async (group: string) => (await state(group)).members.map(({ phone }) => phone);
  const make = async (title: string, more: object = {}) =>
    results(await ana.post<{ community_id: string }>('/community', { title, ...more })).community_id;
  const subgroups = async (who: Actor, community_id: string) =>
    results(await who.get<Subgroup[]>('/community/groups', { community_id }));
  const makeGroup = async (community_id: string, title: string, ...members: readonly Actor[]) =>
    results(
      await ana.post<{ group_id: string }>('/community/groups', {
        community_id,
        title,
        participants: members.map(({ phone }) => phone),
      }),
    ).group_id;

  await t.test('one is made with its announcements, a general chat and its settings', async () => {
    const answer = await ana.post<{ community_id: string }>('/community', {
      title: ' Sea ',
      description: 'All of it',
      general_chat: true,
      members_create_groups: true,
    });
    const community = results(answer).community_id;
    assert.equal(answer.body.message, `Success created community with id ${community}`);
    const made = await state(community);
    assert.deepEqual(
      [made.kind, made.subject, made.description?.text, made.settings.defaultApproval],
      ['community', 'Sea', 'All of it', true],
    );
    assert.equal(made.settings.nonAdminSubgroups, true);
    const [announcements, general] = await subgroups(ana, community);
    assert.deepEqual(
      [announcements?.is_announcements, announcements?.name, announcements?.owner, announcements?.owner_lid],
      [true, 'Sea', ana.number, ana.bareLid],
    );
    assert.deepEqual(
      [general?.is_announcements, general?.name, general?.participant_count],
      [false, 'General', 1],
    );
    const mine = results(await ana.get<{ data: Record<string, unknown>[] }>('/user/my/communities')).data;
    assert.deepEqual(
      mine.map(one => [one.JID, one.IsParent, one.DefaultMembershipApprovalMode]),
      [[community, true, 'request_required']],
    );
    const plain = await state(await make('Plain', { join_approval: false, description: '' }));
    assert.deepEqual(
      [plain.description, plain.settings.defaultApproval, plain.settings.nonAdminSubgroups],
      [undefined, false, false],
    );
    const info = results(
      await ana.get<Record<string, unknown>>('/group/info', { group_id: announcements?.group_id ?? '' }),
    );
    assert.deepEqual([info.LinkedParentJID, info.IsDefaultSubGroup], [community, true]);
  });

  await t.test('groups are made in it, linked to it and taken out of it', async () => {
    const community = await make('Links');
    const made = await makeGroup(community, 'Inside', bruno);
    assert.deepEqual([(await state(made)).parent, await phones(made)], [community, [ana.phone, bruno.phone]]);
    assert.ok((await phones(community)).includes(bruno.phone));
    const { group_id: plain } = results(
      await ana.post<{ group_id: string }>('/group', { title: 'Plain', participants: [carla.phone] }),
    );
    const link = (path: string, ...group_ids: readonly string[]) =>
      ana.post<{ group_id: string; status: string; message: string }[]>(`/community/groups/${path}`, {
        community_id: community,
        group_ids,
        remove_orphaned_members: true,
      });
    const nowhere = '120363999999999999@g.us';
    const linked = results(await link('link', plain, made, nowhere));
    assert.deepEqual(
      linked.map(one => [one.group_id, one.status]),
      [
        [plain, 'success'],
        [made, 'error'],
        [nowhere, 'error'],
      ],
    );
    assert.match(linked[1]?.message ?? '', /it is in a community already \(409\)$/);
    assert.equal((await state(plain)).parent, community);
    assert.ok((await phones(community)).includes(carla.phone));
    assert.deepEqual(
      (await subgroups(bruno, community)).map(({ name }) => name),
      ['Links', 'Inside', 'Plain'],
    );
    const parted = results(await link('unlink', plain, nowhere));
    assert.deepEqual(
      parted.map(one => one.status),
      ['success', 'error'],
    );
    assert.equal((await state(plain)).parent, undefined);
    assert.ok(!(await phones(community)).includes(carla.phone), 'was in it for that group alone');
    assert.deepEqual(
      refusal(await bruno.post('/community/groups/link', { community_id: community, group_ids: [plain] })),
      [403, 'WA_FORBIDDEN'],
    );
    assert.deepEqual(refusal(await outsider.get('/community/groups', { community_id: community })), [
      403,
      'WA_FORBIDDEN',
    ]);
    assert.deepEqual(refusal(await ana.get('/community/groups', { community_id: plain })), [
      422,
      'WA_BAD_REQUEST',
    ]);
  });

  await t.test('people come in by its link, join its groups or ask to, and leave all of it', async () => {
    const community = await make('Paths', { join_approval: false });
    const free = await makeGroup(community, 'Free');
    results(await ana.post('/community/join-approval', { community_id: community, enabled: true }));
    const guarded = await makeGroup(community, 'Guarded');
    const { invite_link: link } = results(
      await ana.get<{ invite_link: string }>('/community/invite-link', { community_id: community }),
    );
    assert.deepEqual(results(await bruno.post('/group/join-with-link', { link })), {
      group_id: community,
      pending: false,
    });
    const join = (group_id: string) =>
      bruno.post<{ pending: boolean }>('/community/groups/join', { community_id: community, group_id });
    assert.deepEqual(results(await join(free)), { group_id: free, pending: false });
    assert.deepEqual(results(await join(guarded)), { group_id: guarded, pending: true });
    assert.deepEqual(refusal(await join(free)), [409, 'WA_CONFLICT']);
    assert.ok((await phones(free)).includes(bruno.phone));
    const listed = results(
      await ana.get<{ participants: { jid: string; lid: string }[] }>('/community/participants', {
        community_id: community,
      }),
    ).participants;
    assert.deepEqual(listed.map(({ jid, lid }) => `${jid} ${lid}`).sort(), [
      `${ana.number} ${ana.bareLid}`,
      `${bruno.number} ${bruno.bareLid}`,
    ]);
    results(await bruno.post('/community/leave', { community_id: community }));
    assert.deepEqual([await phones(community), await phones(free)], [[ana.phone], [ana.phone]]);
    assert.deepEqual(refusal(await bruno.post('/community/leave', { community_id: community })), [
      403,
      'WA_FORBIDDEN',
    ]);
  });

  await t.test('people are added, made admins and removed from everything', async () => {
    const community = await make('People');
    const group = await makeGroup(community, 'Inside', bruno);
    const change = async (path: string, who: Actor) =>
      brief(
        results(
          await ana.post<Outcome[]>(`/community/participants${path}`, {
            community_id: community,
            participants: [who.phone],
          }),
        ),
      );
    assert.deepEqual(await change('', carla), [[carla.phone, 'success']]);
    assert.deepEqual(await change('/promote', bruno), [[bruno.phone, 'success']]);
    const [announcements] = await subgroups(ana, community);
    const role = (await state(announcements?.group_id ?? '')).members.find(one => one.phone === bruno.phone);
    assert.equal(role?.role, 'admin');
    assert.deepEqual(await change('/demote', bruno), [[bruno.phone, 'success']]);
    assert.deepEqual(await change('/remove', bruno), [[bruno.phone, 'success']]);
    assert.deepEqual(
      [await phones(group), (await phones(community)).includes(bruno.phone)],
      [[ana.phone], false],
    );
    assert.deepEqual(await change('/promote', outsider), [[outsider.phone, 'error']]);
  });

  await t.test('its settings are set, and its name and topic as those of a group', async () => {
    const community_id = await make('Settings');
    for (const enabled of [true, false]) {
      results(await ana.post('/community/members-create-groups', { community_id, enabled }));
      results(await ana.post('/community/join-approval', { community_id, enabled }));
      const { nonAdminSubgroups, defaultApproval } = (await state(community_id)).settings;
      assert.deepEqual([nonAdminSubgroups, defaultApproval], [enabled, enabled]);
    }
    results(await ana.post('/group/name', { group_id: community_id, name: 'Renamed' }));
    results(await ana.post('/group/topic', { group_id: community_id, topic: 'Described' }));
    const { subject, description } = await state(community_id);
    assert.deepEqual([subject, description?.text], ['Renamed', 'Described']);
    assert.deepEqual(
      refusal(await outsider.post('/community/join-approval', { community_id, enabled: true })),
      [403, 'WA_FORBIDDEN'],
    );
    const wrong = await ana.post<{ field: string }>('/community/leave', { community_id: bruno.number });
    assert.deepEqual([...refusal(wrong), wrong.body.results?.field], [400, 'INVALID_JID', 'community_id']);
  });

  await t.test('one that is deactivated leaves its groups behind', async () => {
    const community_id = await make('Ending');
    const group = await makeGroup(community_id, 'Staying', bruno);
    assert.deepEqual(refusal(await bruno.post('/community/deactivate', { community_id })), [
      403,
      'WA_FORBIDDEN',
    ]);
    results(await ana.post('/community/deactivate', { community_id }));
    assert.equal((await state(group)).parent, undefined);
    await assert.rejects(state(community_id), /404/);
    assert.deepEqual(refusal(await ana.get('/group/info', { group_id: community_id })), [
      404,
      'WA_NOT_FOUND',
    ]);
  });
});
