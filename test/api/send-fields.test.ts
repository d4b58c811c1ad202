// How the fields of messages, and of acts upon them, are read and refused. What comes of them is shown by sends.test.ts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createApi } from '../support/api.ts';

type Json = Record<string, unknown>;

function withDevice() {
  const api = createApi();
  api.devices.add('sales', { jid: '15559999999:3@s.whatsapp.net' });
  return api;
}

const TO = { phone: '15551234567' };
const poll = { question: 'q', options: ['a', 'b'], max_answer: 1 };
const place = { latitude: '1', longitude: 2 };
const link = { link: 'https://example.com', caption: 'c' };
const contact = { contact_name: 'Ana', contact_phone: '15550001' };
const event = { name: 'Dinner', start_time: '2026-12-24T18:00:00Z' };
const invite = { group_id: '120363000000000099@g.us', invite_code: 'AbCdEfGh1234', invite_expiration: 1 };
const long = (length: number) => 'x'.repeat(length);

/** The route, its body, and the sentence that refuses it. */
const refused: readonly [string, Json, string][] = [
  [
    'contact',
    { ...contact, contact_name: 'A\nTEL:1' },
    'contact_name: must be one line, without control characters.',
  ],
  [
    'contact',
    { ...contact, contact_name: 'A\u2028B' },
    'contact_name: must be one line, without control characters.',
  ],
  ['contact', { ...contact, contact_name: '  ' }, 'contact_name: cannot be blank.'],
  ['contact', { ...contact, contact_name: long(101) }, 'contact_name: must be at most 100 characters.'],
  ['contact', { contact_name: 'Ana' }, 'contact_phone: is required.'],
  [
    'contact',
    { ...contact, contact_phone: '120363000000000099@g.us' },
    'contact_phone: a contact has a number.',
  ],
  ['contacts', {}, 'contacts: is required.'],
  ['contacts', { contacts: [] }, 'contacts: must be at least 1.'],
  ['contacts', { contacts: '{}' }, 'contacts: expected a list, got an object.'],
  ['contacts', { contacts: '[' }, 'contacts: expected a list, got a text.'],
  ['contacts', { contacts: [{ name: 'A' }] }, 'contacts.0.phone: is required.'],
  [
    'contacts',
    { contacts: Array.from({ length: 101 }, () => ({ name: 'A', phone: '15550001' })) },
    'contacts: must be at most 100 entries.',
  ],
  ['link', { link: 'https://example.com' }, 'caption: is required.'],
  ...['javascript:alert(1)', 'file:///etc/passwd', 'not a link', 'https://', 'localhost', 'ftp://a.b/c'].map(
    (bad): [string, Json, string] => [
      'link',
      { ...link, link: bad },
      'link: expected the address of a web page, such as https://example.com.',
    ],
  ),
  ['link', { ...link, link: `https://example.com/${long(2048)}` }, 'link: must be at most 2048 characters.'],
  ['location', { longitude: 2 }, 'latitude: is required.'],
  ['location', { ...place, latitude: 90.1 }, 'latitude: must be at most 90.'],
  ['location', { ...place, latitude: '-90.000001' }, 'latitude: must be at least -90.'],
  ['location', { ...place, longitude: '181' }, 'longitude: must be at most 180.'],
  ['location', { ...place, latitude: '0x10' }, 'latitude: expected a number, got a text.'],
  ['location', { ...place, latitude: 'NaN' }, 'latitude: expected a number, got a text.'],
  ['location', { ...place, latitude: '1e400' }, 'latitude: expected a number, got a text.'],
  ['location', { ...place, latitude: null }, 'latitude: expected a number, got null.'],
  ['live-location', { ...place, heading: 361 }, 'heading: must be at most 360.'],
  ['poll', { ...poll, options: [] }, 'options: must be at least 2.'],
  ['poll', { ...poll, options: ['a'] }, 'options: must be at least 2.'],
  ['poll', { ...poll, options: ['a', 'b', ' a '] }, 'options: options should be unique.'],
  ['poll', { ...poll, options: ['a', ''] }, 'options.1: cannot be blank.'],
  ['poll', { ...poll, options: ['a', long(101)] }, 'options.1: must be at most 100 characters.'],
  [
    'poll',
    { ...poll, options: Array.from({ length: 13 }, (_, n) => `${n}`) },
    'options: must be at most 12 entries.',
  ],
  ['poll', { ...poll, max_answer: 0 }, 'max_answer: must be at least 1.'],
  ['poll', { ...poll, max_answer: 3 }, 'max_answer: must be at most 2.'],
  ['poll', { ...poll, max_answer: 1.5 }, 'max_answer: expected a whole number, got a number.'],
  ['poll', { ...poll, question: long(256) }, 'question: must be at most 255 characters.'],
  ['event', { name: 'x' }, 'start_time: is required.'],
  ...['tomorrow', '2026-12-24', -1, 1e15, true].map((bad): [string, Json, string] => [
    'event',
    { ...event, start_time: bad },
    'start_time: expected a time such as 2026-12-24T18:00:00Z, or seconds since 1970.',
  ]),
  ['event', { ...event, end_time: '2026-12-24T18:00:00Z' }, 'end_time: must be after start_time.'],
  ['event', { ...event, latitude: 1 }, 'longitude: is required together with the other coordinate.'],
  ['event', { ...event, call: 'fax' }, 'call: expected one of audio, video.'],
  ['group-invite', { ...invite, invite_code: '../../x' }, 'invite_code: expected the code of an invitation.'],
  ['group-invite', { ...invite, group_id: '15551234567' }, 'group_id: expected the JID of a group.'],
  ['status', {}, 'message: is required.'],
  ['status', { message: long(701) }, 'message: must be at most 700 characters.'],
  [
    'status',
    { message: 'x', background_color: 'red' },
    'background_color: expected a colour such as #128C7E.',
  ],
  ['status', { message: 'x', font: 3 }, 'font: expected one of 0, 1, 2, 6, 7, 8, 9, 10.'],
  [
    'status',
    { message: 'x', recipients: Array.from({ length: 5001 }, () => '15550001') },
    'recipients: must be at most 5000 entries.',
  ],
  ['presence', { type: 'busy' }, 'type: expected one of available, unavailable.'],
  ['chat-presence', { action: 'pause' }, 'action: expected one of start, recording, stop.'],
];

