import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../src/errors.ts';
import { answered, createApi } from '../support/api.ts';
import { saidBy } from '../support/in-memory-devices.ts';

const all = {
  phone: '+15551234567',
  message: 'olá 🐟',
  reply_message_id: '3EB089B9D6ADD58153C561',
  mentions: ['15557654321', '15550000001@s.whatsapp.net'],
  is_forwarded: true,
  duration: 86_400,
};
const outgoing = {
  to: '15551234567@s.whatsapp.net',
  text: 'olá 🐟',
  replyTo: '3EB089B9D6ADD58153C561',
  mentions: ['15557654321@s.whatsapp.net', '15550000001@s.whatsapp.net'],
  forwarded: true,
  duration: 86_400,
};

function withDevice() {
  const api = createApi();
  api.devices.add('sales', { jid: '15559999999:3@s.whatsapp.net' });
  const send = async (body: FormData | URLSearchParams) =>
    answered(await api.app.request('/send/message', { method: 'POST', body }));
  return { ...api, send };
}

test('a text is answered with its id and when the server took it, said twice as gowa does', async () => {
  const { post, devices } = withDevice();
  const { status, message, results } = await post('/send/message', { phone: '15551234567', message: 'hi' });
  const sentence = 'Message sent to 15551234567@s.whatsapp.net (server timestamp: 2026-01-02T03:04:05.000Z)';
  assert.deepEqual([status, message], [200, sentence]);
  assert.deepEqual(results, { message_id: '3EB0C0FFEE', status: sentence });
  assert.deepEqual(saidBy(devices.given[0]?.command), { to: '15551234567@s.whatsapp.net', text: 'hi' });
});

test('JSON, a multipart form and a urlencoded form say the same', async () => {
  const { post, send, devices } = withDevice();
  assert.equal((await post('/send/message', all)).status, 200);
  const form = new FormData();
  const query = new URLSearchParams();
  for (const [field, value] of Object.entries(all))
    for (const text of [value].flat()) {
      form.append(field, String(text));
      query.append(field === 'mentions' ? 'mentions[]' : field, String(text));
    }
  assert.equal((await send(form)).status, 200);
  assert.equal((await send(query)).status, 200);
  for (const { command } of devices.given) assert.deepEqual(saidBy(command), outgoing);
  assert.equal(devices.given.length, 3);
});

test('optional fields may be null or empty, as dashboards send them, and unknown ones are ignored', async () => {
  const { post, send, devices } = withDevice();
  const bare = { phone: '15551234567', message: 'hi' };
  const nothing = {
    reply_message_id: null,
    mentions: null,
    is_forwarded: null,
    duration: null,
    colour: 'red',
  };
  assert.equal((await post('/send/message', { ...bare, ...nothing })).status, 200);
  assert.equal((await post('/send/message', { ...bare, reply_message_id: '', mentions: [] })).status, 200);
  const empty = {
    ...bare,
    reply_message_id: '',
    mentions: '',
    is_forwarded: '',
    duration: '',
    constructor: 'x',
  };
  assert.equal((await send(new URLSearchParams(empty))).status, 200);
  for (const { command } of devices.given)
    assert.deepEqual(saidBy(command), { to: '15551234567@s.whatsapp.net', text: 'hi' });
});

