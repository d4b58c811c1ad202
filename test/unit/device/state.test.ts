import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closes, judge, type Verdict } from '../../../src/device/line/verdict.ts';
import { backoff, type Effect, type Input, initial, type State, step } from '../../../src/device/state.ts';
import type { Phase } from '../../../src/shard/protocol.ts';
import { pick, seeded } from '../../support/random.ts';

const NOW = 1_700_000_000_000;
const minute = 60_000;
const pairing = { by: 'qr', qr: 'text', until: NOW + minute } as const;

/** Takes the inputs one after the other and gives the last state, and all that was to be done. */
function run(state: State, inputs: readonly Input[], now = NOW, random = 0.5) {
  const effects: Effect[] = [];
  let at = state;
  for (const input of inputs) {
    const next = step(at, input, now, random);
    at = next.state;
    effects.push(...next.effects);
  }
  return { state: at, effects };
}

const at = (phase: Phase, more: Partial<State> = {}): State => ({
  phase,
  since: NOW - minute,
  linked: true,
  steps: 0,
  ...more,
});
const closed = (verdict: Verdict): Input => ({ on: 'closed', verdict });
const code = (number: number, expires?: number): Input =>
  closed(judge({ code: number, message: 'Connection Failure', ...(expires !== undefined && { expires }) }));

const rest = (ms: number, reason: string, replaced = false): Effect => ({ do: 'rest', ms, reason, replaced });
const remembered = { state: 'linked', reason: null, restMs: null, replacedAgoMs: null } as const;
const banned = { ...remembered, state: 'stopped', reason: 'account banned' } as const;

/** What an open device does at each code: the phase, and what is done beside hanging up. */
const table: [code: number, phase: Phase, linked: boolean, ...effects: Effect[]][] = [
  [515, 'waiting', true, { do: 'knock' }],
  [401, 'unlinked', false, { do: 'forget', reason: 'logged out' }],
  [516, 'unlinked', false, { do: 'forget', reason: 'logged out' }],
  [440, 'waiting', true, { do: 'wait', ms: 45_000 }, rest(45_000, 'replaced by another connection', true)],
  [409, 'waiting', true, { do: 'wait', ms: 45_000 }, rest(45_000, 'replaced by another connection', true)],
  [402, 'waiting', true, { do: 'wait', ms: 3_600_000 }, rest(3_600_000, 'temporarily banned')],
  [403, 'stopped', true, { do: 'halt', phase: 'stopped', reason: 'account locked, or its phone is gone' }],
  [405, 'waiting', true, { do: 'wait', ms: 3_600_000 }, rest(3_600_000, 'client is outdated')],
  [406, 'stopped', true, { do: 'halt', phase: 'stopped', reason: 'account banned' }],
  [411, 'stopped', true, { do: 'halt', phase: 'stopped', reason: 'multi-device is not enabled' }],
  [429, 'waiting', true, { do: 'wait', ms: 5_000 }],
  [400, 'waiting', true, { do: 'wait', ms: 1_000 }],
  [500, 'waiting', true, { do: 'wait', ms: 1_000 }],
  [501, 'waiting', true, { do: 'wait', ms: 1_000 }],
  [503, 'waiting', true, { do: 'wait', ms: 1_000 }],
  [428, 'waiting', true, { do: 'wait', ms: 1_000 }],
  [408, 'waiting', true, { do: 'wait', ms: 1_000 }],
  [599, 'waiting', true, { do: 'wait', ms: 1_000 }],
];

for (const [number, phase, linked, ...effects] of table)
  test(`a linked device that is closed with ${number} is ${phase}`, () => {
    for (const from of ['connecting', 'open'] as const) {
      const { state, effects: done } = run(at(from), [code(number)]);
      assert.deepEqual(
        { phase: state.phase, linked: state.linked, since: state.since },
        { phase, linked, since: NOW },
      );
      assert.deepEqual(done, [{ do: 'hang-up' }, ...effects]);
      assert.equal(state.reason === undefined, number === 515, 'only a wanted reconnect needs no reason');
    }
  });

