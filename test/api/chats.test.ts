// The chat store as callers see it: filled by the history of a phone, by what comes and by what is sent.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNode } from '../support/node.ts';
import { type StoredChat, type StoredMessage, type StoredPage, storedBy } from '../support/stored.ts';
import { until } from '../support/until.ts';

const number = (phone: string) => `${phone}@s.whatsapp.net`;

test('the chat store', async t => {
  const node = await startNode(t, { devices: 1, workers: 1 });
  await node.opened();
  const [{ id: device, phone: own }] = node.seeded as [(typeof node.seeded)[0]];
  const { get, messages, told } = storedBy(node, device);
  const { phone: ana } = await node.simulator.createPhone({ name: 'Ana' });
  const call = (method: string, path: string, body?: unknown) =>
    node.api<Record<string, unknown>>(method, path, body, { 'x-device-id': device });

  await t.test('has what was said both ways, once, under the number', async () => {
    await node.simulator.send(ana, own, 'hello there');
    await told(ana, 1);
    const sent = await node.sendText(device, ana, 'hello Ana');
    assert.equal(sent.status, 200);
    const said = await told(ana, 2);
    assert.deepEqual(
      said.map(({ content, is_from_me, sender_jid, sender_display_name, chat_jid }) => [
        content,
        is_from_me,
        sender_jid,
        sender_display_name,
        chat_jid,
      ]),
      [
        ['hello Ana', true, number(own), said[0]?.sender_display_name, number(ana)],
        ['hello there', false, number(ana), 'Ana', number(ana)],
      ],
    );
    assert.equal(said[0]?.id, sent.body.results?.message_id);
    await until(async () => (await told(ana, 2))[0]?.status === 'delivered', { what: 'it was delivered' });
    const { data, pagination } = await get<StoredPage<StoredChat>>('/chats');
    assert.deepEqual(
      data.map(({ jid, name, unread_count }) => [jid, name, unread_count]),
      [[number(ana), 'Ana', 1]],
    );
    assert.equal(pagination.total, 1);
  });

  await t.test('has what the account writes on its phone', async () => {
    await node.simulator.send(own, ana, 'from my phone');
    const [said] = await told(ana, 3);
    assert.deepEqual(
      [said?.content, said?.is_from_me, said?.sender_jid],
      ['from my phone', true, number(own)],
    );
  });

  await t.test('is one chat, whether it is addressed by number or by LID', async () => {
    const [{ lid } = {}] = (await get<StoredPage<StoredChat>>('/chats')).data;
    assert.match(lid ?? '', /@lid$/);
    const byNumber = await messages(number(ana));
    const byLid = await messages(lid ?? '');
    assert.deepEqual(byLid.data, byNumber.data);
    assert.equal(byLid.chat_info.jid, number(ana));
    assert.equal((await node.sendText(device, lid ?? '', 'by LID')).status, 200);
    await told(ana, 4);
    assert.equal((await get<StoredPage<StoredChat>>('/chats')).data.length, 1);
    for (const phone of [ana, number(ana), lid ?? ''])
      assert.deepEqual(await get('/user/lid', { phone }), { jid: number(ana), phone: ana, lid });
  });

  await t.test('follows edits, reactions and revokes', async () => {
    const { phone: ben } = await node.simulator.createPhone({ name: 'Ben' });
    const say = (body: object) =>
      node.simulator.call('send', { params: { phone: ben }, body: { to: own, ...body } as never });
    const [edited, revoked] = [await say({ text: 'first' }), await say({ text: 'secret plan' })];
    await told(ben, 2);
    await say({ edit: { message: edited.id, text: 'second' } });
    await say({ revoke: { message: revoked.id } });
    await say({ react: { message: edited.id, emoji: '👍' } });
    const changed = await until(
      async () => {
        const said = await told(ben, 2);
        const one = said.find(({ id }) => id === edited.id);
        const other = said.find(({ id }) => id === revoked.id);
        return one?.edited_at && one.reactions && other?.revoked_at ? { one, other, said } : undefined;
      },
      { what: 'all changes' },
    );
    assert.equal(changed.said.length, 2, 'what changes a message is none');
    assert.equal(changed.one.content, 'second');
    assert.deepEqual(
      changed.one.reactions?.map(({ emoji, sender_jid, is_from_me }) => [emoji, sender_jid, is_from_me]),
      [['👍', number(ben), false]],
    );
    assert.equal(changed.other.content, '');
    assert.deepEqual((await get<StoredPage<StoredMessage>>('/chats/search', { q: 'secret' })).data, []);
    assert.deepEqual((await get<StoredPage<StoredMessage>>('/chats/search', { q: 'first' })).data, []);
    await say({ react: { message: edited.id, emoji: '' } });
    await until(async () => (await told(ben, 2)).every(({ reactions }) => !reactions), {
      what: 'no reaction',
    });
  });

  await t.test(
    'S16: finds words in all chats: any case, any accent, and every character as it is',
    async () => {
      const { phone: cy } = await node.simulator.createPhone({ name: 'Cy' });
      const texts = [
        'Amanhã às 10h no café',
        '100%_sure\\',
        'ООО «Ромашка» 東京タワー',
        'i💥j',
        'x'.repeat(5_000),
      ];
      for (const text of texts) await node.simulator.send(cy, own, text);
      await told(cy, texts.length);
      const found = async (q: string) =>
        (await get<StoredPage<StoredMessage>>('/chats/search', { q })).data.map(({ content }) => content);
      assert.deepEqual(await found('AMANHA'), [texts[0]]);
      assert.deepEqual(await found('cafe'), [texts[0]]);
      assert.deepEqual(await found('%_s'), [texts[1]]);
      assert.deepEqual(await found('%'), [texts[1]]);
      assert.deepEqual(await found('_'), [texts[1]]);
      assert.deepEqual(await found('sure\\'), [texts[1]]);
      assert.deepEqual(await found('ромашка'), [texts[2]]);
      assert.deepEqual(await found('京タワ'), [texts[2]]);
      assert.deepEqual(await found('💥'), [texts[3]]);
      assert.deepEqual(await found("'; drop table chat; --"), []);
      assert.deepEqual(await found('cafe amanha'), []);
      const here = await messages(cy, { search: 'às 10h' });
      assert.deepEqual([here.data.length, here.pagination.total], [1, 1]);
      assert.equal((await messages(ana, { search: 'às 10h' })).data.length, 0);
      assert.deepEqual(
        (await get<StoredPage<StoredChat>>('/chats', { search: 'cy' })).data.map(({ name }) => name),
        ['Cy'],
      );
      assert.deepEqual((await get<StoredPage<StoredChat>>('/chats', { search: '%' })).data, []);
    },
  );

  await t.test('is told by page, counted or from a cursor', async () => {
    const { phone: dee } = await node.simulator.createPhone({ name: 'Dee' });
    const all = Array.from({ length: 7 }, (_, n) => `page ${n}`);
    for (const text of all) await node.simulator.send(dee, own, text);
    await told(dee, 7);
    const texts = (page: StoredPage<StoredMessage>) => page.data.map(({ content }) => content);
    const newest = texts(await messages(dee));
    assert.deepEqual(newest, all.toReversed(), 'within a second as they came');
    const counted = await messages(dee, { limit: 3, offset: 3 });
    assert.deepEqual(texts(counted), newest.slice(3, 6));
    assert.deepEqual(counted.pagination.total, 7);
    const walked: string[] = [];
    let before = '';
    for (;;) {
      const page = await messages(dee, { limit: 3, ...(before && { before }) });
      walked.push(...texts(page));
      if (!page.pagination.next) break;
      before = page.pagination.next;
    }
    assert.deepEqual(walked, newest);
    const mine = await messages(ana, { is_from_me: 'true' });
    assert.ok(mine.data.length > 0 && mine.data.every(({ is_from_me }) => is_from_me));
    const none = await messages(dee, { end_time: '2020-01-01T00:00:00Z' });
    assert.deepEqual([none.data, none.pagination.total], [[], 0]);
    for (const [path, field] of [
      [`/chat/${dee}/messages?before=x`, 'before'],
      [`/chat/${dee}/messages?limit=101`, 'limit'],
      [`/chat/${dee}/messages?start_time=yesterday`, 'start_time'],
      ['/chats?offset=-1', 'offset'],
      ['/chats?archived=maybe', 'archived'],
    ]) {
      const { status, body } = await call('GET', path ?? '');
      assert.deepEqual([status, body.code, body.results?.field], [400, 'VALIDATION_ERROR', field]);
    }
    const { status, body } = await call('GET', '/chat/15559999999/messages');
    assert.deepEqual([status, body.code], [404, 'CHAT_NOT_FOUND']);
    assert.equal((await call('GET', '/chat/nobody@nowhere/messages')).status, 400);
  });

  await t.test('knows what the account itself has starred, archived and removed', async () => {
    const { phone: fay } = await node.simulator.createPhone({ name: 'Fay' });
    const { id } = await node.simulator.send(fay, own, 'keep me');
    await node.simulator.send(fay, own, 'remove me');
    const said = await told(fay, 2);
    const removed = said.find(({ content }) => content === 'remove me')?.id;
    for (const [path, body] of [
      [`/message/${id}/star`, { phone: fay }],
      [`/message/${removed}/delete`, { phone: fay }],
      [`/chat/${number(fay)}/archive`, { archived: true }],
    ] as const) {
      const answered = await call('POST', path, body);
      assert.equal(answered.status, 200, `${path}: ${answered.body.message}`);
    }
    await until(
      async () => {
        const { data, chat_info } = await messages(fay);
        assert.deepEqual(
          [data.map(({ content, starred }) => [content, starred]), chat_info.archived],
          [[['keep me', true]], true],
        );
        return true;
      },
      { what: 'starred, removed and archived' },
    );
    const archived = await get<StoredPage<StoredChat>>('/chats', { archived: 'true' });
    assert.deepEqual(
      archived.data.map(({ name }) => name),
      ['Fay'],
    );
    assert.ok(
      !(await get<StoredPage<StoredChat>>('/chats', { archived: 'false' })).data.some(
        ({ name }) => name === 'Fay',
      ),
    );
  });

  await t.test('knows media by its kind and size, and which chats have some', async () => {
    const { phone: eve } = await node.simulator.createPhone({ name: 'Eve' });
    await node.simulator.sendMedia(eve, { to: own, kind: 'image', generate: 2_000, caption: 'look' });
    await node.simulator.send(eve, own, 'only text');
    await told(eve, 2);
    const { data } = await messages(eve, { media_only: 'true' });
    assert.deepEqual(
      data.map(({ media_type, content, file_length, kind }) => [media_type, content, file_length, kind]),
      [['image', 'look', 2_000, 'image']],
    );
    assert.deepEqual(
      (await get<StoredPage<StoredChat>>('/chats', { has_media: 'true' })).data.map(({ name }) => name),
      ['Eve'],
    );
  });

  await t.test('groups have a name, and each message its sender', async () => {
    const group = await node.simulator.call('createGroup', {
      body: { by: ana, subject: 'Choir', members: [own] },
    });
    await node.simulator.send(ana, group.jid, 'sing!');
    const [said] = await told(group.jid, 1);
    assert.deepEqual([said?.sender_jid, said?.sender_display_name], [number(ana), 'Ana']);
    await until(async () => (await messages(group.jid)).chat_info.name === 'Choir', { what: 'its name' });
  });

  await t.test('stays over a restart, and contacts have their names', async () => {
    const before = await messages(ana);
    await node.restart();
    await node.opened();
    assert.deepEqual((await messages(ana)).data, before.data);
    const { data } = await get<{ data: { jid: string; name: string }[] }>('/user/my/contacts');
    assert.equal(data.find(({ jid }) => jid === number(ana))?.name, 'Ana');
  });

  await t.test('is forgotten with the account: the next one that is linked may be another', async () => {
    assert.equal((await call('GET', '/app/logout')).status, 200);
    await until(
      async () => {
        const [rows] = await node.sql<[{ chats: number; messages: number; contacts: number }]>`
          select (select count(*)::int from chat) as chats, (select count(*)::int from chat_message) as messages,
                 (select count(*)::int from contact) as contacts`;
        assert.deepEqual({ ...rows }, { chats: 0, messages: 0, contacts: 0 });
        return true;
      },
      { what: 'nothing is left' },
    );
  });
});

