import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { until } from '../support/until.ts';
import { linkedClients, simulator, tameClients } from './client.ts';
import { ask, childrenOf, refusal, watchGroups } from './group-events.ts';
import { lidOf, pn } from './jids.ts';

tameClients();

/** A group that alice made with bob; both are heard. */
async function pair(t: TestContext, addressing: 'lid' | 'pn' = 'lid') {
  const server = await simulator(t, { groupAddressing: addressing });
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const heard = { alice: watchGroups(alice), bob: watchGroups(bob) };
  const { id } = await alice.sock.groupCreate('Shoal', [pn(bob)]);
  await until(() => heard.bob.joined.length === 1);
  return { server, alice, bob, id, heard };
}

for (const addressing of ['lid', 'pn'] as const) {
  test(`a new subject reaches every member with who set it and when (${addressing})`, async t => {
    const { alice, bob, id, heard } = await pair(t, addressing);
    await bob.sock.groupUpdateSubject(id, 'Ninho 🐟');
    for (const one of [heard.alice, heard.bob])
      await until(() => one.updates.some(update => update.subject === 'Ninho 🐟'));
    const form = addressing === 'lid' ? lidOf : pn;
    const seen = await alice.sock.groupMetadata(id);
    assert.deepEqual([seen.subject, seen.subjectOwner], ['Ninho 🐟', form(bob)]);
    const news = heard.alice.newest('subject');
    assert.equal(news?.attrs.s_o, form(bob));
    assert.equal(Number(news?.attrs.s_t), seen.subjectTime);
    const { attrs } = heard.alice.notifications.at(-1) ?? { attrs: {} as Record<string, string> };
    assert.deepEqual(
      [attrs.participant, attrs.addressing_mode, attrs.participant_pn],
      [form(bob), addressing, addressing === 'lid' ? pn(bob) : undefined],
    );
  });

  test(`a description is set, replaced and deleted (${addressing})`, async t => {
    const { alice, bob, id, heard } = await pair(t, addressing);
    await alice.sock.groupUpdateDescription(id, 'first');
    await until(() => heard.bob.stubs('GROUP_CHANGE_DESCRIPTION').length === 1);
    const first = await bob.sock.groupMetadata(id);
    assert.equal(first.desc, 'first');
    assert.equal(first.descOwner, (addressing === 'lid' ? lidOf : pn)(alice));
    await bob.sock.groupUpdateDescription(id, 'second');
    const second = await alice.sock.groupMetadata(id);
    assert.equal(second.desc, 'second');
    assert.notEqual(second.descId, first.descId);
    await alice.sock.groupUpdateDescription(id);
    await until(() => heard.bob.stubs('GROUP_CHANGE_DESCRIPTION').length === 3);
    const news = heard.bob.newest('description');
    assert.deepEqual(
      childrenOf(news).map(one => one.tag),
      ['delete'],
    );
    assert.equal((await bob.sock.groupMetadata(id)).desc, undefined);
  });
}

test('a description over one that somebody else has written in the meantime is refused', async t => {
  const { alice, bob, id } = await pair(t);
  const write = (sock: typeof alice.sock, attrs: Record<string, string>, text: string) =>
    refusal(
      ask(sock, 'set', id, {
        tag: 'description',
        attrs,
        content: [{ tag: 'body', attrs: {}, content: Buffer.from(text) }],
      }),
    );
  assert.equal(await write(alice.sock, { id: 'one' }, 'one'), undefined);
  assert.equal(await write(bob.sock, { id: 'two', prev: 'one' }, 'two'), undefined);
  assert.equal(await write(alice.sock, { id: 'three', prev: 'one' }, 'three'), 409);
  assert.equal(await write(alice.sock, { id: 'three' }, 'three'), 409);
  assert.equal((await bob.sock.groupMetadata(id)).desc, 'two');
});

test('subject and description have the lengths that phones allow', async t => {
  const { alice, id } = await pair(t);
  assert.equal(await refusal(alice.sock.groupUpdateSubject(id, '🐟'.repeat(100))), undefined);
  assert.equal(await refusal(alice.sock.groupUpdateSubject(id, 'x'.repeat(101))), 406);
  assert.equal(await refusal(alice.sock.groupUpdateSubject(id, ' ')), 406);
  assert.equal(await refusal(alice.sock.groupUpdateDescription(id, 'x'.repeat(2_048))), undefined);
  assert.equal(await refusal(alice.sock.groupUpdateDescription(id, 'x'.repeat(2_049))), 406);
});

