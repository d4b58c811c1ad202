// Whatever a stranger, or a server, puts into a message, a stanza or an action is told or left out, and never throws.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BinaryNode, proto, type WAMessage } from '@whiskeysockets/baileys';
import { kindOf, shownOf } from '../../../src/device/chats/content.ts';
import { fromAction } from '../../../src/device/translate/app-state.ts';
import { numberIn } from '../../../src/device/translate/content/cards.ts';
import { saidIn } from '../../../src/device/translate/content/content.ts';
import type { Self } from '../../../src/device/translate/envelope.ts';
import { fromMessages } from '../../../src/device/translate/messages.ts';
import { namedTwice, numbered } from '../../../src/device/translate/numbers.ts';
import { fromChatState, fromPresence } from '../../../src/device/translate/people.ts';
import { fromStanza } from '../../../src/device/translate/stanzas.ts';
import { between, seeded } from '../../support/random.ts';

const self: Self = { jid: '15550001111:3@s.whatsapp.net', lid: '111000:3@lid' };
const fields = Object.keys(proto.Message.prototype).filter(name =>
  /Message|^conversation$|^chat$|^call$/.test(name),
);
const odd: readonly unknown[] = [
  null,
  undefined,
  '',
  'x',
  0,
  -1,
  1e308,
  Number.NaN,
  true,
  [],
  [null],
  [undefined, 1, 'x'],
  {},
  { contextInfo: null },
  { contextInfo: { stanzaId: 5, quotedMessage: 'x', mentionedJid: 'x', externalAdReply: 7 } },
  { contextInfo: { stanzaId: 'Q', quotedMessage: {}, mentionedJid: [null, 3, 'a@b'] } },
  { message: 'x' },
  { message: null },
  {
    key: 'x',
    text: {},
    options: 'x',
    sections: [null],
    buttons: 7,
    contacts: [{}],
    nativeFlowMessage: { buttons: [{}] },
  },
  new Uint8Array(3),
];

const wrap = (message: unknown): WAMessage =>
  ({
    key: { id: 'ID', remoteJid: '1@s.whatsapp.net' },
    message,
    messageTimestamp: 1,
  }) as unknown as WAMessage;

test('every part of a message may be anything', () => {
  assert.ok(fields.length > 80);
  for (const field of fields)
    for (const value of odd) {
      const message = { [field]: value } as proto.IMessage;
      JSON.stringify(fromMessages([wrap(message)], self));
      kindOf(message);
      JSON.stringify(shownOf(message));
    }
});

test('every field of every part may be anything', () => {
  let tried = 0;
  for (const field of fields) {
    const part = (proto.Message as unknown as Record<string, { prototype?: object } | undefined>)[
      field[0]!.toUpperCase() + field.slice(1)
    ];
    for (const name of Object.keys(part?.prototype ?? {}))
      for (const value of odd) {
        const message = { [field]: { [name]: value } } as proto.IMessage;
        JSON.stringify(fromMessages([wrap(message)], self));
        JSON.stringify(shownOf(message));
        tried++;
      }
  }
  assert.ok(tried > 400 * odd.length, `only ${tried} were tried`);
});

test('a message in envelopes without end, and a comment on comments, come to an end', () => {
  let message: proto.IMessage = { conversation: 'deep' };
  for (let depth = 0; depth < 5_000; depth++) message = { ephemeralMessage: { message } };
  assert.equal(saidIn(message).kind, 'unsupported');
  let comment: proto.IMessage = { conversation: 'deep' };
  for (let depth = 0; depth < 5_000; depth++) comment = { commentMessage: { message: comment } };
  assert.equal(saidIn(comment).kind, 'comment');
  let quoted: proto.IMessage = { conversation: 'deep' };
  for (let depth = 0; depth < 5_000; depth++)
    quoted = { extendedTextMessage: { text: 'x', contextInfo: { stanzaId: 'Q', quotedMessage: quoted } } };
  const [told] = fromMessages([wrap(quoted)], self);
  assert.equal(told?.payload.quoted_body, 'x');
});

