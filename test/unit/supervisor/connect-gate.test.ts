import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ConnectGate } from '../../../src/supervisor/connect-gate.ts';
import { between, pick, seeded } from '../../support/random.ts';

/** A gate in a time of its own: `pass` lets so many milliseconds go by. */
function gateOf(t: TestContext, perSecond: number, burst: number) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const admitted: { device: string; at: number }[] = [];
  const gate = new ConnectGate({
    perSecond,
    burst,
    admit: device => void admitted.push({ device, at: Date.now() }),
    now: Date.now,
  });
  t.after(() => gate.close());
  const pass = (ms: number) => {
    for (let i = 0; i < ms; i++) t.mock.timers.tick(1);
  };
  return { gate, admitted, pass, names: () => admitted.map(({ device }) => device) };
}

const knock = (gate: ConnectGate, count: number, prefix = 'd') => {
  for (let i = 0; i < count; i++) gate.knock(`${prefix}${i}`);
};

test('a burst goes through at once, in the order in which it knocked', t => {
  const { gate, names } = gateOf(t, 10, 5);
  knock(gate, 12);
  assert.deepEqual(names(), ['d0', 'd1', 'd2', 'd3', 'd4']);
  assert.equal(gate.waiting, 7);
});

test('after the burst they pass at the rate, and nobody is left behind', t => {
  const { gate, names, pass } = gateOf(t, 10, 5);
  knock(gate, 30);
  pass(1000);
  assert.equal(names().length, 15);
  pass(1500);
  assert.deepEqual(
    names(),
    Array.from({ length: 30 }, (_, i) => `d${i}`),
  );
  assert.equal(gate.waiting, 0);
});

test('a quiet time saves up for one burst and no more', t => {
  const { gate, names, pass } = gateOf(t, 10, 5);
  knock(gate, 5, 'a');
  pass(60_000);
  knock(gate, 20, 'b');
  assert.equal(names().length, 10);
});

test('who knocks twice keeps its place, who is forgotten loses it, and may knock again', t => {
  const { gate, names, pass } = gateOf(t, 10, 1);
  knock(gate, 4);
  gate.knock('d3');
  gate.knock('d1');
  gate.forget('d2');
  assert.equal(gate.waiting, 2);
  pass(500);
  assert.deepEqual(names(), ['d0', 'd1', 'd3']);
  gate.knock('d2');
  gate.knock('d0');
  pass(500);
  assert.deepEqual(names(), ['d0', 'd1', 'd3', 'd2', 'd0']);
});

test('a closed gate admits nobody', t => {
  const { gate, names, pass } = gateOf(t, 10, 1);
  knock(gate, 5);
  gate.close();
  gate.knock('late');
  pass(10_000);
  assert.deepEqual(names(), ['d0']);
  assert.equal(gate.waiting, 0);
});

test('whoever is admitted may knock again at once', t => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const admitted: string[] = [];
  const gate: ConnectGate = new ConnectGate({
    perSecond: 10,
    burst: 3,
    now: Date.now,
    admit: device => {
      admitted.push(device);
      gate.knock('again');
    },
  });
  t.after(() => gate.close());
  gate.knock('first');
  t.mock.timers.tick(5);
  assert.ok(admitted.length <= 3);
  for (let i = 0; i < 1000; i++) t.mock.timers.tick(1);
  assert.ok(admitted.length >= 12 && admitted.length <= 13, `${admitted.length}`);
});

test('in no stretch of time more pass than the burst and the rate allow, whoever knocks when', t => {
  for (let seed = 1; seed <= 15; seed++) {
    const random = seeded(seed);
    const [perSecond, burst] = [between(random, 1, 50), between(random, 1, 20)];
    const { gate, admitted, pass } = gateOf(t, perSecond, burst);
    for (let i = 0; i < 60; i++) {
      const count = pick(random, [0, 1, 5, 40]);
      for (let k = 0; k < count; k++) gate.knock(`${between(random, 0, 200)}`);
      if (random() < 0.3) gate.forget(`${between(random, 0, 200)}`);
      pass(pick(random, [0, 1, 20, 300]));
    }
    for (const [i, { at }] of admitted.entries())
      for (let j = i; j < admitted.length; j++) {
        const most = burst + ((admitted[j]!.at - at) * perSecond) / 1000;
        assert.ok(j - i + 1 <= most + 1e-6, `seed ${seed}: ${j - i + 1} in ${admitted[j]!.at - at} ms`);
      }
    gate.close();
    t.mock.timers.reset();
  }
});
