import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DisconnectReason } from '@whiskeysockets/baileys';
import { closes, judge, type Verdict } from '../../../src/device/line/verdict.ts';

const hour = 3_600_000;
const backoff = (reason: string, steps = 1): Verdict => ({ next: 'backoff', steps, reason });

/** What each close means: the code as Baileys shows it, and what WhatsApp had said. */
const table: [code: number | undefined, said: string, verdict: Verdict][] = [
  [515, 'restart required, always after a pairing', { next: 'again' }],
  [401, 'device removed, logged out', { next: 'unlink', reason: 'logged out' }],
  [516, 'removed by the phone', { next: 'unlink', reason: 'logged out' }],
  [440, 'conflict: replaced', { next: 'replaced' }],
  [409, 'conflict', { next: 'replaced' }],
  [402, 'temporary ban, without an end', { next: 'later', ms: hour, reason: 'temporarily banned' }],
  [403, 'account locked', { next: 'stop', reason: 'account locked, or its phone is gone' }],
  [406, 'account banned', { next: 'stop', reason: 'account banned' }],
  [411, 'no multi-device', { next: 'stop', reason: 'multi-device is not enabled' }],
  [405, 'client outdated', { next: 'later', ms: hour, reason: 'client is outdated' }],
  [429, 'too many connections', backoff('rate limited', 5)],
  [400, 'bad request', backoff('refused')],
  [500, 'bad session, an ack owed, XML not well formed', backoff('server error')],
  [501, 'not implemented', backoff('server error')],
  [503, 'service unavailable', backoff('server unavailable')],
  [428, 'socket closed', backoff('connection closed')],
  [408, 'keep-alive or time-out', backoff('connection lost')],
  [undefined, 'the handshake broke', backoff('closed with no code')],
  [418, 'a code of tomorrow', backoff('closed with 418')],
];

for (const [code, said, verdict] of table)
  test(`a close with ${code ?? 'no code'} (${said}) means: ${verdict.next}`, () => {
    assert.deepEqual(judge({ ...(code !== undefined && { code }), message: said }), verdict);
  });

test('the table of closes has every row once, and every reason that Baileys knows is in it', () => {
  const codes = closes.flatMap(row => row.codes);
  assert.equal(new Set(codes).size, codes.length);
  const tested = new Set(table.map(([code]) => code));
  for (const code of codes) assert.ok(tested.has(code), `${code} is not tested`);
  const known = Object.values(DisconnectReason).filter(value => typeof value === 'number');
  assert.ok(known.length > 8);
  for (const code of known) assert.ok(codes.includes(code), `Baileys' ${DisconnectReason[code]} (${code})`);
  for (const { meaning } of closes) assert.ok(meaning.length > 0);
});

test('a temporary ban is waited out for as long as WhatsApp says', () => {
  const verdict = judge({ code: 402, message: 'Connection Failure', expires: 5400 });
  assert.deepEqual(verdict, { next: 'later', ms: 5_400_000, reason: 'temporarily banned' });
});

test('a server without a trusted certificate stops the device; any other 400 is tried again', () => {
  for (const message of ['noise intermediate certificate signature invalid', 'certification match failed'])
    assert.deepEqual(judge({ code: 400, message }), {
      next: 'stop',
      reason: 'the server is not trusted: its certificate is not signed by the root key',
    });
  assert.equal(judge({ code: 400, message: 'Connection Failure' }).next, 'backoff');
});
