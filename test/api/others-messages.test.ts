// What is done about messages that others wrote: the chat store knows their authors, contents and secrets.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { decryptEventResponse, decryptPollVote, proto } from '@whiskeysockets/baileys';
import type { Given } from '../../src/simulator/control/operations.ts';
import { startNode } from '../support/node.ts';
import { until } from '../support/until.ts';

type Json = Record<string, unknown>;
interface Sent {
  readonly message_id: string;
}

test('messages that others wrote', async t => {
  const node = await startNode(t, { workers: 1 });
  const phone = await node.pair('sales');
  const own = (await node.simulator.call('phones')).find(one => one.phone === phone);
  const ann = await node.simulator.createPhone({ name: 'Ann' });
  assert.ok(own);
  /** Ours: we are its admin. */
  const group = async (addressing: 'lid' | 'pn') =>
    (
      await node.simulator.call('createGroup', {
        body: { by: phone, subject: 'Fish', members: [ann.phone], addressing },
      })
    ).jid;
  const [byLid, byNumber] = [await group('lid'), await group('pn')];
  const everywhere = [ann.phone, ann.lid, byLid, byNumber];
  const inLids = (chat: string) => chat === ann.lid || chat === byLid;
  const hers = (chat: string) => (inLids(chat) ? ann.lid : `${ann.phone}@s.whatsapp.net`);
  const ours = (chat: string) => (inLids(chat) ? own.lid : `${phone}@s.whatsapp.net`);

  /** Ann writes it; resolves with its id when the device has it. */
  const written = async (chat: string, what: Omit<Given<'send'>['body'], 'to'>) => {
    const to = chat.endsWith('@g.us') ? chat : chat === ann.lid ? own.lid : phone;
    const { id } = await node.simulator.call('send', { params: { phone: ann.phone }, body: { to, ...what } });
    await stored(id);
    return id;
  };
  const stored = (id: string) =>
    until(async () => (await node.sql`select 1 from chat_message where id = ${id}`).length > 0);
  const act = (message: string, action: string, body: Json) =>
    node.api<Sent>('POST', `/message/${message}/${action}`, body);
  /** Does it, and resolves with what Ann sees of it. */
  const doing = async (message: string, action: string, body: Json) => seen(await act(message, action, body));
  const seen = async ({ status, body }: Awaited<ReturnType<typeof act>>) => {
    assert.equal(status, 200, JSON.stringify(body));
    const id = body.results?.message_id;
    const { message } = await node.simulator.waitForMessage(ann.phone, one => one.id === id);
    return proto.Message.fromObject(message ?? {});
  };
  const keyOf = (id: string, chat: string) =>
    chat.endsWith('@g.us') ? [id, false, hers(chat)] : [id, false, undefined];
  const parts = (key: proto.IMessageKey | null | undefined) => [
    key?.id,
    key?.fromMe,
    key?.participant || undefined,
  ];

  await t.test('reactions and pins name the message and its author', async () => {
    for (const chat of everywhere) {
      const id = await written(chat, { text: 'nice?' });
      const { reactionMessage } = await doing(id, 'reaction', { phone: chat, emoji: '❤️' });
      assert.deepEqual(parts(reactionMessage?.key), keyOf(id, chat));
      const { pinInChatMessage } = await doing(id, 'pin', { phone: chat });
      assert.deepEqual(parts(pinInChatMessage?.key), keyOf(id, chat));
      const { keepInChatMessage } = await doing(id, 'keep', { phone: chat });
      assert.deepEqual(parts(keepInChatMessage?.key), keyOf(id, chat));
    }
  });

  await t.test('an answer quotes what was said, and who said it', async () => {
    for (const chat of everywhere) {
      const id = await written(chat, { text: 'shall we?' });
      const answer = await node.api<Sent>('POST', '/send/message', {
        phone: chat,
        message: 'yes',
        reply_message_id: id,
      });
      const context = (await seen(answer)).extendedTextMessage?.contextInfo;
      assert.deepEqual([context?.stanzaId, context?.participant], [id, hers(chat)]);
      const { conversation, extendedTextMessage } = context?.quotedMessage ?? {};
      assert.equal(conversation || extendedTextMessage?.text, 'shall we?');
    }
  });

  await t.test('a vote in the poll of another can be read by its author', async () => {
    const poll = { name: 'which?', options: ['red', 'green', 'blue'], selectable: 2 };
    for (const chat of everywhere) {
      const id = await written(chat, { poll });
      const { message } = await node.simulator.waitForMessage(ann.phone, one => one.id === id);
      const secret = proto.Message.fromObject(message ?? {}).messageContextInfo?.messageSecret;
      const { pollUpdateMessage: cast } = await doing(id, 'vote', { phone: chat, options: ['red', 'blue'] });
      assert.deepEqual(parts(cast?.pollCreationMessageKey), keyOf(id, chat));
      const { selectedOptions } = decryptPollVote(cast?.vote ?? {}, {
        pollEncKey: secret ?? Buffer.alloc(0),
        pollMsgId: id,
        pollCreatorJid: hers(chat),
        voterJid: ours(chat),
      });
      assert.deepEqual(
        selectedOptions.map(hash => Buffer.from(hash).toString('hex')),
        ['red', 'blue'].map(option => createHash('sha256').update(option).digest('hex')),
      );
    }
  });

  await t.test('an answer to the event of another can be read by its author', async () => {
    const secret = Buffer.alloc(32, 7);
    const { GOING } = proto.Message.EventResponseMessage.EventResponseType;
    for (const chat of everywhere) {
      const message = {
        messageContextInfo: { messageSecret: secret.toString('base64') },
        eventMessage: { name: 'Dinner', startTime: 1_798_135_200 },
      };
      const id = await written(chat, { message });
      const answer = { phone: chat, response: 'going' };
      const { encEventResponseMessage: sealed } = await doing(id, 'event-response', answer);
      const { response } = decryptEventResponse(sealed ?? {}, {
        eventEncKey: secret,
        eventMsgId: id,
        eventCreatorJid: hers(chat),
        responderJid: ours(chat),
      });
      assert.equal(response, GOING);
    }
  });

  await t.test(
    'an admin takes back what another wrote in a group; nobody does in a chat of two',
    async () => {
      for (const chat of [byLid, byNumber]) {
        const id = await written(chat, { text: 'spam' });
        const { protocolMessage } = await doing(id, 'revoke', { phone: chat });
        assert.deepEqual(parts(protocolMessage?.key), keyOf(id, chat));
      }
      const id = await written(ann.phone, { text: 'mine' });
      const refused = await act(id, 'revoke', { phone: ann.phone });
      assert.equal(refused.status, 400);
      assert.match(refused.body.message, /^message_id: .*can be taken back in a group only/);
      const edit = await act(id, 'update', { phone: ann.phone, message: 'yours' });
      assert.equal(edit.body.message, 'message_id: only our own messages can be changed.');
    },
  );

  await t.test('messages are forwarded as they came, files with the reference to them', async () => {
    const text = await written(ann.phone, { text: 'news' });
    const { extendedTextMessage } = await doing(text, 'forward', { phone: byLid });
    assert.equal(extendedTextMessage?.text, 'news');
    assert.equal(extendedTextMessage?.contextInfo?.isForwarded, true);
    const { id } = await node.simulator.sendMedia(ann.phone, {
      to: byNumber,
      kind: 'image',
      caption: 'look',
      generate: 1_000,
    });
    await stored(id);
    const { imageMessage } = await doing(id, 'forward', { phone: ann.phone });
    const { message: sent } = await node.simulator.waitForMessage(ann.phone, one => one.id === id);
    const before = proto.Message.fromObject(sent ?? {}).imageMessage;
    assert.deepEqual(
      [imageMessage?.caption, imageMessage?.directPath, imageMessage?.mediaKey, imageMessage?.fileSha256],
      [before?.caption, before?.directPath, before?.mediaKey, before?.fileSha256],
    );
    const once = await node.simulator.sendMedia(ann.phone, {
      to: phone,
      kind: 'image',
      viewOnce: 'true',
      generate: 1_000,
    });
    await stored(once.id);
    const refused = await act(once.id, 'forward', { phone: byLid });
    assert.deepEqual(
      [refused.status, refused.body.message],
      [400, 'message_id: what may be opened once cannot be forwarded.'],
    );
  });

  await t.test('a message in a group is read, starred and deleted under its author’s name', async () => {
    const id = await written(byLid, { text: 'read me' });
    assert.equal((await act(id, 'read', { phone: byLid })).status, 200);
    await until(async () =>
      (await node.simulator.messages(ann.phone)).some(one => one.id === id && one.status === 'read'),
    );
    const indexes = async () => {
      const { collections } = await node.simulator.call('appState', { params: { phone } });
      return (collections.regular_high?.records ?? []).map(({ index }) => index.join());
    };
    const row = async () => (await node.sql`select starred from chat_message where id = ${id}`)[0];
    assert.equal((await act(id, 'star', { phone: byLid })).status, 200);
    await until(async () => (await indexes()).includes(['star', byLid, id, '0', ann.lid].join()));
    await until(async () => (await row())?.starred === true);
    assert.equal((await act(id, 'delete', { phone: byLid })).status, 200);
    await until(async () =>
      (await indexes()).includes(['deleteMessageForMe', byLid, id, '0', ann.lid].join()),
    );
    await until(async () => (await row()) === undefined);
  });

  await t.test('nothing of it broke the protocol', async () => {
    assert.equal((await node.simulator.violations()).total, 0);
  });
});
