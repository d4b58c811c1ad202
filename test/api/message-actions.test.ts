// What is done about messages by their id, over HTTP through a whole node: what the others see, and what our own phone holds.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { decryptEventResponse, decryptPollVote, proto } from '@whiskeysockets/baileys';
import { startNode, type TestNode } from '../support/node.ts';
import { until } from '../support/until.ts';

type Json = Record<string, unknown>;
interface Sent {
  readonly message_id: string;
  readonly status: string;
}

interface Scene {
  readonly node: TestNode;
  /** Numbers and LIDs of the device's account and of a contact. */
  readonly own: { readonly phone: string; readonly lid: string };
  readonly ann: { readonly phone: string; readonly lid: string };
  readonly byLid: string;
  readonly byNumber: string;
  /** Sends and resolves with the id. */
  send(path: string, body: Json): Promise<string>;
  act(message: string, action: string, body: Json): ReturnType<typeof answerOf>;
  /** The decrypted message as Ann has it; `id` may be the one of an answer. */
  seen(id: string): Promise<proto.Message>;
}

const answerOf = (node: TestNode, path: string, body: Json) => node.api<Sent>('POST', path, body);

async function scene(node: TestNode): Promise<Scene> {
  const phone = await node.pair('sales');
  const ann = await node.simulator.createPhone({ name: 'Ann' });
  const group = async (addressing: 'lid' | 'pn') =>
    (
      await node.simulator.call('createGroup', {
        body: { by: ann.phone, subject: 'Fish', members: [phone], addressing },
      })
    ).jid;
  const own = (await node.simulator.call('phones')).find(one => one.phone === phone);
  assert.ok(own);
  return {
    node,
    own,
    ann,
    byLid: await group('lid'),
    byNumber: await group('pn'),
    async send(path, body) {
      const answer = await answerOf(node, `/send/${path}`, body);
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      return answer.body.results?.message_id ?? '';
    },
    act: (message, action, body) => answerOf(node, `/message/${message}/${action}`, body),
    async seen(id) {
      const { message } = await node.simulator.waitForMessage(ann.phone, one => one.id === id);
      return proto.Message.fromObject(message ?? {});
    },
  };
}

