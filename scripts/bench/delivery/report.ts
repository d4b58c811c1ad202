/** The figures as tables. Pure. */
import type { Cost, Costs } from './cost.ts';
import { type Fared, percentile } from './judge.ts';

const P99_GOAL = 1.25;
const COST_GOAL = 2;

export function faredTable(fared: readonly Fared[]): string {
  return lines(
    [
      'endpoint',
      'POSTs',
      'delivered',
      'again',
      'most in a life',
      'parked',
      'dead',
      'owed',
      'lost',
      'out of order',
    ],
    fared.map(one => [
      one.endpoint,
      ...[one.posts, one.delivered, one.repeated, one.repeatedInALife, one.parked].map(String),
      ...[one.dead, one.owed, one.lost, one.outOfOrder].map(String),
    ]),
  );
}

/** Of latencies in ascending order. */
export function latencyTable(alone: readonly number[], beside: readonly number[]): string {
  return lines(
    ['commit to answer, good endpoint', 'alone, ms', 'with neighbours, ms', 'ratio', 'goal', ''],
    ([0.5, 0.9, 0.99, 0.999] as const).map(part => {
      const [without, with_] = [percentile(alone, part), percentile(beside, part)];
      const goal = part === 0.99 ? P99_GOAL : undefined;
      return [`p${part * 100}`, without.toFixed(1), with_.toFixed(1), ...against(with_ / without, goal)];
    }),
  );
}

export function costTable(costs: Costs): string {
  const row = (name: string, { ours, bare, unsigned }: Cost) => [
    [
      `${name}, over a bare loop with the same signatures`,
      ms(ours),
      ms(bare),
      ...against(ours / bare, COST_GOAL),
    ],
    [`${name}, over one without signatures`, ms(ours), ms(unsigned), ...against(ours / unsigned)],
  ];
  return lines(
    ['CPU per delivered event', 'ours, ms', 'bare, ms', 'ratio', 'goal', ''],
    [...row('as they are committed', costs.live), ...row('a backlog, from the journal', costs.backlog)],
  );
}

const ms = (value: number) => value.toFixed(3);

function against(ratio: number, goal?: number): string[] {
  if (goal === undefined) return [ratio.toFixed(2), '', ''];
  return [ratio.toFixed(2), `<= ${goal}`, ratio <= goal ? 'met' : 'NOT MET'];
}

function lines(head: readonly string[], body: readonly (readonly string[])[]): string {
  const widths = head.map((name, n) => Math.max(name.length, ...body.map(row => row[n]?.length ?? 0)));
  return [head, ...body]
    .map(row =>
      row
        .map((cell, n) => (n === 0 ? cell.padEnd(widths[n] ?? 0) : cell.padStart(widths[n] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
