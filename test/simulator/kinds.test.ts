// Every kind of message that a phone can be told to send, as a real client receives it.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import { decryptPollVote, normalizeMessageContent, type proto } from '@whiskeysockets/baileys';
import type { Given } from '../../src/simulator/control/operations.ts';
import { until } from '../support/until.ts';
import { linkedClients, simulator, tameClients } from './client.ts';

tameClients();

const CARLA = '15550009';
const JID = `${CARLA}@s.whatsapp.net`;

async function world(t: TestContext) {
  const server = await simulator(t);
  const { control } = server;
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  await control.createPhone({ phone: CARLA, name: 'Carla' });
  const sends = async (what: Omit<Given<'send'>['body'], 'to'>, to: string = alice.phone) => {
    const { id } = await control.call('send', { params: { phone: CARLA }, body: { to, ...what } });
    const got = await until(
      () => alice.received.find(one => one.message.key.id === id && one.message.message)?.message,
      {
        what: JSON.stringify(what),
      },
    );
    return { id, key: got.key, message: normalizeMessageContent(got.message) ?? assert.fail() };
  };
  return { server, control, alice, sends };
}

test('a person answers, reacts, edits, takes back and pins', async t => {
  const { control, alice, sends } = await world(t);
  const question = await alice.sock.sendMessage(JID, { text: 'shall we?' });
  const asked = question?.key.id ?? '';
  await control.waitForMessage(CARLA, one => one.id === asked);

  const answer = await sends({ text: 'yes', quote: asked });
  const context = answer.message.extendedTextMessage?.contextInfo;
  assert.equal(context?.stanzaId, asked);
  assert.equal(context?.participant, `${alice.phone}@s.whatsapp.net`);
  assert.equal(
    context?.quotedMessage?.extendedTextMessage?.text ?? context?.quotedMessage?.conversation,
    'shall we?',
  );

  const { message: reaction } = await sends({ react: { message: asked, emoji: '👍' } });
  assert.equal(reaction.reactionMessage?.text, '👍');
  // Baileys turns the key to its own side: the message is its own.
  assert.deepEqual([reaction.reactionMessage?.key?.id, reaction.reactionMessage?.key?.fromMe], [asked, true]);

  const { message: edit } = await sends({ edit: { message: answer.id, text: 'yes, at eight' } });
  assert.equal(edit.protocolMessage?.editedMessage?.conversation, 'yes, at eight');
  assert.equal(edit.protocolMessage?.key?.id, answer.id);

  const { message: pin } = await sends({ pin: { message: asked, pinned: true } });
  assert.equal(pin.pinInChatMessage?.key?.id, asked);

  const { message: gone } = await sends({ revoke: { message: answer.id } });
  assert.equal(gone.protocolMessage?.key?.id, answer.id);
  await assert.rejects(sends({ edit: { message: asked, text: 'mine' } }), { status: 409 });
  await assert.rejects(sends({ react: { message: 'nothing', emoji: 'x' } }), { status: 404 });
});

test('locations, contact cards, mentions, disappearing and forwarded messages arrive as such', async t => {
  const { alice, sends } = await world(t);
  const { message: place } = await sends({ location: { latitude: -23.5, longitude: -46.6, name: 'Sé' } });
  assert.deepEqual([place.locationMessage?.degreesLatitude, place.locationMessage?.name], [-23.5, 'Sé']);
  const { message: card } = await sends({ contacts: [{ name: 'Davi; Rocha', phone: '+15550004' }] });
  assert.equal(card.contactMessage?.displayName, 'Davi; Rocha');
  assert.match(
    card.contactMessage?.vcard ?? '',
    /FN:Davi\\; Rocha\nTEL;type=CELL;type=VOICE;waid=15550004:\+15550004/,
  );
  const { message: cards } = await sends({
    contacts: [
      { name: 'A', phone: '15550004' },
      { name: 'B', phone: '15550005' },
    ],
  });
  assert.equal(cards.contactsArrayMessage?.contacts?.length, 2);
  const { message: mention } = await sends({ text: `@${alice.phone} look`, mentions: [alice.phone] });
  assert.deepEqual(mention.extendedTextMessage?.contextInfo?.mentionedJid, [`${alice.phone}@s.whatsapp.net`]);
  const { message: brief, id } = await sends({ text: 'gone tomorrow', expiresIn: 86_400 });
  assert.equal(brief.extendedTextMessage?.contextInfo?.expiration, 86_400);
  const { message: forwarded } = await sends({ forward: id });
  assert.equal(forwarded.extendedTextMessage?.text, 'gone tomorrow');
  assert.equal(forwarded.extendedTextMessage?.contextInfo?.isForwarded, true);
  assert.equal(forwarded.extendedTextMessage?.contextInfo?.forwardingScore, 1);
});

test('polls are made by clients and phones, and a phone’s vote opens with the poll’s secret', async t => {
  const { control, alice, sends } = await world(t);
  const { message: poll } = await sends({ poll: { name: 'When?', options: ['seven', 'eight'] } });
  assert.deepEqual(
    poll.pollCreationMessageV3?.options?.map(option => option.optionName),
    ['seven', 'eight'],
  );
  const made = await alice.sock.sendMessage(JID, {
    poll: { name: 'Where?', values: ['here', 'there'], selectableCount: 2 },
  });
  const pollMsgId = made?.key.id ?? '';
  await control.waitForMessage(CARLA, one => one.id === pollMsgId && one.type === 'pollCreation');
  const { message } = await sends({ vote: { poll: pollMsgId, options: ['there'] } });
  const vote = message.pollUpdateMessage?.vote ?? assert.fail('no vote');
  const { selectedOptions } = decryptPollVote(vote as proto.Message.PollEncValue, {
    pollCreatorJid: `${alice.phone}@s.whatsapp.net`,
    pollMsgId,
    pollEncKey: made?.message?.messageContextInfo?.messageSecret ?? assert.fail('no secret'),
    voterJid: JID,
  });
  const hash = createHash('sha256').update('there').digest();
  assert.deepEqual(
    selectedOptions?.map(one => Buffer.from(one)),
    [hash],
  );
  await assert.rejects(sends({ vote: { poll: pollMsgId, options: ['nowhere'] } }), { status: 400 });
});

test('a whole proto.Message is sent as it is, and read back decrypted; nonsense is refused', async t => {
  const { server, control, alice, sends } = await world(t);
  const { id, message } = await sends({
    message: {
      extendedTextMessage: { text: 'raw', contextInfo: { mentionedJid: [JID], isForwarded: true } },
    },
  });
  assert.equal(message.extendedTextMessage?.contextInfo?.isForwarded, true);
  const seen = (await control.messages(alice.phone)).find(one => one.id === id);
  assert.deepEqual(seen?.message?.extendedTextMessage, {
    text: 'raw',
    contextInfo: { mentionedJid: [JID], isForwarded: true },
  });
  const secret = await sends({
    message: { conversation: 'with a secret', messageContextInfo: { messageSecret: 'AAEC' } },
  });
  assert.deepEqual([...(secret.message.messageContextInfo?.messageSecret ?? [])], [0, 1, 2]);
  for (const body of [
    { message: { nonsense: {} } },
    { message: {} },
    { message: { extendedTextMessage: 5 } },
    { text: 'two', forward: id },
    {},
    { text: 'x', viewOnce: true },
    { poll: { name: 'x', options: ['one'] } },
    { text: 'x', colour: 'red' },
  ])
    await assert.rejects(
      server.post(`/admin/phones/${CARLA}/send`, { to: alice.phone, ...body }),
      { status: 400 },
      JSON.stringify(body),
    );
});