test('every field of a message is judged, and the sentence names it', async () => {
  const { post, devices } = withDevice();
  for (const [path, body, message] of refused) {
    const answer = await post(`/send/${path}`, { ...TO, ...body });
    assert.deepEqual([answer.status, answer.code, answer.message], [400, 'VALIDATION_ERROR', message], path);
    assert.equal(answer.results?.field, message.split(':')[0]);
  }
  const numbers: [string, Json, string][] = [
    ['contact', { ...contact, contact_phone: '0800' }, 'contact_phone'],
    ['contacts', { contacts: [{ name: 'A', phone: 'x' }] }, 'contacts.0.phone'],
    ['status', { message: 'x', recipients: ['15550001', 'nobody'] }, 'recipients.1'],
    ['group-invite', { ...invite, group_id: 'x' }, 'group_id'],
  ];
  for (const [path, body, field] of numbers) {
    const answer = await post(`/send/${path}`, { ...TO, ...body });
    assert.deepEqual([answer.status, answer.code, answer.results?.field], [400, 'INVALID_JID', field], path);
  }
  assert.deepEqual(devices.given, []);
});

test('a chat that cannot take a message is refused with the kind that it is', async () => {
  const { post, devices } = withDevice();
  const channel = '120363000000000001@newsletter';
  const group = '120363000000000099@g.us';
  const wanted: [string, Json, string, string][] = [
    ['poll', poll, 'status@broadcast', 'phone: this cannot be a status.'],
    ['location', place, channel, 'phone: this cannot be said in a channel.'],
    ['event', event, channel, 'phone: this cannot be said in a channel.'],
    ['group-invite', invite, group, 'phone: this cannot be said in a group.'],
    ['chat-presence', { action: 'start' }, channel, 'phone: this cannot be said in a channel.'],
  ];
  for (const [path, body, phone, message] of wanted) {
    const answer = await post(`/send/${path}`, { phone, ...body });
    assert.deepEqual([answer.status, answer.message], [400, message]);
  }
  assert.deepEqual(devices.given, []);
});

test('a broadcast list is nobody who could be written to', async () => {
  const { post, devices } = withDevice();
  for (const [path, body] of [
    ['/send/message', { message: 'x' }],
    ['/message/3EB089B9D6ADD58153C561/forward', {}],
    ['/message/3EB089B9D6ADD58153C561/revoke', {}],
  ] as const) {
    const answer = await post(path, { phone: '15551234567@broadcast', ...body });
    assert.deepEqual([answer.status, answer.code], [400, 'INVALID_JID'], path);
    assert.match(answer.message, /broadcast list/);
  }
  assert.deepEqual(devices.given, []);
});

