/** The report as a table: ours, stock, the ratio of the two, the goal and whether it was met. Pure. */
import type { Empty, Figures, Talk } from './measure.ts';
import { KINDS, type Kind } from './workload.ts';

export interface Report {
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryGb: number;
    readonly node: string;
    /** Of the last 1, 5 and 15 minutes, at the end. */
    readonly load: readonly number[];
  };
  readonly version: string;
  readonly date: string;
  readonly workers: number;
  readonly messages: number;
  readonly idleSeconds: number;
  readonly empty: Empty;
  readonly ours: readonly Figures[];
  readonly stock: readonly Figures[];
  /** Why stock Baileys was not measured, by size. */
  readonly skipped: Readonly<Record<string, string>>;
}

export interface Row {
  readonly what: string;
  readonly ours: number | undefined;
  readonly stock?: number | undefined;
  /** The most that ours may be. */
  readonly goal?: number;
}

/** Below it a difference of two starts says nothing about one device: starts vary by some 100 ms. */
const FEWEST_FOR_DIFFERENCE = 50;

const names: Readonly<Record<Kind, string>> = {
  sent: 'CPU per text sent, ms',
  received: 'CPU per text received, ms',
  both: 'CPU per text sent and received (both ends), ms',
};

export function rows({ ours, stock }: Report): Row[] {
  const stockOf = (devices: number) => stock.find(figures => figures.devices === devices);
  const smallest = ours[0];
  const largest = ours.at(-1);
  const bySize = (what: string, pick: (figures: Figures) => number | undefined, goal?: number): Row[] =>
    ours.map(figures => {
      const other = stockOf(figures.devices);
      return {
        what: `${what}, ${figures.devices} devices`,
        ours: pick(figures),
        stock: other && pick(other),
        ...(goal !== undefined && { goal }),
      };
    });
  const many = (pick: (figures: Figures) => number) => (figures: Figures) =>
    figures.devices < FEWEST_FOR_DIFFERENCE ? undefined : pick(figures);

  const list: Row[] = [
    { what: memoryName(ours), ours: slope(ours), stock: slope(stock), goal: 0.5 },
    ...bySize('RSS of the process, MB', figures => figures.rssMb),
    ...bySize('idle CPU, ms per second', figures => figures.idleMs),
    ...KINDS.flatMap(kind =>
      bySize(names[kind], ({ talk }) => talk[kind].cpuMs, kind === 'both' ? 5 : undefined),
    ),
    ...KINDS.flatMap(kind =>
      bySize(
        `with a webhook: ${names[kind]}`,
        ({ webhook }) => webhook?.[kind].cpuMs,
        kind === 'both' ? 5 : undefined,
      ),
    ),
    ...KINDS.flatMap(kind => bySize(`database: ${names[kind]}`, ({ webhook }) => webhook?.[kind].databaseMs)),
    ...bySize(
      'CPU per reconnect, ms',
      many(({ reconnectMs }) => reconnectMs),
      20,
    ),
    ...bySize('all open after a restart, s', ({ openSeconds }) => openSeconds),
  ];
  if (smallest && largest && smallest !== largest) {
    const growth = (of: readonly Figures[], pick: (figures: Figures) => Talk | undefined, kind: Kind) => {
      const at = (devices: number) => {
        const figures = of.find(one => one.devices === devices);
        return figures && pick(figures)?.[kind].cpuMs;
      };
      const [few, lots] = [at(smallest.devices), at(largest.devices)];
      return few === undefined || lots === undefined ? undefined : lots / few;
    };
    for (const kind of KINDS)
      list.push({
        what: `${names[kind].replace(', ms', '')}: ${largest.devices} devices as a multiple of ${smallest.devices}`,
        ours: growth(ours, ({ talk }) => talk, kind),
        stock: growth(stock, ({ talk }) => talk, kind),
        goal: 1.15,
      });
  }
  return list.filter(({ ours, stock }) => ours !== undefined || stock !== undefined);
}

/** MB of RSS per device between the two largest sizes. */
export function slope(figures: readonly Figures[]): number | undefined {
  const [less, more] = figures.slice(-2);
  if (!less || !more) return undefined;
  return (more.rssMb - less.rssMb) / (more.devices - less.devices);
}

function memoryName(figures: readonly Figures[]): string {
  const [less, more] = figures.slice(-2);
  return `RSS per idle device, MB (${less?.devices} to ${more?.devices} devices)`;
}

export function table(report: Report): string {
  const { machine, workers, messages, idleSeconds, date, version, skipped } = report;
  const head = ['', 'ours', 'stock', 'ours / stock', 'goal', ''];
  const body = rows(report).map(row => cells(row));
  const widths = head.map((name, column) =>
    Math.max(name.length, ...body.map(row => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [
    `Cardume ${version}, ${date}: ${machine.cores} cores (${machine.cpu}), ${machine.memoryGb} GB, Node ${machine.node}, load ${machine.load.join(' ')}`,
    `${workers} workers; at least ${messages} texts of each kind; memory after ${idleSeconds} s idle in a fresh process, no forced GC`,
    '',
    line(head),
    ...body.map(line),
    ...Object.entries(skipped).map(([devices, why]) => `stock with ${devices} devices was left out: ${why}`),
  ].join('\n');
}

function cells({ what, ours, stock, goal }: Row): string[] {
  return [
    what,
    shown(ours),
    shown(stock),
    ours === undefined || stock === undefined ? '-' : shown(ours / stock),
    goal === undefined ? '' : `<= ${goal}`,
    goal === undefined || ours === undefined ? '' : ours <= goal ? 'met' : 'NOT MET',
  ];
}

/** Three significant digits. */
function shown(value: number | undefined): string {
  if (value === undefined) return '-';
  if (value >= 100) return value.toFixed(0);
  return value.toFixed(value >= 10 ? 1 : value >= 1 ? 2 : 3);
}
