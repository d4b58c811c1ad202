// What the chat store makes of what Baileys tells: kinds, texts, who is who, and what is left out.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { proto, type WAMessage } from '@whiskeysockets/baileys';
import { kindOf, shownOf, unpacked } from '../../../src/device/chats/content.ts';
import { heardIn } from '../../../src/device/chats/hearing.ts';
import { openedOf } from '../../../src/device/chats/opening.ts';
import { rowsOf } from '../../../src/device/chats/rows.ts';
import { Failure } from '../../../src/errors.ts';
import { gramsOf, INDEXED_CHARACTERS, normalised } from '../../../src/lib/blind-index.ts';
import { Seal } from '../../../src/lib/seal.ts';
import { places } from '../../../src/store/places.ts';

const seal = new Seal(new Uint8Array(32).fill(7));
const PN = '15550001@s.whatsapp.net';
const LID = '77001@lid';
const GROUP = '120363000000000001@g.us';

async function rows(events: Parameters<typeof heardIn>[0], known: Record<string, string> = {}) {
  const spoiled: string[] = [];
  const asked: string[][] = [];
  const made = await rowsOf(heardIn(events), {
    no: 1,
    seal,
    others: async ids => {
      asked.push([...ids]);
      return new Map(Object.entries(known).filter(([id]) => ids.includes(id)));
    },
    pushNames: new Map<string, string>(),
    spoiled: failure => void spoiled.push(failure.message),
  });
  return { ...made, spoiled, asked };
}

const upsert = (...messages: WAMessage[]) => ({ 'messages.upsert': { messages, type: 'notify' as const } });
const said = (message: proto.IMessage, key: Partial<WAMessage['key']> = {}): WAMessage =>
  ({
    key: { remoteJid: PN, fromMe: false, id: 'A', ...key },
    message,
    messageTimestamp: 1_700_000_000,
  }) as WAMessage;

test('kinds and texts are gowa’s', () => {
  const cases: [proto.IMessage, string | undefined, string | undefined][] = [
    [{ conversation: 'hi' }, 'text', 'hi'],
    [{ ephemeralMessage: { message: { extendedTextMessage: { text: 'gone soon' } } } }, 'text', 'gone soon'],
    [{ imageMessage: { caption: 'look' } }, 'image', 'look'],
    [{ viewOnceMessageV2: { message: { videoMessage: {} } } }, 'video', undefined],
    [{ ptvMessage: {} }, 'video_note', undefined],
    [{ audioMessage: { ptt: true } }, 'audio', undefined],
    [{ documentMessage: { fileName: 'a.pdf' } }, 'document', undefined],
    [{ stickerMessage: {} }, 'sticker', undefined],
    [
      { contactMessage: { displayName: 'Ana', vcard: 'BEGIN:VCARD\nTEL;waid=1:+1 555\nEND:VCARD' } },
      'contact',
      'Contact: Ana (+1 555)',
    ],
    [
      { locationMessage: { degreesLatitude: 1.5, degreesLongitude: 2, name: 'here' } },
      'location',
      'here\nhttps://maps.google.com/?q=1.5,2',
    ],
    [{ pollCreationMessageV3: { name: 'when?', options: [{ optionName: 'now' }] } }, 'poll', 'when?\n- now'],
    [{ senderKeyDistributionMessage: {}, conversation: 'in a group' }, 'text', 'in a group'],
    [{ senderKeyDistributionMessage: {} }, undefined, undefined],
    [{ reactionMessage: {} }, undefined, undefined],
    [{ protocolMessage: {} }, undefined, undefined],
    [{ pollUpdateMessage: {} }, undefined, undefined],
    [{ pinInChatMessage: {} }, undefined, undefined],
    [{ invoiceMessage: {} }, 'invoice', undefined],
    [{}, undefined, undefined],
  ];
  for (const [message, kind, text] of cases)
    assert.deepEqual([kindOf(message), shownOf(message).text], [kind, text], JSON.stringify(message));
});

