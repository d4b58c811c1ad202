// What every request gets before anything looks at it: an id, the headers of every answer, a place in log and metrics.
import { randomUUID } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { Logger } from 'pino';
import { Failure } from '../errors.ts';
import type { callerAddress } from './address.ts';
import type { Check } from './checks.ts';
import type { ApiEnv } from './deps.ts';
import { tell, tellAll } from './headers.ts';
import type { Metrics } from './metrics.ts';

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** Names the request (by its own X-Request-Id if that is harmless), times it, counts it and logs it by its pattern. */
export function observation(
  metrics: Metrics,
  addressOf: ReturnType<typeof callerAddress>,
  log: Logger,
): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const began = performance.now();
    const sent = c.req.header('x-request-id') ?? '';
    const request = REQUEST_ID.test(sent) ? sent : randomUUID();
    c.set('request', request);
    c.set('address', addressOf(c.env?.remote, c.req.header('x-forwarded-for')));
    c.set('headers', {
      'x-request-id': request,
      'x-content-type-options': 'nosniff',
      // Answers hold QR codes and accounts: nothing on the way may keep them.
      'cache-control': 'no-store',
    });
    await next();
    tellAll(c);
    const seconds = (performance.now() - began) / 1000;
    // A path may hold an account's JID and a query a phone number; the pattern holds neither.
    const route = matchedRoutes(c).findLast(matched => matched.method !== 'ALL')?.path ?? 'none';
    const served = { method: c.req.method, route, status: c.res.status };
    metrics.served({ ...served, seconds });
    if (!log.isLevelEnabled('debug')) return;
    const who = { request, actor: c.get('actor')?.name, device: c.get('device') };
    log.debug({ ...who, ...served, ms: Math.round(seconds * 1000) }, 'request served');
  };
}

/** Says on every answer that the WhatsApp behind it is simulated, so that nobody takes a test for the real thing. */
export function marked(simulated: boolean): Check {
  return c => {
    if (simulated) tell(c, 'x-cardume-simulated', 'true');
    return undefined;
  };
}

const PROBES = new Set(['/health', '/ready', '/metrics']);

/** Answers SHUTTING_DOWN to what still arrives on open connections once the server is closing. */
export function turnAway(started: () => boolean): Check {
  return c => {
    if (c.env?.closing?.aborted) throw new Failure('SHUTTING_DOWN');
    // The address is taken before the devices are: a second start that finds it in use has taken nothing from the first.
    if (!started() && !PROBES.has(c.req.path))
      throw new Failure('SHARD_UNAVAILABLE', 'The server is starting; try again.');
    return undefined;
  };
}
