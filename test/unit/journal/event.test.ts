import assert from 'node:assert/strict';
import { test } from 'node:test';
import { envelope } from '../../../src/journal/event.ts';

test('an event is delivered in the envelope of gowa with our id and number, its payload byte for byte as stored', () => {
  const payload = '{"body":"\\u0000 \\"quoted\\" ✓","big":12345678901234567890}';
  const row = {
    deviceNo: 3,
    seq: 41,
    id: 'evt_abc',
    event: 'message',
    jid: '15550001111@s.whatsapp.net',
    at: new Date('2026-11-22T16:00:00.123Z'),
  };
  const body = envelope(row, 'shop', payload);
  assert.ok(body.includes(payload));
  assert.deepEqual(JSON.parse(body), {
    id: 'evt_abc',
    event: 'message',
    version: 1,
    device_id: '15550001111@s.whatsapp.net',
    session_id: 'shop',
    seq: 41,
    timestamp: '2026-11-22T16:00:00.123Z',
    payload: JSON.parse(payload),
  });
});