test('every code that has a verdict is in the table above', () => {
  const tested = table.map(([number]) => number);
  for (const number of closes.flatMap(row => row.codes)) assert.ok(tested.includes(number), String(number));
});

test('a close without a socket changes nothing', () => {
  for (const phase of ['unlinked', 'waiting', 'stopped', 'conflict'] as const)
    for (const [number] of table) {
      const before = at(phase);
      assert.deepEqual(step(before, code(number), NOW, 0.5), { state: before, effects: [] });
    }
});

test('whatever ends a pairing leaves the device unlinked with the reason, and it does not connect again', () => {
  for (const [number] of table)
    for (const phase of ['connecting', 'pairing'] as const) {
      const { state, effects } = run(at(phase, { linked: false, wanted: '' }), [code(number)]);
      assert.equal(state.phase, 'unlinked');
      assert.match(state.reason ?? '', /^pairing ended/);
      assert.equal(state.wanted, undefined);
      assert.deepEqual(effects, [{ do: 'hang-up' }]);
    }
});

test('a pairing goes from unlinked over the gate, the offer, the signature and 515 to open', () => {
  const inputs: [Input, Phase, ...Effect['do'][]][] = [
    [{ on: 'pair', phone: '15551234567' }, 'waiting', 'hang-up', 'knock'],
    [{ on: 'admitted' }, 'connecting', 'connect'],
    [{ on: 'offered', pairing }, 'pairing'],
    [{ on: 'offered', pairing: { ...pairing, qr: 'next' } }, 'pairing'],
    [{ on: 'paired' }, 'connecting'],
    [code(515), 'waiting', 'hang-up', 'knock'],
    [{ on: 'admitted' }, 'connecting', 'connect'],
    [{ on: 'opened' }, 'open', 'watch'],
  ];
  let state = initial(false, NOW);
  assert.equal(state.phase, 'unlinked');
  for (const [input, phase, ...todo] of inputs) {
    const next = step(state, input, NOW, 0.5);
    assert.equal(next.state.phase, phase, input.on);
    assert.deepEqual(
      next.effects.map(effect => effect.do),
      todo,
      input.on,
    );
    state = next.state;
    assert.equal(state.pairing !== undefined, phase === 'pairing', 'a pairing is shown while it is offered');
    assert.equal(state.wanted, state.linked ? undefined : '15551234567');
  }
  assert.ok(state.linked);
});

test('a second pairing replaces the first one; a linked device is not paired again', () => {
  const first = run(initial(false, NOW), [{ on: 'pair', phone: '' }, { on: 'admitted' }]).state;
  const second = step({ ...first, phase: 'pairing', pairing }, { on: 'pair', phone: '1555' }, NOW, 0.5);
  assert.deepEqual(second.effects, [{ do: 'hang-up' }, { do: 'knock' }]);
  assert.deepEqual([second.state.phase, second.state.wanted], ['waiting', '1555']);
  for (const phase of ['waiting', 'connecting', 'open', 'stopped', 'conflict'] as const)
    assert.deepEqual(step(at(phase), { on: 'pair', phone: '' }, NOW, 0.5).effects, []);
});

test('the backoff is the Fibonacci numbers in seconds, at most 15 minutes, give or take 10 %', () => {
  const seconds = Array.from({ length: 20 }, (_, i) => Math.round(backoff(i + 1, 0.5) / 1000));
  assert.deepEqual(seconds.slice(0, 10), [1, 1, 2, 3, 5, 8, 13, 21, 34, 55]);
  assert.deepEqual(seconds.slice(10), [89, 144, 233, 377, 610, 900, 900, 900, 900, 900]);
  const random = seeded(11);
  for (let steps = 1; steps <= 40; steps++)
    for (let i = 0; i < 50; i++) {
      const ratio = backoff(steps, random()) / backoff(steps, 0.5);
      assert.ok(ratio >= 0.9 && ratio <= 1.1, `${steps}: ${ratio}`);
    }
  assert.equal(backoff(16, 0), 810_000);
});

