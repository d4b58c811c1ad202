/**
 * How long requests took: how often and how long in all for each route, and how they spread for each family of routes. A
 * histogram of each route would be two thousand lines of 190 routes, and most of what a scrape costs. Not prom-client's: it makes
 * every line anew at each scrape; here the text of a series stays until the next request that it counts.
 */

const ROUTES = 'cardume_http_route_seconds';
const FAMILIES = 'cardume_http_request_seconds';
const heads = {
  [ROUTES]: 'Time to answer HTTP requests, by the pattern of the route.',
  [FAMILIES]: 'Time to answer HTTP requests, by the first part of the path.',
};
const BUCKETS = [0.005, 0.025, 0.1, 0.25, 1, 2.5, 10, 45];

export interface Served {
  readonly method: string;
  /** The pattern that matched, never the path itself. */
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

interface Series {
  readonly labels: string;
  count: number;
  sum: number;
  /** Of a family: how many requests were answered within each bucket, and in the last place within no bucket. */
  readonly counts: number[] | undefined;
  text: string | undefined;
}

export class RequestTimes {
  readonly #routes = new Map<string, Series>();
  readonly #families = new Map<string, Series>();

  observe({ method, route, status, seconds }: Served): void {
    const place = BUCKETS.findIndex(most => seconds <= most);
    const name = `${method} ${status} ${route}`;
    let one = this.#routes.get(name);
    if (!one) {
      const labels = `method="${escaped(method)}",route="${escaped(route)}",status="${status}"`;
      one = { labels, count: 0, sum: 0, counts: undefined, text: undefined };
      this.#routes.set(name, one);
    }
    count(one, seconds);
    const family = `family="${escaped(familyOf(route))}",status="${Math.floor(status / 100)}xx"`;
    let all = this.#families.get(family);
    if (!all) {
      const counts = Array<number>(BUCKETS.length + 1).fill(0);
      all = { labels: family, count: 0, sum: 0, counts, text: undefined };
      this.#families.set(family, all);
    }
    count(all, seconds, place < 0 ? BUCKETS.length : place);
  }

  /** In Prometheus' text format, as `registry.metrics()` has the others. */
  text(): string {
    return `${written(FAMILIES, 'histogram', this.#families)}\n${written(ROUTES, 'summary', this.#routes)}`;
  }
}

function count(series: Series, seconds: number, place = 0): void {
  series.count++;
  series.sum += seconds;
  series.text = undefined;
  if (series.counts) series.counts[place] = (series.counts[place] ?? 0) + 1;
}

/** `send` of /send/message, `none` where no route matched. */
function familyOf(route: string): string {
  if (route[0] !== '/') return route;
  const end = route.indexOf('/', 1);
  return (end < 0 ? route.slice(1) : route.slice(1, end)) || 'page';
}

function written(
  name: keyof typeof heads,
  type: 'histogram' | 'summary',
  all: ReadonlyMap<string, Series>,
): string {
  let text = `# HELP ${name} ${heads[name]}\n# TYPE ${name} ${type}\n`;
  for (const series of all.values()) {
    series.text ??= shown(name, series);
    text += series.text;
  }
  return text;
}

function shown(name: string, { labels, count, sum, counts = [] }: Series): string {
  let within = 0;
  let text = '';
  for (const [n, many] of counts.entries()) {
    within += many;
    text += `${name}_bucket{le="${BUCKETS[n] ?? '+Inf'}",${labels}} ${within}\n`;
  }
  return `${text}${name}_sum{${labels}} ${sum}\n${name}_count{${labels}} ${count}\n`;
}

const escaped = (value: string) =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
