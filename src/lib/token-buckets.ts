/**
 * Token buckets in memory, one for each name: so many per minute, saved up to as many. No library: it is small, and its
 * clock can be a test's.
 */
import { LRUCache } from 'lru-cache';
import { monotonic } from './deadline.ts';

/** What a bucket says. `resetMs`: until it is full again; `waitMs`: until it has one again, 0 while it has. */
export interface Level {
  readonly left: number;
  readonly resetMs: number;
  readonly waitMs: number;
}

interface Bucket {
  tokens: number;
  at: number;
}

/** Names that are remembered; one that is forgotten starts full. */
const NAMES = 20_000;

export class TokenBuckets {
  readonly perMinute: number;
  readonly #now: () => number;
  readonly #buckets = new LRUCache<string, Bucket>({ max: NAMES });

  constructor(perMinute: number, now: () => number = monotonic) {
    this.perMinute = perMinute;
    this.#now = now;
  }

  /** How full it is, taking nothing. */
  level(name: string): Level {
    return this.#level(this.#filled(name).tokens);
  }

  /** Takes one. Undefined when there is none; `level` says when there will be. */
  take(name: string): Level | undefined {
    const bucket = this.#filled(name);
    if (bucket.tokens < 1 - 1e-9) return undefined;
    bucket.tokens = Math.max(0, bucket.tokens - 1);
    this.#buckets.set(name, bucket);
    return this.#level(bucket.tokens);
  }

  #filled(name: string): Bucket {
    const now = this.#now();
    const bucket = this.#buckets.get(name) ?? { tokens: this.perMinute, at: now };
    const gained = (Math.max(0, now - bucket.at) * this.perMinute) / 60_000;
    bucket.tokens = Math.min(this.perMinute, bucket.tokens + gained);
    bucket.at = now;
    return bucket;
  }

  #level(tokens: number): Level {
    // A token gained in many small parts lacks a trillionth.
    const msFor = (missing: number) => Math.max(0, Math.ceil((missing * 60_000) / this.perMinute - 1e-6));
    return {
      left: Math.floor(tokens + 1e-9),
      resetMs: msFor(this.perMinute - tokens),
      waitMs: msFor(1 - tokens),
    };
  }
}