test('failures climb the ladder, a steady connection goes back to its foot, and an unsteady one does not', () => {
  let state = at('connecting');
  const waits: number[] = [];
  const fail = () => {
    const next = step(state, code(503), NOW, 0.5);
    waits.push(...next.effects.flatMap(effect => (effect.do === 'wait' ? [effect.ms] : [])));
    state = run(next.state, [{ on: 'due' }, { on: 'admitted' }]).state;
  };
  for (let i = 0; i < 30; i++) fail();
  assert.deepEqual(waits.slice(0, 6), [1000, 1000, 2000, 3000, 5000, 8000]);
  assert.equal(Math.max(...waits), 900_000);

  waits.length = 0;
  state = run(state, [{ on: 'opened' }]).state;
  fail();
  assert.equal(waits[0], 900_000, 'opened and dropped within seconds is no success');

  const opened = step(state, { on: 'opened' }, NOW, 0.5);
  assert.deepEqual(opened.effects, [{ do: 'watch', ms: 30_000 }]);
  state = run(opened.state, [{ on: 'steady' }]).state;
  assert.deepEqual([state.phase, state.steps], ['open', 0]);
  fail();
  assert.equal(waits[1], 1000);
});

test('a rate limit costs five steps, a wanted reconnect none', () => {
  assert.equal(run(at('open'), [code(429)]).state.steps, 5);
  assert.equal(run(at('open', { steps: 3 }), [code(515)]).state.steps, 3);
});

test('replaced once waits half a minute to a minute; replaced again within ten minutes is a conflict', () => {
  for (const random of [0, 0.5, 0.999]) {
    const [, wait] = run(at('open'), [code(440)], NOW, random).effects;
    assert.ok(wait?.do === 'wait' && wait.ms >= 30_000 && wait.ms < 60_000);
  }
  const once = run(at('open'), [code(440), { on: 'due' }, { on: 'admitted' }, { on: 'opened' }]).state;
  const soon = step(once, code(440), NOW + 9 * minute, 0.5);
  assert.equal(soon.state.phase, 'conflict');
  assert.match(soon.state.reason ?? '', /another process/);
  assert.deepEqual(
    soon.effects.map(effect => effect.do),
    ['hang-up', 'halt'],
  );
  assert.equal(step(once, code(440), NOW + 11 * minute, 0.5).state.phase, 'waiting');
});

test('a ban of months is waited for no longer than a timer can be set', () => {
  const month = 30 * 24 * 3600;
  const [, wait] = run(at('open'), [code(402, month)]).effects;
  // setTimeout takes 2^31 ms and more for 1 ms, which would be a reconnect in a loop.
  assert.deepEqual(wait, { do: 'wait', ms: 2 ** 31 - 1 });
});

test('a device starts unlinked, waiting for the gate, or stopped as it was', () => {
  assert.deepEqual(initial(false, NOW), { phase: 'unlinked', since: NOW, linked: false, steps: 0 });
  assert.deepEqual(initial(true, NOW), { phase: 'waiting', since: NOW, linked: true, steps: 0 });
  assert.equal(initial(true, NOW, banned).phase, 'stopped');
  assert.equal(initial(true, NOW, banned).reason, 'account banned');
  assert.equal(initial(true, NOW, { ...banned, state: 'conflict' }).phase, 'conflict');
});

