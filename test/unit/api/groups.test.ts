import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timeText } from '../../../src/api/go-time.ts';
import { channelCode, groupCode } from '../../../src/api/invite-link.ts';
import { groupJid, newsletterJid } from '../../../src/api/recipient.ts';
import { Failure } from '../../../src/errors.ts';

const refused = (code: string, field: string) => (error: unknown) =>
  error instanceof Failure && error.code === code && error.results?.field === field;

test('a group and a channel are named by their JID or its digits, and by nothing else', () => {
  assert.equal(groupJid('120363025982934543'), '120363025982934543@g.us');
  assert.equal(groupJid('120363025982934543@g.us'), '120363025982934543@g.us');
  assert.equal(groupJid('15551234567-1612345678'), '15551234567-1612345678@g.us');
  assert.equal(newsletterJid('120363144038483540'), '120363144038483540@newsletter');
  for (const wrong of [
    '',
    '@g.us',
    '0120363025982934543',
    '120363@g.us\n',
    '../x@g.us',
    '１２０３６３０２５９８２９３４５４３',
  ]) {
    assert.throws(() => groupJid(wrong), refused('INVALID_JID', 'group_id'), wrong);
    assert.throws(() => newsletterJid(wrong), refused('INVALID_JID', 'newsletter_id'), wrong);
  }
  assert.throws(() => groupJid('120363144038483540@newsletter', 'x'), refused('INVALID_JID', 'x'));
  assert.throws(() => newsletterJid('120363144038483540@g.us'), refused('INVALID_JID', 'newsletter_id'));
});

test('the code of a link is found in all the ways that people paste it', () => {
  const code = 'EnjVlnWhgsIJDZkU4HhkYz';
  for (const link of [
    code,
    `https://chat.whatsapp.com/${code}`,
    `http://chat.whatsapp.com/${code}/`,
    `chat.whatsapp.com/${code}?mode=ac_t`,
    `https://chat.whatsapp.com/invite/${code}`,
  ])
    assert.equal(groupCode(link), code, link);
  for (const link of [
    code,
    `https://whatsapp.com/channel/${code}`,
    `https://www.whatsapp.com/channel/${code}`,
  ])
    assert.equal(channelCode(link), code, link);
  for (const link of [
    `https://chat.whatsapp.com.evil.example/${code}`,
    `https://evil.example/chat.whatsapp.com/${code}`,
    `https://chat.whatsapp.com/${code}/../x`,
    `https://chat.whatsapp.com/${code}\n`,
    'short',
    'x'.repeat(65),
  ]) {
    assert.throws(() => groupCode(link), refused('VALIDATION_ERROR', 'link'), link);
    assert.throws(() => channelCode(link), refused('VALIDATION_ERROR', 'link'), link);
  }
});

test('times are as Go writes them', () => {
  assert.equal(timeText(1_705_314_600), '2024-01-15T10:30:00Z');
  for (const none of [undefined, Number.NaN, 1e15]) assert.equal(timeText(none), '0001-01-01T00:00:00Z');
});