test('announcement and locked are switched, seen and told', async t => {
  const { alice, bob, id, heard } = await pair(t);
  await alice.sock.groupSettingUpdate(id, 'announcement');
  await until(() => heard.bob.updates.some(update => update.announce === true));
  await alice.sock.groupSettingUpdate(id, 'locked');
  await until(() => heard.bob.updates.some(update => update.restrict === true));
  const on = await bob.sock.groupMetadata(id);
  assert.deepEqual([on.announce, on.restrict], [true, true]);
  // whatsmeow drops the whole notification without this (group.go parseGroupChange).
  assert.match(heard.bob.newest('announcement')?.attrs.v_id ?? '', /^\d+$/);
  await alice.sock.groupSettingUpdate(id, 'not_announcement');
  await until(() => heard.bob.updates.some(update => update.announce === false));
  await alice.sock.groupSettingUpdate(id, 'unlocked');
  await until(() => heard.bob.updates.some(update => update.restrict === false));
  const off = await bob.sock.groupMetadata(id);
  assert.deepEqual([off.announce, off.restrict], [false, false]);
});

test('messages of a group are made to disappear and to stay', async t => {
  const { alice, bob, id, heard } = await pair(t);
  await alice.sock.groupToggleEphemeral(id, 86_400);
  await until(() => heard.bob.newest('ephemeral')?.attrs.expiration === '86400');
  assert.equal((await bob.sock.groupMetadata(id)).ephemeralDuration, 86_400);
  await bob.sock.groupToggleEphemeral(id, 0);
  await until(() => heard.alice.newest('not_ephemeral') !== undefined);
  assert.equal((await alice.sock.groupMetadata(id)).ephemeralDuration, undefined);
});

test('who may add members is set, seen, told and kept to', async t => {
  const { server, alice, bob, id, heard } = await pair(t);
  await server.post('/admin/phones', { phone: '15550077' });
  assert.equal((await bob.sock.groupMetadata(id)).memberAddMode, true);
  await alice.sock.groupMemberAddMode(id, 'admin_add');
  await until(() => heard.bob.updates.some(update => update.memberAddMode === false));
  assert.equal((await bob.sock.groupMetadata(id)).memberAddMode, false);
  const carla = '15550077@s.whatsapp.net';
  assert.equal(await refusal(bob.sock.groupParticipantsUpdate(id, [carla], 'add')), 403);
  await alice.sock.groupMemberAddMode(id, 'all_member_add');
  await until(() => heard.bob.updates.some(update => update.memberAddMode === true));
  assert.equal((await bob.sock.groupParticipantsUpdate(id, [carla], 'add'))[0]?.status, '200');
});

test('approval of newcomers is switched, seen and told', async t => {
  const { alice, bob, id, heard } = await pair(t);
  await alice.sock.groupJoinApprovalMode(id, 'on');
  await until(() => heard.bob.updates.some(update => update.joinApprovalMode === true));
  assert.equal((await bob.sock.groupMetadata(id)).joinApprovalMode, true);
  await alice.sock.groupJoinApprovalMode(id, 'off');
  await until(() => heard.bob.updates.some(update => update.joinApprovalMode === false));
  assert.equal((await bob.sock.groupMetadata(id)).joinApprovalMode, false);
});

test('the settings that Baileys has no function for are set, seen and told', async t => {
  const { alice, bob, id, heard } = await pair(t);
  const switches = [
    ['no_frequently_forwarded', 'frequently_forwarded_ok'],
    ['allow_admin_reports', 'not_allow_admin_reports'],
    ['group_history', 'no_group_history'],
  ] as const;
  const seen = async () => {
    const group = await ask(bob.sock, 'get', id, { tag: 'query', attrs: { request: 'interactive' } });
    return new Map(childrenOf(group).map(one => [one.tag, one.content?.toString()]));
  };
  for (const [on, off] of switches) {
    await ask(alice.sock, 'set', id, { tag: on, attrs: {} });
    await until(() => heard.bob.newest(on) !== undefined, { what: on });
    assert.ok((await seen()).has(on));
    await ask(alice.sock, 'set', id, { tag: off, attrs: {} });
    await until(() => heard.bob.newest(off) !== undefined, { what: off });
    assert.ok(!(await seen()).has(on));
  }
  for (const [tag, word] of [
    ['member_link_mode', 'all_member_link'],
    ['member_share_group_history_mode', 'all_member_share'],
  ] as const) {
    await ask(alice.sock, 'set', id, { tag, attrs: {}, content: word });
    await until(() => heard.bob.newest(tag)?.content?.toString() === word, { what: tag });
    assert.equal((await seen()).get(tag), word);
    assert.equal(await refusal(ask(alice.sock, 'set', id, { tag, attrs: {}, content: 'nonsense' })), 400);
  }
});

