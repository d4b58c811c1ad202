// What happens to groups: each change is an event with who did it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startInbound } from '../support/inbound.ts';

test('what happens to a group is told by the webhook', async t => {
  const { node, self, ann, bob, event, send } = await startInbound(t);
  const carol = await node.simulator.createPhone({ name: 'Carol' });
  const create = (members: string[], more = {}) =>
    node.simulator.call('createGroup', { body: { by: ann.phone, subject: 'Club', members, ...more } });
  const { jid } = await create([self.phone]);
  const by = { from: ann.jid, from_lid: ann.lid, from_name: 'Ann' };
  const change = (what: Record<string, unknown>, who?: string) =>
    node.simulator.call('changeGroup', {
      params: { group: jid },
      body: { ...(who !== undefined && { by: who }), change: what } as never,
    });
  const changed = async (what: Record<string, unknown>, name: string, field: string, who = ann.phone) => {
    await change(what, who || undefined);
    const { timestamp, ...payload } = (await event(name, { chat_id: jid })).payload;
    assert.ok(!Number.isNaN(Date.parse(String(timestamp))));
    return field === '' ? payload : payload[field];
  };

  await t.test('the account is added', async () => {
    const { timestamp: _, ...payload } = (await event('group.joined')).payload;
    assert.deepEqual(payload, {
      chat_id: jid,
      type: 'join',
      jids: [self.jid],
      reason: '',
      group_name: 'Club',
      ...by,
    });
  });

  await t.test('members come, are promoted, demoted, and go', async () => {
    const members = [bob.phone];
    const people = { jids: [bob.jid], lids: [bob.lid] };
    for (const [type, told] of [
      ['add', 'join'],
      ['promote', 'promote'],
      ['demote', 'demote'],
      ['remove', 'leave'],
    ]) {
      const { reason: _, ...payload } = (await changed(
        { type, members },
        'group.participants',
        '',
      )) as Record<string, unknown>;
      assert.deepEqual(payload, { chat_id: jid, type: told, ...people, ...by });
    }
  });

  await t.test('somebody joins by the link, and leaves', async () => {
    const { participants: _, ...joined } = (await changed(
      { type: 'join' },
      'group.participants',
      '',
      carol.phone,
    )) as Record<string, unknown>;
    assert.deepEqual([joined.type, joined.jids, joined.reason], ['join', [carol.jid], 'invite']);
    const left = (await changed({ type: 'leave' }, 'group.participants', '', carol.phone)) as Record<
      string,
      unknown
    >;
    assert.deepEqual([left.type, left.jids, left.from], ['leave', [carol.jid], carol.jid]);
  });

  await t.test('its name, description, picture and link', async () => {
    const subject = await changed({ type: 'subject', subject: 'Other' }, 'group.updated', '');
    assert.deepEqual(subject, { chat_id: jid, subject: 'Other', ...by });
    const text = 'a\nb';
    assert.equal(
      await changed({ type: 'description', description: text }, 'group.updated', 'description'),
      text,
    );
    assert.equal(await changed({ type: 'description', description: '' }, 'group.updated', 'description'), '');
    assert.match(
      String(await changed({ type: 'reset-invite' }, 'group.updated', 'invite_link')),
      /^https:\/\/chat\.whatsapp\.com\/.+/,
    );
    const params = { group: jid };
    await node.simulator.call('setGroupPicture', {
      params,
      query: { by: ann.phone },
      bytes: Buffer.alloc(10, 1),
    });
    const { picture, picture_id } = (await event('group.updated', { picture: 'changed' })).payload;
    assert.deepEqual([picture, typeof picture_id], ['changed', 'string']);
    await node.simulator.call('removeGroupPicture', { params, query: { by: ann.phone } });
    assert.equal((await event('group.updated', { picture: 'removed' })).payload.from, ann.jid);
  });

  await t.test('every setting', async () => {
    const settings: readonly (readonly [given: Record<string, unknown>, told: Record<string, unknown>])[] = [
      [{ announcement: true }, { announce: true }],
      [{ announcement: false }, { announce: false }],
      [{ locked: true }, { locked: true }],
      [{ ephemeral: 86_400 }, { expires_in: 86_400 }],
      [{ ephemeral: 0 }, { expires_in: 0 }],
      [{ memberAddMode: 'admin_add' }, { member_add_mode: 'admin_add' }],
      [{ memberLinkMode: 'all_member_link' }, { member_link_mode: 'all_member_link' }],
      [{ noFrequentlyForwarded: true }, { no_frequently_forwarded: true }],
      [{ approval: true }, { approval: true }],
    ];
    for (const [given, told] of settings) {
      const [[field, value]] = Object.entries(told) as [[string, unknown]];
      const before = (await node.simulator.call('group', { params: { group: jid } })).settings;
      const [[key, wanted]] = Object.entries(given) as [[string, unknown]];
      // What it is already is no change.
      if ((before as Record<string, unknown>)[key] === wanted)
        await changed({ type: 'settings', settings: { [key]: otherThan(wanted) } }, 'group.updated', field);
      assert.equal(
        await changed({ type: 'settings', settings: given }, 'group.updated', field),
        value,
        JSON.stringify(given),
      );
    }
  });

  await t.test('somebody asks to join, takes it back, is refused', async () => {
    const people = { jids: [carol.jid], lids: [carol.lid] };
    const promoted = { type: 'promote', members: [self.phone] };
    await changed(promoted, 'group.participants', 'type');
    const asked = (await changed({ type: 'join' }, 'group.join_request', '', carol.phone)) as Record<
      string,
      unknown
    >;
    assert.deepEqual(
      [asked.type, asked.jids, asked.lids, asked.method],
      ['created', people.jids, people.lids, 'invite_link'],
    );
    assert.equal(await changed({ type: 'cancel' }, 'group.join_request', 'type', carol.phone), 'revoked');
    await changed({ type: 'join' }, 'group.join_request', 'type', carol.phone);
    const refused = (await changed({ type: 'reject', members: [carol.phone] }, 'group.join_request', '')) as
      | Record<string, unknown>
      | undefined;
    assert.deepEqual([refused?.type, refused?.jids, refused?.from], ['rejected', [carol.jid], ann.jid]);
  });

  await t.test('what WhatsApp does to it', async () => {
    assert.equal(await changed({ type: 'suspend' }, 'group.updated', 'suspended', ''), true);
    assert.equal(
      await changed({ type: 'suspend', suspended: false }, 'group.updated', 'suspended', ''),
      false,
    );
    assert.equal(
      await changed({ type: 'growth-lock', until: 2_000_000_000 }, 'group.updated', 'until', ''),
      '2033-05-18T03:33:20.000Z',
    );
    assert.equal(
      await changed({ type: 'growth-lock', until: 0 }, 'group.updated', 'growth_locked', ''),
      false,
    );
  });

  await t.test('a label that a member gave themselves', async () => {
    const protocolMessage = { type: 30, memberLabel: { label: 'Captain' } };
    const id = await send(ann, jid, { message: { protocolMessage } });
    const { payload } = await event('group.member_label', { id });
    assert.deepEqual([payload.chat_id, payload.from, payload.label], [jid, ann.jid, 'Captain']);
  });

  await t.test('a new number of a member', async () => {
    const { jid: group } = await create([self.phone, bob.phone], { addressing: 'pn' });
    await event('group.joined', { chat_id: group });
    const { phone } = await node.simulator.call('changeNumber', {
      params: { phone: bob.phone },
      body: { to: '15550009999' } as never,
    });
    const { payload } = await event('group.participants', { type: 'change_number', chat_id: group });
    assert.deepEqual(payload.jids, [`${phone}@s.whatsapp.net`]);
    assert.deepEqual(payload.previous_jids, [bob.jid]);
  });

  await t.test('the account is removed', async () => {
    const removed = (await changed(
      { type: 'remove', members: [self.phone] },
      'group.participants',
      '',
    )) as Record<string, unknown>;
    assert.deepEqual([removed.type, removed.jids], ['leave', [self.jid]]);
  });
});

function otherThan(value: unknown): unknown {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return value + 604_800;
  return String(value).startsWith('admin')
    ? String(value).replace('admin', 'all_member')
    : String(value).replace('all_member', 'admin');
}