test('what a device waits for, and why it is not linked, is known again after a start', () => {
  const resting = initial(true, NOW, { ...remembered, restMs: 5_000, reason: 'temporarily banned' });
  assert.deepEqual([resting.phase, resting.reason], ['waiting', 'temporarily banned']);
  assert.equal(initial(true, NOW, { ...remembered, reason: 'over' }).reason, undefined, 'its rest is over');
  const gone = initial(false, NOW, { ...remembered, state: 'unlinked', reason: 'logged out' });
  assert.deepEqual([gone.phase, gone.reason], ['unlinked', 'logged out']);
});

test('a device that was replaced before a start and is replaced again after it is in conflict', () => {
  const start = initial(true, NOW, { ...remembered, replacedAgoMs: 9 * minute });
  const { state } = run(start, [{ on: 'admitted' }, { on: 'opened' }, code(440)]);
  assert.equal(state.phase, 'conflict');
  const later = initial(true, NOW, { ...remembered, replacedAgoMs: 11 * minute });
  assert.equal(run(later, [{ on: 'admitted' }, { on: 'opened' }, code(440)]).state.phase, 'waiting');
});

test('a person reconnects a stopped device and one that waits, from the foot of the ladder', () => {
  for (const phase of ['stopped', 'conflict', 'waiting', 'open'] as const) {
    const { state, effects } = run(at(phase, { steps: 7, reason: 'why' }), [{ on: 'reconnect' }]);
    assert.deepEqual([state.phase, state.steps, state.reason], ['waiting', 0, undefined]);
    assert.deepEqual(effects, [{ do: 'hang-up' }, { do: 'knock' }]);
  }
  assert.deepEqual(step(initial(false, NOW), { on: 'reconnect' }, NOW, 0.5).effects, []);
});

test('a device that fails by itself comes back in about 3 s from any live phase, and rests for an hour when it does so too often', () => {
  const failed = (often: boolean): Input => ({ on: 'failed', reason: 'the device failed', often });
  for (const phase of ['waiting', 'connecting', 'open'] as const) {
    for (const random of [0, 0.5, 0.999]) {
      const { state, effects } = run(at(phase, { steps: 4 }), [failed(false)], NOW, random);
      assert.deepEqual([state.phase, state.steps, state.reason], ['waiting', 4, 'the device failed']);
      const [hangUp, wait] = effects;
      assert.equal(hangUp?.do, 'hang-up');
      assert.ok(wait?.do === 'wait' && wait.ms >= 2_000 && wait.ms <= 4_000, JSON.stringify(wait));
    }
    const { state, effects } = run(at(phase), [failed(true)]);
    assert.deepEqual([state.phase, state.reason], ['crashed', 'the device failed']);
    assert.deepEqual(effects, [{ do: 'hang-up' }, { do: 'wait', ms: 60 * minute }]);
    assert.deepEqual(run(state, [failed(true), failed(false), { on: 'admitted' }]).state, state, 'it rests');
    for (const again of [{ on: 'due' }, { on: 'reconnect' }] as const)
      assert.equal(run(state, [again]).state.phase, 'waiting', again.on);
  }
  for (const phase of ['stopped', 'unlinked'] as const) {
    const before = at(phase, { linked: phase === 'stopped' });
    assert.deepEqual(step(before, failed(true), NOW, 0.5), { state: before, effects: [] });
  }
  const pairing = run(at('pairing', { linked: false, wanted: '' }), [failed(true)]).state;
  assert.deepEqual([pairing.phase, pairing.reason], ['unlinked', 'pairing ended: the device failed']);
});

test('an outage of our own database costs no step of the ladder', () => {
  const soon: Verdict = { next: 'soon', reason: 'database unavailable' };
  const { state, effects } = run(at('open', { steps: 9 }), [closed(soon)], NOW, 0.5);
  assert.deepEqual([state.phase, state.steps, state.reason], ['waiting', 9, 'database unavailable']);
  assert.deepEqual(effects, [{ do: 'hang-up' }, { do: 'wait', ms: 3_000 }]);
});

