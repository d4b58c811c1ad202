// What comes because somebody asked for it, and what does not come because somebody does not want it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startInbound } from '../support/inbound.ts';
import { startNode } from '../support/node.ts';
import { storedBy } from '../support/stored.ts';
import { until } from '../support/until.ts';

test('what is asked for comes, and what is ignored does not', async t => {
  const { node, id: device, hook, self, ann, event, send } = await startInbound(t);
  const { simulator } = node;
  const store = storedBy(node, device);
  const post = async (path: string, body: unknown, of = device) => {
    const answer = await node.api('POST', path, body, { 'x-device-id': of });
    assert.equal(answer.status, 200, `${path}: ${answer.body.message}`);
  };
  const set = async (settings: Record<string, unknown>, of = device) => {
    const answer = await node.api('PATCH', `/devices/${of}/settings`, settings);
    assert.equal(answer.status, 200, answer.body.message);
  };
  const channelOf = async (name: string) => {
    const { jid } = await simulator.call('createChannel', { params: { phone: ann.phone }, body: { name } });
    await simulator.call('follow', { params: { phone: self.phone, jid }, body: {} });
    return jid;
  };

  await t.test('who comes and goes, from when it was asked for', async () => {
    const there = (available: boolean) =>
      simulator.call('setPresence', { params: { phone: ann.phone }, body: { available } });
    await send(ann, self.phone, { text: 'it is me' });
    await there(true);
    await post('/user/presence/subscribe', { phone: ann.phone });
    const { timestamp, ...here } = (await event('presence', { from: ann.jid })).payload;
    assert.ok(Math.abs(Date.parse(String(timestamp)) - Date.now()) < 60_000);
    assert.deepEqual(here, { from: ann.jid, from_lid: ann.lid, available: true });
    await there(false);
    const gone = (await event('presence', { from: ann.jid, available: false })).payload;
    assert.ok(!Number.isNaN(Date.parse(String(gone.last_seen))), JSON.stringify(gone));
    await there(true);
    await event('presence', { from: ann.jid, available: true });
  });

  await t.test('reactions and views of the posts of a channel, while it is watched', async () => {
    const jid = await channelOf('Watched');
    const first = await simulator.call('addPost', { params: { jid }, body: { text: 'first' } });
    await event('message', { id: first.id });
    const react = (reaction: string) =>
      simulator.call('reactToPost', {
        params: { phone: ann.phone, jid, serverId: String(first.serverId) },
        body: { reaction },
      });
    await react('🤔');
    await post('/newsletter/live-updates', { newsletter_id: jid });
    await react('🎉');
    const { timestamp, messages, ...rest } = (await event('newsletter.message')).payload;
    assert.ok(!Number.isNaN(Date.parse(String(timestamp))));
    assert.deepEqual(rest, { newsletter_id: jid });
    const [news] = messages as Record<string, unknown>[];
    assert.deepEqual(
      [news?.server_id, news?.message_id, news?.reaction_counts],
      [first.serverId, first.id, { '🎉': 1 }],
    );
    const told = hook.delivered.filter(one => one.event === 'newsletter.message');
    assert.ok(told.every(({ payload }) => !JSON.stringify(payload).includes('🤔')));
  });

  await t.test('another device of the account makes a channel silent, and loud', async () => {
    const jid = await channelOf('Loud');
    await event('newsletter.joined', { newsletter_id: jid });
    await simulator.call('addPost', { params: { jid }, body: { text: 'hear, hear' } });
    await event('message', { chat_id: jid });
    const { body } = await node.api<{ qr: string }>('POST', '/device/login', { device_id: 'twin' });
    await simulator.scan(body.results?.qr ?? '', self.phone);
    await node.opened(['twin']);
    const heard = (mute: string) =>
      until(
        () =>
          hook.delivered.find(
            one => one.event === 'newsletter.mute' && one.session_id === device && one.payload.mute === mute,
          ),
        { what: `newsletter.mute ${mute}` },
      );
    for (const [path, mute] of [
      ['/newsletter/mute', 'on'],
      ['/newsletter/unmute', 'off'],
    ] as const) {
      await post(path, { newsletter_id: jid }, 'twin');
      const { timestamp: _, ...payload } = (await heard(mute)).payload;
      assert.deepEqual(payload, { newsletter_id: jid, mute });
      await until(async () => {
        const { chat_info } = await store.messages(jid);
        return ((chat_info as { muted_until?: string | null }).muted_until !== null) === (mute === 'on');
      });
    }
    await node.api('DELETE', '/devices/twin');
  });

  await t.test('of ignored statuses nothing is kept, and of others everything', async () => {
    const status = 'status@broadcast';
    const say = (text: string) => send(ann, status, { text, statusTo: [self.phone] });
    await store.said(status, await say('before'));
    await set({ ignore_status: true });
    const ignored = await say('ignored');
    await store.said(ann.jid, await send(ann, self.phone, { text: 'heard' }));
    assert.equal(await store.one(status, ignored), undefined);
    await set({ ignore_status: false });
    await store.said(status, await say('after'));
    assert.equal((await store.messages(status)).pagination.total, 2);
  });

  await t.test('of ignored channels nothing is told or kept, and of others everything', async () => {
    const jid = await channelOf('Noisy');
    await event('newsletter.joined', { newsletter_id: jid });
    const say = (text: string) => simulator.call('addPost', { params: { jid }, body: { text } });
    const first = await say('before');
    await event('message', { id: first.id });
    await store.said(jid, first.id);
    await set({ ignore_channels: true });
    const ignored = await say('ignored');
    await simulator.call('changePost', {
      params: { jid, serverId: String(first.serverId) },
      body: { text: 'changed' },
    });
    await simulator.call('changeChannel', { params: { jid }, body: { name: 'Louder' } });
    const last = await send(ann, self.phone, { text: 'heard' });
    await event('message', { id: last });
    await store.said(ann.jid, last);
    assert.ok(hook.delivered.every(({ payload }) => payload.id !== ignored.id && payload.name !== 'Louder'));
    const { data, chat_info } = await store.messages(jid);
    assert.deepEqual(
      [chat_info.name, data.map(({ id, content }) => [id, content])],
      ['Noisy', [[first.id, 'before']]],
    );
    await set({ ignore_channels: false });
    const after = await say('after');
    await event('message', { id: after.id });
    await store.said(jid, after.id);
  });
});

