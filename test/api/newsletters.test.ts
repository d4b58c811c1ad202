// /newsletter over HTTP, with a whole node; what became of it is read from the simulator.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { type Actor, refusal, results, startActors } from '../support/acting.ts';

interface Channel {
  readonly id: string;
  readonly state: { readonly type: string };
  readonly thread_metadata: {
    readonly name: { readonly text: string };
    readonly description: { readonly text: string };
    readonly subscribers_count: string;
    readonly invite: string;
    readonly creation_time: string;
    readonly picture: { readonly direct_path: string };
    readonly settings: { readonly reaction_codes: { readonly value: string } };
  };
  readonly viewer_metadata?: { readonly role: string; readonly mute: string };
}
interface Post {
  readonly server_id: number;
  readonly timestamp: string;
  readonly views_count: number;
  readonly reaction_counts: Record<string, number>;
  readonly text: string;
}

test('channels', async t => {
  const { node, actors } = await startActors(t, 3);
  const [owner, fan, guest] = actors as [Actor, Actor, Actor];
  const { simulator } = node;
  const state = async (jid: string) => (await simulator.call('channels')).find(one => one.jid === jid);
  const make = async (name: string) =>
    results(await owner.post<{ newsletter_id: string }>('/newsletter', { name })).newsletter_id;
  const info = async (who: Actor, newsletter_id: string) =>
    results(await who.get<Channel>('/newsletter/info', { newsletter_id }));

  await t.test('one is made once, without a picture, and found by its JID and its link', async () => {
    const answer = await owner.post<{ newsletter_id: string; invite_link: string; newsletter: Channel }>(
      '/newsletter',
      { name: ' News ', description: 'All of it' },
    );
    const { newsletter_id, invite_link, newsletter } = results(answer);
    assert.equal(answer.body.message, `Success created newsletter with id ${newsletter_id}`);
    const made = await simulator.call('channels');
    assert.deepEqual(
      made.map(({ jid, name, description }) => [jid, name, description]),
      [[newsletter_id, 'News', 'All of it']],
    );
    assert.deepEqual(await info(owner, newsletter_id), newsletter);
    assert.deepEqual(newsletter.viewer_metadata, { role: 'owner', mute: 'off' });
    const { thread_metadata, state: seen } = newsletter;
    assert.deepEqual(
      [
        seen.type,
        thread_metadata.name.text,
        thread_metadata.subscribers_count,
        thread_metadata.picture.direct_path,
      ],
      ['active', 'News', '1', ''],
    );
    assert.match(thread_metadata.creation_time, /^\d{10}$/);
    for (const link of [invite_link, thread_metadata.invite]) {
      const found = results(await guest.get<Channel>('/newsletter/info', { link }));
      assert.equal(found.id, newsletter_id);
    }
    const bare = results(
      await guest.get<Channel>('/newsletter/info', { newsletter_id: newsletter_id.split('@')[0] ?? '' }),
    );
    assert.equal(bare.viewer_metadata?.role, 'guest');
    const unknown = { newsletter_id: '120363999999999999@newsletter' };
    assert.deepEqual(refusal(await guest.get('/newsletter/info', unknown)), [404, 'WA_NOT_FOUND']);
  });

  await t.test('one is followed by JID and link, muted, listed and left', async () => {
    const newsletter_id = await make('Followed');
    const link = `https://whatsapp.com/channel/${(await info(owner, newsletter_id)).thread_metadata.invite}`;
    results(await fan.post('/newsletter/follow', { newsletter_id, link: '' }));
    assert.deepEqual(results(await guest.post('/newsletter/follow', { link })), { newsletter_id });
    assert.deepEqual((await state(newsletter_id))?.followers, {
      [owner.phone]: 'OWNER',
      [fan.phone]: 'SUBSCRIBER',
      [guest.phone]: 'SUBSCRIBER',
    });
    for (const [path, mute] of [
      ['mute', 'on'],
      ['unmute', 'off'],
    ] as const) {
      results(await fan.post(`/newsletter/${path}`, { newsletter_id }));
      assert.equal((await info(fan, newsletter_id)).viewer_metadata?.mute, mute);
    }
    const list = await fan.get<{ data: Channel[] }>('/user/my/newsletters');
    assert.equal(list.body.message, 'Success get list newsletter');
    assert.deepEqual(
      results(list).data.map(one => [
        one.id,
        one.viewer_metadata?.role,
        one.thread_metadata.subscribers_count,
      ]),
      [[newsletter_id, 'subscriber', '3']],
    );
    const left = await fan.post('/newsletter/unfollow', { newsletter_id });
    assert.deepEqual([left.status, left.body.message], [200, 'Success unfollow newsletter']);
    assert.deepEqual(Object.keys((await state(newsletter_id))?.followers ?? {}), [owner.phone, guest.phone]);
    assert.deepEqual(refusal(await fan.post('/newsletter/mute', { newsletter_id })), [403, 'WA_FORBIDDEN']);
    const none = await fan.post<{ field: string }>('/newsletter/follow', {});
    assert.deepEqual(
      [...refusal(none), none.body.results?.field],
      [400, 'VALIDATION_ERROR', 'newsletter_id'],
    );
    const group = await fan.post<{ field: string }>('/newsletter/follow', { newsletter_id: '120363@g.us' });
    assert.deepEqual([...refusal(group), group.body.results?.field], [400, 'INVALID_JID', 'newsletter_id']);
  });

  await t.test('name, description and reactions are changed by who runs it', async () => {
    const newsletter_id = await make('Plain');
    results(await fan.post('/newsletter/follow', { newsletter_id }));
    const change = (who: Actor, path: string, body: object) =>
      who.post<Channel>(`/newsletter/${path}`, { newsletter_id, ...body });
    const named = results(await change(owner, 'name', { name: 'Better' }));
    assert.equal(named.thread_metadata.name.text, 'Better');
    results(await change(owner, 'description', { description: 'The best of it' }));
    results(await change(owner, 'reactions', { mode: 'basic' }));
    const changed = await state(newsletter_id);
    assert.deepEqual(
      [changed?.name, changed?.description, changed?.reactions],
      ['Better', 'The best of it', 'BASIC'],
    );
    results(await change(owner, 'description', { description: '' }));
    assert.equal((await state(newsletter_id))?.description, '');
    assert.deepEqual(refusal(await change(fan, 'name', { name: 'Mine' })), [403, 'WA_FORBIDDEN']);
    assert.deepEqual(refusal(await change(owner, 'name', { name: ' ' })), [400, 'VALIDATION_ERROR']);
    assert.deepEqual(refusal(await change(owner, 'reactions', { mode: 'some' })), [400, 'VALIDATION_ERROR']);
  });

  await t.test('a picture is given and taken away by who runs it', async () => {
    const newsletter_id = await make('Pictured');
    const image = await sharp({ create: { width: 90, height: 30, channels: 3, background: '#1e90ff' } })
      .png()
      .toBuffer();
    const form = new FormData();
    form.set('newsletter_id', newsletter_id);
    form.set('photo', new Blob([new Uint8Array(image)], { type: 'image/png' }), 'photo.png');
    const headers = { 'X-Device-Id': owner.id };
    const set = await fetch(new URL('/newsletter/photo', node.node.url), {
      method: 'POST',
      headers,
      body: form,
    });
    const { message } = (await set.json()) as { message: string };
    assert.deepEqual([set.status, message], [200, 'Success update newsletter photo']);
    const picture = async () => (await info(guest, newsletter_id)).thread_metadata.picture.direct_path;
    assert.match(await picture(), /^\/pictures\/./);
    const removed = await owner.form('/newsletter/photo', { newsletter_id });
    assert.equal(removed.body.message, 'Success remove newsletter photo');
    assert.equal(await picture(), '');
    assert.deepEqual(refusal(await guest.form('/newsletter/photo', { newsletter_id })), [
      403,
      'WA_FORBIDDEN',
    ]);
  });

  await t.test('posts are read page by page with reactions, which come and go', async () => {
    const newsletter_id = await make('Posts');
    results(await fan.post('/newsletter/follow', { newsletter_id }));
    const serverIds: number[] = [];
    for (const text of ['one', 'two', 'three'])
      serverIds.push(
        (await simulator.call('addPost', { params: { jid: newsletter_id }, body: { text } })).serverId,
      );
    const [first, , third] = serverIds as [number, number, number];
    const read = async (query: Record<string, string> = {}) => {
      const answer = await fan.get<{ data: Post[] }>('/newsletter/messages', { newsletter_id, ...query });
      assert.equal(answer.body.message, 'Success get newsletter messages');
      return results(answer).data;
    };
    const texts = (posts: readonly Post[]) => posts.map(({ text }) => text);
    assert.deepEqual(texts(await read()), ['one', 'two', 'three']);
    assert.deepEqual(texts(await read({ count: '2' })), ['two', 'three']);
    assert.deepEqual(texts(await read({ count: '', before: String(third) })), ['one', 'two']);
    const react = (who: Actor, emoji: string | null, server_id = first) =>
      who.post('/newsletter/reaction', { newsletter_id, server_id, emoji });
    results(await react(fan, '🐟'));
    results(await react(owner, '🐟'));
    const [post] = await read();
    assert.deepEqual([post?.server_id, post?.reaction_counts], [first, { '🐟': 2 }]);
    assert.match(post?.timestamp ?? '', /^20\d\d-.*Z$/);
    const back = await react(fan, null);
    assert.equal(back.body.message, 'Success remove reaction');
    assert.deepEqual((await read())[0]?.reaction_counts, { '🐟': 1 });
    assert.deepEqual(refusal(await react(guest, '🐟')), [403, 'WA_FORBIDDEN']);
    assert.deepEqual(refusal(await react(fan, '🐟', 9_999)), [404, 'WA_NOT_FOUND']);
    for (const query of [{ count: '101' }, { count: '0' }, { before: '-1' }, { count: 'x' }])
      assert.deepEqual(refusal(await fan.get('/newsletter/messages', { newsletter_id, ...query } as never)), [
        400,
        'VALIDATION_ERROR',
      ]);
    const live = results(await fan.post<{ duration: number }>('/newsletter/live-updates', { newsletter_id }));
    assert.equal(live.duration, 300);
    assert.deepEqual(refusal(await guest.post('/newsletter/live-updates', { newsletter_id })), [
      403,
      'WA_FORBIDDEN',
    ]);
  });

  await t.test('an owner sees who follows, demotes an admin and hands the channel over', async () => {
    const newsletter_id = await make('Run');
    results(await guest.post('/newsletter/follow', { newsletter_id }));
    const makeAdmin = () =>
      simulator.call('follow', { params: { phone: fan.phone, jid: newsletter_id }, body: { role: 'ADMIN' } });
    await makeAdmin();
    const listed = results(
      await owner.get<{ jid: string; lid: string; role: string; followed_at: string }[]>(
        '/newsletter/subscribers',
        { newsletter_id },
      ),
    );
    assert.deepEqual(
      listed.map(({ jid, lid, role }) => [jid, lid, role]),
      [
        [owner.number, owner.bareLid, 'owner'],
        [guest.number, guest.bareLid, 'subscriber'],
        [fan.number, fan.bareLid, 'admin'],
      ],
    );
    assert.match(listed[0]?.followed_at ?? '', /^20\d\d-.*Z$/);
    const count = async () =>
      results(await owner.get<{ admin_count: number }>('/newsletter/admins/count', { newsletter_id }));
    assert.deepEqual(await count(), { admin_count: 2 });
    results(await owner.post('/newsletter/admins/demote', { newsletter_id, participant: fan.phone }));
    assert.deepEqual(await count(), { admin_count: 1 });
    const hand = () => owner.post('/newsletter/owner', { newsletter_id, participant: fan.number });
    assert.deepEqual(refusal(await hand()), [422, 'WA_BAD_REQUEST']);
    await makeAdmin();
    results(await hand());
    assert.deepEqual((await state(newsletter_id))?.followers, {
      [owner.phone]: 'ADMIN',
      [guest.phone]: 'SUBSCRIBER',
      [fan.phone]: 'OWNER',
    });
    assert.deepEqual(refusal(await guest.get('/newsletter/subscribers', { newsletter_id })), [
      403,
      'WA_FORBIDDEN',
    ]);
    assert.deepEqual(refusal(await owner.post('/newsletter/delete', { newsletter_id })), [
      403,
      'WA_FORBIDDEN',
    ]);
    results(await fan.post('/newsletter/delete', { newsletter_id }));
    assert.equal(await state(newsletter_id), undefined);
    assert.deepEqual(refusal(await owner.get('/newsletter/info', { newsletter_id })), [404, 'WA_NOT_FOUND']);
  });
});
