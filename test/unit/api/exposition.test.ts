import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { counter, exposition, gauge, headOf, is, Spread } from '../../../src/api/exposition.ts';

const lines = (text: string) => text.split('\n').filter(line => line !== '');

test('metrics are written as prom-client writes them', async () => {
  const registry = new Registry();
  const registers = [registry];
  new Gauge({ name: 'plain', help: 'A plain one.', registers }).set(0.1);
  const labelled = new Gauge({ name: 'labelled', help: 'By label.', registers, labelNames: ['of', 'n'] });
  labelled.set({ of: 'a"b\\c\nd', n: 1 }, 1e21);
  labelled.set({ of: 'é', n: 2 }, 0);
  new Counter({ name: 'counted_total', help: 'A counter.', registers }).inc(7);
  const times = new Histogram({ name: 'times', help: 'Spread.', registers, buckets: [0.5, 1] });

  const of = exposition<{ readonly value: number }>([
    gauge('plain', 'A plain one.', ({ value }) => value),
    gauge('labelled', 'By label.', () => [
      [`${is('of', 'a"b\\c\nd')},${is('n', 1)}`, 1e21],
      [`${is('of', 'é')},${is('n', 2)}`, 0],
    ]),
    counter('counted_total', 'A counter.', () => 7),
  ]);
  const spread = new Spread('times', '', [0.5, 1]);
  for (const value of [0.5, 0.6, 1, 3]) {
    times.observe(value);
    spread.observe(value);
    const written = of({ value: 0.1 }) + headOf('times', 'Spread.', 'histogram') + spread.text();
    assert.deepEqual(lines(written), lines(await registry.metrics()));
  }
});

test('a metric of which nothing is known is named, and has no value', () => {
  const of = exposition([gauge('unknown', 'Not known now.', () => undefined)]);
  assert.equal(of({}), '# HELP unknown Not known now.\n# TYPE unknown gauge\n');
});
