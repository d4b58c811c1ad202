/** What was measured, as tables. Pure. */
import type { Work } from './bare.ts';

/** What a route may cost of our own, in milliseconds of CPU. */
export const GOAL_MS = 0.3;

export interface Measured {
  readonly name: string;
  readonly status: number;
  /** What the plain application does for it beside reading and answering. */
  readonly work: Work;
  /** Milliseconds of CPU for a request, by round. */
  readonly ours: readonly number[];
  readonly bare: readonly number[];
}

interface Row {
  readonly name: string;
  readonly status: number;
  readonly work: Work;
  readonly ours: number;
  readonly bare: number;
  /** What ours took over the plain one in the same round. */
  readonly own: number;
}

const rowOf = ({ ours, bare, ...about }: Measured): Row => ({
  ...about,
  ours: median(ours),
  bare: median(bare),
  own: median(ours.map((ms, round) => ms - (bare[round] ?? 0))),
});

/** Every route, the costliest first; then by the work of the plain application; then all. */
export function report(measured: readonly Measured[]): string[] {
  const rows = measured.map(rowOf).sort((a, b) => b.own - a.own);
  const over = rows.filter(({ own }) => own > GOAL_MS);
  const works = [...new Set(rows.map(({ work }) => work))];
  return [
    '| route | answered | the plain application does beside | ours, ms | plain, ms | own, ms | ratio | |',
    '|---|--:|---|--:|--:|--:|--:|---|',
    ...rows.map(row => {
      const { name, status, work, own } = row;
      return `| \`${name}\` | ${status} | ${work} | ${figures(row)} | ${own > GOAL_MS ? 'over' : ''} |`;
    }),
    '',
    '| the plain application does beside | routes | plain, ms | own, ms: median | least | most | ratio | over |',
    '|---|--:|--:|--:|--:|--:|--:|--:|',
    ...works.map(work =>
      summary(
        work,
        rows.filter(row => row.work === work),
      ),
    ),
    summary('all', rows),
    '',
    `${over.length} of ${rows.length} over ${GOAL_MS} ms`,
  ];
}

const figures = ({ ours, bare, own }: Row) =>
  `${ours.toFixed(3)} | ${bare.toFixed(3)} | ${own.toFixed(3)} | ${(ours / bare).toFixed(1)}`;

function summary(what: string, rows: readonly Row[]): string {
  const own = rows.map(row => row.own);
  const bare = median(rows.map(row => row.bare));
  const ratio = median(rows.map(row => row.ours / row.bare));
  const parts = [median(own), Math.min(...own), Math.max(...own)].map(ms => ms.toFixed(3));
  const over = own.filter(ms => ms > GOAL_MS).length;
  return `| ${what} | ${rows.length} | ${bare.toFixed(3)} | ${parts.join(' | ')} | ${ratio.toFixed(1)} | ${over} |`;
}

function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? 0;
}