test('S36: a text of 64 KB with whatever in it is carried to the letter', () => {
  const text = `<script>\u001b[2J\u202e\u0000${'é'.repeat(64 * 1024)}\ud800`;
  for (const message of [
    { conversation: text },
    { extendedTextMessage: { text } },
    { imageMessage: { caption: text } },
  ])
    assert.equal(fromMessages([wrap(message)], self)[0]?.payload.body, text);
  const params = JSON.stringify(Array.from({ length: 200 }).reduce<unknown>(inner => [inner], 1));
  const deep = { interactiveResponseMessage: { nativeFlowResponseMessage: { paramsJson: params } } };
  assert.deepEqual(saidIn(deep).fields.interactive_reply, { params }, 'JSON that is too deep stays text');
});

test('the number in a vCard is found in any form, and a long card costs no time', () => {
  assert.equal(numberIn('BEGIN:VCARD\r\nTEL;waid=1:+1\r\n 555\r\nEND:VCARD'), '+1555');
  assert.equal(numberIn('item1.TEL:tel:+1-555'), '+1-555');
  assert.equal(numberIn('FN:TEL:no'), undefined);
  for (const card of [`${'a'.repeat(200_000)}`, `TEL${';x'.repeat(100_000)}`, 'TEL:\n'.repeat(50_000)])
    assert.equal(numberIn(card), undefined);
});

const stanza = (tag: string, attrs: object, content?: unknown) => ({ tag, attrs, content }) as BinaryNode;
const types = [
  'w:gp2',
  'picture',
  'status',
  'encrypt',
  'account_sync',
  'newsletter',
  'mex',
  'server_sync',
  '__proto__',
];
const tags =
  'create add remove leave promote demote modify subject description announcement ephemeral not_ephemeral invite link unlink delete growth_locked membership_approval_mode member_add_mode created_membership_requests revoked_membership_requests set delete identity blocklist privacy disappearing_mode live_updates update plaintext offer terminate list item composing constructor'.split(
    ' ',
  );
const contents: readonly unknown[] = [
  undefined,
  '',
  'text',
  Buffer.of(255, 254),
  Buffer.from('{"data":{"xwa2_notify_newsletter_on_join":7}}'),
  Buffer.from('{"data":null}'),
  Buffer.from('null'),
  [],
  [stanza('participant', {})],
  [stanza('item', {}), stanza('message', { server_id: 'x', t: 'y' }), stanza('category', {})],
];

test('every stanza may lack anything', () => {
  const froms = [
    undefined,
    '',
    'x',
    '1@s.whatsapp.net',
    '2@lid',
    '3@g.us',
    '4@newsletter',
    'status@broadcast',
  ];
  for (const tag of ['notification', 'call', 'receipt', 'message', 'presence', 'chatstate', 'iq'])
    for (const from of froms)
      for (const type of tag === 'notification' ? types : ['read', undefined])
        for (const child of tags)
          for (const content of contents) {
            const inner = stanza(child, tag === 'call' ? { 'call-id': 'C' } : {}, content);
            const attrs = {
              ...(from !== undefined && { from }),
              ...(type !== undefined && { type }),
              id: 'I',
            };
            // A post whose content does not decode is told as what it is: see below.
            if (child === 'plaintext') continue;
            const node = stanza(tag, attrs, [inner]);
            JSON.stringify([...fromStanza(node, self), ...fromPresence(node, 1), ...fromChatState(node, 1)]);
          }
  JSON.stringify(fromStanza(stanza('notification', { type: 'w:gp2', from: '3@g.us', t: '1e30' }, 'x'), self));
});

test('a post that does not decode is for whoever asked to say so', () => {
  const post = stanza('message', { from: '4@newsletter', id: 'P' }, [
    stanza('plaintext', {}, Buffer.of(255)),
  ]);
  assert.throws(() => fromStanza(post, self));
});