test('absent, null and empty mean the same where a field may be left out', async () => {
  const { post, devices } = withDevice();
  const optional: [string, Json, readonly string[]][] = [
    ['link', link, ['title', 'description']],
    ['location', place, ['name', 'address']],
    ['live-location', place, ['caption', 'accuracy', 'speed', 'heading']],
    [
      'event',
      event,
      ['description', 'end_time', 'location_name', 'location_address', 'latitude', 'longitude'],
    ],
    ['group-invite', invite, ['group_name', 'caption']],
    ['status', { message: 'x' }, ['background_color']],
  ];
  for (const [path, body, fields] of optional) {
    const inputs = [];
    for (const value of [undefined, null, '']) {
      devices.given.length = 0;
      const rest = Object.fromEntries(fields.map(field => [field, value]));
      const answer = await post(`/send/${path}`, { ...TO, ...body, ...rest });
      assert.equal(answer.status, 200, `${path} ${value}: ${answer.message}`);
      const { id: _, sequence: __, ...input } = devices.given[0]!.command.input as Json;
      inputs.push(input);
    }
    assert.deepEqual(inputs[1], inputs[0], path);
    assert.deepEqual(inputs[2], inputs[0], path);
  }
});

test('an act upon a message is judged before the device is asked', async () => {
  const { post, devices } = withDevice();
  const wanted: [string, Json, string][] = [
    ['3EB0AA/reaction', { emoji: 'ok' }, 'emoji: expected one emoji.'],
    ['3EB0AA/reaction', { emoji: '👍👍' }, 'emoji: expected one emoji.'],
    ['3EB0AA/reaction', { emoji: long(65) }, 'emoji: must be at most 64 characters.'],
    ['3EB0AA/update', {}, 'message: is required.'],
    ['3EB0AA/update', { message: 'a\0b' }, 'message: has a character that no text can have.'],
    ['3EB0AA/pin', { duration: '2d' }, 'duration: expected one of 1d, 7d, 30d.'],
    ['3EB0AA/vote', {}, 'options: is required.'],
    ['3EB0AA/vote', { options: 'a' }, 'options: expected a list, got a text.'],
    ['3EB0AA/event-response', { response: 'yes' }, 'response: expected one of going, not_going, maybe.'],
    ['3EB0AA/forward', { duration: 5 }, 'duration: expected one of 0, 86400, 604800, 7776000.'],
    ['a%20b/read', {}, 'message_id: expected the id of a message, such as 3EB089B9D6ADD58153C561.'],
    ['..%2fx/star', {}, 'message_id: expected the id of a message, such as 3EB089B9D6ADD58153C561.'],
    ['%00/delete', {}, 'message_id: has a character that no text can have.'],
    [`${long(129)}/revoke`, {}, 'message_id: must be at most 128 characters.'],
  ];
  for (const [path, body, message] of wanted) {
    const answer = await post(`/message/${path}`, { ...TO, ...body });
    assert.deepEqual([answer.status, answer.code, answer.message], [400, 'VALIDATION_ERROR', message], path);
  }
  for (const action of [
    'reaction',
    'revoke',
    'delete',
    'update',
    'read',
    'star',
    'unstar',
    'forward',
    'pin',
    'keep',
  ]) {
    const nowhere = await post(`/message/3EB0AA/${action}`, { message: 'x' });
    assert.equal(nowhere.message, 'phone: is required.', action);
    const nobody = await post(`/message/3EB0AA/${action}`, { phone: 'ana', message: 'x' });
    assert.deepEqual([nobody.status, nobody.code], [400, 'INVALID_JID'], action);
  }
  assert.deepEqual(devices.given, []);
});

test('one emoji is one whatever it is made of, and none takes the reaction back', async () => {
  const { post, devices } = withDevice();
  for (const emoji of ['👍', '👍🏽', '❤️', '👨‍👩‍👧‍👦', '🇧🇷', '1️⃣', '', null, undefined]) {
    const { status } = await post('/message/3EB0AA/reaction', { ...TO, emoji });
    assert.equal(status, 200, String(emoji));
    assert.equal((devices.given.at(-1)!.command.input as Json).emoji, emoji ?? '');
  }
});
