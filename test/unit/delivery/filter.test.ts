import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Filter, wants } from '../../../src/delivery/filter.ts';

const filter = ({ events = [], chats = [], ...rest }: Record<string, unknown> & Lists = {}): Filter => ({
  ...{ events: new Set(events), chats: new Set(chats), direction: 'any', own: true },
  ...rest,
});
interface Lists {
  events?: string[];
  chats?: string[];
}
const anna = '15551234567@s.whatsapp.net';
const crew = '120363000000000000@g.us';
const unasked = (): never => assert.fail('the payload was asked for');

test('without a list every event passes, and its payload is not looked into', () => {
  assert.equal(wants(filter(), 'message', unasked), true);
});

test('what links a phone goes only to who has named it', () => {
  assert.equal(wants(filter(), 'device.qr', unasked), false);
  assert.equal(wants(filter({ events: ['device.qr'] }), 'device.qr', unasked), true);
});

test('a list of names lets through these and no others, in any case of letters, without a look into payloads', () => {
  const some = filter({ events: ['message', 'device.state'] });
  assert.equal(wants(some, 'Message', unasked), true);
  assert.equal(wants(some, 'device.state', unasked), true);
  assert.equal(wants(some, 'message.ack', unasked), false);
  assert.equal(wants(filter({ events: ['message'], chats: [anna] }), 'message.ack', unasked), false);
});

test('a list of chats lets through what is about one of them by either of its names', () => {
  const chats = filter({ chats: [crew, '998877@lid'] });
  assert.equal(
    wants(chats, 'message', () => ({ chat_id: crew, from: anna })),
    true,
  );
  assert.equal(
    wants(chats, 'message', () => ({ chat_id: anna, chat_lid: '998877@lid' })),
    true,
  );
  assert.equal(
    wants(chats, 'message', () => ({ chat_id: anna, from: crew })),
    false,
  );
});

test('a call and a presence are of the chat with whom they are from, a channel is its own chat', () => {
  const [people, channels] = [filter({ chats: [anna] }), filter({ chats: ['1@newsletter'] })];
  assert.equal(
    wants(people, 'call.offer', () => ({ from: anna, call_id: 'c' })),
    true,
  );
  assert.equal(
    wants(people, 'call.offer', () => ({ from: anna, group_jid: crew })),
    false,
  );
  assert.equal(
    wants(people, 'presence', () => ({ from: '1@s.whatsapp.net' })),
    false,
  );
  assert.equal(
    wants(channels, 'newsletter.mute', () => ({ newsletter_id: '1@newsletter' })),
    true,
  );
  assert.equal(
    wants(channels, 'newsletter.mute', () => ({ newsletter_id: '2@newsletter' })),
    false,
  );
});

test('what is about no chat at all passes a list of chats', () => {
  const chats = filter({ chats: [anna] });
  assert.equal(
    wants(chats, 'device.state', () => ({ state: 'linked' })),
    true,
  );
});

test('a direction keeps back messages of the other one, and acknowledgements are of outgoing ones', () => {
  const [incoming, outgoing] = [filter({ direction: 'incoming' }), filter({ direction: 'outgoing' })];
  const cases: [string, object, boolean, boolean][] = [
    ['message', { is_from_me: false }, true, false],
    ['message', { is_from_me: true }, false, true],
    ['message.reaction', { is_from_me: true }, false, true],
    ['message.deleted', { was_from_me: false }, true, false],
    ['message.ack', { from: anna }, false, true],
    ['message.status', {}, false, true],
    ['device.state', {}, true, true],
    ['group.updated', { chat_id: crew }, true, true],
  ];
  for (const [event, payload, isIn, isOut] of cases) {
    assert.equal(
      wants(incoming, event, () => ({ ...payload })),
      isIn,
      `${event} incoming`,
    );
    assert.equal(
      wants(outgoing, event, () => ({ ...payload })),
      isOut,
      `${event} outgoing`,
    );
  }
});

test('without own messages nothing comes that the account wrote, and acknowledgements still do', () => {
  const others = filter({ own: false });
  assert.equal(
    wants(others, 'message', () => ({ is_from_me: true })),
    false,
  );
  assert.equal(
    wants(others, 'message.edited', () => ({ is_from_me: true })),
    false,
  );
  assert.equal(
    wants(others, 'message', () => ({ is_from_me: false })),
    true,
  );
  assert.equal(
    wants(others, 'message.ack', () => ({ from: anna })),
    true,
  );
});
