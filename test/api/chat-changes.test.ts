import assert from 'node:assert/strict';
import { test } from 'node:test';
import { journalOf } from '../support/journal.ts';
import { startNode } from '../support/node.ts';
import { until } from '../support/until.ts';

interface Shared {
  readonly chats: Record<string, Record<string, unknown> | undefined>;
}

test('chats are changed over HTTP, and the phone of the account sees it', async t => {
  const node = await startNode(t, { devices: 1, workers: 1 });
  await node.opened();
  const { simulator } = node;
  const own = node.seeded[0]?.phone ?? '';
  const { phone: friend } = await simulator.createPhone({ name: 'Friend' });
  const { jid: group } = await simulator.call('createGroup', {
    body: { by: own, subject: 'Cardume', members: [friend] },
  });
  const chat = `${friend}@s.whatsapp.net`;
  const post = (path: string, body?: unknown) => node.api<Record<string, unknown>>('POST', path, body);
  /** The chat as the phone has it; fails if it did not believe a change. */
  const shared = async (jid = chat) => {
    const { state, refused } = await simulator.call('appState', { params: { phone: own } });
    assert.deepEqual(refused, []);
    return (state as unknown as Shared).chats[jid] ?? {};
  };

  /** The ids of the messages that a change of the chat names, each with its time. */
  const rangeOf = async (collection: string, kind: string) => {
    const { collections } = await simulator.call('appState', { params: { phone: own } });
    const { value } = collections[collection]?.records.find(({ index }) => index[0] === kind) ?? {};
    const { messageRange } = (value?.[`${kind}Action`] ?? {}) as {
      messageRange?: { lastMessageTimestamp: string; messages: { key: { id: string }; timestamp: string }[] };
    };
    for (const { timestamp } of messageRange?.messages ?? [])
      assert.equal(timestamp, messageRange?.lastMessageTimestamp);
    return messageRange?.messages.map(({ key }) => key.id);
  };

  await t.test("pinned and unpinned, in gowa's words", async () => {
    const pinned = await post(`/chat/${encodeURIComponent(chat)}/pin`, { pinned: true });
    const message = 'Chat pinned successfully';
    assert.deepEqual(pinned.body, {
      code: 'SUCCESS',
      message,
      results: { status: 'success', message, chat_jid: chat, pinned: true },
    });
    assert.equal((await shared()).pinned, true);
    const unpinned = await post(`/chat/${friend}/pin`, { pinned: false });
    assert.deepEqual([unpinned.status, unpinned.body.message], [200, 'Chat unpinned successfully']);
    assert.equal((await shared()).pinned, false);
  });

  await t.test('archived, which unpins it, and taken out again', async () => {
    await post(`/chat/${chat}/pin`, { pinned: true });
    const archived = await post(`/chat/${chat}/archive`, { archived: true });
    const message = 'Chat archived successfully';
    assert.deepEqual(archived.body.results, { status: 'success', message, chat_jid: chat, archived: true });
    const { archived: is, pinned } = await shared();
    assert.deepEqual([is, pinned], [true, false]);
    assert.equal((await post(`/chat/${chat}/archive`, { archived: false })).status, 200);
    assert.equal((await shared()).archived, false);
  });

  await t.test('muted until a time, for ever, and not at all', async () => {
    const until = '2099-01-31T08:00:00.000Z';
    const timed = await post(`/chat/${group}/mute`, { muted: true, until });
    assert.deepEqual([timed.body.results?.muted, timed.body.results?.until], [true, until]);
    const { muted, mutedUntil } = await shared(group);
    assert.deepEqual([muted, mutedUntil], [true, Date.parse(until)]);
    await post(`/chat/${group}/mute`, { muted: true });
    assert.equal((await shared(group)).mutedUntil, -1);
    await post(`/chat/${group}/mute`, { muted: false });
    assert.equal((await shared(group)).muted, false);
    for (const wrong of ['2001-01-01T00:00:00Z', 'tomorrow', '2099-02-31']) {
      const refused = await post(`/chat/${group}/mute`, { muted: true, until: wrong });
      assert.deepEqual([refused.status, refused.body.results], [400, { field: 'until' }], wrong);
    }
  });

  await t.test('unread and read, up to the last message that is known', async () => {
    const { id } = await simulator.send(friend, own, 'the last one');
    await until(async () =>
      (await journalOf(node.sql, 'device-0')).some(({ payload }) => payload.body === 'the last one'),
    );
    const unread = await post(`/chat/${chat}/read`, { read: false });
    assert.deepEqual([unread.status, unread.body.message], [200, 'Chat marked as unread']);
    assert.equal((await shared()).read, false);
    assert.deepEqual(await rangeOf('regular_low', 'markChatAsRead'), [id]);
    assert.equal((await post(`/chat/${chat}/read`)).body.message, 'Chat marked as read');
    assert.equal((await shared()).read, true);
  });

  await t.test('cleared up to the last message, and gone, here as on the phone', async () => {
    const said = async () => {
      const { body } = await node.api<{ data: unknown[] }>('GET', `/chat/${chat}/messages`);
      return body.results?.data.length;
    };
    const listed = async () => {
      const { body } = await node.api<{ data: { jid: string }[] }>('GET', '/chats');
      return body.results?.data.some(({ jid }) => jid === chat);
    };
    const last = (await simulator.messages(own, { chat: friend })).at(-1);
    await until(async () => (await said()) === 1);
    assert.equal((await post(`/chat/${chat}/clear`)).status, 200);
    assert.deepEqual(await rangeOf('regular_high', 'clearChat'), [last?.id]);
    await until(async () => (await said()) === 0);
    assert.equal(await listed(), true);
    const gone = await node.api('DELETE', `/chat/${chat}`);
    assert.deepEqual([gone.status, gone.body.message], [200, 'Chat deleted successfully']);
    assert.ok(Number((await shared()).deletedAt) > 0);
    await until(async () => !(await listed()));
  });

  await t.test('the timer: told to a person as a message, set in a group', async () => {
    const set = await post(`/chat/${chat}/disappearing`, { timer_seconds: 86_400 });
    const message = 'Disappearing messages set to 86400 seconds';
    assert.deepEqual(set.body.results, { status: 'success', message, chat_jid: chat, timer_seconds: 86_400 });
    const told = await simulator.waitForMessage(friend, one => one.type === 'protocol');
    const { ephemeralMessage } = told.message as {
      ephemeralMessage?: { message: { protocolMessage: { type: string; ephemeralExpiration: number } } };
    };
    const protocol = ephemeralMessage?.message.protocolMessage;
    assert.deepEqual([protocol?.type, protocol?.ephemeralExpiration], ['EPHEMERAL_SETTING', 86_400]);
    assert.equal((await post(`/chat/${group}/disappearing`, { timer_seconds: 604_800 })).status, 200);
    const ephemeral = async () =>
      (await simulator.call('group', { params: { group } })).settings.ephemeral as number | undefined;
    assert.equal(await ephemeral(), 604_800);
    const off = await post(`/chat/${group}/disappearing`, { timer_seconds: 0 });
    assert.equal(off.body.message, 'Disappearing messages disabled');
    const odd = await post(`/chat/${chat}/disappearing`, { timer_seconds: 3_600 });
    assert.deepEqual([odd.status, odd.body.code], [400, 'VALIDATION_ERROR']);
  });

  await t.test('forms say the same as JSON', async () => {
    const form = async (body: URLSearchParams | FormData) =>
      (await fetch(new URL(`/chat/${chat}/pin`, node.node.url), { method: 'POST', body })).status;
    assert.equal(await form(new URLSearchParams({ pinned: 'true' })), 200);
    assert.equal((await shared()).pinned, true);
    const multipart = new FormData();
    multipart.append('pinned', 'false');
    assert.equal(await form(multipart), 200);
    assert.equal((await shared()).pinned, false);
  });

  await t.test('what is no chat of a person or a group is refused', async () => {
    for (const jid of ['status@broadcast', '120363040000000000@newsletter', 'x@g.us', '0']) {
      const { status, body } = await post(`/chat/${jid}/pin`, { pinned: true });
      assert.deepEqual([status, body.code, body.results], [400, 'INVALID_JID', { field: 'chat_jid' }], jid);
    }
    const missing = await post(`/chat/${chat}/pin`, {});
    assert.deepEqual([missing.status, missing.body.message], [400, 'pinned: is required.']);
  });

  await t.test('a change that another device overtook is made on top of the other one', async () => {
    const { phone } = await simulator.createPhone();
    const other = `${phone}@s.whatsapp.net`;
    // The answer to the look at what is new is on its way when the phone changes something.
    await simulator.arm('iq.late', { when: { once: true }, filter: { child: 'sync' }, params: { ms: 400 } });
    const pinning = post(`/chat/${chat}/pin`, { pinned: true });
    await until(async () => (await simulator.faults()).armed.some(({ fired }) => fired === 1));
    await simulator.call('changeAppState', {
      params: { phone: own },
      body: { kind: 'pin', chat: other, pinned: true },
    });
    assert.equal((await pinning).status, 200);
    await simulator.disarm();
    assert.deepEqual([(await shared()).pinned, (await shared(other)).pinned], [true, true]);
  });

  await t.test('a refusal of WhatsApp is a failure, and the next change goes through', async () => {
    const refuse = { filter: { xmlns: 'w:sync:app:state' }, params: { code: '403', text: 'forbidden' } };
    await simulator.arm('iq.error', refuse);
    const refused = await post(`/chat/${chat}/pin`, { pinned: false });
    await simulator.disarm();
    assert.deepEqual([refused.status, refused.body.code], [403, 'WA_FORBIDDEN']);
    assert.equal((await shared()).pinned, true);
    const again = await post(`/chat/${chat}/pin`, { pinned: false });
    assert.equal(again.status, 200);
  });

  await t.test('while the phone has not shared its keys the answer says so', async () => {
    await node.stop();
    await node.sql`delete from signal_key where kind = 5`;
    await node.start();
    await node.opened();
    const { status, body, headers } = await post(`/chat/${chat}/pin`, { pinned: true });
    assert.deepEqual([status, body.code, headers.get('retry-after')], [503, 'APP_STATE_UNAVAILABLE', '5']);
  });
});
