// What is said about messages, whom they are for, and what is refused: over HTTP through a whole node.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNode } from '../support/node.ts';
import { until } from '../support/until.ts';

type Json = Record<string, unknown>;
interface Sent {
  readonly message_id: string;
  readonly status: string;
}

test('messages in their chats', async t => {
  const node = await startNode(t, { workers: 1 });
  const own = await node.pair('sales');
  const ann = await node.simulator.createPhone({ name: 'Ann' });
  const bob = await node.simulator.createPhone({ name: 'Bob' });
  const group = await node.simulator.call('createGroup', {
    body: { by: ann.phone, subject: 'Fish', members: [own, bob.phone], settings: { ephemeral: 604_800 } },
  });
  const post = (path: string, body: Json) => node.api<Sent>('POST', `/send/${path}`, body);
  const send = async (path: string, body: Json) => {
    const answer = await post(path, body);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body.results?.message_id ?? '';
  };
  const arrived = async (phone: string, id: string, field = 'extendedTextMessage') => {
    const { message } = await node.simulator.waitForMessage(phone, one => one.id === id);
    const content = message?.[field] as (Json & { contextInfo?: Json }) | undefined;
    assert.ok(content, `${field} in ${JSON.stringify(message)}`);
    return content;
  };

  await t.test('an answer quotes our own message, and its reader sees what it was', async () => {
    const asked = await send('message', { phone: ann.phone, message: 'shall we?' });
    const id = await send('location', {
      phone: ann.lid,
      latitude: 1,
      longitude: 2,
      reply_message_id: asked,
      is_forwarded: true,
      duration: 86_400,
    });
    const { contextInfo } = await arrived(ann.phone, id, 'locationMessage');
    const { lid } = (await node.simulator.call('phones')).find(one => one.phone === own) ?? {};
    assert.deepEqual(contextInfo, {
      stanzaId: asked,
      participant: lid,
      quotedMessage: { extendedTextMessage: { text: 'shall we?' } },
      isForwarded: true,
      forwardingScore: 1,
      expiration: 86_400,
    });
  });

  await t.test('an answer to a message that is not known names it all the same', async () => {
    const id = await send('poll', {
      phone: ann.phone,
      question: 'q',
      options: ['a', 'b'],
      max_answer: 2,
      reply_message_id: '3EB0000000000000000000',
    });
    const { contextInfo } = await arrived(ann.phone, id, 'pollCreationMessage');
    assert.equal(contextInfo?.stanzaId, '3EB0000000000000000000');
  });

  await t.test(
    'mentions: those of the request, those of the text who have an account, everyone',
    async () => {
      const text = `@${bob.phone} and @15559999999, not me@${bob.phone}`;
      const id = await send('message', {
        phone: group.jid,
        message: text,
        mentions: ['@everyone', ann.phone],
      });
      const { contextInfo, text: said } = await arrived(ann.phone, id);
      assert.equal(said, text);
      assert.deepEqual(contextInfo?.mentionedJid, [bob.lid, `${ann.phone}@s.whatsapp.net`]);
      assert.equal(contextInfo?.nonJidMentions, 1);
      const direct = await send('message', { phone: ann.phone, message: `ask @${bob.phone}` });
      const { contextInfo: other } = await arrived(ann.phone, direct);
      assert.deepEqual(other?.mentionedJid, [`${bob.phone}@s.whatsapp.net`]);
    },
  );

  await t.test('a message of a group has the timer of the group unless it says otherwise', async () => {
    const id = await send('contact', { phone: group.jid, contact_name: 'A', contact_phone: '15550001' });
    const { contextInfo } = await arrived(ann.phone, id, 'contactMessage');
    assert.equal(contextInfo?.expiration, 604_800);
    const none = await send('message', { phone: group.jid, message: 'stays', duration: 0 });
    assert.equal((await arrived(ann.phone, none)).contextInfo, undefined);
  });

  await t.test('a link has no preview that was not given, and nothing is fetched', async () => {
    const id = await send('link', { phone: ann.phone, link: 'example.com/x', caption: ' look ' });
    assert.deepEqual(await arrived(ann.phone, id), { text: 'look\nexample.com/x' });
  });

  await t.test('an event has a link to a call, when it is asked for', async () => {
    const id = await send('event', {
      phone: ann.phone,
      name: 'Call',
      start_time: 1_798_135_200,
      call: 'video',
    });
    const { joinLink } = await arrived(ann.phone, id, 'eventMessage');
    assert.match(String(joinLink), /^https:\/\/call\.whatsapp\.com\/video\/./);
  });

  await t.test('a number without an account is refused as gowa does', async () => {
    const { status, body } = await post('location', { phone: '15559999999', latitude: 1, longitude: 2 });
    assert.deepEqual([status, body.code], [400, 'INVALID_JID']);
    assert.equal(body.message, 'phone: 15559999999@s.whatsapp.net is not on WhatsApp.');
    assert.deepEqual(body.results, { phone: '15559999999@s.whatsapp.net' });
  });

  await t.test('a status goes to those who are named, and to nobody else', async () => {
    const status = { message: 'sea', background_color: '#0000ff', font: 2, recipients: [ann.phone] };
    const id = await send('status', status);
    const { text, backgroundArgb, font } = await arrived(ann.phone, id);
    assert.deepEqual([text, backgroundArgb], ['sea', 0xff_00_00_ff]);
    assert.ok(font === 2 || font === 'FB_SCRIPT', String(font));
    const plain = await send('message', {
      phone: 'status@broadcast',
      message: 'again',
      recipients: [ann.lid, bob.phone],
    });
    assert.equal((await arrived(bob.phone, plain)).text, 'again');
    assert.equal((await arrived(ann.phone, plain)).text, 'again');
    const seen = await node.simulator.messages(bob.phone, { chat: 'status@broadcast' });
    assert.deepEqual(
      seen.map(one => one.id),
      [plain],
    );
    const mine = await node.simulator.messages(own, { chat: 'status@broadcast' });
    assert.deepEqual(
      mine.map(one => [one.id, one.fromMe]),
      [
        [id, true],
        [plain, true],
      ],
    );
    const revoked = await node.api<Sent>('POST', `/message/${id}/revoke`, { phone: 'status@broadcast' });
    const { key } = await arrived(ann.phone, revoked.body.results?.message_id ?? '', 'protocolMessage');
    assert.equal((key as Json).id, id);
    const nobody = await post('message', { phone: 'status@broadcast', message: 'x' });
    assert.deepEqual([nobody.status, nobody.body.code], [400, 'VALIDATION_ERROR']);
    assert.equal(nobody.body.message, 'recipients: the account has no contacts: name who may see it.');
  });

  await t.test(
    'a status that names nobody goes to the contacts of the account, if they may see all of them',
    async () => {
      const jid = `${bob.phone}@s.whatsapp.net`;
      const change = (body: Json) =>
        node.simulator.call('changeAppState', { params: { phone: own }, body: body as never });
      await change({ kind: 'contact', jid, fullName: 'Bob' });
      const known = async () =>
        (await node.sql`select 1 from contact where jid = ${jid} and name is not null`).length > 0;
      await until(known);
      const id = await send('status', { message: 'for friends' });
      assert.equal((await arrived(bob.phone, id)).text, 'for friends');
      const mine = await node.simulator.waitForMessage(own, one => one.id === id);
      assert.equal(mine.fromMe, true);
      assert.ok(!(await node.simulator.messages(ann.phone)).some(one => one.id === id));
    },
  );

  await t.test('presence, typing and recording are seen by others', async () => {
    const events = await node.simulator.events({ kinds: ['presence', 'typing'] });
    const next = async () => {
      const { value } = await events.next();
      return value;
    };
    const online = await post('presence', { type: 'available' });
    assert.deepEqual(online.body, {
      code: 'SUCCESS',
      message: 'Send presence success available',
      results: { message_id: 'presence', status: 'Send presence success available' },
    });
    const shown = await next();
    assert.ok(shown?.kind === 'presence' && shown.available);
    for (const [action, state, message] of [
      ['start', 'composing', 'Send chat presence start typing success'],
      ['recording', 'recording', 'Send chat presence start recording success'],
      ['stop', 'paused', 'Send chat presence stop typing success'],
    ] as const) {
      const { body } = await post('chat-presence', { phone: ann.phone, action });
      assert.equal(body.message, `${message} ${ann.phone}@s.whatsapp.net`);
      assert.equal(body.results?.message_id, `chat-presence-${action}`);
      const typing = await next();
      assert.ok(typing?.kind === 'typing' && typing.state === state, JSON.stringify(typing));
    }
    await events.return();
    const unknown = await post('chat-presence', { phone: '15559999999', action: 'start' });
    assert.deepEqual([unknown.status, unknown.body.code], [400, 'INVALID_JID']);
  });

  await t.test('posts of our channel: made, changed, reacted to, taken back', async () => {
    const channel = await node.simulator.call('createChannel', {
      params: { phone: own },
      body: { name: 'News' },
    });
    const posts = () => node.simulator.call('posts', { params: { jid: channel.jid } });
    const id = await send('message', { phone: channel.jid, message: 'first' });
    const [made] = await posts();
    assert.deepEqual([made?.id, made?.text], [id, 'first']);
    const act = (message: string | number, action: string, body: Json = {}) =>
      node.api<Sent>('POST', `/message/${message}/${action}`, { phone: channel.jid, ...body });
    const update = await act(id, 'update', { message: 'second' });
    assert.equal(update.status, 200, JSON.stringify(update.body));
    assert.deepEqual([(await posts())[0]?.text, (await posts())[0]?.edited], ['second', true]);
    const serverId = made?.serverId ?? 0;
    assert.equal((await act(serverId, 'reaction', { emoji: '👍' })).status, 200);
    assert.deepEqual((await posts())[0]?.reactions, { '👍': 1 });
    assert.equal((await act(serverId, 'reaction', { emoji: '' })).status, 200);
    assert.deepEqual((await posts())[0]?.reactions, {});
    assert.equal((await act(id, 'revoke')).status, 200);
    assert.equal((await posts())[0]?.deleted, true);
    const gone = await act(serverId, 'reaction', { emoji: '👍' });
    assert.deepEqual([gone.status, gone.body.code], [404, 'WA_NOT_FOUND']);
    const unnumbered = await act(id, 'reaction', { emoji: '👍' });
    assert.deepEqual([unnumbered.status, unnumbered.body.code], [400, 'VALIDATION_ERROR']);
    const theirs = await node.simulator.call('createChannel', {
      params: { phone: ann.phone },
      body: { name: 'Hers' },
    });
    const foreign = await post('message', { phone: theirs.jid, message: 'x' });
    assert.deepEqual([foreign.status, foreign.body.code], [502, 'MESSAGE_REFUSED']);
    const edit = await node.api('POST', `/message/${id}/update`, { phone: theirs.jid, message: 'x' });
    assert.deepEqual([edit.status, edit.body.code], [403, 'WA_FORBIDDEN']);
  });

  await t.test(
    'whom there is not is said to be nobody: a group that is not there, a status for strangers',
    async () => {
      const group = await post('message', { phone: '120363000000000001@g.us', message: 'x' });
      assert.deepEqual([group.status, group.body.code], [404, 'WA_NOT_FOUND'], group.body.message);
      const status = await post('message', {
        phone: 'status@broadcast',
        message: 'x',
        recipients: ['19999999999'],
      });
      assert.deepEqual([status.status, status.body.code], [400, 'INVALID_JID'], status.body.message);
    },
  );

  await t.test('what a chat cannot take is refused before anything is sent', async () => {
    for (const [path, body, message] of [
      ['poll', { question: 'q', options: ['a', 'b'], max_answer: 1 }, 'phone: this cannot be a status.'],
      ['group-invite', {}, 'group_id: is required.'],
    ] as const) {
      const answer = await post(path, { phone: 'status@broadcast', ...body });
      assert.deepEqual([answer.status, answer.body.message], [400, message]);
    }
    assert.equal((await node.simulator.violations()).total, 0);
  });
});
