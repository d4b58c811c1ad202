// One of each: everything that can happen to a device is done to one, through the simulator and the API, and told by the webhook.
// What each says is held to the catalogue by the receiver; what is in it is looked at by the tests of each family.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { serialize } from 'node:v8';
import { proto } from '@whiskeysockets/baileys';
import { type EventName, eventNames } from '../../src/journal/names.ts';
import { places } from '../../src/store/places.ts';
import { sealAnswer } from '../support/answer-seal.ts';
import { startInbound } from '../support/inbound.ts';
import { testSeals } from '../support/keys.ts';
import { until } from '../support/until.ts';

/** What is not provoked here, each with its reason. */
const elsewhere: Readonly<Partial<Record<EventName, string>>> = {
  'webhook.failing': 'an endpoint that fails for an hour of a virtual clock: with the tests of delivery',
  'webhook.disabled': 'an endpoint that fails for days of a virtual clock: with the tests of delivery',
  'webhook.recovered': 'the same, when it is well again',
};

const secret = Buffer.alloc(32, 5);
const messageContextInfo = { messageSecret: secret.toString('base64') };

test('one of each event comes, and nothing that is not in the catalogue', { timeout: 500_000 }, async t => {
  const inbound = await startInbound(t, {
    paired: true,
    // By their names, so that those come too which are for nobody who has not asked.
    settings: { WEBHOOK_EVENTS: eventNames.join(',') },
    health: { everyMs: 50, ackWithinMs: 2_000, recoveredAfterMs: 500, decryptsAtLeast: 1_000 },
    unread: { asksAfterMs: [1_500, 1_500], lostAfterMs: 1_500 },
  });
  const { node, hook, id: device, self, ann, bob, told, event, send } = inbound;
  const { simulator } = node;
  const seen = () => new Set(hook.delivered.map(one => one.event));
  const post = async (path: string, body: unknown, of = device) => {
    const answer = await node.api('POST', path, body, { 'x-device-id': of });
    assert.equal(answer.status, 200, `${path}: ${answer.body.message}`);
  };
  const act = (action: Record<string, unknown>) =>
    simulator.call('changeAppState', { params: { phone: self.phone }, body: action as never });
  const profile = (phone: string, body: Record<string, unknown>) =>
    simulator.call('changeProfile', { params: { phone }, body: body as never });

  await t.test('a device is linked, and its phone tells the past', async () => {
    await event('device.qr');
    await event('device.state', { state: 'open' });
    await event('history.progress');
    await event('history.status', { status: 'complete' });
    const answer = await node.api('POST', '/device/login', { device_id: 'coded', phone: '15557770000' });
    assert.equal(answer.status, 200, answer.body.message);
    const { payload } = await event('device.pairing_code', { phone: '15557770000' });
    assert.equal((answer.body.results as { pair_code: string }).pair_code, payload.code);
    await node.api('DELETE', '/devices/coded');
  });

  await t.test('messages, and what is done to them', async () => {
    const { id } = await told({ text: 'hello' });
    const sealed = (use: string, target: string, plain: Uint8Array) => {
      const { encIv, encPayload } = sealAnswer(
        secret,
        { use, target, author: ann.jid, actor: ann.jid },
        plain,
      );
      return { encIv: encIv.toString('base64'), encPayload: encPayload.toString('base64') };
    };
    await told({ react: { message: id, emoji: '👍' } }, 'message.reaction');
    await told({ edit: { message: id, text: 'second' } }, 'message.edited');
    await told({ pin: { message: id, pinned: true } }, 'message.pinned');
    const keepInChatMessage = { key: { id, fromMe: true, remoteJid: self.jid }, keepType: 1 };
    await told({ message: { keepInChatMessage } }, 'message.kept');
    const poll = await told({ poll: { name: 'where?', options: ['here', 'there'], selectable: 0 } });
    await told({ vote: { poll: poll.id, options: ['here'] } }, 'message.poll_vote');
    const party = await told({ message: { eventMessage: { name: 'Party' }, messageContextInfo } });
    const encEventResponseMessage = {
      eventCreationMessageKey: { id: party.id, fromMe: true, remoteJid: self.jid },
      ...sealed(
        'Event Response',
        party.id,
        proto.Message.EventResponseMessage.encode({ response: 1 }).finish(),
      ),
    };
    await told({ message: { encEventResponseMessage } }, 'message.event_response');
    await act({ kind: 'star', chat: ann.jid, id });
    await event('message.starred');
    await act({ kind: 'deleteMessage', chat: ann.jid, id });
    await event('message.deleted', { original_content: 'second' });
    await told({ revoke: { message: poll.id } }, 'message.revoked');
    await simulator.read(self.phone, ann.jid, [party.id]);
    await event('chat.read');
    const sent = await node.api<{ message_id: string }>(
      'POST',
      '/send/message',
      { phone: ann.jid, message: 'hi' },
      { 'x-device-id': device },
    );
    assert.equal(sent.status, 200, sent.body.message);
    await simulator.read(ann.phone, self.jid, [sent.body.results?.message_id ?? '']);
    const { payload } = await event('message.ack', { receipt_type: 'read' });
    assert.deepEqual([payload.chat_id, payload.chat_lid], [ann.jid, ann.lid]);
  });

  await t.test('files', async () => {
    const file = async () => {
      const to = { to: self.phone, kind: 'document', fileName: 'a.pdf', mimetype: 'application/pdf' };
      const { id } = await simulator.sendMedia(ann.phone, to as never, randomBytes(3_000));
      await event('message', { id });
      return id;
    };
    const fetched = (id: string) =>
      node.api('GET', `/message/${id}/download?phone=${ann.phone}`, undefined, { 'x-device-id': device });
    const whole = await file();
    assert.equal((await fetched(whole)).status, 200);
    const { payload } = await event('media.ready', { message_id: whole });
    assert.deepEqual(
      [payload.chat_id, payload.media_type, payload.filename, payload.size, payload.by],
      [ann.jid, 'document', 'a.pdf', 3_000, 'host'],
    );
    assert.equal((await fetched(whole)).status, 200, 'it is kept, and not fetched again');
    const again = await file();
    await simulator.call('expireMedia', { body: { phone: ann.phone, id: again } });
    assert.equal((await fetched(again)).status, 200);
    assert.equal((await event('media.ready', { message_id: again })).payload.by, 'phone');
    const lost = await file();
    await simulator.call('expireMedia', { body: { phone: ann.phone, id: lost } });
    await simulator.arm('media.retry', { params: { result: 'not-found' } });
    assert.equal((await fetched(lost)).status, 410);
    await simulator.disarm();
    assert.equal((await event('media.failed', { message_id: lost })).payload.reason, 'gone');
    assert.ok(hook.delivered.filter(one => one.event === 'media.ready').length === 2);
  });

  await t.test('messages that cannot be read, can be, or never will be', async () => {
    await simulator.arm('delivery.undecryptable', {
      when: { count: 1 },
      who: { device: node.device(device).jid ?? '' },
    });
    const { id } = await simulator.send(ann.phone, self.phone, 'once more');
    for (const name of ['message.undecryptable', 'message.recovered']) await event(name, { id });
    await simulator.strike('poison.message-empty', { jid: node.device(device).jid ?? '' });
    await event('message.lost');
  });

  await t.test('chats, people, labels and settings, as the phone shares them', async () => {
    await act({ kind: 'pin', chat: ann.jid });
    await event('chat.updated', { pinned: true });
    await act({ kind: 'contact', jid: bob.jid, fullName: 'Bob B.', firstName: 'Bob', lid: bob.lid });
    await event('contact.updated', { name: 'Bob B.' });
    await event('contact.lid', { jid: bob.jid, lid: bob.lid });
    await act({ kind: 'label', id: '9', name: 'Important' });
    await event('label.edit');
    await act({ kind: 'labelChat', label: '9', chat: ann.jid });
    await event('label.association');
    await act({ kind: 'locale', locale: 'pt_BR' });
    await event('settings.updated');
    await simulator.call('block', { params: { phone: self.phone }, body: { who: bob.phone } });
    await event('blocklist.updated');
    await simulator.call('block', {
      params: { phone: self.phone },
      body: { who: bob.phone, blocked: false },
    });
    await profile(self.phone, { timelock: { seconds: 3600 } });
    await event('account.restricted', { active: true });
    await profile(self.phone, { timelock: null });
    await profile(self.phone, { newChats: 10 });
    assert.equal((await event('account.message_cap', { total: 10 })).payload.used, 0);
    await profile(self.phone, { newChats: null });
    assert.equal((await event('account.message_cap', { status: 'none' })).payload.total, undefined);
  });

  await t.test('who is there, and who writes', async () => {
    await post('/user/presence/subscribe', { phone: ann.phone });
    await simulator.call('setPresence', { params: { phone: ann.phone }, body: { available: true } });
    await event('presence');
    await post('/send/presence', { type: 'available' });
    await until(async () => {
      await simulator.call('type', {
        params: { phone: ann.phone },
        body: { to: self.phone, state: 'composing' },
      });
      return seen().has('chat_presence');
    });
  });

  await t.test('groups', async () => {
    const carol = await simulator.createPhone({ name: 'Carol' });
    const body = { by: ann.phone, subject: 'Club', members: [self.phone] };
    const { jid } = await simulator.call('createGroup', { body });
    const change = (by: string, what: Record<string, unknown>) =>
      simulator.call('changeGroup', { params: { group: jid }, body: { by, change: what } as never });
    await event('group.joined');
    await change(ann.phone, { type: 'promote', members: [self.phone] });
    await event('group.participants', { type: 'promote' });
    await change(ann.phone, { type: 'settings', settings: { approval: true } });
    await event('group.updated', { approval: true });
    await change(carol.phone, { type: 'join' });
    await event('group.join_request', { type: 'created' });
    const protocolMessage = { type: 30, memberLabel: { label: 'Captain' } };
    await event('group.member_label', { id: await send(ann, jid, { message: { protocolMessage } }) });
  });

  await t.test('channels', async () => {
    const params = { phone: ann.phone };
    const { jid } = await simulator.call('createChannel', { params, body: { name: 'News' } });
    const follow = (phone: string, role?: 'ADMIN' | null) =>
      simulator.call('follow', { params: { phone, jid }, body: { ...(role !== undefined && { role }) } });
    await follow(self.phone);
    await event('newsletter.joined');
    const { serverId, id } = await simulator.call('addPost', { params: { jid }, body: { text: 'first' } });
    await event('message', { id });
    await post('/newsletter/live-updates', { newsletter_id: jid });
    const of = { params: { ...params, jid, serverId: String(serverId) } };
    await simulator.call('reactToPost', { ...of, body: { reaction: '🎉' } });
    await event('newsletter.message', { newsletter_id: jid });
    const reacted = await event('newsletter.reaction', { newsletter_id: jid });
    assert.deepEqual([reacted.payload.server_id, reacted.payload.reaction], [serverId, '🎉']);
    await simulator.call('reactToPost', { params: { ...of.params, phone: bob.phone }, body: {} });
    const viewed = await event('newsletter.view', { newsletter_id: jid, views_count: 2 });
    assert.equal(viewed.payload.server_id, serverId);
    await simulator.call('changeChannel', { params: { jid }, body: { name: 'Other' } });
    await event('newsletter.updated', { name: 'Other' });
    await follow(self.phone, 'ADMIN');
    const { payload } = await event('newsletter.participants', { action: 'promote' });
    assert.deepEqual(
      [payload.newsletter_id, payload.jid, payload.lid, payload.role],
      [jid, self.jid, self.lid, 'admin'],
    );
    const { body } = await node.api<{ qr: string }>('POST', '/device/login', { device_id: 'twin' });
    await simulator.scan(body.results?.qr ?? '', self.phone);
    await node.opened(['twin']);
    await post('/newsletter/mute', { newsletter_id: jid }, 'twin');
    await event('newsletter.mute', { mute: 'on' });
    await node.api('DELETE', '/devices/twin');
    await follow(self.phone, null);
    await event('newsletter.left');
  });

  await t.test('calls', async () => {
    const { id } = await simulator.call('call', {
      params: { phone: ann.phone },
      body: { to: self.phone, timeoutMs: 50 },
    });
    await event('call.offer', { call_id: id });
    await event('call.updated', { call_id: id, status: 'ended' });
  });

  await t.test('a device is not well, and well again', async () => {
    const jid = node.device(device).jid ?? '';
    // Whoever is away says nothing of the message either.
    await simulator.call('power', { params: { phone: bob.phone }, body: { on: false } });
    await simulator.arm('ack.withhold', { who: { device: jid } });
    const sent = node.sendText(device, bob.phone, 'do you hear me');
    await event('device.degraded');
    await simulator.disarm();
    await node.api('POST', `/devices/${device}/reconnect`);
    assert.equal((await sent).status, 200);
    await event('device.recovered');
  });

  await t.test('a message is sent by the next process, and another one leads it astray', async () => {
    const [row] = await node.sql<{ no: number }[]>`select no from device where id = ${device}`;
    const no = row?.no ?? 0;
    const seal = await testSeals(node.sql).sealOf(no);
    await node.stop();
    const message = Buffer.from(proto.Message.encode({ conversation: 'at last' }).finish());
    const queued = '3EB000112233445566778899';
    await node.sql`
      insert into outgoing (device_no, id, chat, message)
      values (${no}, ${queued}, ${ann.jid}, ${seal.seal(places.outgoing(no, queued), serialize({ message }))})`;
    await node.start({ FAILPOINTS: 'recv.in_mapping:throw@1' });
    await node.opened([device]);
    await event('message.status', { id: queued, status: 'server_ack' });
    const { id } = await simulator.send(ann.phone, self.phone, 'poison');
    await event('event.unparsed', { id });
  });

  const missing = eventNames.filter(name => !seen().has(name));
  assert.deepEqual(missing.sort(), Object.keys(elsewhere).sort());
  assert.deepEqual((await simulator.violations()).violations, []);
});