test('the time of a phase is when it was entered, not when it was last confirmed', () => {
  const waiting = at('waiting', { since: 5 });
  assert.equal(step(waiting, { on: 'due' }, NOW, 0.5).state.since, 5);
  assert.equal(step(waiting, { on: 'admitted' }, NOW, 0.5).state.since, NOW);
});

/** Any input at all: late ones, impossible ones, twice the same. */
function anyInput(random: () => number): Input {
  const on = pick(random, [
    ...(['pair', 'reconnect', 'admitted', 'admitted', 'offered', 'paired', 'opened', 'opened'] as const),
    ...(['closed', 'closed', 'closed', 'due', 'steady', 'unlinked', 'failed'] as const),
  ]);
  switch (on) {
    case 'pair':
      return { on, phone: pick(random, ['', '1555']) };
    case 'offered':
      return { on, pairing };
    case 'closed':
      return code(pick(random, [...closes.flatMap(row => row.codes), 599]));
    case 'unlinked':
      return { on, reason: 'logged out' };
    case 'failed':
      return { on, reason: 'the device failed', often: random() < 0.3 };
    default:
      return { on };
  }
}

test('whatever happens in whatever order: sockets never double, timers never lie, and only a person starts what has ended', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = seeded(seed);
    let state = initial(random() < 0.5, NOW, random() < 0.1 ? banned : undefined);
    let now = NOW;
    let socket = false;
    for (let i = 0; i < 200; i++) {
      const input = anyInput(random);
      now += Math.floor(random() * 2 * minute);
      const before = state;
      const { state: after, effects } = step(before, input, now, random());
      const say = `seed ${seed}, input ${i}: ${JSON.stringify({ before, input, after, effects })}`;

      for (const effect of effects) {
        if (effect.do === 'hang-up') socket = false;
        if (effect.do === 'connect') {
          assert.ok(!socket, `a second socket: ${say}`);
          socket = true;
        }
        if (effect.do === 'wait') {
          assert.ok(effect.ms > 0 && effect.ms < 2 ** 31, say);
          assert.ok(after.phase === 'waiting' || after.phase === 'crashed', say);
        }
        if (effect.do === 'knock') assert.equal(after.phase, 'waiting', say);
        if (effect.do === 'forget') assert.ok(!after.linked && after.phase === 'unlinked', say);
        if (effect.do === 'halt') assert.equal(after.phase, effect.phase, say);
        if (effect.do === 'rest') assert.equal(after.phase, 'waiting', say);
      }
      assert.equal(socket, ['connecting', 'pairing', 'open'].includes(after.phase), say);
      if (after.phase === 'waiting' && before.phase !== 'waiting')
        assert.ok(
          effects.some(effect => effect.do === 'knock' || effect.do === 'wait'),
          `nothing will wake it: ${say}`,
        );
      if (before.phase === 'crashed' && after.phase !== 'crashed')
        assert.ok(['due', 'reconnect', 'unlinked'].includes(input.on), say);
      const halted = before.phase === 'stopped' || before.phase === 'conflict';
      if (halted && after.phase !== before.phase)
        assert.ok(['pair', 'reconnect', 'unlinked'].includes(input.on), say);
      if (before.phase === 'unlinked' && after.phase !== 'unlinked') assert.equal(input.on, 'pair', say);
      if (!before.linked && after.linked) assert.equal(input.on, 'paired', say);
      if (before.linked && !after.linked)
        assert.ok(
          effects.some(effect => effect.do === 'forget'),
          say,
        );
      if (after.phase === 'unlinked') assert.ok(!after.linked && after.wanted === undefined, say);
      if (after.phase === 'open') assert.equal(after.reason, undefined, say);
      assert.equal(after.pairing !== undefined, after.phase === 'pairing', say);
      assert.ok(after.steps >= 0 && after.steps <= 20, say);
      if (after.phase !== before.phase) assert.equal(after.since, now, say);
      state = after;
    }
  }
});
