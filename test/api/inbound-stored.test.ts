// Every kind of message that a phone can send is in the chat store, and read through the API: what it says, its kind and
// who sent it. Field by field it is what the message's event has.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Inbound, startInbound } from '../support/inbound.ts';
import { messageKinds } from '../support/message-kinds.ts';
import { type StoredMessage, storedBy } from '../support/stored.ts';
import { until } from '../support/until.ts';

const MEDIA = ['image', 'video', 'audio', 'document', 'sticker', 'video_note'];
/** What gowa's clients know a kind as; `details.type` has the kind itself. */
const KEPT_AS: Record<string, string> = {
  gif: 'video',
  voice: 'audio',
  contacts: 'contact',
  list_reply: 'text',
  button_reply: 'text',
  template_reply: 'text',
  interactive_reply: 'text',
  unsupported: 'other',
};
/** What stands in the place of a text, where a message has none. */
const INSTEAD: Record<string, string> = {
  'a pack of stickers': 'Cats',
  'a place': 'here\n1 Road\nhttps://maps.google.com/?q=1.5,-2',
  'a contact': 'Contact: Bob (+1 555)',
  'a contact without a number': 'Contact: Bob',
  'several contacts': 'Contacts: Bob (+1 555), Bob (+1 555)',
  'the result of a poll': 'colour?',
  'an event': 'Party\nbring cake',
  'a call to come': 'Sync',
};
const POLL = 'colour?\n- red\n- blue';
/** Told in fields of their own. */
const OF_FILE = ['url', 'mimetype', 'caption', 'filename', 'size'];

/** What the API has of a message, from what its event has. */
function expected(what: string, { type, body, ...rest }: Record<string, unknown>) {
  const kind = String(type);
  const details: Record<string, unknown> = { ...(KEPT_AS[kind] && { type: kind }), ...rest };
  const media = MEDIA.find(name => name in rest);
  const file = media === undefined ? {} : (rest[media] as Record<string, unknown>);
  if (media !== undefined) {
    const others = Object.entries(file).filter(([name]) => !OF_FILE.includes(name));
    if (others.length > 0) details[media] = Object.fromEntries(others);
    else delete details[media];
  }
  return {
    kind: KEPT_AS[kind] ?? kind,
    media_type: media ?? '',
    content: body ?? INSTEAD[what] ?? (kind === 'poll' ? POLL : ''),
    details: Object.keys(details).length > 0 ? details : undefined,
    filename: file.filename ?? '',
    url: file.url ?? '',
    file_length: file.size ?? 0,
    mime_type: file.mimetype,
  };
}

const shown = ({
  kind,
  media_type,
  content,
  details,
  filename,
  url,
  file_length,
  mime_type,
}: StoredMessage) => ({
  ...{ kind, media_type, content, details, filename, url, file_length, mime_type },
});

async function club({ node, self, ann, bob }: Inbound): Promise<string> {
  const body = { by: ann.phone, subject: 'Club', members: [self.phone, bob.phone] };
  return (await node.simulator.call('createGroup', { body })).jid;
}

