import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proto, type WAMessage, type WAMessageKey } from '@whiskeysockets/baileys';
import { bare, party } from '../../../src/device/jid.ts';
import type { Self } from '../../../src/device/translate/envelope.ts';
import { fromMessages } from '../../../src/device/translate/messages.ts';
import { fromGroupReceipts, fromUpdates } from '../../../src/device/translate/receipts.ts';
import { fromState } from '../../../src/device/translate/state.ts';

const self: Self = { jid: '15550001111:3@s.whatsapp.net', lid: '111000:3@lid' };
const ann = '15551234567@s.whatsapp.net';
const annLid = '998877@lid';
const group = '120363041234567890@g.us';
const at = 1_700_000_000_000;
const time = '2023-11-14T22:13:20.000Z';

function messageOf(
  message: proto.IMessage | null,
  key: Partial<WAMessageKey> = {},
  more: object = {},
): WAMessage {
  return {
    key: { id: 'ID', remoteJid: annLid, remoteJidAlt: ann, fromMe: false, ...key },
    message,
    messageTimestamp: at / 1000,
    pushName: 'Ann',
    ...more,
  } as WAMessage;
}
const translate = (...messages: WAMessage[]) => fromMessages(messages, self);
const common = {
  id: 'ID',
  chat_id: ann,
  chat_lid: annLid,
  from: ann,
  from_lid: annLid,
  is_from_me: false,
  from_name: 'Ann',
  sender_display_name: 'Ann',
  timestamp: time,
};

test('a message is the same one whichever names of its sender and its chat a copy has', () => {
  const of = (names: object, key: object = { id: 'ONE', remoteJid: group, fromMe: false }) =>
    translate({
      key: { ...key, ...names },
      message: { conversation: 'hi' },
      messageTimestamp: at / 1000,
    } as WAMessage);
  const [both] = of({ participant: ann, participantAlt: annLid });
  const [lidFirst] = of({ participant: annLid, participantAlt: ann });
  const [lidAlone] = of({ participant: annLid });
  assert.equal(both?.identity, lidAlone?.identity);
  assert.equal(both?.identity, lidFirst?.identity);
  // Our own phone sends again by the number alone what came by both.
  const [numberAlone] = of({ participant: ann });
  assert.equal(both?.identity, numberAlone?.identity);
  const direct = { id: 'ONE', fromMe: false };
  const [inBoth] = of({ remoteJid: annLid, remoteJidAlt: ann }, direct);
  const [byNumber] = of({ remoteJid: ann }, direct);
  assert.equal(inBoth?.identity, byNumber?.identity);
  assert.notEqual(both?.identity, inBoth?.identity, 'what one says in a group takes no id of a direct chat');
});

test('a reaction, a deletion and an edit are events of their own that name their target', () => {
  const key = { id: 'TARGET', fromMe: true, remoteJid: annLid };
  const { Type } = proto.Message.ProtocolMessage;
  const drafts = translate(
    messageOf({ reactionMessage: { text: '👍', key } }),
    messageOf({ reactionMessage: { text: '', key } }),
    messageOf({ protocolMessage: { type: Type.REVOKE, key } }),
    messageOf({
      protocolMessage: { type: Type.MESSAGE_EDIT, key, editedMessage: { conversation: 'better' } },
    }),
  );
  const target = 'TARGET';
  assert.deepEqual(
    drafts.map(({ event, payload }) => [event, payload]),
    [
      ['message.reaction', { ...common, reaction: '👍', reacted_message_id: target }],
      ['message.reaction', { ...common, reaction: '', reacted_message_id: target }],
      [
        'message.revoked',
        { ...common, revoked_message_id: target, revoked_from_me: true, revoked_chat: ann },
      ],
      ['message.edited', { ...common, original_message_id: target, body: 'better' }],
    ],
  );
});

test('what is not for anybody to read is no event', () => {
  const { Type } = proto.Message.ProtocolMessage;
  const silent = [
    messageOf({ protocolMessage: { type: Type.APP_STATE_SYNC_KEY_SHARE } }),
    messageOf({ senderKeyDistributionMessage: { groupId: group } }),
    messageOf({ senderKeyDistributionMessage: { groupId: group }, messageContextInfo: {} }),
    messageOf(null),
    messageOf({ conversation: 'status' }, { remoteJid: 'status@broadcast' }),
    messageOf({ conversation: 'news' }, { remoteJid: '120363041234567890@newsletter' }),
    messageOf({ conversation: 'nameless' }, { id: null as never }),
  ];
  assert.deepEqual(translate(...silent), []);
});

test('the sender is the other one, the participant of a group, or this account', () => {
  const whoOf = (key: Partial<WAMessageKey>) => {
    const [draft] = translate(messageOf({ conversation: 'x' }, key));
    const { chat_id, chat_lid, from, from_lid, is_from_me } = draft!.payload;
    return { chat_id, chat_lid, from, from_lid, is_from_me };
  };
  const nobody = { remoteJidAlt: undefined as never };
  assert.deepEqual(whoOf({ remoteJid: ann, ...nobody }), {
    chat_id: ann,
    chat_lid: undefined,
    from: ann,
    from_lid: undefined,
    is_from_me: false,
  });
  assert.deepEqual(whoOf({ remoteJid: group, participant: '998877:2@lid', participantAlt: ann, ...nobody }), {
    chat_id: group,
    chat_lid: undefined,
    from: ann,
    from_lid: annLid,
    is_from_me: false,
  });
  assert.deepEqual(whoOf({ fromMe: true }), {
    chat_id: ann,
    chat_lid: annLid,
    from: '15550001111@s.whatsapp.net',
    from_lid: '111000@lid',
    is_from_me: true,
  });
});

