// Metrics that are read anew at each scrape: each says how it is read, and what they are read from is gathered once for all.
import { Counter, Gauge, type Registry } from 'prom-client';

/** Undefined where there is nothing to tell. */
export type Reading =
  | number
  | undefined
  | readonly (readonly [labels: Readonly<Record<string, string | number>>, value: number])[];

/** `G` is what was gathered for a scrape. */
export interface Metric<G> {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  readonly labels: readonly string[];
  readonly read: (gathered: G) => Reading;
}

/** A value that goes up and down, or one for each set of these labels. */
export function gauge<G>(
  name: string,
  help: string,
  read: Metric<G>['read'],
  ...labels: string[]
): Metric<G> {
  return { name, help, type: 'gauge', labels, read };
}

/** The same of what only goes up. */
export function counter<G>(
  name: string,
  help: string,
  read: Metric<G>['read'],
  ...labels: string[]
): Metric<G> {
  return { name, help, type: 'counter', labels, read };
}

/** Registers them; what it returns reads them all. */
export function readers<G>(registry: Registry, metrics: readonly Metric<G>[]): (gathered: G) => void {
  const registered = metrics.map(({ name, help, type, labels, read }) => {
    const Kind = type === 'gauge' ? Gauge<string> : Counter<string>;
    const metric = new Kind({ name, help, labelNames: [...labels], registers: [registry] });
    // What has no label is 0 after a reset, which nobody has said.
    const clear = () => (labels.length > 0 ? metric.reset() : metric.remove());
    return { metric, clear, read };
  });
  return gathered => {
    for (const { metric, clear, read } of registered) {
      const reading = read(gathered);
      clear();
      if (typeof reading === 'number') metric.inc(reading);
      else for (const [values, value] of reading ?? []) metric.inc(values, value);
    }
  };
}
