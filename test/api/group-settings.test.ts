// What groups say and how they are set, and coming in by an invitation in person; over HTTP, with a whole node.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { type Actor, brief, type Outcome, refusal, results, startActors } from '../support/acting.ts';

type Info = Record<string, unknown>;

const labelIn = (message: unknown) =>
  (message as { protocolMessage?: { memberLabel?: { label?: string } } } | undefined)?.protocolMessage
    ?.memberLabel?.label;

test('settings and invitations of groups', async t => {
  const { node, actors } = await startActors(t, 3);
  const [ana, bruno, carla] = actors as [Actor, Actor, Actor];
  const { simulator } = node;
  const state = (group: string) => simulator.call('group', { params: { group } });
  const make = async (title: string, ...members: readonly Actor[]) => {
    const participants = members.map(({ phone }) => phone);
    return results(await ana.post<{ group_id: string }>('/group', { title, participants })).group_id;
  };
  const info = async (group_id: string) => results(await bruno.get<Info>('/group/info', { group_id }));

  await t.test('name and topic are set, replaced and removed', async () => {
    const group_id = await make('Old', bruno);
    const named = await ana.post('/group/name', { group_id, name: 'New name' });
    assert.deepEqual([named.status, named.body.message], [200, "Success update group name to 'New name'"]);
    assert.equal((await state(group_id)).subject, 'New name');
    for (const topic of ['first', 'second 🐟']) {
      const told = await bruno.post('/group/topic', { group_id, topic });
      assert.deepEqual([told.status, told.body.message], [200, 'Success update group topic']);
      assert.equal((await state(group_id)).description?.text, topic);
    }
    const seen = await info(group_id);
    assert.deepEqual(
      [seen.Topic, seen.TopicSetBy, seen.TopicSetByLID, seen.NameSetByPN],
      ['second 🐟', bruno.number, bruno.bareLid, ana.number],
    );
    const gone = await ana.post('/group/topic', { group_id, topic: '' });
    assert.deepEqual([gone.status, gone.body.message], [200, 'Success remove group topic']);
    assert.equal((await state(group_id)).description, undefined);
    assert.equal((await ana.post('/group/topic', { group_id, topic: 'x'.repeat(2_048) })).status, 200);
    const long = await ana.post<{ field: string }>('/group/topic', { group_id, topic: 'x'.repeat(2_049) });
    assert.deepEqual([...refusal(long), long.body.results?.field], [400, 'VALIDATION_ERROR', 'topic']);
  });

  await t.test('every setting is set, shown and taken back', async () => {
    const group_id = await make('Settings', bruno);
    const cases: readonly [
      string,
      object,
      object,
      string,
      keyof Awaited<ReturnType<typeof state>>['settings'],
    ][] = [
      ['locked', { locked: true }, { locked: false }, 'IsLocked', 'locked'],
      ['announce', { announce: true }, { announce: false }, 'IsAnnounce', 'announcement'],
      ['ephemeral', { timer_seconds: 604_800 }, { timer_seconds: 0 }, 'DisappearingTimer', 'ephemeral'],
      [
        'member-add-mode',
        { mode: 'admin_add' },
        { mode: 'all_member_add' },
        'MemberAddMode',
        'memberAddMode',
      ],
      [
        'member-link-mode',
        { mode: 'all_member_link' },
        { mode: 'admin_link' },
        'MemberLinkMode',
        'memberLinkMode',
      ],
      [
        'member-share-history-mode',
        { mode: 'all_member_share' },
        { mode: 'admin_share' },
        'MemberShareHistoryMode',
        'memberShareHistoryMode',
      ],
      ['join-approval', { enabled: true }, { enabled: false }, 'IsJoinApprovalRequired', 'approval'],
      [
        'block-frequently-forwarded',
        { enabled: true },
        { enabled: false },
        'IsFrequentlyForwardedBlocked',
        'noFrequentlyForwarded',
      ],
      ['admin-reports', { enabled: true }, { enabled: false }, 'AllowAdminReports', 'allowAdminReports'],
      ['history', { enabled: true }, { enabled: false }, 'IsGroupHistoryShared', 'groupHistory'],
    ];
    for (const [path, on, off, shown, kept] of cases) {
      assert.deepEqual(refusal(await bruno.post(`/group/${path}`, { group_id, ...on })).slice(0, 1), [
        path === 'ephemeral' ? 200 : 403,
      ]);
      for (const wanted of [on, off]) {
        const [value] = Object.values(wanted);
        results(await ana.post(`/group/${path}`, { group_id, ...wanted }));
        assert.equal((await state(group_id)).settings[kept], value, path);
        assert.equal((await info(group_id))[shown], value, path);
      }
    }
    const messages = async (path: string, body: object) =>
      (await ana.post(`/group/${path}`, { group_id, ...body })).body.message;
    assert.equal(await messages('locked', { locked: true }), 'Success set group as locked');
    assert.equal(await messages('locked', { locked: false }), 'Success set group as unlocked');
    assert.equal(await messages('announce', { announce: true }), 'Success enable announce mode');
    assert.equal(await messages('announce', { announce: false }), 'Success disable announce mode');
    results(await ana.form('/group/locked', { group_id, locked: 'true' }));
    assert.equal((await state(group_id)).settings.locked, true);
    assert.deepEqual(refusal(await bruno.post('/group/name', { group_id, name: 'Mine' })), [
      403,
      'WA_FORBIDDEN',
    ]);
    for (const [path, body] of [
      ['locked', {}],
      ['announce', { announce: 'perhaps' }],
      ['ephemeral', { timer_seconds: 60 }],
      ['member-add-mode', { mode: 'nobody' }],
    ] as const)
      assert.deepEqual(refusal(await ana.post(`/group/${path}`, { group_id, ...body })), [
        400,
        'VALIDATION_ERROR',
      ]);
  });

  await t.test('members see the label of another', async () => {
    const group_id = await make('Labels', bruno);
    for (const label of ['Diver', '']) {
      results(await ana.post('/group/member-label', { group_id, label }));
      const told = await simulator.waitForMessage(
        bruno.phone,
        ({ chat, message }) => chat === group_id && labelIn(message) === label,
      );
      assert.equal(told.from, ana.jid);
    }
    assert.deepEqual(refusal(await ana.post('/group/member-label', { group_id, label: 'x'.repeat(31) })), [
      400,
      'VALIDATION_ERROR',
    ]);
  });

  await t.test('a picture is cut to a square for everybody, and taken away', async () => {
    const group_id = await make('Picture', bruno);
    const image = await sharp({ create: { width: 900, height: 300, channels: 3, background: '#1e90ff' } })
      .png()
      .toBuffer();
    const form = new FormData();
    form.set('group_id', group_id);
    form.set('photo', new Blob([new Uint8Array(image)], { type: 'image/png' }), 'photo.png');
    const set = await fetch(new URL('/group/photo', node.node.url), {
      method: 'POST',
      headers: { 'X-Device-Id': ana.id },
      body: form,
    });
    const { message, results: told } = (await set.json()) as {
      message: string;
      results: { picture_id: string; message: string };
    };
    assert.deepEqual([set.status, message, told.message], [200, message, 'Success update group photo']);
    const avatar = () => bruno.get<{ url: string; id: string }>('/user/avatar', { phone: group_id });
    const { url, id } = results(await avatar());
    assert.equal(id, told.picture_id);
    const bytes = Buffer.from(await (await fetch(url)).arrayBuffer());
    const { format, width, height } = await sharp(bytes).metadata();
    assert.deepEqual([format, width, height], ['jpeg', 640, 640]);

    const removed = results(await ana.form<{ picture_id: string }>('/group/photo', { group_id }));
    assert.equal(removed.picture_id, 'remove');
    assert.equal((await avatar()).status, 404);
    results(await ana.delete('/group/photo', { group_id }));
    results(await ana.post('/group/locked', { group_id, locked: true }));
    assert.deepEqual(refusal(await bruno.delete('/group/photo', { group_id })), [403, 'WA_FORBIDDEN']);
    form.set('photo', new Blob(['%PDF-1.7 no picture'], { type: 'image/png' }), 'photo.png');
    const wrong = await fetch(new URL('/group/photo', node.node.url), {
      method: 'POST',
      headers: { 'X-Device-Id': ana.id },
      body: form,
    });
    assert.equal(wrong.status, 415);
  });

  await t.test('who may not be added is sent an invitation, sees the group and comes in', async () => {
    const { phone: shy } = await simulator.createPhone({ name: 'Shy' });
    for (const phone of [shy, carla.phone])
      await simulator.call('changeProfile', { params: { phone }, body: { privacy: { groupadd: 'none' } } });
    const group_id = await make('Club', bruno);
    const [refused] = results(
      await ana.post<Outcome[]>('/group/participants', { group_id, participants: [shy] }),
    );
    assert.deepEqual([refused?.status, refused?.message.includes('(403)')], ['error', true]);

    const { phone: open } = await simulator.createPhone();
    const invited = await ana.post<(Outcome & { message_id?: string })[]>('/group/invite', {
      group_id,
      participants: [open, shy, carla.phone, bruno.phone],
      message: 'Come in!',
    });
    assert.deepEqual(brief(results(invited)), [
      [open, 'success'],
      [shy, 'invited'],
      [carla.phone, 'invited'],
      [bruno.phone, 'error'],
    ]);
    const id = results(invited)[1]?.message_id;
    const message = await simulator.waitForMessage(shy, one => one.id === id);
    assert.equal(message.chat, ana.number);
    const { groupInviteMessage } = message.message as { groupInviteMessage?: Record<string, unknown> };
    assert.deepEqual(
      [groupInviteMessage?.groupJid, groupInviteMessage?.groupName, groupInviteMessage?.caption],
      [group_id, 'Club', 'Come in!'],
    );
    await simulator.call('changeGroup', {
      params: { group: group_id },
      body: { by: shy, change: { type: 'accept' } },
    });

    const [invite] = (await state(group_id)).invites.filter(({ phone }) => phone === carla.phone);
    assert.ok(invite);
    const invitation = {
      group_id,
      code: invite.code,
      expiration: String(invite.expiration),
      inviter: ana.phone,
    };
    const seen = await carla.get<Info>('/group/invite/info', invitation);
    assert.deepEqual([results(seen).group_id, results(seen).name], [group_id, 'Club']);
    assert.deepEqual(
      refusal(await bruno.post('/group/invite/accept', { ...invitation, expiration: invite.expiration })),
      [409, 'WA_CONFLICT'],
    );
    const joined = await carla.form('/group/invite/accept', invitation);
    assert.deepEqual(results(joined), { group_id, pending: false });
    const members = (await state(group_id)).members.map(({ phone }) => phone);
    for (const phone of [open, shy, carla.phone]) assert.ok(members.includes(phone), phone);
  });

  await t.test('an invitation that was taken back is none any more', async () => {
    const group_id = await make('Second thoughts', bruno);
    results(await ana.post('/group/invite', { group_id, participants: [carla.phone] }));
    const [invite] = (await state(group_id)).invites;
    assert.ok(invite);
    const revoked = await ana.post<Outcome[]>('/group/invite/revoke', {
      group_id,
      participants: [carla.phone, bruno.phone],
    });
    assert.deepEqual(brief(results(revoked)), [
      [carla.phone, 'success'],
      [bruno.phone, 'error'],
    ]);
    const { code, expiration } = invite;
    const invitation = { group_id, code, expiration, inviter: ana.phone };
    assert.deepEqual(refusal(await carla.post('/group/invite/accept', invitation)), [404, 'WA_NOT_FOUND']);
    assert.deepEqual(refusal(await carla.post('/group/invite/accept', { ...invitation, code: '../' })), [
      400,
      'VALIDATION_ERROR',
    ]);
  });
});
