import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  complaintCodes,
  complaints,
  deafness,
  Episode,
  HEALTH_LIMITS,
} from '../../../src/device/health/health.ts';
import { Vitals } from '../../../src/device/health/vitals.ts';

const second = 1_000;
const limits = HEALTH_LIMITS;

/** An open device in a time of its own. */
function patient() {
  let now = 1_000_000;
  let factsSince: number | undefined;
  const vitals = new Vitals(() => now);
  vitals.renew();
  vitals.opened();
  const look = () => ({ now, vitals, factsSince });
  return {
    vitals,
    pass: (ms: number) => {
      now += ms;
    },
    factsWait: () => {
      factsSince = now;
    },
    codes: () => complaints(look(), limits).map(({ code }) => code),
    texts: () => complaints(look(), limits).map(({ text }) => text),
    deaf: () => deafness(look(), limits),
    get now() {
      return now;
    },
  };
}

test('a device that was just opened has no complaint, and is not deaf', () => {
  const { codes, deaf } = patient();
  assert.deepEqual([codes(), deaf()], [[], undefined]);
});

test('without a pong for 40 s it is degraded; without anything for 60 s it is deaf; without a pong alone for 3 min', () => {
  const one = patient();
  one.pass(40 * second);
  assert.deepEqual(one.codes(), []);
  one.pass(2 * second);
  assert.deepEqual(one.texts(), ['no pong for 42 s']);
  one.pass(17 * second);
  one.vitals.heard();
  one.pass(59 * second);
  assert.equal(one.deaf(), undefined, 'something came');
  one.pass(2 * second);
  assert.equal(one.deaf(), 'deaf: nothing came for 61 s');

  const other = patient();
  for (let i = 0; i < 18; i++) {
    other.pass(10 * second);
    other.vitals.heard();
  }
  assert.equal(other.deaf(), undefined);
  other.pass(second);
  assert.equal(other.deaf(), 'deaf: no pong for 181 s');
});

test('a pong ends it, and gives the last and the smoothed round trip', () => {
  const { vitals, pass, codes } = patient();
  pass(50 * second);
  const first = vitals.pinged();
  pass(80);
  assert.equal(first(), 80);
  assert.deepEqual(codes(), []);
  const second_ = vitals.pinged();
  pass(160);
  second_();
  const { pingMs, smoothMs } = vitals.measures();
  assert.deepEqual([pingMs, smoothMs], [160, 90]);
});

test('a pong for a connection that has ended says nothing about the next', () => {
  const { vitals, pass } = patient();
  const late = vitals.pinged();
  vitals.renew();
  vitals.opened();
  pass(50 * second);
  assert.equal(late(), undefined);
  assert.equal(vitals.measures().pingMs, undefined);
});

test('messages that nobody handles are a complaint, and end the connection; one that is slow while others are handled is not', () => {
  const { vitals, pass, codes, deaf } = patient();
  const pong = () => vitals.pinged()();
  const handled = [vitals.arrived(), vitals.arrived(), vitals.arrived()];
  pass(29 * second);
  handled[0]?.();
  pass(29 * second);
  pong();
  assert.deepEqual(codes(), []);
  pass(2 * second);
  assert.deepEqual(codes(), ['messages_waiting']);
  pass(570 * second);
  pong();
  assert.equal(deaf(), 'stuck: nothing was handled for 601 s');
  handled[1]?.();
  handled[2]?.();
  assert.deepEqual([codes(), deaf()], [[], undefined]);
});

test('sends without an ack are a complaint, one that was lost among acknowledged ones is not', () => {
  const { vitals, pass, texts } = patient();
  const pong = () => vitals.pinged()();
  vitals.sent('A');
  pass(61 * second);
  pong();
  assert.deepEqual(texts(), ['sends not acknowledged for 61 s']);
  vitals.sent('B');
  vitals.acknowledged('B');
  assert.deepEqual(texts(), []);
  assert.equal(vitals.measures().awaitingAck, 1);
});

test('three of ten messages that do not decrypt are a complaint, and none any more after 15 minutes', () => {
  const { vitals, pass, texts } = patient();
  for (let i = 0; i < 6; i++) vitals.decrypted(false);
  for (let i = 0; i < 3; i++) vitals.decrypted(true);
  assert.deepEqual(texts(), [], 'too few to tell');
  vitals.decrypted(false);
  assert.deepEqual(texts(), ['decrypt failures 30 % of the last 10']);
  pass(16 * 60 * second);
  vitals.pinged()();
  assert.deepEqual(texts(), []);
});

test('events that wait for the database, and many reconnects, are complaints of a device that is not open, too', () => {
  const { vitals, pass, factsWait, codes } = patient();
  for (let i = 0; i < 11; i++) vitals.opened();
  vitals.renew();
  factsWait();
  pass(11 * second);
  assert.deepEqual(codes(), ['events_waiting', 'reconnects']);
});

test('a stretch of bad health is told once at its beginning, once for each new reason, and once at its end', () => {
  const episode = new Episode(limits, false);
  const pongs = { code: 'no_pong', text: 'no pong for 42 s' };
  const acks = { code: 'sends_unacknowledged', text: 'sends not acknowledged for 61 s' };
  const told: (string | undefined)[] = [];
  let now = 0;
  const look = (found: (typeof pongs)[], open = true) => {
    now += 10 * second;
    told.push(episode.look(found, open, now).event);
  };
  look([]);
  assert.equal(episode.complaints, undefined);
  look([pongs]);
  look([pongs]);
  look([pongs, acks]);
  look([acks]);
  look([]);
  look([pongs]); // it came back: no second event for it
  look([]);
  look([]);
  assert.deepEqual(episode.complaints, [], 'about to recover');
  look([], false);
  look([]); // the time begins anew once it is open again
  look([]);
  look([]);
  look([]);
  assert.equal(episode.complaints, undefined);
  look([]);
  look([pongs]);
  const quiet = undefined;
  assert.deepEqual(told, [
    ...[quiet, 'degraded', quiet, 'degraded', quiet, quiet, quiet, quiet, quiet],
    ...[quiet, quiet, quiet, quiet, 'recovered', quiet, 'degraded'],
  ]);
});

test('a device that was told to be degraded before this thread had it recovers here', () => {
  const episode = new Episode(limits, true);
  assert.deepEqual(episode.complaints, []);
  assert.equal(episode.look([], true, 0).event, undefined);
  assert.equal(episode.look([], true, limits.recoveredAfterMs).event, 'recovered');
});

test('docs/health.md has every reason with the limit that is kept, and no other', () => {
  const page = readFileSync(new URL('../../../../docs/health.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `([a-z_]+)` +\| .+? \| (.+?) +\|$/gm)].map(([, code, limit]) => [
    code,
    limit,
  ]);
  const s = (ms: number) => `${ms / 1000} s`;
  const kept: Record<(typeof complaintCodes)[number], string> = {
    no_pong: s(limits.pongWithinMs),
    messages_waiting: s(limits.handledWithinMs),
    sends_unacknowledged: s(limits.ackWithinMs),
    decrypt_failures: `${limits.decryptFailures * 100} % of at least ${limits.decryptsAtLeast}`,
    events_waiting: s(limits.journaledWithinMs),
    reconnects: `more than ${limits.reconnectsPerHour}`,
  };
  assert.deepEqual(
    rows,
    complaintCodes.map(code => [code, kept[code]]),
  );
  for (const ms of [limits.deafAfterMs, limits.pinglessAfterMs, limits.stuckAfterMs, limits.recoveredAfterMs])
    assert.ok(page.includes(`**${s(ms)}**`), s(ms));
});