test('a device that wants no history has no chats of the past, and what is said from then on', async t => {
  const node = await startNode(t, { workers: 1 });
  const { phone } = await node.simulator.createPhone();
  const past = { seed: 'none', chats: 4, groups: 1, messagesPerChat: 5, addressing: 'pn', days: 9 };
  await node.simulator.call('addHistory', { params: { phone }, body: past as never });
  await node.api('POST', '/devices', { device_id: 'sales' });
  assert.equal((await node.api('PATCH', '/devices/sales/settings', { history: 'none' })).status, 200);
  const { body } = await node.api<{ qr: string }>('POST', '/device/login', { device_id: 'sales' });
  await node.simulator.scan(body.results?.qr ?? '', phone);
  await node.opened(['sales']);
  const store = storedBy(node, 'sales');
  await until(
    async () => {
      const { transfers } = await node.simulator.call('history', { params: { phone } });
      return transfers.length > 0 && transfers.every(({ receipts }) => receipts.includes('hist_sync'));
    },
    { what: 'the phone has sent its past' },
  );
  const { phone: ann, jid } = await node.simulator.createPhone({ name: 'Ann' });
  const { id } = await node.simulator.send(ann, phone, 'hello');
  await store.said(jid, id);
  assert.deepEqual(
    (await store.chats()).data.map(chat => chat.jid),
    [jid],
  );
  assert.equal((await store.messages(jid)).pagination.total, 1);
  const { data } = await store.get<{ data: { saved: boolean }[] }>('/user/my/contacts');
  assert.ok(data.length > 1, 'whom the account knows is no past');
});