test('every kind of message is in the chat store, of a person and of a group', async t => {
  const world = await startInbound(t);
  const { node, id: device, self, ann, bob, send } = world;
  const store = storedBy(node, device);
  const group = await club(world);
  const all = async (chat: string) => {
    const found = new Map<string, StoredMessage>();
    for (let before: string | undefined = ''; before !== undefined; ) {
      const page = await store.messages(chat, { limit: 100, ...(before && { before }) });
      for (const said of page.data) found.set(said.id, said);
      before = page.pagination.next;
    }
    return found;
  };

  for (const [where, to, chat] of [
    ['a person', self.phone, ann.jid],
    ['a group', group, group],
  ] as const) {
    const sent = new Map<string, (typeof messageKinds)[number]>();
    for (const row of messageKinds) sent.set(await send(ann, to, { message: row[1] }), row);
    await store.said(chat, await send(ann, to, { text: 'that is all' }));
    const found = await all(chat);
    for (const [id, [what, , payload]] of sent)
      await t.test(`${what}, of ${where}`, () => {
        const said = found.get(id);
        if (what === 'nothing') return assert.equal(said, undefined, 'no message');
        assert.ok(said);
        assert.deepEqual(shown(said), expected(what, payload));
        assert.deepEqual(
          [said.chat_jid, said.sender_jid, said.sender_display_name, said.is_from_me],
          [chat, ann.jid, 'Ann', false],
        );
      });
  }

  await t.test('files as a phone sends them', async () => {
    const kinds = {
      image: ['image', {}],
      video: ['video', {}],
      gif: ['video', { type: 'gif', video: { gif: true } }],
      ptv: ['video_note', {}],
      audio: ['audio', {}],
      voice: ['audio', { type: 'voice', audio: { ptt: true } }],
      document: ['document', {}],
      sticker: ['sticker', {}],
    } as const;
    for (const [kind, [type, details]] of Object.entries(kinds)) {
      const captioned = ['image', 'video', 'document'].includes(kind) ? { caption: `a ${kind}` } : {};
      const named = kind === 'document' ? { fileName: 'plan.pdf', mimetype: 'application/pdf' } : {};
      const asked = { to: self.phone, kind: kind as 'image', generate: 1_000, ...captioned, ...named };
      const { id } = await node.simulator.sendMedia(ann.phone, asked);
      const said = await store.said(ann.jid, id);
      assert.deepEqual([said.kind, said.media_type, said.file_length], [type, type, 1_000], kind);
      assert.equal(said.content, captioned.caption ?? '', kind);
      assert.equal(said.filename, named.fileName ?? '', kind);
      if (named.mimetype) assert.equal(said.mime_type, named.mimetype);
      assert.match(said.url, /^https?:\/\//, kind);
      for (const [name, value] of Object.entries(details))
        if (typeof value === 'string') assert.equal(said.details?.[name], value);
        else assert.deepEqual({ ...(said.details?.[name] as object), ...value }, said.details?.[name], kind);
    }
  });

  await t.test(
    'an answer names whom it answers, as the store names people, whatever WhatsApp calls them',
    async () => {
      const question = await send(bob, group, { text: 'who comes?' });
      await store.said(group, question);
      const named = await send(ann, group, {
        text: `@${bob.phone} I do`,
        quote: question,
        mentions: [bob.phone],
      });
      const { details, content } = await store.said(group, named);
      assert.equal(content, `@${bob.phone} I do`);
      assert.deepEqual(details, {
        replied_to_id: question,
        quoted_body: 'who comes?',
        quoted_from: bob.jid,
        mentions: [bob.jid],
      });
      assert.deepEqual(
        (await store.search('who comes')).data.map(({ id }) => id),
        [question],
        'what is quoted is not what is said',
      );
    },
  );

  await t.test("what the account itself sends from its phone is the account's", async () => {
    const sent = await send(self, ann.phone, { location: { latitude: 1, longitude: 2, name: 'home' } });
    const said = await store.said(ann.jid, sent);
    assert.deepEqual([said.sender_jid, said.is_from_me, said.kind], [self.jid, true, 'location']);
  });

  await t.test('a status post is under the name of all statuses, and is no chat', async () => {
    const status = 'status@broadcast';
    const sent = await send(ann, status, { text: 'my day', statusTo: [self.phone] });
    const said = await store.said(status, sent);
    assert.deepEqual([said.content, said.sender_jid, said.sender_display_name], ['my day', ann.jid, 'Ann']);
    assert.ok((await store.chats()).data.every(({ jid }) => jid !== status));
  });

  await t.test('a channel has its posts, and they change', async () => {
    const { jid } = await node.simulator.call('createChannel', {
      params: { phone: ann.phone },
      body: { name: 'News' },
    });
    await node.simulator.call('follow', { params: { phone: self.phone, jid }, body: {} });
    const post = async (text: string) => node.simulator.call('addPost', { params: { jid }, body: { text } });
    const [first, second] = [await post('first'), await post('second')];
    const said = await store.said(jid, first.id);
    assert.deepEqual([said.content, said.sender_jid, said.kind], ['first', jid, 'text']);
    await store.said(jid, second.id);
    const of = (serverId: number) => ({ params: { jid, serverId: String(serverId) } });
    await node.simulator.call('changePost', { ...of(first.serverId), body: { text: 'corrected' } });
    assert.equal((await store.said(jid, first.id, ({ edited_at }) => edited_at)).content, 'corrected');
    await node.simulator.call('removePost', of(second.serverId));
    assert.equal((await store.said(jid, second.id, ({ revoked_at }) => revoked_at)).content, '');
    assert.deepEqual((await store.search('second')).data, []);
    await until(async () => (await store.messages(jid)).chat_info.name === 'News', { what: 'its name' });
    await node.simulator.call('changeChannel', { params: { jid }, body: { name: 'Old news' } });
    await until(async () => (await store.messages(jid)).chat_info.name === 'Old news', { what: 'another' });
  });
});
