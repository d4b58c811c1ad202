// What changes a message is no message: it is seen in the one that it is about, in a chat of two and in a group.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proto } from '@whiskeysockets/baileys';
import { sealAnswer } from '../support/answer-seal.ts';
import { type Person, startInbound } from '../support/inbound.ts';
import { storedBy } from '../support/stored.ts';

const secret = Buffer.alloc(32, 5);
const messageContextInfo = { messageSecret: secret.toString('base64') };

test('what changes a message is seen in that message', async t => {
  const { node, id: device, self, ann, bob, send } = await startInbound(t);
  const store = storedBy(node, device);
  const body = { by: ann.phone, subject: 'Club', members: [self.phone, bob.phone] };
  const { jid: group } = await node.simulator.call('createGroup', { body });
  const encoded = (use: string, target: string, plain: Uint8Array, by: Person = ann) => {
    const answering = { use, target, author: ann.jid, actor: by.jid };
    const { encIv, encPayload } = sealAnswer(secret, answering, plain);
    return { encIv: encIv.toString('base64'), encPayload: encPayload.toString('base64') };
  };
  const edit = (id: string, text: string) =>
    proto.Message.encode({
      protocolMessage: { type: 14, key: { id }, editedMessage: { conversation: text } },
    }).finish();

  for (const [where, to, chat] of [
    ['in a chat of two', self.phone, ann.jid],
    ['in a group', group, group],
  ] as const) {
    const say = (content: Record<string, unknown>, by = ann) => send(by, to, content);
    const inGroup = chat === group;
    const key = (id: string) =>
      inGroup
        ? { id, fromMe: true, remoteJid: group, participant: ann.jid }
        : { id, fromMe: true, remoteJid: self.jid };

    await t.test(`${where}: nothing of it is a message of its own`, async () => {
      const id = await say({ text: 'to be changed' });
      await store.said(chat, id);
      const before = (await store.messages(chat)).pagination.total;
      const pinned = await say({ pin: { message: id, pinned: true } });
      const others = [
        await say({ react: { message: id, emoji: '👍' } }),
        await say({ edit: { message: id, text: 'changed' } }),
        await say({ message: { protocolMessage: { type: 6 } } }),
        await say({ revoke: { message: id } }),
        pinned,
      ];
      const last = await say({ text: 'that is all' });
      await store.said(chat, last);
      const { data, pagination } = await store.messages(chat);
      assert.equal(pagination.total, (before ?? 0) + 1);
      assert.ok(data.every(({ id }) => !others.includes(id)));
    });

    await t.test(`${where}: an edit, and a later one`, async () => {
      const first = await say({ text: 'the question' });
      const id = await say({ text: 'secand', quote: first });
      await store.said(chat, id);
      await say({ edit: { message: id, text: 'second' } });
      const said = await store.said(chat, id, ({ edited_at }) => edited_at);
      assert.deepEqual([said.content, said.kind, said.sender_jid], ['second', 'text', ann.jid]);
      assert.equal(said.details?.replied_to_id, first, 'it answers still what it answered');
      await say({ edit: { message: id, text: 'third' } });
      await store.said(chat, id, ({ content }) => content === 'third');
      assert.deepEqual((await store.search('secand')).data, []);
    });

    await t.test(`${where}: a caption is edited, and the file stays`, async () => {
      const file = { to, kind: 'image' as const, generate: 2_000, caption: 'lok' };
      const { id } = await node.simulator.sendMedia(ann.phone, file);
      const before = await store.said(chat, id);
      await say({ edit: { message: id, text: 'look' } });
      const after = await store.said(chat, id, ({ edited_at }) => edited_at);
      assert.deepEqual(
        [after.content, after.media_type, after.file_length, after.mime_type, after.url],
        ['look', 'image', 2_000, before.mime_type, before.url],
      );
      const fetched = await node.api(
        'GET',
        `/message/${id}/download?phone=${encodeURIComponent(chat)}`,
        undefined,
        { 'x-device-id': device },
      );
      assert.notEqual(fetched.body.code, 'MESSAGE_NOT_FOUND', fetched.body.message);
      assert.notEqual(fetched.body.code, 'VALIDATION_ERROR', fetched.body.message);
    });

    await t.test(`${where}: edits that are encrypted, also when nothing is at hand any more`, async () => {
      const id = await say({ message: { conversation: 'first', messageContextInfo } });
      await store.said(chat, id);
      for (const text of ['second', 'third']) {
        const secretEncryptedMessage = {
          targetMessageKey: key(id),
          secretEncType: 2,
          ...encoded('Message Edit', id, edit(id, text)),
        };
        await say({ message: { secretEncryptedMessage } });
        const said = await store.said(chat, id, ({ content }) => content === text);
        assert.ok(said.edited_at);
        // Then the secret comes out of the message as it was edited.
        if (text === 'second' && !inGroup) {
          await node.restart();
          await node.opened();
        }
      }
      assert.deepEqual((await store.search('first')).data, []);
    });

    await t.test(`${where}: what another one encrypts as an edit changes nothing`, async () => {
      const id = await say({ message: { conversation: 'mine', messageContextInfo } });
      await store.said(chat, id);
      const from = inGroup ? bob : self;
      const secretEncryptedMessage = {
        targetMessageKey: { ...key(id), fromMe: false },
        secretEncType: 2,
        ...encoded('Message Edit', id, edit(id, 'forged'), from),
      };
      const forged = inGroup ? group : ann.phone;
      await send(from, forged, { message: { secretEncryptedMessage } });
      const last = await send(from, forged, { text: 'that is all' });
      await store.said(chat, last);
      assert.equal((await store.one(chat, id))?.content, 'mine');
    });

    await t.test(`${where}: reactions, in clear and encrypted, and taken back`, async () => {
      const id = await say({ message: { conversation: 'nice', messageContextInfo } });
      await store.said(chat, id);
      const emojis = ({ reactions = [] }: { reactions?: readonly { emoji: string }[] }) =>
        reactions.map(({ emoji }) => emoji).join();
      await say({ react: { message: id, emoji: '👍' } });
      const said = await store.said(chat, id, said => emojis(said) === '👍');
      assert.equal(said.reactions?.[0]?.sender_jid, ann.jid);
      const plain = proto.Message.ReactionMessage.encode({ text: '🎉' }).finish();
      const encReactionMessage = { targetMessageKey: key(id), ...encoded('Enc Reaction', id, plain) };
      await say({ message: { encReactionMessage } });
      await store.said(chat, id, said => emojis(said) === '🎉');
      await say({ react: { message: id, emoji: '' } });
      await store.said(chat, id, ({ reactions }) => reactions === undefined);
    });

    await t.test(`${where}: votes are seen in their poll, the last one of each`, async () => {
      const poll = { name: 'where?', options: ['here', 'there'], selectable: 0 };
      const id = await say({ poll });
      await store.said(chat, id);
      const chosen = ({ answers = [] }: { answers?: readonly { selected_options?: readonly string[] }[] }) =>
        JSON.stringify(answers.map(({ selected_options }) => selected_options));
      for (const options of [['here', 'there'], ['there']]) {
        await say({ vote: { poll: id, options } });
        const said = await store.said(chat, id, said => chosen(said) === JSON.stringify([options]));
        assert.deepEqual(
          said.answers?.map(({ sender_jid, is_from_me }) => [sender_jid, is_from_me]),
          [[ann.jid, false]],
        );
      }
      const mine = await node.api(
        'POST',
        `/message/${id}/vote`,
        { phone: chat, options: ['here'] },
        { 'x-device-id': device },
      );
      assert.equal(mine.status, 200, mine.body.message);
      const both = await store.said(chat, id, ({ answers }) => answers?.length === 2);
      assert.deepEqual(
        both.answers?.map(({ sender_jid, is_from_me, selected_options }) => [
          ...[sender_jid, is_from_me, selected_options],
        ]),
        [
          [ann.jid, false, ['there']],
          [self.jid, true, ['here']],
        ],
      );
      await say({ vote: { poll: id, options: [] } });
      await store.said(chat, id, ({ answers }) => answers?.length === 1);
    });

    await t.test(`${where}: who comes to an event`, async () => {
      const eventMessage = { name: 'Party', startTime: 1_900_000_000 };
      const id = await say({ message: { eventMessage, messageContextInfo } });
      await store.said(chat, id);
      const plain = proto.Message.EventResponseMessage.encode({ response: 1, extraGuestCount: 1 }).finish();
      const encEventResponseMessage = {
        eventCreationMessageKey: key(id),
        ...encoded('Event Response', id, plain),
      };
      await say({ message: { encEventResponseMessage } });
      const said = await store.said(chat, id, ({ answers }) => answers);
      assert.deepEqual(
        said.answers?.map(({ sender_jid, response, extra_guests }) => [sender_jid, response, extra_guests]),
        [[ann.jid, 'going', 1]],
      );
    });

    await t.test(`${where}: a comment that is encrypted is a message`, async () => {
      const id = await say({ message: { conversation: 'news', messageContextInfo } });
      await store.said(chat, id);
      const plain = proto.Message.encode({ conversation: 'so true' }).finish();
      const encCommentMessage = { targetMessageKey: key(id), ...encoded('Enc Comment', id, plain) };
      const comment = await say({ message: { encCommentMessage } });
      const said = await store.said(chat, comment);
      assert.deepEqual([said.kind, said.content, said.details?.comment_to_id], ['comment', 'so true', id]);
    });

    await t.test(`${where}: pinned and kept, and not any more`, async () => {
      const id = await say({ text: 'important' });
      await store.said(chat, id);
      const pin = (type: 1 | 2, seconds?: number) =>
        say({
          message: {
            pinInChatMessage: { key: key(id), type, senderTimestampMs: Date.now() },
            ...(seconds !== undefined && { messageContextInfo: { messageAddOnDurationInSecs: seconds } }),
          },
        });
      await pin(1, 86_400);
      const { pinned_until, timestamp } = await store.said(chat, id, ({ pinned }) => pinned);
      const lasts = Date.parse(pinned_until ?? '') - Date.parse(timestamp);
      assert.ok(lasts >= 86_400_000 && lasts < 86_460_000, String(lasts));
      await pin(2);
      assert.equal((await store.said(chat, id, ({ pinned }) => !pinned)).pinned_until, undefined);
      const keep = (keepType: 1 | 2) =>
        say({ message: { keepInChatMessage: { key: key(id), keepType, timestampMs: Date.now() } } });
      await keep(1);
      await store.said(chat, id, ({ kept }) => kept);
      await keep(2);
      await store.said(chat, id, ({ kept }) => !kept);
    });

    await t.test(`${where}: what is taken back has nothing left in it`, async () => {
      const id = await say({ text: 'a slip of the tongue' });
      await store.said(chat, id);
      await say({ revoke: { message: id } });
      const said = await store.said(chat, id, ({ revoked_at }) => revoked_at);
      assert.deepEqual([said.content, said.details, said.url], ['', undefined, '']);
      assert.deepEqual((await store.search('slip of the tongue')).data, []);
    });
  }

  await t.test('the timer of a chat and of a group', async () => {
    await send(ann, self.phone, { message: { protocolMessage: { type: 3, ephemeralExpiration: 86_400 } } });
    await node.simulator.call('changeGroup', {
      params: { group },
      body: { by: ann.phone, change: { type: 'settings', settings: { ephemeral: 604_800 } } } as never,
    });
    for (const [chat, seconds] of [
      [ann.jid, 86_400],
      [group, 604_800],
    ] as const) {
      const last = await send(ann, chat === group ? group : self.phone, { text: 'a day' });
      await store.said(chat, last);
      assert.equal((await store.messages(chat)).chat_info.ephemeral_expiration, seconds, chat);
    }
  });
});