test('a person has one name, whichever is told, and is asked for once', async () => {
  const events = upsert(
    said({ conversation: 'a' }, { id: '1', remoteJid: LID, remoteJidAlt: PN }),
    said({ conversation: 'b' }, { id: '2', remoteJid: LID }),
    said({ conversation: 'c' }, { id: '3', remoteJid: PN }),
    said({ conversation: 'd' }, { id: '4', remoteJid: GROUP, participant: '77002:4@lid' }),
    said({ conversation: 'e' }, { id: '5', remoteJid: GROUP, participant: '77003@lid' }),
  );
  const { messages, asked } = await rows(events, { '77002_reverse': '15550002' });
  assert.deepEqual(
    messages.map(({ chat, sender }) => [chat.jid, chat.also, sender]),
    [
      [PN, LID, ''],
      [PN, LID, ''],
      [PN, LID, ''],
      [GROUP, undefined, '15550002@s.whatsapp.net'],
      [GROUP, undefined, '77003@lid'],
    ],
  );
  assert.deepEqual(asked, [['77002_reverse', '77003_reverse']]);
});

test('what is stored opens in its place alone, and is what was sent', async () => {
  const message = { extendedTextMessage: { text: 'Olá', contextInfo: { stanzaId: 'Q' } } };
  const { messages } = await rows(upsert(said(message)));
  const { content } = messages[0]!;
  assert.deepEqual(JSON.parse(seal.open(places.said(1, 'A'), content!.said).toString()), {
    text: 'Olá',
    details: { replied_to_id: 'Q' },
  });
  const opened = unpacked(seal.open(places.message(1, 'A'), content!.message));
  assert.equal(opened.extendedTextMessage?.contextInfo?.stanzaId, 'Q');
  assert.throws(() => seal.open(places.said(1, 'B'), content!.said));
  assert.deepEqual(content!.grams, gramsOf(seal, 'ola'));
});

test('what nobody can name or read is left out, and the rest is there', async () => {
  const broken = {
    ...said({ conversation: 'x' }),
    get messageStubType(): never {
      throw new Error('broken');
    },
  };
  const events = upsert(
    said({ conversation: 'a' }, { id: 'x'.repeat(600) }),
    said({ conversation: 'b' }, { id: 'n\0ul' }),
    said({ conversation: 'c' }, { remoteJid: '' }),
    broken as unknown as WAMessage,
    said({ conversation: 'd' }, { id: 'D' }),
  );
  const { messages, spoiled } = await rows(events);
  assert.deepEqual(
    messages.map(({ id }) => id),
    ['D'],
  );
  assert.deepEqual(spoiled, ['broken']);
});

test('a message that cannot be opened is left shut, the rest is opened, and a database that is away is said', async () => {
  const broken = said({}, { id: 'B' });
  Object.defineProperty(broken.message, 'protocolMessage', {
    get() {
      throw new TypeError('broken');
    },
  });
  const EDIT = proto.Message.ProtocolMessage.Type.MESSAGE_EDIT;
  const edit = said(
    { protocolMessage: { key: { id: 'A' }, type: EDIT, editedMessage: { conversation: 'better' } } },
    { id: 'E' },
  );
  const heard = heardIn(upsert(said({ conversation: 'first' }), broken, edit));
  const spoiled: string[] = [];
  const options = {
    self: { jid: '15550000001:1@s.whatsapp.net', lid: '1:1@lid' },
    secretOf: async () => undefined,
    message: async () => undefined,
    spoiled: (failure: Error) => void spoiled.push(failure.message),
  };
  const opened = await openedOf(heard, options);
  assert.equal(opened.get(edit)?.message?.conversation, 'better');
  assert.deepEqual(spoiled, ['broken']);
  const away = async () => {
    throw new Failure('STORE_UNAVAILABLE');
  };
  await assert.rejects(openedOf(heardIn(upsert(edit)), { ...options, message: away }), {
    code: 'STORE_UNAVAILABLE',
  });
});

