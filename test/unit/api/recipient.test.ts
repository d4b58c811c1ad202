import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mentionJid, phoneDigits, recipientJid } from '../../../src/api/recipient.ts';
import { Failure } from '../../../src/errors.ts';

const refused = (field: string, says: RegExp) => (error: unknown) =>
  error instanceof Failure &&
  error.code === 'INVALID_JID' &&
  error.message.startsWith(`${field}: `) &&
  says.test(error.message);

test('a number, a group, a channel and a JID each become the JID that they mean', () => {
  const meanings: Record<string, string> = {
    '15551234567': '15551234567@s.whatsapp.net',
    '+15551234567': '15551234567@s.whatsapp.net',
    '123456789012345': '123456789012345@s.whatsapp.net',
    '1203630000000000': '1203630000000000@g.us',
    '120363025246125486': '120363025246125486@g.us',
    '15551234567@s.whatsapp.net': '15551234567@s.whatsapp.net',
    '15551234567:12@s.whatsapp.net': '15551234567@s.whatsapp.net',
    '77709412345678@lid': '77709412345678@lid',
    '77709412345678:2@lid': '77709412345678@lid',
    '120363025246125486@g.us': '120363025246125486@g.us',
    '15551234567-1612345678@g.us': '15551234567-1612345678@g.us',
    '120363025246125486@newsletter': '120363025246125486@newsletter',
    'status@broadcast': 'status@broadcast',
    '1612345678@broadcast': '1612345678@broadcast',
  };
  for (const [written, jid] of Object.entries(meanings)) assert.equal(recipientJid(written), jid, written);
});

test('what is neither a number nor a JID is refused with what is expected', () => {
  const hostile = [
    'ana',
    '@s.whatsapp.net',
    '0@s.whatsapp.net',
    'ana@s.whatsapp.net',
    '15551234567@s.whatsapp.net\n',
    '15551234567@s.whatsapp.net\0',
    ' 15551234567@s.whatsapp.net',
    '15551234567@S.WHATSAPP.NET',
    '15551234567@s.whatsapp.net@s.whatsapp.net',
    '15551234567:1:2@s.whatsapp.net',
    '15551234567@c.us',
    '15551234567@example.com',
    '../x@g.us',
    '1234@g.us',
    'x@newsletter',
    'all@broadcast',
    '１５５５１２３４５６７',
    '١٥٥٥١٢٣٤٥٦٧',
    '1'.repeat(26),
    '1'.repeat(5000),
    `${'1'.repeat(5000)}@s.whatsapp.net`,
    '+',
    '+120363025246125486',
    '1234',
    'null',
    "1' or '1'='1",
  ];
  for (const written of hostile)
    assert.throws(() => recipientJid(written), refused('phone', /expected/), written);
});

test('a number with spaces or dashes, or without its country code, is refused with a sentence about that', () => {
  for (const written of ['1555 1234567', '1-555-123-4567', '+1 (555) 123-4567', '1555.1234567'])
    assert.throws(() => recipientJid(written), refused('phone', /digits only/), written);
  assert.throws(() => phoneDigits('05551234567'), refused('phone', /country code/));
});

test('a mention is a person, never a group', () => {
  assert.equal(mentionJid('15551234567', 'mentions.0'), '15551234567@s.whatsapp.net');
  assert.equal(mentionJid('77709412345678@lid', 'mentions.0'), '77709412345678@lid');
  assert.throws(() => mentionJid('120363025246125486@g.us', 'mentions.3'), refused('mentions.3', /person/));
});
