// What is done to messages that were sent: each is an event that names its message.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proto } from '@whiskeysockets/baileys';
import { sealAnswer } from '../support/answer-seal.ts';
import { startInbound } from '../support/inbound.ts';

const secret = Buffer.alloc(32, 5);
const messageContextInfo = { messageSecret: secret.toString('base64') };

test('what is done to a message is told by the webhook', async t => {
  const world = await startInbound(t);
  const { node, self, ann, bob, told, event, send, silent } = world;
  const encoded = (use: string, target: string, plain: Uint8Array) => {
    const answering = { use, target, author: ann.jid, actor: ann.jid };
    const { encIv, encPayload } = sealAnswer(secret, answering, plain);
    return { encIv: encIv.toString('base64'), encPayload: encPayload.toString('base64') };
  };

  await t.test('a reaction, and that it is taken back', async () => {
    const { id } = await told({ text: 'react to me' });
    for (const emoji of ['👍', ''])
      assert.deepEqual((await told({ react: { message: id, emoji } }, 'message.reaction')).payload, {
        reaction: emoji,
        reacted_message_id: id,
      });
  });

  await t.test('an edit and a deletion', async () => {
    const { id } = await told({ text: 'first' });
    assert.deepEqual((await told({ edit: { message: id, text: 'second' } }, 'message.edited')).payload, {
      original_message_id: id,
      body: 'second',
    });
    assert.deepEqual((await told({ revoke: { message: id } }, 'message.revoked')).payload, {
      revoked_message_id: id,
      revoked_from_me: true,
      revoked_chat: ann.jid,
    });
  });

  await t.test('an edit that is encrypted with the secret of its message', async () => {
    const { id } = await told({ message: { conversation: 'first', messageContextInfo } });
    const plain = proto.Message.encode({
      protocolMessage: { type: 14, key: { id }, editedMessage: { conversation: 'second' } },
    }).finish();
    const secretEncryptedMessage = {
      targetMessageKey: { id, fromMe: true, remoteJid: self.jid },
      secretEncType: 2,
      ...encoded('Message Edit', id, plain),
    };
    assert.deepEqual((await told({ message: { secretEncryptedMessage } }, 'message.edited')).payload, {
      original_message_id: id,
      decrypted: true,
      body: 'second',
    });
  });

  await t.test('a reaction that is encrypted', async () => {
    const { id } = await told({ message: { conversation: 'first', messageContextInfo } });
    const plain = proto.Message.ReactionMessage.encode({ text: '🎉' }).finish();
    const encReactionMessage = {
      targetMessageKey: { id, fromMe: true, remoteJid: self.jid },
      ...encoded('Enc Reaction', id, plain),
    };
    assert.deepEqual((await told({ message: { encReactionMessage } }, 'message.reaction')).payload, {
      reacted_message_id: id,
      decrypted: true,
      reaction: '🎉',
    });
  });

  await t.test('votes in a poll of the other, of the account itself, and in a group', async () => {
    const poll = { name: 'where?', options: ['here', 'there'], selectable: 0 };
    const { id } = await told({ poll });
    for (const options of [['here', 'there'], ['there'], []])
      assert.deepEqual((await told({ vote: { poll: id, options } }, 'message.poll_vote')).payload, {
        poll_message_id: id,
        decrypted: true,
        selected_options: options,
      });
    const own = await send(self, ann.phone, { poll });
    await event('message', { id: own });
    const vote = await told({ vote: { poll: own, options: ['here'] } }, 'message.poll_vote');
    assert.deepEqual(vote.payload.selected_options, ['here']);
    const mine = await send(self, ann.phone, { vote: { poll: id, options: ['there'] } });
    const { payload } = await event('message.poll_vote', { id: mine });
    assert.deepEqual([payload.is_from_me, payload.selected_options], [true, ['there']]);

    const body = { by: ann.phone, subject: 'G', members: [self.phone, bob.phone] };
    const { jid } = await node.simulator.call('createGroup', { body });
    const asked = await send(ann, jid, { poll });
    await event('message', { id: asked });
    const answered = await send(bob, jid, { vote: { poll: asked, options: ['here'] } });
    const inGroup = await event('message.poll_vote', { id: answered });
    assert.deepEqual(
      [inGroup.payload.chat_id, inGroup.payload.from, inGroup.payload.selected_options],
      [jid, bob.jid, ['here']],
    );
  });

  await t.test('a vote in a poll that is not known says so', async () => {
    const key = { id: 'OLDER', fromMe: false, remoteJid: self.jid };
    const vote = encoded('Poll Vote', 'OLDER', Buffer.alloc(34));
    const pollUpdateMessage = { pollCreationMessageKey: key, vote };
    assert.deepEqual((await told({ message: { pollUpdateMessage } }, 'message.poll_vote')).payload, {
      poll_message_id: 'OLDER',
      decrypted: false,
      reason: 'message_unknown',
    });
  });

  await t.test('the answer to an invitation', async () => {
    const eventMessage = { name: 'Party', startTime: 1_900_000_000 };
    const { id } = await told({ message: { eventMessage, messageContextInfo } });
    const plain = proto.Message.EventResponseMessage.encode({ response: 1, extraGuestCount: 1 }).finish();
    const encEventResponseMessage = {
      eventCreationMessageKey: { id, fromMe: true, remoteJid: self.jid },
      ...encoded('Event Response', id, plain),
    };
    assert.deepEqual(
      (await told({ message: { encEventResponseMessage } }, 'message.event_response')).payload,
      {
        event_message_id: id,
        decrypted: true,
        response: 'going',
        extra_guests: 1,
      },
    );
  });

  await t.test('a message that is pinned, unpinned, kept', async () => {
    const { id } = await told({ text: 'important' });
    for (const pinned of [true, false])
      assert.deepEqual((await told({ pin: { message: id, pinned } }, 'message.pinned')).payload, {
        pinned_message_id: id,
        pinned,
      });
    const keepInChatMessage = { key: { id, fromMe: true, remoteJid: self.jid }, keepType: 1 };
    assert.deepEqual((await told({ message: { keepInChatMessage } }, 'message.kept')).payload, {
      kept_message_id: id,
      kept: true,
    });
  });

  await t.test('that messages disappear from now on', async () => {
    const protocolMessage = { type: 3, ephemeralExpiration: 86_400 };
    assert.deepEqual((await told({ message: { protocolMessage } }, 'chat.updated')).payload, {
      expires_in: 86_400,
    });
  });

  await t.test('that the other has it and reads it, and that the account read it on its phone', async () => {
    const { id } = await told({ text: 'read me' });
    await node.simulator.read(self.phone, ann.jid, [id]);
    const { payload } = await event('chat.read', { chat_id: ann.jid });
    assert.deepEqual(payload.ids, [id]);
    await silent(() => node.simulator.read(self.phone, ann.jid, [id]), 'message.ack');
  });
});
