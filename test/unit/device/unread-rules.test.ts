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
} from '../../../src/device/receiving/unread-rules.ts';
import { Undecryptable, type UndecryptableReason } from '../../../src/device/signal/undecryptable.ts';

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

/** What our cipher says of a reason. */
const ours = (reason: UndecryptableReason): [string, string] => [new Undecryptable(reason).message, reason];

test('the reason is read from the sentence that Baileys keeps of an error', () => {
  const said: [string | undefined, string][] = [
    ...(['no_session', 'no_sender_key', 'unknown_prekey', 'bad_mac', 'bad_signature'] as const).map(ours),
    ...(['too_far_ahead', 'corrupt_session', 'malformed'] as const).map(ours),
    ['Message absent from node', 'unavailable'],
    ['No session record', 'no_session'],
    ['Unknown e2e type: quantum', 'malformed'],
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
