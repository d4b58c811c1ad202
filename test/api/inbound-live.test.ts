// Calls, channels, and who types: what comes to a device that is there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startInbound } from '../support/inbound.ts';

test('calls, channels and presence are told by the webhook', async t => {
  const { node, self, ann, bob, event, id } = await startInbound(t);
  const { simulator } = node;
  const call = (to: string, more: Record<string, unknown> = {}) =>
    simulator.call('call', { params: { phone: ann.phone }, body: { to, ...more } });

  await t.test('a call, that it is missed, and that it is taken on the phone', async () => {
    const missed = await call(self.phone, { video: true, timeoutMs: 50 });
    const { timestamp, ...offer } = (await event('call.offer', { call_id: missed.id })).payload;
    assert.ok(!Number.isNaN(Date.parse(String(timestamp))));
    assert.deepEqual(offer, {
      call_id: missed.id,
      from: ann.jid,
      from_lid: ann.lid,
      sender_display_name: 'Ann',
      auto_rejected: false,
      remote_platform: 'android',
      remote_version: '2.25.0',
      video: true,
    });
    const ended = (await event('call.updated', { call_id: missed.id })).payload;
    assert.deepEqual([ended.status, ended.reason], ['ended', 'timeout']);
    const taken = await call(self.phone);
    assert.equal((await event('call.offer', { call_id: taken.id })).payload.video, false);
    const params = { phone: self.phone, id: taken.id };
    await simulator.call('callAction', { params, body: { action: 'accept' } });
    const elsewhere = (await event('call.updated', { call_id: taken.id })).payload;
    assert.deepEqual([elsewhere.status, elsewhere.reason], ['ended', 'accepted_elsewhere']);
  });

  await t.test('a call in a group', async () => {
    const body = { by: ann.phone, subject: 'G', members: [self.phone] };
    const { jid } = await simulator.call('createGroup', { body });
    const { id } = await call(jid);
    assert.equal((await event('call.offer', { call_id: id })).payload.group_jid, jid);
  });

  await t.test('a channel is followed, posts, changes, and is left', async () => {
    const params = { phone: ann.phone };
    const described = { name: 'News', description: 'all of it' };
    const { jid } = await simulator.call('createChannel', { params, body: described });
    const following = { params: { phone: self.phone, jid } };
    await simulator.call('follow', { ...following, body: {} });
    const { timestamp: _, ...joined } = (await event('newsletter.joined')).payload;
    assert.deepEqual(joined, { newsletter_id: jid, ...described });

    const post = await simulator.call('addPost', { params: { jid }, body: { text: 'first' } });
    const { timestamp, ...told } = (await event('message', { chat_id: jid })).payload;
    assert.ok(!Number.isNaN(Date.parse(String(timestamp))));
    assert.deepEqual(told, {
      id: post.id,
      chat_id: jid,
      from: jid,
      is_from_me: false,
      from_name: '',
      sender_display_name: jid.split('@')[0],
      type: 'text',
      body: 'first',
      server_id: post.serverId,
    });
    const of = { params: { jid, serverId: String(post.serverId) } };
    await simulator.call('changePost', { ...of, body: { text: 'second' } });
    const edited = (await event('message.edited', { chat_id: jid })).payload;
    assert.deepEqual([edited.original_message_id, edited.body], [post.id, 'second']);
    await simulator.call('removePost', of);
    assert.equal((await event('message.revoked', { chat_id: jid })).payload.revoked_message_id, post.id);

    await simulator.call('changeChannel', { params: { jid }, body: { name: 'Other' } });
    assert.equal((await event('newsletter.updated', { newsletter_id: jid })).payload.name, 'Other');
    await simulator.call('follow', { ...following, body: { role: null } });
    const left = (await event('newsletter.left')).payload;
    assert.deepEqual([left.newsletter_id, left.role], [jid, 'guest']);
  });

  await t.test('somebody types, records, stops: alone, in a group', async () => {
    const type = (to: string, state: 'composing' | 'recording' | 'paused') =>
      simulator.call('type', { params: { phone: bob.phone }, body: { to, state } });
    const states = [
      ['composing', 'composing', ''],
      ['recording', 'composing', 'audio'],
      ['paused', 'paused', ''],
    ] as const;
    await node.api('POST', '/send/presence', { type: 'available' }, { 'X-Device-Id': id });
    const { id: first } = await simulator.send(bob.phone, self.phone, 'it is me');
    await event('message', { id: first });
    for (const [given, state, media] of states) {
      await type(self.phone, given);
      assert.deepEqual((await event('chat_presence', { state, media })).payload, {
        from: bob.jid,
        from_lid: bob.lid,
        sender_display_name: bob.phone,
        chat_id: bob.jid,
        chat_lid: bob.lid,
        state,
        media,
        is_group: false,
      });
    }
    const body = { by: bob.phone, subject: 'G', members: [self.phone] };
    const { jid } = await simulator.call('createGroup', { body });
    await type(jid, 'composing');
    const { payload } = await event('chat_presence', { is_group: true });
    assert.deepEqual([payload.chat_id, payload.from, payload.state], [jid, bob.jid, 'composing']);
  });
});
