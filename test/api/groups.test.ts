// /group over HTTP, with a whole node; what became of it is read from the simulator and at the phones of members.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Actor, brief, type Outcome, refusal, results, startActors } from '../support/acting.ts';
import { until } from '../support/until.ts';

interface Member {
  readonly JID: string;
  readonly LID: string;
  readonly PhoneNumber: string;
  readonly IsAdmin: boolean;
}
interface Listed {
  readonly jid: string;
  readonly phone_number: string;
  readonly lid?: string;
  readonly display_name?: string;
  readonly is_admin: boolean;
  readonly is_super_admin: boolean;
}
type Info = Record<string, unknown> & { readonly Participants: readonly Member[] };

test('groups', async t => {
  const { node, actors } = await startActors(t, 5);
  const [ana, bruno, carla, duda, outsider] = actors as [Actor, Actor, Actor, Actor, Actor];
  const { simulator } = node;
  const state = (group: string) => simulator.call('group', { params: { group } });
  const people = async (group: string) =>
    Object.fromEntries((await state(group)).members.map(({ phone, role }) => [phone, role]));
  const make = async (title: string, ...members: readonly Actor[]) =>
    results(
      await ana.post<{ group_id: string; participants: Outcome[] }>('/group', {
        title,
        participants: members.map(({ phone }) => phone),
      }),
    ).group_id;

  await t.test(
    'a group is made of numbers and JIDs, and of whom WhatsApp does not know it says so',
    async () => {
      const answer = await ana.post<{ group_id: string; participants: Outcome[] }>('/group', {
        title: ' Reef ',
        participants: [bruno.phone, carla.number, duda.bareLid, bruno.number, '19999999999'],
      });
      const { group_id, participants } = results(answer);
      assert.equal(answer.body.message, `Success created group with id ${group_id}`);
      assert.deepEqual(brief(participants), [
        [bruno.phone, 'success'],
        [carla.phone, 'success'],
        [duda.phone, 'success'],
        ['19999999999', 'error'],
      ]);
      assert.match(participants[3]?.message ?? '', /^Failed to add participant: .* \(404\)$/);
      assert.equal((await state(group_id)).subject, 'Reef');
      assert.deepEqual(await people(group_id), {
        [ana.phone]: 'superadmin',
        [bruno.phone]: 'member',
        [carla.phone]: 'member',
        [duda.phone]: 'member',
      });
    },
  );

  await t.test('a group that a form asks for', async () => {
    const form = await ana.form<{ group_id: string }>('/group', {
      title: 'Formal',
      participants: [bruno.phone, carla.phone],
    });
    assert.equal((await state(results(form).group_id)).members.length, 3);
  });

  await t.test('the info has numbers, LIDs beside them, and all settings', async () => {
    const group = await make('Info', bruno);
    const info = results(await bruno.get<Info>('/group/info', { group_id: group }));
    assert.equal(info.JID, group);
    assert.deepEqual([info.OwnerJID, info.OwnerPN, info.OwnerLID], [ana.number, ana.number, ana.bareLid]);
    assert.deepEqual(
      info.Participants.map(({ JID, PhoneNumber, LID, IsAdmin }) => [JID, PhoneNumber, LID, IsAdmin]),
      [
        [ana.number, ana.number, ana.bareLid, true],
        [bruno.number, bruno.number, bruno.bareLid, false],
      ],
    );
    assert.match(String(info.GroupCreated), /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.deepEqual(
      [info.MemberAddMode, info.MemberLinkMode, info.IsJoinApprovalRequired, info.DisappearingTimer],
      ['all_member_add', 'admin_link', false, 0],
    );
    const bare = results(await bruno.get<Info>('/group/info', { group_id: group.replace('@g.us', '') }));
    assert.equal(bare.Name, 'Info');
    const mine = results(await bruno.get<{ data: Info[] }>('/user/my/groups')).data;
    assert.deepEqual(
      mine.find(({ JID }) => JID === group),
      info,
    );
    assert.deepEqual(results(await outsider.get<{ data: Info[] }>('/user/my/groups')).data, []);
  });

  await t.test('people are added, promoted, demoted and removed, and each gets a result', async () => {
    const group = await make('Movement', bruno);
    const change = (who: Actor, path: string, ...named: readonly string[]) =>
      who.post<Outcome[]>(`/group/participants${path}`, { group_id: group, participants: named });
    const added = await change(ana, '', carla.phone, bruno.phone, '19999999999');
    assert.equal(added.body.message, 'Success add participants');
    assert.deepEqual(brief(results(added)), [
      [carla.phone, 'success'],
      [bruno.phone, 'error'],
      ['19999999999', 'error'],
    ]);
    assert.deepEqual(brief(results(await change(ana, '/promote', carla.bareLid))), [
      [carla.phone, 'success'],
    ]);
    assert.equal((await people(group))[carla.phone], 'admin');
    assert.deepEqual(brief(results(await change(carla, '/demote', ana.phone, bruno.phone))), [
      [ana.phone, 'error'],
      [bruno.phone, 'error'],
    ]);
    assert.deepEqual(brief(results(await change(ana, '/demote', carla.phone))), [[carla.phone, 'success']]);
    assert.deepEqual(refusal(await change(carla, '/remove', bruno.phone)), [403, 'WA_FORBIDDEN']);
    assert.deepEqual(refusal(await change(outsider, '', duda.phone)), [403, 'WA_FORBIDDEN']);
    const removed = await change(ana, '/remove', bruno.phone, duda.phone);
    assert.equal(removed.body.message, 'Success delete participants');
    assert.deepEqual(brief(results(removed)), [
      [bruno.phone, 'success'],
      [duda.phone, 'error'],
    ]);
    assert.deepEqual(Object.keys(await people(group)).sort(), [ana.phone, carla.phone].sort());
    const form = await ana.form<Outcome[]>('/group/participants', {
      group_id: group,
      'participants[]': [duda.phone],
    });
    assert.deepEqual(brief(results(form)), [[duda.phone, 'success']]);
  });

  await t.test('a message to a group reaches who came in, and not who is out', async () => {
    const group = await make('Traffic', bruno);
    const { phone: late } = await simulator.createPhone();
    const say = async (text: string) =>
      results(await ana.post('/send/message', { phone: group, message: text }));
    await say('before');
    results(await ana.post('/group/participants', { group_id: group, participants: [late] }));
    results(await ana.post('/group/participants/remove', { group_id: group, participants: [bruno.phone] }));
    await say('after');
    const got = await simulator.waitForMessage(late, ({ text }) => text === 'after');
    assert.equal(got.chat, group);
    const of = async (phone: string) =>
      (await simulator.messages(phone)).filter(({ chat }) => chat === group).map(({ text }) => text);
    assert.deepEqual(await of(late), ['after']);
    await simulator.waitForMessage(bruno.phone, ({ text }) => text === 'before');
    assert.deepEqual(await of(bruno.phone), ['before']);
  });

  await t.test('participants are listed with their names, and exported without a formula', async () => {
    const { phone: sly } = await simulator.createPhone({ name: '=HYPERLINK("http://evil","Ana")' });
    await simulator.send(sly, ana.phone, 'hello');
    await until(async () =>
      results(await ana.get<{ data: { jid: string }[] }>('/user/my/contacts')).data.some(({ jid }) =>
        jid.startsWith(sly),
      ),
    );
    const group = results(
      await ana.post<{ group_id: string }>('/group', { title: 'Table', participants: [bruno.phone, sly] }),
    ).group_id;
    const listed = await ana.get<{ group_id: string; name: string; participants: Listed[] }>(
      '/group/participants',
      { group_id: group },
    );
    assert.equal(listed.body.message, 'Success getting group participants');
    const { participants, ...rest } = results(listed);
    assert.deepEqual(rest, { group_id: group, name: 'Table' });
    assert.deepEqual(
      participants.map(one => [one.jid, one.phone_number, one.is_admin, one.is_super_admin]),
      [
        [ana.number, ana.phone, true, true],
        [bruno.number, bruno.phone, false, false],
        [`${sly}@s.whatsapp.net`, sly, false, false],
      ],
    );
    assert.deepEqual(
      [participants[0]?.lid, participants[2]?.display_name],
      [ana.bareLid, '=HYPERLINK("http://evil","Ana")'],
    );
    const url = new URL(`/group/participants/export?group_id=${group}`, node.node.url);
    const file = await fetch(url, { headers: { 'X-Device-Id': ana.id } });
    assert.deepEqual(
      [file.headers.get('content-type'), file.headers.get('content-disposition')],
      ['text/csv; charset=utf-8', `attachment; filename="group-${group.replace('@', '_')}-participants.csv"`],
    );
    const [head, first, , last] = (await file.text()).split('\r\n');
    assert.equal(head, 'participant_jid,phone_number,lid,display_name,role');
    assert.match(first ?? '', new RegExp(`^${ana.number},${ana.phone},${ana.bareLid},.*,super_admin$`));
    assert.equal(
      last,
      `${sly}@s.whatsapp.net,${sly},${participants[2]?.lid},"'=HYPERLINK(""http://evil"",""Ana"")",member`,
    );
    assert.deepEqual(refusal(await outsider.get('/group/participants/export', { group_id: group })), [
      403,
      'WA_FORBIDDEN',
    ]);
  });

  await t.test('whoever has the link sees the group and joins it', async () => {
    const group = await make('Linked', bruno);
    const asked = await ana.get<{ invite_link: string; group_id: string }>('/group/invite-link', {
      group_id: group,
    });
    assert.equal(asked.body.message, 'Success get group invite link');
    const { invite_link: link, group_id } = results(asked);
    assert.equal(group_id, group);
    assert.equal(link, `https://chat.whatsapp.com/${(await state(group)).inviteCode}`);
    const seen = results(await duda.get<Record<string, unknown>>('/group/info-from-link', { link }));
    assert.deepEqual(
      [seen.group_id, seen.name, seen.participant_count, seen.is_locked],
      [group, 'Linked', 2, false],
    );
    const joined = await duda.post('/group/join-with-link', { link });
    assert.equal(joined.body.message, 'Success joined group');
    assert.deepEqual(results(joined), { group_id: group, pending: false });
    assert.equal((await people(group))[duda.phone], 'member');
    assert.deepEqual(refusal(await duda.post('/group/join-with-link', { link })), [409, 'WA_CONFLICT']);
    assert.deepEqual(refusal(await bruno.get('/group/invite-link', { group_id: group })), [
      403,
      'WA_FORBIDDEN',
    ]);
    assert.deepEqual(refusal(await bruno.post('/group/invite-link/revoke', { group_id: group })), [
      403,
      'WA_FORBIDDEN',
    ]);
    const reset = results(
      await ana.get<{ invite_link: string }>('/group/invite-link', { group_id: group, reset: 'true' }),
    ).invite_link;
    assert.notEqual(reset, link);
    assert.deepEqual(refusal(await carla.post('/group/join-with-link', { link })), [404, 'WA_NOT_FOUND']);
    const again = results(
      await ana.post<{ invite_link: string }>('/group/invite-link/revoke', { group_id: group }),
    ).invite_link;
    assert.notEqual(again, reset);
    const code = again.split('/').at(-1) ?? '';
    assert.deepEqual(results(await carla.post('/group/join-with-link', { link: code })), {
      group_id: group,
      pending: false,
    });
    assert.deepEqual(refusal(await carla.get('/group/info-from-link', { link: 'NoSuchCodeAnywhere1234' })), [
      422,
      'WA_BAD_REQUEST',
    ]);
  });

  await t.test('where an admin approves, who joins waits, and is let in or turned away', async () => {
    const group = await make('Approval', bruno);
    const on = await ana.post('/group/join-approval', { group_id: group, enabled: true });
    assert.equal(on.status, 200);
    const link = `https://chat.whatsapp.com/${(await state(group)).inviteCode}`;
    for (const who of [carla, duda])
      assert.deepEqual(results(await who.post('/group/join-with-link', { link })), {
        group_id: group,
        pending: true,
      });
    const waiting = results(
      await ana.get<Record<string, string>[]>('/group/participant-requests', { group_id: group }),
    );
    assert.deepEqual(
      waiting.map(one => [one.jid, one.lid, one.phone_number, one.method]),
      [carla, duda].map(one => [one.number, one.bareLid, one.phone, 'invite_link']),
    );
    assert.match(waiting[0]?.requested_at ?? '', /^20\d\d-.*Z$/);
    assert.deepEqual(refusal(await bruno.get('/group/participant-requests', { group_id: group })), [
      403,
      'WA_FORBIDDEN',
    ]);
    const decide = (action: string, ...named: readonly string[]) =>
      ana.post<Outcome[]>(`/group/participant-requests/${action}`, {
        group_id: group,
        participants: named,
      });
    const approved = await decide('approve', carla.phone, bruno.phone);
    assert.equal(approved.body.message, 'Success approve requested participants');
    const [first, second] = results(approved);
    assert.deepEqual(first, {
      participant: carla.number,
      status: 'success',
      message: 'Action approve success',
    });
    assert.equal(second?.status, 'error');
    assert.deepEqual(brief(results(await decide('reject', duda.phone))), [[duda.phone, 'success']]);
    const { members, requests } = await state(group);
    assert.deepEqual(
      [members.some(({ phone }) => phone === carla.phone), members.length, requests.length],
      [true, 3, 0],
    );
  });

  await t.test('whoever leaves is out, and is told so when they leave again', async () => {
    const group = await make('Leaving', bruno);
    const left = await bruno.post('/group/leave', { group_id: group });
    assert.deepEqual([left.status, left.body.message], [200, 'Success leave group']);
    assert.deepEqual(await people(group), { [ana.phone]: 'superadmin' });
    assert.deepEqual(refusal(await bruno.post('/group/leave', { group_id: group })), [403, 'WA_FORBIDDEN']);
    assert.deepEqual(refusal(await bruno.get('/group/info', { group_id: group })), [403, 'WA_FORBIDDEN']);
    const nowhere = '120363999999999999@g.us';
    assert.deepEqual(refusal(await bruno.post('/group/leave', { group_id: nowhere })), [404, 'WA_NOT_FOUND']);
    assert.deepEqual(refusal(await bruno.get('/group/info', { group_id: nowhere })), [404, 'WA_NOT_FOUND']);
  });

  await t.test('a full group takes nobody in, by any way', async () => {
    const crowd = (await simulator.createPhones(1_024)).map(({ phone }) => phone);
    const { jid: group } = await simulator.call('createGroup', {
      body: { by: crowd[0] ?? '', subject: 'Full', members: crowd.slice(1) },
    });
    const link = `https://chat.whatsapp.com/${(await state(group)).inviteCode}`;
    assert.deepEqual(refusal(await ana.post('/group/join-with-link', { link })), [403, 'WA_FORBIDDEN']);
    await simulator.call('changeGroup', {
      params: { group },
      body: { by: crowd[0] ?? '', change: { type: 'remove', members: [crowd[1] ?? ''] } },
    });
    results(await ana.post('/group/join-with-link', { link }));
    const [refused] = results(
      await ana.post<Outcome[]>('/group/participants', { group_id: group, participants: [bruno.phone] }),
    );
    assert.deepEqual([refused?.status, refused?.message.includes('the group is full')], ['error', true]);
    const info = results(await ana.get<Info>('/group/info', { group_id: group }));
    assert.equal(info.Participants.length, 1_024);
  });

  await t.test('what is no group, no person and no link is refused with its field', async () => {
    const wrong = async (path: string, body: object, field: string, code = 'VALIDATION_ERROR') => {
      const answer = await ana.post<{ field?: string }>(path, body);
      assert.deepEqual(
        [...refusal(answer), answer.body.results?.field],
        [400, code, field],
        answer.body.message,
      );
    };
    const group_id = '120363999999999999@g.us';
    const participants = [bruno.phone];
    await wrong('/group', { participants }, 'title');
    await wrong('/group', { title: '  ', participants }, 'title');
    await wrong('/group', { title: 'x'.repeat(101), participants }, 'title');
    await wrong('/group', { title: 'a\u0000b', participants }, 'title');
    await wrong('/group', { title: 'x', participants: [group_id] }, 'participants.0', 'INVALID_JID');
    await wrong('/group', { title: 'x', participants: ['../x'] }, 'participants.0', 'INVALID_JID');
    await wrong('/group', { title: 'x', participants: Array(1_025).fill('15551234567') }, 'participants');
    await wrong('/group/participants', { group_id, participants: [] }, 'participants');
    await wrong('/group/participants', { participants }, 'group_id');
    for (const id of [bruno.number, `${group_id}\n`, '0@g.us', '１２０３６３@g.us', 'x'.repeat(5_000)])
      await wrong('/group/participants', { group_id: id, participants }, 'group_id', 'INVALID_JID');
    for (const link of ['https://example.com/EnjVlnWhgsIJDZkU4HhkYz', 'https://chat.whatsapp.com/', '../..'])
      await wrong('/group/join-with-link', { link }, 'link');
    assert.deepEqual(refusal(await ana.get('/group/info')), [400, 'VALIDATION_ERROR']);
    // The longest that there is: an emoji is one character.
    const longest = '🐟'.repeat(100);
    assert.equal((await state(await make(longest, bruno))).subject, longest);
  });
});

test('in a group that names its members by number the answers are the same', async t => {
  const { node, actors } = await startActors(t, 2, { simulator: { groupAddressing: 'pn' } });
  const [ana, bruno] = actors as [Actor, Actor];
  const { group_id } = results(
    await ana.post<{ group_id: string }>('/group', { title: 'Numbers', participants: [bruno.bareLid] }),
  );
  const info = results(await bruno.get<Info>('/group/info', { group_id }));
  assert.equal(info.AddressingMode, 'pn');
  assert.deepEqual(
    info.Participants.map(({ JID, LID }) => [JID, LID]),
    [
      [ana.number, ana.bareLid],
      [bruno.number, bruno.bareLid],
    ],
  );
  const [outcome] = results(
    await ana.post<Outcome[]>('/group/participants/promote', {
      group_id,
      participants: [bruno.bareLid],
    }),
  );
  assert.deepEqual([outcome?.participant, outcome?.status], [bruno.number, 'success']);
  await until(async () => {
    const { members } = await node.simulator.call('group', { params: { group: group_id } });
    return members.find(({ phone }) => phone === bruno.phone)?.role === 'admin';
  });
});
