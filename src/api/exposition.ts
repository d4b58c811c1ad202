/**
 * Metrics in Prometheus' text format, read anew at each scrape. Not prom-client's: it keeps every value under a hash of its
 * labels and makes each line of objects again, which was most of what a scrape cost.
 */

/** A value, or one for each of some labels (`is`); undefined where there is nothing to tell. */
export type Reading = number | undefined | readonly (readonly [labels: string, value: number])[];

/** `G` is what was gathered for a scrape. */
export interface Metric<G> {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  readonly read: (gathered: G) => Reading;
}

export function gauge<G>(name: string, help: string, read: Metric<G>['read']): Metric<G> {
  return { name, help, type: 'gauge', read };
}

export function counter<G>(name: string, help: string, read: Metric<G>['read']): Metric<G> {
  return { name, help, type: 'counter', read };
}

/** What writes the metrics, in their order. */
export function exposition<G>(metrics: readonly Metric<G>[]): (gathered: G) => string {
  const heads = metrics.map(({ name, help, type }) => headOf(name, help, type));
  return gathered => {
    let text = '';
    for (const [n, { name, read }] of metrics.entries()) {
      const reading = read(gathered);
      text += heads[n];
      if (typeof reading === 'number') text += `${name} ${reading}\n`;
      else for (const [labels, value] of reading ?? []) text += `${name}{${labels}} ${value}\n`;
    }
    return text;
  };
}

export function headOf(name: string, help: string, type: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

/** A label with its value. */
export function is(label: string, value: string | number): string {
  return `${label}="${typeof value === 'number' ? value : escaped(value)}"`;
}

const TO_ESCAPE = /[\\"\n]/;

function escaped(value: string): string {
  if (!TO_ESCAPE.test(value)) return value;
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/** How often and how much in all, and how it spread over buckets, where there are any; its text stays until the next value. */
export class Spread {
  readonly #name: string;
  readonly #labels: string;
  readonly #buckets: readonly number[];
  /** By bucket, and in the last place those that no bucket has. */
  readonly #counts: number[];
  #count = 0;
  #sum = 0;
  #text: string | undefined;

  constructor(name: string, labels = '', buckets: readonly number[] = []) {
    this.#name = name;
    this.#labels = labels;
    this.#buckets = buckets;
    this.#counts = buckets.length > 0 ? Array<number>(buckets.length + 1).fill(0) : [];
  }

  observe(value: number): void {
    this.#count++;
    this.#sum += value;
    this.#text = undefined;
    if (this.#counts.length === 0) return;
    const bucket = this.#buckets.findIndex(most => value <= most);
    const place = bucket < 0 ? this.#buckets.length : bucket;
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
  }

  text(): string {
    this.#text ??= this.#written();
    return this.#text;
  }

  #written(): string {
    const name = this.#name;
    const beside = this.#labels && `,${this.#labels}`;
    const braced = this.#labels && `{${this.#labels}}`;
    let within = 0;
    let text = '';
    for (const [n, many] of this.#counts.entries()) {
      within += many;
      text += `${name}_bucket{le="${this.#buckets[n] ?? '+Inf'}"${beside}} ${within}\n`;
    }
    return `${text}${name}_sum${braced} ${this.#sum}\n${name}_count${braced} ${this.#count}\n`;
  }
}
