// How much a caller may ask, and a device send: token buckets, and the headers that say how full they are
// (draft-ietf-httpapi-ratelimit-headers-10).
import type { Context } from 'hono';
import { Failure } from '../errors.ts';
import { type Level, TokenBuckets } from '../lib/token-buckets.ts';
import type { Check } from './checks.ts';
import type { ApiEnv } from './deps.ts';
import { tell } from './headers.ts';

export interface Limits {
  /** Requests per minute of one key or user; 0: no limit. */
  readonly perKey: number;
  /** Messages per minute of one device; 0: no limit. */
  readonly perDevice: number;
  /** For tests. */
  readonly now?: () => number;
}

/** Counts a caller's requests. Fails with RATE_LIMITED. */
export function requestLimit({ perKey, now }: Limits): Check {
  const buckets = perKey > 0 ? new TokenBuckets(perKey, now) : undefined;
  return c => {
    const { limited, realm } = c.get('actor');
    if (buckets && limited)
      take(c, buckets, realm, 'key', 'This key asks too often; Retry-After says when to ask again.');
    return undefined;
  };
}

/** Counts a message of a device. Fails with RATE_LIMITED. */
export type SendLimit = (c: Context<ApiEnv>, deviceNo: number) => void;

/** How messages are counted: each device has a bucket of its own. */
export function sendLimit({ perDevice, now }: Limits): SendLimit {
  const buckets = perDevice > 0 ? new TokenBuckets(perDevice, now) : undefined;
  return (c, deviceNo) => {
    if (buckets)
      take(
        c,
        buckets,
        String(deviceNo),
        'device',
        'This device sends too much; Retry-After says when to go on.',
      );
  };
}

function take(
  c: Context<ApiEnv>,
  buckets: TokenBuckets,
  name: string,
  policy: 'key' | 'device',
  sentence: string,
): void {
  const level = buckets.take(name);
  const now = level ?? buckets.level(name);
  const said = c.get('limits') ?? {};
  said[policy] = {
    policy: `"${policy}";q=${buckets.perMinute};w=60`,
    level: `"${policy}";r=${now.left};t=${seconds(now)}`,
  };
  c.set('limits', said);
  const { key, device } = said;
  tell(c, 'ratelimit-policy', key && device ? `${key.policy}, ${device.policy}` : said[policy].policy);
  tell(c, 'ratelimit', key && device ? `${key.level}, ${device.level}` : said[policy].level);
  if (!level)
    throw new Failure('RATE_LIMITED', sentence, { retryAfter: Math.max(1, Math.ceil(now.waitMs / 1000)) });
}

/** Until it is full again; while it is empty, until there is room for one. */
const seconds = ({ waitMs, resetMs }: Level): number => Math.ceil((waitMs > 0 ? waitMs : resetMs) / 1000);
