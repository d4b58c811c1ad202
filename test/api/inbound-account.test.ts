// What a person does on the phone that has no message: chats, contacts, labels, settings, and what others show of themselves.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startInbound } from '../support/inbound.ts';

test('what happens on the phone is told by the webhook', async t => {
  const { node, hook, self, ann, bob, told, event, silent } = await startInbound(t, { paired: true });
  const { simulator } = node;
  const act = (action: Record<string, unknown>) =>
    simulator.call('changeAppState', { params: { phone: self.phone }, body: action as never });
  const acted = async (
    action: Record<string, unknown>,
    name: string,
    fields: Record<string, unknown> = {},
  ) => {
    await act(action);
    const { timestamp, ...payload } = (await event(name, fields)).payload;
    assert.ok(Math.abs(Date.parse(String(timestamp)) - Date.now()) < 60_000, String(timestamp));
    return payload;
  };
  const { id } = await told({ text: 'hello' });
  const chat = ann.jid;

  await t.test('the past that the phone tells after the link', async () => {
    const { payload } = await event('history.progress');
    assert.equal(typeof payload.sync_type, 'string');
    for (const field of ['chats', 'contacts', 'messages'])
      assert.equal(typeof payload[field], 'number', field);
  });

  await t.test(
    'a chat is pinned, archived, muted, locked, marked, cleared and deleted, and back',
    async () => {
      const until = Date.now() + 3_600_000;
      const rows: readonly (readonly [Record<string, unknown>, Record<string, unknown>])[] = [
        [{ kind: 'pin' }, { pinned: true }],
        [{ kind: 'pin', pinned: false }, { pinned: false }],
        [
          { kind: 'mute', until },
          { muted: true, muted_until: new Date(until).toISOString() },
        ],
        [{ kind: 'mute' }, { muted: true }],
        [{ kind: 'mute', muted: false }, { muted: false }],
        [{ kind: 'archive', archived: false }, { archived: false }],
        [{ kind: 'lock' }, { locked: true }],
        [{ kind: 'markRead', read: false }, { unread: true }],
        [{ kind: 'markRead' }, { unread: false }],
        [{ kind: 'clearChat' }, { cleared: true }],
        [{ kind: 'deleteChat' }, { deleted: true }],
      ];
      for (const [action, changed] of rows)
        assert.deepEqual(await acted({ ...action, chat }, 'chat.updated', changed), {
          chat_id: chat,
          chat_lid: ann.lid,
          ...changed,
        });
      await act({ kind: 'archive', chat });
      await event('chat.updated', { archived: true });
    },
  );

  await t.test('the same again is another event', async () => {
    for (const pinned of [true, false, true, false])
      assert.equal((await acted({ kind: 'pin', chat, pinned }, 'chat.updated', { pinned })).pinned, pinned);
  });

  await t.test('a message gets a star, and is deleted for the account alone', async () => {
    const { id } = await told({ text: 'hello again' });
    assert.deepEqual(await acted({ kind: 'star', chat, id }, 'message.starred'), {
      message_id: id,
      chat_id: chat,
      chat_lid: ann.lid,
      from: ann.jid,
      from_lid: ann.lid,
      is_from_me: false,
      starred: true,
    });
    const deleted = await acted({ kind: 'deleteMessage', chat, id }, 'message.deleted');
    assert.deepEqual(
      [deleted.deleted_message_id, deleted.chat_id, deleted.from, deleted.was_from_me],
      [id, chat, ann.jid, false],
    );
    assert.equal(deleted.sender_display_name, ann.phone);
    assert.deepEqual([deleted.original_content, deleted.original_sender], ['hello again', ann.jid]);
    assert.ok(!Number.isNaN(Date.parse(String(deleted.original_timestamp))));
  });

  await t.test('a contact is saved, and removed', async () => {
    const contact = { kind: 'contact', jid: bob.jid, fullName: 'Bob B.', firstName: 'Bob', lid: bob.lid };
    assert.deepEqual(await acted(contact, 'contact.updated', { name: 'Bob B.' }), {
      jid: bob.jid,
      lid: bob.lid,
      name: 'Bob B.',
      first_name: 'Bob',
    });
    const muted = await acted({ kind: 'muteStatus', jid: bob.jid }, 'contact.updated', {
      status_muted: true,
    });
    assert.equal(muted.jid, bob.jid);
  });

  await t.test('a label is made with all that WhatsApp says of it, put on a chat and a message', async () => {
    const labelEditAction = {
      name: 'Important',
      color: 2,
      predefinedId: 1,
      deleted: false,
      orderIndex: 1,
      isActive: true,
      type: 5,
      isImmutable: false,
      muteEndTimeMs: 0,
    };
    const index = ['label_edit', '9'];
    const value = { labelEditAction, timestamp: Date.now() };
    assert.deepEqual(
      await acted({ kind: 'raw', collection: 'regular', index, version: 3, value }, 'label.edit'),
      {
        label_id: '9',
        name: 'Important',
        color: 2,
        predefined_id: '1',
        deleted: false,
        order_index: 1,
        is_active: true,
        type: 'CUSTOM',
        is_immutable: false,
        mute_end_time_ms: 0,
      },
    );
    const label = { label_id: '9', chat_id: chat, chat_lid: ann.lid };
    for (const labeled of [true, false])
      assert.deepEqual(
        await acted({ kind: 'labelChat', label: '9', chat, labeled }, 'label.association', { labeled }),
        { ...label, labeled },
      );
    assert.deepEqual(
      await acted({ kind: 'labelMessage', label: '9', chat, id }, 'label.association', { message_id: id }),
      { ...label, labeled: true, message_id: id },
    );
  });

  await t.test('settings', async () => {
    const rows: readonly (readonly [Record<string, unknown>, Record<string, unknown>])[] = [
      [{ kind: 'pushName', name: 'Other' }, { push_name: 'Other' }],
      [{ kind: 'locale', locale: 'pt_BR' }, { locale: 'pt_BR' }],
      [{ kind: 'timeFormat', twentyFourHours: true }, { twenty_four_hours: true }],
      [{ kind: 'unarchiveChats', unarchive: true }, { unarchive_chats: true }],
      [{ kind: 'linkPreviews', disabled: true }, { link_previews_disabled: true }],
    ];
    for (const [action, changed] of rows)
      assert.deepEqual(await acted(action, 'settings.updated', changed), changed);
    const reply = { kind: 'quickReply', id: '1', shortcut: 'hi', message: 'Hello!' };
    await act(reply);
    const { payload } = await event('settings.updated');
    assert.deepEqual(payload.quick_reply, { id: '1', shortcut: 'hi', message: 'Hello!' });
    const params = { phone: self.phone };
    await simulator.call('changeProfile', { params, body: { privacy: { last: 'none' } } as never });
    assert.deepEqual((await event('settings.updated')).payload.privacy, { last: 'none' });
  });

  await t.test('somebody is blocked, and unblocked', async () => {
    for (const blocked of [true, false]) {
      await simulator.call('block', { params: { phone: self.phone }, body: { who: bob.phone, blocked } });
      const { payload } = await event('blocklist.updated', { blocked });
      assert.deepEqual([payload.jid, payload.lid], [bob.jid, bob.lid]);
    }
  });

  await t.test('others change their picture and what they say of themselves', async () => {
    const params = { phone: ann.phone };
    await simulator.call('setPicture', { params, bytes: Buffer.alloc(10, 1) });
    const { payload } = await event('contact.updated', { picture: 'changed' });
    assert.deepEqual([payload.jid, typeof payload.picture_id], [ann.jid, 'string']);
    await simulator.call('removePicture', { params });
    await event('contact.updated', { picture: 'removed', jid: ann.jid });
    await simulator.call('changeProfile', { params, body: { about: 'at the beach' } as never });
    await event('contact.updated', { about: 'at the beach', jid: ann.jid });
    // Who has written to somebody hears that they have a new phone.
    const sent = await node.sendText('paired', ann.jid, 'who are you?');
    assert.equal(sent.status, 200);
    await simulator.call('reinstall', { params });
    await event('contact.updated', { security_code_changed: true });
  });

  await t.test('the account is restricted, and is free again', async () => {
    const params = { phone: self.phone };
    await simulator.call('changeProfile', { params, body: { timelock: { seconds: 3600 } } as never });
    const { payload } = await event('account.restricted', { active: true });
    assert.ok(Math.abs(Date.parse(String(payload.until)) - Date.now() - 3_600_000) < 60_000);
    await simulator.call('changeProfile', { params, body: { timelock: null } as never });
    await event('account.restricted', { active: false });
  });

  await t.test('what was told is not told again over the next connection', async () => {
    const before = hook.delivered.filter(one => !one.event.startsWith('device.')).length;
    await simulator.disconnect('websocket', { jid: node.device('paired').jid! });
    await node.opened();
    await silent(async () => {}, 'message.starred', 'label.edit', 'chat.updated', 'contact.updated');
    const ids = hook.delivered.map(one => one.id);
    assert.equal(new Set(ids).size, ids.length);
    assert.ok(before > 0);
  });
});
