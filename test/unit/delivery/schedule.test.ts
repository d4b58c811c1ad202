import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  backoff,
  type Class,
  classify,
  decide,
  parkedWait,
  refusedWait,
  retryAfter,
} from '../../../src/delivery/schedule.ts';

const middle = () => 0.5;
const answer = (status: number, retry?: string) => ({ status, retryAfter: retry });

test('the waits are 1, 2, 5, 15, 30, 60, 120 and 300 seconds, and 300 from then on', () => {
  const seconds = Array.from({ length: 10 }, (_, i) => backoff(i + 1, middle) / 1000);
  assert.deepEqual(seconds, [1, 2, 5, 15, 30, 60, 120, 300, 300, 300]);
});

test('a wait is spread over 20 % to both sides', () => {
  assert.equal(
    backoff(8, () => 0),
    240_000,
  );
  assert.equal(
    backoff(8, () => 0.999_999_9),
    360_000,
  );
});

test('Retry-After is read as seconds or as a date and kept between 1 s and 15 min', () => {
  const now = Date.UTC(2026, 0, 2, 3, 4, 5);
  const cases: [string | undefined, number | undefined][] = [
    ['120', 120_000],
    [' 120 ', 120_000],
    ['120.1', 121_000],
    ['0', 1_000],
    ['86400', 900_000],
    ['999999999', 900_000],
    ['Fri, 02 Jan 2026 03:05:05 GMT', 60_000],
    ['Friday, 02-Jan-26 03:05:05 GMT', 60_000],
    ['Fri, 02 Jan 2026 03:00:00 GMT', 1_000],
    ['Fri, 02 Jan 2099 03:00:00 GMT', 900_000],
    ['Fri, 99 Jan 2026 99:00:00 GMT', undefined],
    ['invalid', undefined],
    ['-5', undefined],
    ['1e3', undefined],
    ['', undefined],
    [undefined, undefined],
  ];
  for (const [value, expected] of cases) assert.equal(retryAfter(value, now), expected, String(value));
});

test('every outcome has its class', () => {
  const classes: Record<Class, number[]> = {
    delivered: [200, 201, 202, 204, 299],
    gone: [410],
    endpoint: [301, 302, 307, 308, 401, 403, 404, 405, 408, 425, 429, 500, 501, 502, 503, 504, 599],
    event: [400, 402, 406, 409, 411, 412, 413, 414, 415, 417, 418, 422, 424, 428, 431],
  };
  for (const [name, statuses] of Object.entries(classes)) {
    for (const status of statuses) assert.equal(classify(answer(status)), name, String(status));
  }
  assert.equal(classify({ error: 'ECONNREFUSED' }), 'endpoint');
});

test('success advances, 410 closes, a refusal is the event’s, and everything else the endpoint’s, which waits', () => {
  const options = { now: 0, random: middle };
  assert.deepEqual(decide(answer(204), 1, options), { do: 'advance' });
  assert.deepEqual(decide(answer(410), 1, options), { do: 'close', error: 'HTTP 410' });
  assert.deepEqual(decide(answer(422), 1, options), { do: 'refused', error: 'HTTP 422' });
  for (const [outcome, error] of [
    [answer(503), 'HTTP 503'],
    [answer(404), 'HTTP 404'],
    [{ error: 'ECONNREFUSED' }, 'ECONNREFUSED'],
  ] as const)
    assert.deepEqual(decide(outcome, 3, options), {
      do: 'wait',
      waitMs: 5_000,
      asked: undefined,
      detail: undefined,
      error,
    });
});

test('F31: a receiver that says when to come back is obeyed, with 429 and 503 only', () => {
  const wait = (status: number, said: string) => decide(answer(status, said), 1, { now: 0, random: middle });
  const asked = (ms: number, status: number) => ({
    ...{ do: 'wait', waitMs: ms, asked: ms, detail: undefined, error: `HTTP ${status}` },
  });
  assert.deepEqual(wait(429, '120'), asked(120_000, 429));
  assert.deepEqual(wait(503, '7'), asked(7_000, 503));
  assert.deepEqual(wait(429, '1000000000'), { ...asked(1_000, 429), asked: undefined });
  assert.deepEqual(wait(429, '999999999'), asked(900_000, 429));
  assert.deepEqual(wait(429, 'Thu, 01 Jan 1970 00:01:00 GMT'), asked(60_000, 429));
  for (const garbage of ['soon', ''])
    assert.deepEqual(wait(429, garbage), { ...asked(1_000, 429), asked: undefined });
  assert.deepEqual(wait(502, '120'), { ...asked(1_000, 502), asked: undefined });
});

test('F30: an event that is refused is tried three times, then eight times over 75 h 35 min, and is dead', () => {
  assert.deepEqual(
    [1, 2, 3].map(tries => refusedWait(tries, false)),
    [5_000, 30_000, undefined],
  );
  const minutes = Array.from({ length: 9 }, (_, i) => parkedWait(3 + i, middle)).map(ms => ms && ms / 60_000);
  assert.deepEqual(minutes, [5, 30, 120, 300, 600, 840, 1200, 1440, undefined]);
  assert.equal(
    minutes.reduce((sum: number, each) => sum + (each ?? 0), 0),
    75 * 60 + 35,
  );
  assert.equal(
    parkedWait(3, () => 0),
    240_000,
  );
});

test('where order counts for more than anything, an event that is refused is tried for ever', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 100].map(tries => refusedWait(tries, true)),
    [5_000, 30_000, 60_000, 120_000, 300_000, 300_000, 300_000],
  );
});