test('a newly paired device has the chats of its phone, each of their messages once', async t => {
  const node = await startNode(t, { workers: 1 });
  const { phone } = await node.simulator.createPhone();
  const past = await node.simulator.call('addHistory', {
    params: { phone },
    body: { seed: 'past', chats: 8, groups: 2, messagesPerChat: 30, addressing: 'lid', days: 60 } as never,
  });
  const { body } = await node.api<{ qr: string }>('POST', '/device/login', { device_id: 'sales' });
  await node.simulator.scan(body.results?.qr ?? '', phone);
  await node.opened(['sales']);
  const { get } = storedBy(node, 'sales');
  const counted = async () => {
    const [row] = await node.sql<[{ count: number }]>`select count(*)::int as count from chat_message`;
    return row.count;
  };
  const known = await node.simulator.call('chats', { params: { phone } });
  assert.equal(known.length, 10);
  const unnamed = new Set(known.filter(({ name }) => !name).map(({ pn, id }) => pn ?? id));
  const standing = (
    chat: Pick<StoredChat, 'archived' | 'pinned' | 'name'> & { unread: number; jid: string },
  ) => [...[chat.jid, chat.name, chat.archived, chat.pinned, chat.unread]];
  const wished = known
    .map(chat => standing({ ...chat, name: chat.name ?? '', jid: chat.pn ?? chat.id }))
    .sort();
  await until(
    async () => {
      const { data } = await get<StoredPage<StoredChat>>('/chats', { limit: 100 });
      // Of whom the phone has saved no name we know what they call themselves.
      const ours = data
        .map(chat => ({ ...chat, name: unnamed.has(chat.jid) ? '' : chat.name, unread: chat.unread_count }))
        .map(standing)
        .sort();
      assert.deepEqual(ours, wished);
      return true;
    },
    { what: 'all chats, as the phone has them', within: 30_000 },
  );
  const wanted = known.reduce((sum, chat) => sum + chat.messages, 0);
  await until(async () => (await counted()) >= wanted * 0.9, { what: `${wanted} messages`, within: 30_000 });
  assert.ok((await counted()) <= wanted, 'none of them twice');
  assert.ok(past.messages > 0);
});

