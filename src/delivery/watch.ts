// How endpoints take what they are sent: every POST ends here, and what it means for the endpoint as a whole is decided,
// remembered and told.
import type { Logger } from 'pino';
import type { Sql } from '../store/database.ts';
import { claimProbe, closeEndpoint, noteWarned } from '../store/endpoint-health.ts';
import { wakeLanes } from '../store/lanes.ts';
import { DISABLED_AFTER_MS, failed, type Health, OPENS_AFTER, phase, succeeded, verdict } from './breaker.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Endpoint } from './endpoint.ts';
import type { Notice, Told } from './notices.ts';

/** How old what is stored of the last success may be. */
const OK_EVERY_MS = 30_000;
/** What a try of a closed-off endpoint may take beyond its time until another node may try, too. */
const PROBE_SPARE_MS = 5_000;
/** Before an endpoint whose one try another node has is looked at again. */
const PROBE_ELSEWHERE_MS = 1_000;

export interface Watch {
  /** Whether a POST may go there now. Where it is to be found out whether anything arrives, one node may have one try. */
  may(endpoint: Endpoint): Promise<boolean>;
  /** A POST has arrived. */
  ok(endpoint: Endpoint): Promise<void>;
  /** A POST failed by the endpoint's fault. `asked` is how long it wants to be left alone. */
  failed(endpoint: Endpoint, error: string, asked: number | undefined): Promise<void>;
  /** It said that it wants nothing more. */
  gone(endpoint: Endpoint, error: string): Promise<void>;
}

export interface WatchOptions {
  readonly sql: Sql;
  readonly log: Logger;
  readonly checkpoint: Checkpoint;
  readonly now: () => number;
  readonly random: () => number;
  readonly tell: (endpoint: Endpoint, told: Told) => Promise<void>;
  /** Nothing goes there for a while, or at all: whoever waits for a turn need not. */
  readonly stopped: (endpoint: Endpoint) => void;
  /** It takes something again. */
  readonly resumed: (endpoint: Endpoint) => void;
}

export function watch({ sql, log, checkpoint, now, random, tell, stopped, resumed }: WatchOptions): Watch {
  function set(endpoint: Endpoint, health: Health): void {
    endpoint.health = health;
    endpoint.changedAt = performance.now();
  }

  async function told(endpoint: Endpoint, notice: Notice, reason: string | undefined, since: number) {
    await tell(endpoint, { notice, reason, since });
    if (notice === 'webhook.disabled') return;
    const warned = notice === 'webhook.failing';
    await noteWarned(sql, endpoint.no, warned ? now() : undefined);
    set(endpoint, { ...endpoint.health, warned });
  }

  async function close(endpoint: Endpoint, state: 'gone' | 'disabled', reason: string): Promise<void> {
    endpoint.closed = true;
    // Whatever is read of it until this is stored says less than this.
    endpoint.changedAt = Infinity;
    stopped(endpoint);
    const names = { endpoint: endpoint.no, webhook: endpoint.webhookId };
    log.error(names, `nothing is sent to a webhook until it is configured again or resumed: ${reason}`);
    try {
      await checkpoint.flush();
      await told(endpoint, 'webhook.disabled', reason, endpoint.health.firstFailAt ?? now());
      await closeEndpoint(sql, endpoint.no, { state, reason, now: now() });
    } finally {
      endpoint.changedAt = performance.now();
    }
  }

  return {
    async may(endpoint) {
      if (endpoint.closed) return false;
      const at = now();
      const { health } = endpoint;
      if (phase(health, at) !== 'half-open') return phase(health, at) === 'closed';
      const until = at + endpoint.timeoutMs + PROBE_SPARE_MS;
      if (await claimProbe(sql, endpoint.no, { now: at, until })) return true;
      set(endpoint, { ...health, until: at + PROBE_ELSEWHERE_MS });
      stopped(endpoint);
      return false;
    },

    async ok(endpoint) {
      const { health } = endpoint;
      const sound = health.fails === 0 && health.until === -Infinity;
      if (sound && now() - (health.lastOkAt ?? -Infinity) < OK_EVERY_MS) return;
      set(endpoint, succeeded(health, now()));
      checkpoint.markEndpoint(endpoint);
      if (health.warned) await told(endpoint, 'webhook.recovered', undefined, health.firstFailAt ?? now());
      if (health.fails < OPENS_AFTER && health.until === -Infinity) return;
      log.info({ endpoint: endpoint.no, fails: health.fails }, 'a webhook takes events again');
      // What was to be remembered of its lanes first: they rest there, too.
      await checkpoint.flush();
      await wakeLanes(sql, endpoint.no);
      resumed(endpoint);
    },

    async failed(endpoint, error, asked) {
      const before = endpoint.health;
      set(endpoint, failed(before, { now: now(), random, asked }));
      checkpoint.markEndpoint(endpoint);
      const { health } = endpoint;
      if (before.until === -Infinity && health.until !== -Infinity) {
        const names = { endpoint: endpoint.no, fails: health.fails, error };
        log.warn(names, 'a webhook takes nothing; it is tried from time to time');
      }
      if (health.until !== -Infinity) stopped(endpoint);
      const said = endpoint.closed ? undefined : verdict(health, now());
      const since = health.firstFailAt ?? now();
      if (said === 'failing') {
        await checkpoint.flush();
        await told(endpoint, 'webhook.failing', error, since);
      } else if (said === 'disabled') {
        const days = DISABLED_AFTER_MS / 86_400_000;
        await close(endpoint, 'disabled', `it has taken nothing for ${days} days: ${error}`);
      }
    },

    async gone(endpoint, error) {
      if (!endpoint.closed) await close(endpoint, 'gone', `it answered 410 (${error})`);
    },
  };
}