test('who is no admin changes no setting, and in a locked group not what it says either', async t => {
  const { alice, bob, id } = await pair(t);
  assert.equal(await refusal(bob.sock.groupSettingUpdate(id, 'announcement')), 403);
  assert.equal(await refusal(bob.sock.groupSettingUpdate(id, 'locked')), 403);
  assert.equal(await refusal(bob.sock.groupMemberAddMode(id, 'admin_add')), 403);
  assert.equal(await refusal(bob.sock.groupJoinApprovalMode(id, 'on')), 403);
  assert.equal(await refusal(bob.sock.groupUpdateSubject(id, 'mine')), undefined);
  await alice.sock.groupSettingUpdate(id, 'locked');
  assert.equal(await refusal(bob.sock.groupUpdateSubject(id, 'mine')), 403);
  assert.equal(await refusal(bob.sock.groupUpdateDescription(id, 'mine')), 403);
  assert.equal(await refusal(bob.sock.groupToggleEphemeral(id, 86_400)), 403);
  await alice.sock.groupParticipantsUpdate(id, [pn(bob)], 'promote');
  assert.equal(await refusal(bob.sock.groupUpdateSubject(id, 'mine')), undefined);
});

test('settings that cannot be read are answered with 400', async t => {
  const { alice, id } = await pair(t);
  const bad = (tag: string, attrs = {}, content?: string) =>
    refusal(ask(alice.sock, 'set', id, { tag, attrs, ...(content && { content }) }));
  assert.equal(await bad('ephemeral'), 400);
  assert.equal(await bad('ephemeral', { expiration: '-1' }), 400);
  assert.equal(await bad('ephemeral', { expiration: '9999999999' }), 400);
  assert.equal(await bad('member_add_mode', {}, 'everybody'), 400);
  assert.equal(await bad('membership_approval_mode'), 400);
  assert.equal(await bad('allow_non_admin_sub_group_creation'), 400);
  assert.equal(await bad('suspended'), 400);
});

test('a client that knows the members already is told that nothing has changed', async t => {
  const { alice, bob, id } = await pair(t);
  const { createHash } = await import('node:crypto');
  const names = [alice, bob].map(one => lidOf(one).replace('@', '.0:0@')).sort();
  const digest = createHash('sha256').update(names.join('')).digest().subarray(0, 6);
  const phash = `2:${digest.toString('base64').replaceAll('=', '')}`;
  const query = (hash: string) =>
    ask(alice.sock, 'get', id, { tag: 'query', attrs: { request: 'interactive', phash: hash } });
  assert.equal(await query(phash), undefined);
  assert.equal((await query('2:AAAAAAAA'))?.tag, 'group');
  await alice.sock.groupParticipantsUpdate(id, [pn(bob)], 'remove');
  assert.equal((await query(phash))?.tag, 'group');
});

test('many groups are asked for at once, each with its own error', async t => {
  const { alice, bob, id } = await pair(t);
  const other = await alice.sock.groupCreate('Hers', []);
  const content = [id, other.id, '120363000000000000@g.us'].map(jid => ({ tag: 'group', attrs: { jid } }));
  const groups = await ask(bob.sock, 'get', '@g.us', { tag: 'query', attrs: {}, content });
  assert.deepEqual(
    childrenOf(groups).map(one => one.attrs.subject ?? one.attrs.error),
    ['Shoal', '403', '404'],
  );
});

test('a client that is told that its groups are dirty fetches them anew', async t => {
  const { server, bob, id, heard } = await pair(t);
  heard.bob.updates.length = 0;
  const { told } = await server.post<{ told: number }>('/admin/groups/dirty', { phone: bob.phone });
  assert.equal(told, 1);
  await until(() => heard.bob.updates.some(update => update.id === id && update.subject === 'Shoal'));
});

test('members report messages where admins take reports, and only admins see them', async t => {
  const { alice, bob, id, heard } = await pair(t);
  const reported = { tag: 'report', attrs: { message_id: 'ABC' } };
  const report = () => ask(bob.sock, 'set', id, { tag: 'reports', attrs: {}, content: [reported] });
  assert.equal(await refusal(report()), 403);
  await ask(alice.sock, 'set', id, { tag: 'allow_admin_reports', attrs: {} });
  await report();
  await until(() => heard.alice.newest('reports') !== undefined);
  const [entry] = childrenOf(await ask(alice.sock, 'get', id, { tag: 'reports', attrs: {} }));
  assert.equal(entry?.attrs.message_id, 'ABC');
  assert.deepEqual(
    childrenOf(entry).map(one => one.attrs.jid),
    [lidOf(bob)],
  );
  assert.equal(await refusal(ask(bob.sock, 'get', id, { tag: 'reports', attrs: {} })), 403);
});