test('older messages of a chat come from the phone when they are asked for', async t => {
  const node = await startNode(t, { workers: 1 });
  const { phone } = await node.simulator.createPhone();
  await node.simulator.call('addHistory', {
    params: { phone },
    body: { seed: 'old', chats: 1, groups: 0, messagesPerChat: 200, addressing: 'pn', days: 1_000 } as never,
  });
  const { body } = await node.api<{ qr: string }>('POST', '/device/login', { device_id: 'sales' });
  await node.simulator.scan(body.results?.qr ?? '', phone);
  await node.opened(['sales']);
  const { get, messages } = storedBy(node, 'sales');
  const [chat] = await until(
    async () => {
      const { data } = await get<StoredPage<StoredChat>>('/chats');
      return data.length > 0 ? data : undefined;
    },
    { what: 'the chat', within: 30_000 },
  );
  const jid = chat?.jid ?? '';
  const count = async () => (await messages(jid)).pagination.total ?? 0;
  const before = await until(
    async () => {
      const { transfers } = await node.simulator.call('history', { params: { phone } });
      const last = transfers.some(({ syncType, progress }) => syncType === 'RECENT' && progress === 100);
      const sent = transfers.reduce((sum, { messages }) => sum + messages, 0);
      return last && sent === (await count()) ? sent : undefined;
    },
    { what: 'all that the phone told by itself', within: 30_000 },
  );
  const ask = (asked: unknown, of = jid) =>
    node.api<Record<string, unknown>>('POST', `/chat/${of}/history`, asked, { 'x-device-id': 'sales' });
  const answer = await ask({ count: 30 });
  assert.equal(answer.status, 200, answer.body.message);
  assert.deepEqual([answer.body.results?.chat_jid, answer.body.results?.count], [jid, 30]);
  await until(async () => (await count()) === before + 30, { what: '30 older messages' });
  const oldest = (await messages(jid, { limit: 1, offset: before })).data[0];
  assert.ok((oldest?.timestamp ?? '') <= String(answer.body.results?.before_time));
  assert.equal((await ask({ count: 501 })).status, 400);
  assert.equal((await ask({}, '15559999999')).body.code, 'CHAT_NOT_FOUND');
});
