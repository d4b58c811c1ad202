// Web pages of other origins that may call the API, when the operator names them (gowa's APP_CORS_ALLOWED_ORIGINS).
import type { Check } from './checks.ts';
import { tell } from './headers.ts';

const METHODS = 'GET, POST, PUT, PATCH, DELETE';
const REQUEST_HEADERS =
  'Authorization, X-API-Key, Content-Type, X-Device-Id, X-Request-Id, Idempotency-Key, X-Archive-Passphrase, Last-Event-ID';
const ANSWER_HEADERS =
  'X-Request-Id, Retry-After, RateLimit, RateLimit-Policy, Idempotency-Replayed, Content-Disposition';
/** Seconds that a browser may remember a preflight. */
const PREFLIGHT_AGE = '600';

/** Whether the request comes from a page of an origin in the list: exactly, as browsers write origins. */
export function fromAllowed(origin: string | undefined, allowed: ReadonlySet<string>): boolean {
  return origin !== undefined && allowed.has(origin);
}

/**
 * Answers preflights of the listed origins and marks the answers that they may read. Everybody else gets none of these
 * headers, which is what keeps a browser from handing an answer over. Cookies and basic auth that a browser would send by
 * itself are not allowed (no Allow-Credentials): a page sends its credential as a header.
 */
export function cors(allowed: ReadonlySet<string>): Check {
  return c => {
    if (allowed.size === 0) return undefined;
    tell(c, 'vary', 'Origin');
    const origin = c.req.header('origin');
    if (origin === undefined || !fromAllowed(origin, allowed)) return undefined;
    tell(c, 'access-control-allow-origin', origin);
    if (c.req.method === 'OPTIONS' && c.req.header('access-control-request-method')) {
      tell(c, 'access-control-allow-methods', METHODS);
      tell(c, 'access-control-allow-headers', REQUEST_HEADERS);
      tell(c, 'access-control-max-age', PREFLIGHT_AGE);
      return c.body(null, 204);
    }
    tell(c, 'access-control-expose-headers', ANSWER_HEADERS);
    return undefined;
  };
}