test('the index says of a text what its characters are, of the first of a long one, and nothing without the key', () => {
  const grams = (text: string) => gramsOf(seal, text);
  assert.deepEqual(grams('ab'), []);
  assert.deepEqual(grams('ÀBC'), grams('abc'));
  assert.equal(normalised('  A\n\tB '), 'a b');
  assert.equal(grams('aaaa').length, 1);
  assert.deepEqual(grams('💥💥💥x').length, 2);
  const long = 'x'.repeat(INDEXED_CHARACTERS);
  assert.deepEqual(grams(`${long}abc`), grams(long));
  assert.notDeepEqual(gramsOf(new Seal(new Uint8Array(32)), 'abc'), grams('abc'));
});

test('what only the phone shows is a message of which nothing more is known', async () => {
  const { message: _, ...once } = said({}, { isViewOnce: true } as Partial<WAMessage['key']>);
  const { messages } = await rows(upsert(once as WAMessage));
  assert.deepEqual(
    messages.map(({ id, kind }) => [id, kind]),
    [['A', 'view_once']],
  );
  assert.deepEqual(JSON.parse(seal.open(places.said(1, 'A'), messages[0]!.content!.said).toString()), {});
});

test('a history brings what others had said to a message, and that it is pinned', async () => {
  const options = [{ optionName: 'red' }, { optionName: 'blue' }];
  const poll = said({ pollCreationMessage: { name: 'colour?', options } }, { remoteJid: GROUP });
  const by = (jid: string) => ({ remoteJid: GROUP, participant: jid });
  const time = 1_700_000_001_000;
  const chosen = createHash('sha256').update('blue').digest();
  const past = {
    ...poll,
    participant: PN,
    reactions: [{ key: by('77002@lid'), text: '👍', senderTimestampMs: time }],
    pollUpdates: [
      { pollUpdateMessageKey: by('77002@lid'), vote: { selectedOptions: [chosen] }, senderTimestampMs: time },
      { pollUpdateMessageKey: { fromMe: true }, vote: { selectedOptions: [] }, senderTimestampMs: time },
    ],
    eventResponses: [
      { eventResponseMessageKey: by(PN), timestampMs: time, eventResponseMessage: { response: 1 } },
    ],
    pinInChat: {
      type: 1,
      senderTimestampMs: time,
      messageAddOnContextInfo: { messageAddOnDurationInSecs: 60 },
    },
  };
  const events = { 'messaging-history.set': { chats: [], contacts: [], messages: [past as never] } };
  const { reactions, answers, changes } = await rows(events, { '77002_reverse': '15550002' });
  const at = new Date(time);
  const second = '15550002@s.whatsapp.net';
  assert.deepEqual(
    reactions.map(row => [row.messageId, row.sender, row.at]),
    [['A', second, at]],
  );
  assert.deepEqual(
    answers.map(({ sender, fromMe, answer }) => [
      ...[sender, fromMe],
      answer && JSON.parse(seal.open(places.chatAnswer(1, 'A'), answer).toString()),
    ]),
    [
      [second, false, { selected_options: ['blue'] }],
      ['', true, null],
      [PN, false, { response: 'going' }],
    ],
  );
  assert.deepEqual(
    changes.map(({ id, pin }) => [id, pin]),
    [['A', { at, until: new Date(time + 60_000) }]],
  );
});

test('muted without an end is muted, and a history in which nothing is said of it is not', async () => {
  const muted = async (muteEndTime: number | null) => {
    const { patches } = await rows({ 'chats.update': [{ id: PN, muteEndTime }] });
    return patches[0]?.mutedUntil;
  };
  const forEver = new Date(Date.UTC(3000));
  assert.deepEqual(await muted(-1), forEver);
  assert.deepEqual(await muted(0), forEver);
  assert.equal(await muted(null), null);
  const chats = [{ id: PN, muteEndTime: 0 } as never];
  const { patches } = await rows({ 'messaging-history.set': { chats, contacts: [], messages: [] } });
  assert.equal(patches[0]?.mutedUntil, null);
});
