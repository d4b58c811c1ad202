// Answers that are encrypted with the secret of another message: what opens, for whom, and what is said when it does not.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { proto } from '@whiskeysockets/baileys';
import type { Encrypted } from '../../../src/device/translate/content/kinds.ts';
import { type Opens, openedFields } from '../../../src/device/translate/secrets.ts';
import { sealAnswer } from '../../support/answer-seal.ts';

const secret = randomBytes(32);
const [author, actor, target] = ['1@s.whatsapp.net', '2@lid', 'TARGET'];
const { PollVoteMessage, EventResponseMessage, ReactionMessage } = proto.Message;

function opens(use: Encrypted['use'], plain: Uint8Array, more: Partial<Opens> = {}): Opens {
  const { encIv, encPayload } = sealAnswer(secret, { use, target, author, actor }, plain);
  const people = { authors: ['9@lid', '1:3@s.whatsapp.net'], actors: ['2@s.whatsapp.net', actor] };
  return { use, target, chats: [], ...people, iv: encIv, payload: encPayload, ...more };
}

const vote = (...options: string[]) =>
  PollVoteMessage.encode({
    selectedOptions: options.map(option => createHash('sha256').update(option).digest()),
  }).finish();

test('a vote is read under whichever of their names the two have signed it', () => {
  const options = ['red', 'blue'];
  assert.deepEqual(openedFields(opens('Poll Vote', vote('blue', 'red')), { secret, options }), {
    decrypted: true,
    selected_options: ['blue', 'red'],
  });
  assert.deepEqual(openedFields(opens('Poll Vote', vote()), { secret, options }), {
    decrypted: true,
    selected_options: [],
  });
  assert.deepEqual(openedFields(opens('Poll Vote', vote('green')), { secret, options }), {
    decrypted: true,
    selected_options: [],
    unknown_options: [createHash('sha256').update('green').digest('hex')],
  });
});

test('answers, reactions, comments and edits are read with their own uses', () => {
  const answer = EventResponseMessage.encode({ response: 3, extraGuestCount: 2 }).finish();
  assert.deepEqual(openedFields(opens('Event Response', answer), { secret }), {
    decrypted: true,
    response: 'maybe',
    extra_guests: 2,
  });
  const reaction = ReactionMessage.encode({ text: '👍' }).finish();
  assert.deepEqual(openedFields(opens('Enc Reaction', reaction), { secret }), {
    decrypted: true,
    reaction: '👍',
  });
  const said = proto.Message.encode({ conversation: 'now' }).finish();
  assert.deepEqual(openedFields(opens('Enc Comment', said), { secret }), { decrypted: true, body: 'now' });
  assert.deepEqual(openedFields(opens('Message Edit', said), { secret }), { decrypted: true, body: 'now' });
  const edit = proto.Message.encode({
    protocolMessage: { type: 14, editedMessage: { conversation: 'now' } },
  }).finish();
  assert.deepEqual(openedFields(opens('Message Edit', edit), { secret }), { decrypted: true, body: 'now' });
  const event = proto.Message.encode({ eventMessage: { name: 'Later' } }).finish();
  assert.deepEqual(openedFields(opens('Event Edit', event), { secret }), {
    decrypted: true,
    event: { name: 'Later' },
  });
});

test('what cannot be read says why, and never throws', () => {
  const given = opens('Poll Vote', vote('red'));
  const not = (reason: string) => ({ decrypted: false, reason });
  assert.deepEqual(openedFields(given, undefined), not('message_unknown'));
  assert.deepEqual(openedFields(given, { secret: randomBytes(32) }), not('not_readable'));
  assert.deepEqual(openedFields({ ...given, actors: ['3@lid'] }, { secret }), not('not_readable'));
  assert.deepEqual(openedFields({ ...given, use: 'Event Response' }, { secret }), not('not_readable'));
  for (const bad of [{ payload: Buffer.of(1) }, { payload: Buffer.alloc(40) }, { iv: Buffer.of(1) }])
    assert.deepEqual(openedFields({ ...given, ...bad }, { secret }), not('not_readable'));
  assert.deepEqual(openedFields(opens('Poll Vote', Buffer.of(255, 255)), { secret }), not('malformed'));
});