test('every action may lack anything', () => {
  const kinds =
    'mute pin_v1 archive lock markChatAsRead clearChat deleteChat star deleteMessageForMe contact lid_contact userStatusMute pnForLidChat label_edit label_jid label_message quick_reply setting_pushName setting_locale time_format __proto__ unknown'.split(
      ' ',
    );
  const values: readonly object[] = [
    {},
    { timestamp: -1 },
    { timestamp: 9e18 },
    { timestamp: '1700000000000', muteAction: {}, contactAction: {}, labelEditAction: { type: 99 } },
    { pnForLidChatAction: { pnJid: 'x' }, lidContactAction: {}, labelAssociationAction: {} },
  ];
  for (const kind of kinds)
    for (const index of [
      [],
      [kind],
      [kind, '1@lid'],
      [kind, '1@lid', 'ID', '1', '0'],
      [kind, '', '', '', ''],
    ])
      for (const value of values)
        for (const draft of fromAction({ index, value }, 1)) {
          JSON.stringify(draft);
          assert.ok(!Number.isNaN(new Date(draft.at).getTime()));
        }
});

test('an action is one event however often it is found, and another time another', () => {
  const pin = (timestamp: number | string) =>
    fromAction(
      { index: ['pin_v1', '1@s.whatsapp.net'], value: { timestamp, pinAction: { pinned: true } } as never },
      1,
    )[0];
  assert.equal(pin(1_700_000_000_000)?.identity, pin('1700000000000')?.identity);
  assert.notEqual(pin(1_700_000_000_000)?.identity, pin(1_700_000_000_001)?.identity);
  assert.equal(pin(0)?.identity, undefined, 'without a time nobody can tell');
});

test('numbers are shown where they are known, and LIDs where they are not', async () => {
  const known = {
    numberOf: async (lid: string) => (lid === '7' ? '1555' : undefined),
    lidOf: async (number: string) => (number === '1556' ? '6' : undefined),
  };
  const payload = { from: '7@lid', chat_id: '8@lid', jids: ['7@lid', '8@lid', 'x'], mentions: ['7@lid'] };
  assert.deepEqual(await numbered(payload, known), {
    from: '1555@s.whatsapp.net',
    from_lid: '7@lid',
    chat_id: '8@lid',
    jids: ['1555@s.whatsapp.net', '8@lid', 'x'],
    lids: ['7@lid', '8@lid', ''],
    mentions: ['1555@s.whatsapp.net'],
    mention_lids: ['7@lid'],
  });
  const plain = { from: '1@s.whatsapp.net', jids: 7 };
  assert.equal(await numbered(plain, known), plain, 'what lacks nothing is not copied');
  assert.deepEqual(await numbered({ from: '1556@s.whatsapp.net', jid: '1@g.us' }, known), {
    from: '1556@s.whatsapp.net',
    from_lid: '6@lid',
    jid: '1@g.us',
  });
  const both = {
    from: '1@s.whatsapp.net',
    from_lid: '2@lid',
    jids: ['3@s.whatsapp.net', 'x'],
    lids: ['4@lid', ''],
  };
  assert.deepEqual(namedTwice(both), [
    ['2', '1'],
    ['4', '3'],
  ]);
});

test('random bytes that decode to a message are told or left out', () => {
  const chance = seeded(7);
  let decoded = 0;
  for (let round = 0; round < 3_000; round++) {
    const bytes = Buffer.from(Array.from({ length: between(chance, 1, 60) }, () => between(chance, 0, 255)));
    let message: proto.Message;
    try {
      message = proto.Message.decode(bytes);
    } catch {
      continue;
    }
    decoded++;
    JSON.stringify(fromMessages([wrap(message)], self));
    JSON.stringify(shownOf(message));
  }
  assert.ok(decoded > 20);
});
