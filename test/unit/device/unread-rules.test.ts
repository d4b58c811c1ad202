import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { proto, type WAMessage } from '@whiskeysockets/baileys';
import {
  dueAt,
  isCopy,
  isUnread,
  nameOf,
  reasonOf,
  UNREAD_LIMITS,
  unreadReasons,
} from '../../../src/device/unread-rules.ts';

const { CIPHERTEXT } = proto.WebMessageInfo.StubType;
const group = '120363041234567890@g.us';

test('a message is unread when nothing of it could be, or only the key that travels beside it', () => {
  const stub = (message?: proto.IMessage): WAMessage =>
    ({ key: { id: 'A' }, messageStubType: CIPHERTEXT, ...(message && { message }) }) as WAMessage;
  const key = { senderKeyDistributionMessage: { groupId: group } };
  assert.equal(isUnread(stub()), true);
  assert.equal(isUnread(stub(proto.Message.fromObject(key))), true);
  assert.equal(isUnread(stub(proto.Message.fromObject({ ...key, conversation: 'hello' }))), false);
  assert.equal(isUnread({ key: { id: 'A' }, message: { conversation: 'hello' } } as WAMessage), false);
  assert.equal(isUnread({ key: { id: 'A' } } as WAMessage), false, 'a view-once that was left out');
});

test('the reason is read from what the ciphers say, of either kind', () => {
  const said: [string | undefined, string][] = [
    ['Message absent from node', 'unavailable'],
    ['No session record', 'no_session'],
    ['No sessions available', 'no_session'],
    ['There is no session with this device', 'no_session'],
    ['No SenderKeyRecord found for decryption', 'no_sender_key'],
    ['There is no sender key of this device for the group', 'no_sender_key'],
    ['Invalid PreKey ID', 'unknown_prekey'],
    ['The message names a pre-key that is not there', 'unknown_prekey'],
    ['Bad MAC', 'bad_mac'],
    ['No matching sessions found for message', 'bad_mac'],
    ['The message does not fit the session (bad MAC)', 'bad_mac'],
    ['The signature is wrong', 'bad_signature'],
    ['Over 2000 messages into the future!', 'too_far_ahead'],
    ['The message is too far ahead of the last one', 'too_far_ahead'],
    ['Unknown e2e type: quantum', 'malformed'],
    ['This is no Signal message', 'malformed'],
    ['index out of range: 3 + 10 > 5', 'malformed'],
    ['something new', 'unknown'],
    [undefined, 'unknown'],
  ];
  assert.deepEqual(
    said.map(([sentence]) => reasonOf(sentence)),
    said.map(([, reason]) => reason),
  );
  assert.deepEqual(new Set(said.map(([, reason]) => reason)), new Set(unreadReasons));
});

test('docs/events.md names every reason', () => {
  const page = readFileSync(new URL('../../../../docs/events.md', import.meta.url), 'utf8');
  const [row = ''] = /^\| `reason` .*unknown.*$/m.exec(page) ?? [];
  for (const reason of unreadReasons) assert.ok(row.includes(`\`${reason}\``), reason);
});

test('a name is without device parts, and what is no event or cannot be an index key has none', () => {
  assert.deepEqual(nameOf({ remoteJid: '998877:5@lid', id: 'A' }), {
    chat: '998877@lid',
    sender: '998877@lid',
    id: 'A',
  });
  assert.deepEqual(nameOf({ remoteJid: group, participant: '998877:5@lid', id: 'A' }), {
    chat: group,
    sender: '998877@lid',
    id: 'A',
  });
  for (const key of [
    { remoteJid: 'status@broadcast', participant: '998877@lid', id: 'A' },
    { remoteJid: '123@newsletter', id: 'A' },
    { remoteJid: '998877@lid', id: '' },
    { remoteJid: '998877@lid', id: 'A'.repeat(201) },
    { remoteJid: '998877@lid', id: 'A\0B' },
    { remoteJid: '', id: 'A' },
  ])
    assert.equal(nameOf(key), undefined, JSON.stringify(key));
});

test('a copy is known by its id and by any name of its chat and of its sender', () => {
  const first = { id: 'A', remoteJid: '998877@lid', remoteJidAlt: '15551234567@s.whatsapp.net' };
  assert.equal(isCopy(first, { id: 'A', remoteJid: '15551234567@s.whatsapp.net' }), true);
  assert.equal(isCopy(first, { id: 'A', remoteJid: '998877:3@lid' }), true);
  assert.equal(isCopy(first, { id: 'B', remoteJid: '998877@lid' }), false);
  assert.equal(isCopy(first, { id: 'A', remoteJid: '15557654321@s.whatsapp.net' }), false);
  const inGroup = { id: 'A', remoteJid: group, participant: '998877@lid' };
  assert.equal(isCopy(inGroup, { id: 'A', remoteJid: group, participant: '998877:3@lid' }), true);
  assert.equal(isCopy(inGroup, { id: 'A', remoteJid: group, participant: '112233@lid' }), false);
});

test('the phone is asked five times within 27 hours, and a day later the message is lost', () => {
  const firstAt = 1_000_000;
  let now = firstAt;
  let askedAt: number | undefined;
  const asked: number[] = [];
  for (let attempts = 0; ; attempts++) {
    const due = dueAt({ firstAt, askedAt, attempts }, UNREAD_LIMITS);
    now = due.at;
    if (due.what === 'lose') break;
    asked.push((now - firstAt) / 1000);
    askedAt = now;
  }
  assert.deepEqual(asked, [5, 65, 665, 7_865, 94_265]);
  assert.equal((now - firstAt) / 1000, 94_265 + 86_400);
});
