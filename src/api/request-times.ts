/**
 * How long requests took: how often and how long in all for each route, and how they spread for each family of routes. A
 * histogram of each route would be two thousand lines of 190 routes, and most of what a scrape costs.
 */
import { headOf, is, Spread } from './exposition.ts';

const ROUTES = 'cardume_http_route_seconds';
const FAMILIES = 'cardume_http_request_seconds';
const heads = {
  routes: headOf(ROUTES, 'Time to answer HTTP requests, by the pattern of the route.', 'summary'),
  families: headOf(FAMILIES, 'Time to answer HTTP requests, by the first part of the path.', 'histogram'),
};
const BUCKETS = [0.005, 0.025, 0.1, 0.25, 1, 2.5, 10, 45];

export interface Served {
  readonly method: string;
  /** The pattern that matched, never the path itself. */
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

interface Place {
  readonly route: Spread;
  readonly family: Spread;
}

export class RequestTimes {
  readonly #places = new Map<string, Place>();
  readonly #families = new Map<string, Spread>();

  observe({ method, route, status, seconds }: Served): void {
    const name = `${method} ${status} ${route}`;
    let place = this.#places.get(name);
    if (!place) {
      const labels = `${is('method', method)},${is('route', route)},${is('status', String(status))}`;
      place = { route: new Spread(ROUTES, labels), family: this.#family(route, status) };
      this.#places.set(name, place);
    }
    place.route.observe(seconds);
    place.family.observe(seconds);
  }

  /** In Prometheus' text format. */
  text(): string {
    let text = heads.families;
    for (const family of this.#families.values()) text += family.text();
    text += heads.routes;
    for (const { route } of this.#places.values()) text += route.text();
    return text;
  }

  #family(route: string, status: number): Spread {
    const labels = `${is('family', familyOf(route))},${is('status', `${Math.floor(status / 100)}xx`)}`;
    let family = this.#families.get(labels);
    if (!family) {
      family = new Spread(FAMILIES, labels, BUCKETS);
      this.#families.set(labels, family);
    }
    return family;
  }
}

/** `send` of /send/message, `none` where no route matched. */
function familyOf(route: string): string {
  if (route[0] !== '/') return route;
  const end = route.indexOf('/', 1);
  return (end < 0 ? route.slice(1) : route.slice(1, end)) || 'page';
}