test('a name that is never a device: the number is shown where it is known, the LID beside it', () => {
  assert.equal(bare('15551234567:3@s.whatsapp.net'), ann);
  assert.equal(bare('15551234567@c.us'), ann);
  for (const nothing of [undefined, null, '']) assert.equal(bare(nothing), '');
  assert.deepEqual(party(annLid, ann), { shown: ann, lid: annLid });
  assert.deepEqual(party(ann, annLid), { shown: ann, lid: annLid });
  assert.deepEqual(party(annLid, undefined), { shown: annLid });
  assert.deepEqual(party(group, undefined), { shown: group });
  assert.deepEqual(party(undefined, undefined), { shown: '' });
});

test('a time that is none is now, and never an event that cannot be stored', () => {
  const odd = [undefined, null, 0, -5, Number.NaN, 1e18, 253_402_300_800, 'x'];
  for (const messageTimestamp of odd) {
    const before = Date.now();
    const [draft] = translate(messageOf({ conversation: 'x' }, {}, { messageTimestamp }));
    assert.ok(draft && draft.at >= before && draft.at <= Date.now(), String(messageTimestamp));
    const stamps = [
      ...fromUpdates(
        [
          {
            key: { id: 'A', remoteJid: ann, fromMe: true },
            update: { status: 4, messageTimestamp } as never,
          },
        ],
        self,
      ),
      ...fromGroupReceipts(
        [
          {
            key: { id: 'A', remoteJid: group },
            receipt: { userJid: ann, receiptTimestamp: messageTimestamp },
          },
        ],
        self,
      ),
    ];
    assert.equal(stamps.length, 2);
    for (const stamp of stamps)
      assert.ok(stamp.at >= before && stamp.at <= Date.now(), String(messageTimestamp));
  }
  const long = { low: at / 1000, high: 0, unsigned: true, toString: () => String(at / 1000) };
  assert.equal(translate(messageOf({ conversation: 'x' }, {}, { messageTimestamp: long }))[0]?.at, at);
});

const { Status } = proto.WebMessageInfo;
const receipt = (id: string, status: number, more: Partial<WAMessageKey> = {}) => ({
  key: { id, remoteJid: annLid, remoteJidAlt: ann, fromMe: true, ...more },
  update: { status, messageTimestamp: at / 1000 },
});

test('receipts of one chat, kind and time are one event; others, and those of other people, are not in it', () => {
  const drafts = fromUpdates(
    [
      receipt('A', Status.READ),
      receipt('B', Status.READ),
      receipt('C', Status.DELIVERY_ACK),
      receipt('D', Status.READ, { remoteJid: '1@lid', remoteJidAlt: undefined as never }),
      receipt('E', Status.SERVER_ACK),
      receipt('F', Status.READ, { fromMe: false }),
      { key: receipt('G', 0).key, update: { starred: true } },
    ],
    self,
  );
  assert.deepEqual(
    drafts.map(({ payload: { ids, receipt_type, chat_id, from } }) => [ids, receipt_type, chat_id, from]),
    [
      [['A', 'B'], 'read', ann, ann],
      [['C'], 'delivered', ann, ann],
      [['D'], 'read', '1@lid', '1@lid'],
    ],
  );
  assert.deepEqual(drafts[0], {
    event: 'message.ack',
    at,
    identity: `${annLid} ${annLid} read A B`,
    payload: {
      ids: ['A', 'B'],
      chat_id: ann,
      chat_lid: annLid,
      from: ann,
      from_lid: annLid,
      sender_display_name: '',
      receipt_type: 'read',
      receipt_type_description: 'the recipient has read the message',
      timestamp: time,
    },
  });
});

test('in a group each participant acknowledges for himself', () => {
  const key = { id: 'A', remoteJid: group, fromMe: true };
  const drafts = fromGroupReceipts(
    [
      { key, receipt: { userJid: '15551234567:2@s.whatsapp.net', receiptTimestamp: at / 1000 } },
      { key, receipt: { userJid: ann, readTimestamp: at / 1000 } },
      { key: { ...key, id: null as never }, receipt: { userJid: ann, readTimestamp: at / 1000 } },
      // One's own devices: Baileys takes the phone's `sender` receipt for a read one.
      { key, receipt: { userJid: '15550001111@s.whatsapp.net', readTimestamp: at / 1000 } },
      { key, receipt: { userJid: '111000@lid', readTimestamp: at / 1000 } },
    ],
    self,
  );
  assert.deepEqual(
    drafts.map(({ at, payload: { ids, chat_id, from, receipt_type } }) => [
      at,
      ids,
      chat_id,
      from,
      receipt_type,
    ]),
    [
      [at, ['A'], group, ann, 'delivered'],
      [at, ['A'], group, ann, 'read'],
    ],
  );
});

test('a state of the device tells what, why and since when', () => {
  assert.deepEqual(fromState('open', undefined, at), {
    event: 'device.state',
    at,
    payload: { state: 'open', timestamp: time },
  });
  assert.equal(fromState('stopped', 'banned', at).payload.reason, 'banned');
});

test('whatever Baileys decodes from bytes of a stranger is told or left out, and never throws', () => {
  const fields = Object.keys(proto.Message.prototype).filter(name => /Message$|^conversation$/.test(name));
  assert.ok(fields.length > 60);
  for (const field of fields) {
    for (const value of [
      {},
      { contextInfo: {} },
      { contextInfo: { stanzaId: 'x', quotedMessage: {} } },
      { message: {} },
    ]) {
      const content = { [field]: field === 'conversation' ? '' : value };
      const bytes = proto.Message.encode(proto.Message.fromObject(content)).finish();
      for (const draft of translate(messageOf(proto.Message.decode(bytes)))) JSON.stringify(draft);
    }
  }
});