test('a field that is missing or of the wrong type is named', async () => {
  const { post, send, devices } = withDevice();
  const good = { phone: '15551234567', message: 'hi' };
  const wrong: [string, unknown][] = [
    ['phone: is required.', { message: 'hi' }],
    ['phone: cannot be blank.', { ...good, phone: '' }],
    ['phone: expected a text, got a number.', { ...good, phone: 15551234567 }],
    ['phone: expected a text, got null.', { ...good, phone: null }],
    ['message: is required.', { phone: '15551234567' }],
    ['message: cannot be blank.', { ...good, message: '' }],
    ['message: expected a text, got a list.', { ...good, message: ['hi'] }],
    ['message: must be at most 65536 characters.', { ...good, message: 'x'.repeat(65_537) }],
    ['message: has a character that no text can have.', { ...good, message: 'a\ud800b' }],
    ['message: has a character that no text can have.', { ...good, message: 'a\0b' }],
    ['mentions: expected a list, got a text.', { ...good, mentions: '15551234567' }],
    ['mentions.1: expected a text, got a number.', { ...good, mentions: ['15551234567', 1] }],
    ['is_forwarded: expected true or false, got a text.', { ...good, is_forwarded: 'yes' }],
    ['duration: expected one of 0, 86400, 604800, 7776000.', { ...good, duration: 60 }],
    ['duration: expected one of 0, 86400, 604800, 7776000.', { ...good, duration: '86400' }],
    ['reply_message_id: expected a text, got an object.', { ...good, reply_message_id: {} }],
    [
      'reply_message_id: expected the id of a message, such as 3EB089B9D6ADD58153C561.',
      { ...good, reply_message_id: '../x' },
    ],
  ];
  for (const [message, body] of wrong) {
    const answer = await post('/send/message', body);
    assert.deepEqual([answer.status, answer.code, answer.message], [400, 'VALIDATION_ERROR', message]);
    assert.equal(answer.results?.field, message.split(':')[0]);
  }
  const file = new FormData();
  file.append('phone', '15551234567');
  file.append('message', new File(['hi'], 'hi.txt'));
  assert.equal((await send(file)).message, 'message: expected a text, got a file.');
  const text = await send(new URLSearchParams({ ...good, is_forwarded: 'maybe' }));
  assert.equal(text.message, 'is_forwarded: expected true or false, got a text.');
  assert.deepEqual(devices.given, []);
});

test('a bad recipient is refused with what is expected', async () => {
  const { post, devices } = withDevice();
  for (const phone of [
    'ana',
    '1 555',
    '15551234567@example.com',
    '15551234567@s.whatsapp.net\n',
    '１５５５１２３４５６７',
  ]) {
    const answer = await post('/send/message', { phone, message: 'hi' });
    assert.deepEqual([answer.status, answer.code], [400, 'INVALID_JID'], phone);
    assert.match(answer.message, /^phone: .*15551234567/);
  }
  const mention = await post('/send/message', { phone: '15551234567', message: 'hi', mentions: ['nobody'] });
  assert.deepEqual([mention.code, mention.results?.field], ['INVALID_JID', 'mentions.0']);
  assert.deepEqual(devices.given, []);
});

test('a device that is not linked sends nothing, and its shard is not asked', async () => {
  const { post, devices } = withDevice();
  devices.add('new', { phase: 'unlinked', linked: false });
  const body = { phone: '15551234567', message: 'hi' };
  const answer = await post('/send/message', body, { 'x-device-id': 'new' });
  assert.deepEqual(
    [answer.status, answer.code, answer.results],
    [409, 'DEVICE_NOT_LINKED', { device_id: 'new' }],
  );
  assert.deepEqual(devices.given, []);
});

test('what the shard refuses keeps its code, its sentence and its data, and a 503 says when to come back', async () => {
  const { post, devices } = withDevice();
  const body = { phone: '15551234567', message: 'hi' };
  const failures = [
    ['DEVICE_NOT_CONNECTED', 503, '5'],
    ['SHARD_UNAVAILABLE', 503, '2'],
    ['STORE_UNAVAILABLE', 503, '5'],
    ['SHUTTING_DOWN', 503, '10'],
    ['GATEWAY_TIMEOUT', 504, null],
    ['INVALID_JID', 400, null],
    ['WA_REACHOUT_TIMELOCK', 429, null],
    ['MESSAGE_REFUSED', 502, null],
    ['DEVICE_STOPPED', 409, null],
  ] as const;
  for (const [code, status, retryAfter] of failures) {
    devices.failure = new Failure(code, `because of ${code}`, { results: { error: 479 } });
    const answer = await post('/send/message', body);
    assert.deepEqual([answer.status, answer.code], [status, code]);
    assert.deepEqual([answer.message, answer.results], [`because of ${code}`, { error: 479 }]);
    assert.equal(answer.headers.get('retry-after'), retryAfter, code);
  }
});
