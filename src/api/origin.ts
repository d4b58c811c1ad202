// Keeps the web pages of others out. A browser lends a page its user's address and basic auth: without this, any page
// that a person visits could send messages through the API on that person's own machine, by a form or by an <img>.
import type { Context } from 'hono';
import { Failure } from '../errors.ts';
import type { Check } from './checks.ts';
import { fromAllowed } from './cors.ts';

const LOOPBACK = /^(?:localhost|[a-z0-9-]+\.localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]{1,5})?$/i;

/**
 * Refuses what a browser says comes from a page of another origin, with FORBIDDEN_ORIGIN; a followed link to one of the
 * `pages` is fine, and so are pages of an `allowed` origin. Programs send none of these headers and are not concerned.
 *
 * While `open` (no credential is configured) the address itself must be a loopback one: otherwise a foreign name that
 * resolves to 127.0.0.1 would make a foreign page same-origin (DNS rebinding).
 */
export function sameOrigin({
  open,
  isPage,
  allowed,
}: {
  open: () => boolean;
  isPage: (path: string) => boolean;
  allowed: ReadonlySet<string>;
}): Check {
  return c => {
    if (open() && !LOOPBACK.test(hostOf(c)))
      throw new Failure(
        'FORBIDDEN_ORIGIN',
        'Without a configured credential the API answers only to loopback addresses; set API_KEYS or APP_BASIC_AUTH.',
      );
    if (
      isForeign(c) &&
      !fromAllowed(c.req.header('origin'), allowed) &&
      !(c.req.method === 'GET' && isPage(c.req.path))
    )
      throw new Failure('FORBIDDEN_ORIGIN');
    return undefined;
  };
}

function isForeign(c: Context): boolean {
  const site = c.req.header('sec-fetch-site');
  if (site) return site !== 'same-origin' && site !== 'none';
  // Browsers leave Sec-Fetch-Site out towards plain http on a network, and send Origin with what is not a GET.
  const origin = c.req.header('origin');
  if (!origin) return false;
  const host = origin.replace(/^https?:\/\//, '');
  return host !== hostOf(c) && host !== c.req.header('x-forwarded-host');
}

/** The host and port that the caller addressed; the URL's own where there is no header (a request inside the process). */
function hostOf(c: Context): string {
  return c.req.header('host') ?? new URL(c.req.url).host;
}