test('what is done about messages', async t => {
  const all = await scene(await startNode(t, { workers: 1 }));
  const { node, own, ann, send, act, seen } = all;
  const everywhere = [ann.phone, ann.lid, all.byLid, all.byNumber];
  const ownIn = (chat: string) =>
    chat === ann.lid || chat === all.byLid ? own.lid : `${own.phone}@s.whatsapp.net`;
  const shown = (chat: string) => (chat.includes('@') ? chat : `${chat}@s.whatsapp.net`);
  const done = async (message: string, action: string, body: Json) => {
    const answer = await act(message, action, body);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body;
  };
  /** Does it to a message, and resolves with the one that comes of it. */
  const doing = async (message: string, action: string, body: Json) =>
    seen((await done(message, action, body)).results?.message_id ?? '');

  await t.test('a reaction is given, changed and taken back', async () => {
    for (const phone of everywhere) {
      const id = await send('message', { phone, message: 'like it?' });
      const { reactionMessage: given } = await doing(id, 'reaction', { phone, emoji: '👍🏽' });
      assert.deepEqual([given?.text, given?.key?.id, given?.key?.fromMe], ['👍🏽', id, true]);
      const { reactionMessage: taken } = await doing(id, 'reaction', { phone, emoji: '' });
      assert.deepEqual([taken?.text, taken?.key?.id], ['', id]);
    }
    const { message, results } = await done('3EB0AAAAAAAAAAAAAAAAAA', 'reaction', {
      phone: ann.phone,
      emoji: '🙏',
    });
    assert.match(message, new RegExp(`^Reaction sent to ${shown(ann.phone)} \\(server timestamp: 20.*Z\\)$`));
    assert.equal(results?.status, message);
  });

  await t.test('a message of ours is changed, and taken back', async () => {
    for (const phone of everywhere) {
      const id = await send('message', { phone, message: 'helo' });
      const { protocolMessage: edit } = await doing(id, 'update', { phone, message: 'hello' });
      assert.equal(edit?.type, proto.Message.ProtocolMessage.Type.MESSAGE_EDIT);
      assert.equal(edit?.editedMessage?.extendedTextMessage?.text, 'hello');
      assert.equal(edit?.key?.id, id);
      const { protocolMessage: revoke } = await doing(id, 'revoke', { phone });
      assert.equal(revoke?.type, proto.Message.ProtocolMessage.Type.REVOKE);
      assert.equal(revoke?.key?.id, id);
    }
  });

  await t.test('a message is pinned, unpinned, kept and let go', async () => {
    const { PIN_FOR_ALL, UNPIN_FOR_ALL } = proto.Message.PinInChatMessage.Type;
    const { KEEP_FOR_ALL, UNDO_KEEP_FOR_ALL } = proto.KeepType;
    for (const phone of everywhere) {
      const id = await send('message', { phone, message: 'important' });
      for (const [body, seconds] of [
        [{}, 604_800],
        [{ duration: '1d' }, 86_400],
        [{ duration: '30d' }, 2_592_000],
      ] as const) {
        const pin = await doing(id, 'pin', { phone, ...body });
        assert.deepEqual([pin.pinInChatMessage?.type, pin.pinInChatMessage?.key?.id], [PIN_FOR_ALL, id]);
        assert.equal(pin.messageContextInfo?.messageAddOnDurationInSecs, seconds);
      }
      const { pinInChatMessage } = await doing(id, 'unpin', { phone });
      assert.deepEqual([pinInChatMessage?.type, pinInChatMessage?.key?.id], [UNPIN_FOR_ALL, id]);
      const { keepInChatMessage: keep } = await doing(id, 'keep', { phone });
      assert.deepEqual([keep?.keepType, keep?.key?.id], [KEEP_FOR_ALL, id]);
      const { keepInChatMessage: unkeep } = await doing(id, 'unkeep', { phone });
      assert.deepEqual([unkeep?.keepType, unkeep?.key?.id], [UNDO_KEEP_FOR_ALL, id]);
    }
  });

  await t.test('a vote in our own poll can be read by those who have the poll', async () => {
    const options = ['red', 'green', 'blue'];
    for (const phone of everywhere) {
      const id = await send('poll', { phone, question: 'which?', options, max_answer: 2 });
      const poll = await seen(id);
      for (const chosen of [['red', 'blue'], ['green'], []]) {
        const { pollUpdateMessage } = await doing(id, 'vote', { phone, options: chosen });
        const vote = decryptPollVote(pollUpdateMessage?.vote ?? {}, {
          pollEncKey: poll.messageContextInfo?.messageSecret ?? Buffer.alloc(0),
          pollMsgId: id,
          pollCreatorJid: ownIn(phone),
          voterJid: ownIn(phone),
        });
        assert.deepEqual(
          vote.selectedOptions.map(hash => Buffer.from(hash).toString('hex')),
          chosen.map(option => createHash('sha256').update(option).digest('hex')),
        );
        assert.equal(pollUpdateMessage?.pollCreationMessageKey?.id, id);
      }
      for (const [wrong, message] of [
        [['red', 'pink'], 'options.1: the poll has no such option.'],
        [options, 'options: the poll takes at most 2.'],
      ] as const) {
        const answer = await act(id, 'vote', { phone, options: wrong });
        assert.deepEqual([answer.status, answer.body.message], [400, message]);
      }
    }
    const text = await send('message', { phone: ann.phone, message: 'no poll' });
    const answer = await act(text, 'vote', { phone: ann.phone, options: ['red'] });
    assert.deepEqual([answer.status, answer.body.message], [400, 'message_id: the message is not a poll.']);
  });

  await t.test('an answer to an event can be read by those who have the event', async () => {
    const event = { name: 'Dinner', start_time: '2027-01-01T20:00:00+01:00', extra_guests: true };
    for (const phone of everywhere) {
      const id = await send('event', { phone, ...event });
      const { messageContextInfo } = await seen(id);
      const { encEventResponseMessage: sealed } = await doing(id, 'event-response', {
        phone,
        response: 'maybe',
        extra_guests: 2,
      });
      const { response, extraGuestCount } = decryptEventResponse(sealed ?? {}, {
        eventEncKey: messageContextInfo?.messageSecret ?? Buffer.alloc(0),
        eventMsgId: id,
        eventCreatorJid: ownIn(phone),
        responderJid: ownIn(phone),
      });
      const { MAYBE } = proto.Message.EventResponseMessage.EventResponseType;
      assert.deepEqual([response, extraGuestCount], [MAYBE, 2]);
    }
    const alone = await send('event', { phone: ann.phone, ...event, extra_guests: false });
    const guests = await act(alone, 'event-response', {
      phone: ann.phone,
      response: 'going',
      extra_guests: 1,
    });
    assert.equal(guests.body.message, 'extra_guests: the event takes no extra guests.');
    const poll = { phone: ann.phone, question: 'q', options: ['a', 'b'], max_answer: 1 };
    const wrong = await act(await send('poll', poll), 'event-response', {
      phone: ann.phone,
      response: 'going',
    });
    assert.equal(wrong.body.message, 'message_id: the message is not an event.');
  });

  await t.test('a message of ours is forwarded, each time a little further', async () => {
    const first = await send('message', { phone: ann.phone, message: 'news' });
    const once = await doing(first, 'forward', { phone: all.byLid, duration: 86_400 });
    assert.equal(once.extendedTextMessage?.text, 'news');
    const { isForwarded, forwardingScore, expiration } = once.extendedTextMessage?.contextInfo ?? {};
    assert.deepEqual([isForwarded, forwardingScore, expiration], [true, 1, 86_400]);
    const again = (await done(first, 'forward', { phone: all.byLid })).results?.message_id ?? '';
    const twice = await doing(again, 'forward', { phone: ann.lid });
    assert.equal(twice.extendedTextMessage?.contextInfo?.forwardingScore, 2);
    const asked = await send('poll', {
      phone: ann.phone,
      question: 'which?',
      options: ['a', 'b'],
      max_answer: 1,
    });
    const poll = await doing(asked, 'forward', { phone: all.byNumber });
    assert.equal(poll.pollCreationMessageV3?.name, 'which?');
    assert.notDeepEqual(
      poll.messageContextInfo?.messageSecret,
      (await seen(asked)).messageContextInfo?.messageSecret,
    );
    const event = await send('event', { phone: ann.phone, name: 'x', start_time: 1_798_135_200 });
    const refused = await act(event, 'forward', { phone: all.byLid });
    assert.deepEqual(
      [refused.status, refused.body.message],
      [400, 'message_id: a message of this kind cannot be forwarded.'],
    );
  });

  await t.test('stars and deletions reach our own devices, others keep the message', async () => {
    const id = await send('message', { phone: all.byLid, message: 'precious' });
    const jid = `${ann.phone}@s.whatsapp.net`;
    const theirs = 'AC00112233445566778899AABBCCDDEEFF';
    const held = async (action: string, ...index: string[]) => {
      const { collections } = await node.simulator.call('appState', { params: { phone: own.phone } });
      return collections.regular_high?.records.find(one => `${one.index}` === `${[action, ...index]}`)?.value;
    };
    assert.deepEqual(await done(id, 'star', { phone: all.byLid }), {
      code: 'SUCCESS',
      message: 'Starred message successfully',
    });
    const starred = async () => (await held('star', all.byLid, id, '1', '0'))?.starAction as Json | undefined;
    await until(async () => (await starred())?.starred === true);
    assert.equal((await done(id, 'unstar', { phone: all.byLid })).message, 'Unstarred message successfully');
    await until(async () => (await starred())?.starred !== true);
    assert.deepEqual(await done(theirs, 'delete', { phone: ann.phone }), {
      code: 'SUCCESS',
      message: 'Message deleted successfully',
    });
    const deleted = await until(() => held('deleteMessageForMe', jid, theirs, '0', '0'));
    assert.equal((deleted.deleteMessageForMeAction as Json).deleteMedia, true);
    await until(async () => (await node.simulator.messages(ann.phone)).some(one => one.id === id));
  });

  await t.test('a message that came is read, and its author sees it', async () => {
    const { id } = await node.simulator.send(ann.phone, own.phone, 'seen?');
    const read = async () =>
      (await node.simulator.messages(ann.phone)).find(one => one.id === id)?.status === 'read';
    const { message, results } = await done(id, 'read', { phone: ann.phone });
    assert.deepEqual(
      [message, results],
      [`Mark as read success ${id}`, { message_id: id, status: `Mark as read success ${id}` }],
    );
    await until(read);
  });

  await t.test('what needs a message that nobody knows is refused', async () => {
    const id = 'AC00112233445566778899AABBCCDDEEFF';
    const wanted: [string, string, Json][] = [
      ['reaction', all.byLid, { emoji: '👍' }],
      ['pin', all.byLid, {}],
      ['star', all.byLid, {}],
      ['delete', all.byLid, {}],
      ['read', all.byLid, {}],
      ['vote', ann.phone, { options: [] }],
      ['event-response', ann.phone, { response: 'going' }],
      ['forward', ann.phone, {}],
    ];
    for (const [action, phone, body] of wanted) {
      const { status, body: answer } = await act(id, action, { phone, ...body });
      assert.deepEqual([status, answer.code], [404, 'MESSAGE_NOT_FOUND'], action);
      assert.deepEqual(answer.results, { message_id: id });
    }
    const elsewhere = await send('message', { phone: ann.phone, message: 'in another chat' });
    const lost = await act(elsewhere, 'vote', { phone: all.byLid, options: [] });
    assert.equal(lost.body.code, 'MESSAGE_NOT_FOUND');
  });

  await t.test('nothing of it broke the protocol', async () => {
    assert.equal((await node.simulator.violations()).total, 0);
  });
});
