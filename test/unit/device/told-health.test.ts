import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Self } from '../../../src/device/translate/envelope.ts';
import { fromHealth } from '../../../src/device/translate/state.ts';
import { fromLost, fromRecovered, fromUnread } from '../../../src/device/translate/unread.ts';
import type { Draft } from '../../../src/journal/event.ts';

const self: Self = { jid: '15550001111:3@s.whatsapp.net', lid: '111000:3@lid' };
const at = Date.UTC(2026, 10, 26, 10);
const message = {
  key: {
    id: '3EB0C767D82B632A2E52',
    remoteJid: '998877:2@lid',
    remoteJidAlt: '15551234567@s.whatsapp.net',
    fromMe: false,
  },
  messageTimestamp: at / 1000,
  pushName: 'Ann',
};

const told: readonly Draft[] = [
  ...fromUnread(message, 'bad_mac', self),
  ...fromRecovered(message, { by: 'retry', afterMs: 412 }, self),
  ...fromLost(message, { reason: 'bad_mac', asked: 5, afterMs: 180_665_000 }, self),
  fromHealth('degraded', [{ code: 'no_pong', text: 'no pong for 42 s' }], at),
  fromHealth('recovered', [], at + 120_000),
];

for (const { event, payload } of told)
  test(`the sample of ${event} in docs/events.md is what is told`, () => {
    const page = readFileSync(new URL('../../../../docs/events.md', import.meta.url), 'utf8');
    const [section = ''] = page.split(`### \`${event}\``)[1]?.split('\n### ') ?? [];
    const [, json = 'null'] = /```json\n([\s\S]+?)```/.exec(section) ?? [];
    assert.deepEqual(JSON.parse(json), payload);
  });

test('the same message that cannot be read, or can at last, is the same event however often it is told', () => {
  const again = fromUnread({ ...message, pushName: 'Anna' }, 'unknown', self);
  assert.equal(again[0]?.identity, told[0]?.identity);
  assert.equal(told[1]?.identity, told[0]?.identity);
  const other = fromUnread({ ...message, key: { ...message.key, id: 'OTHER' } }, 'bad_mac', self);
  assert.notEqual(other[0]?.identity, told[0]?.identity);
});

test('what is never an event when it can be read is none when it cannot', () => {
  for (const remoteJid of ['status@broadcast', '123@newsletter', '15551234567@broadcast'])
    assert.deepEqual(fromUnread({ ...message, key: { ...message.key, remoteJid } }, 'bad_mac', self), []);
  assert.deepEqual(fromUnread({ ...message, key: { ...message.key, id: '' } }, 'bad_mac', self), []);
});
