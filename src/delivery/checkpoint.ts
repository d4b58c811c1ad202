import { failpoint } from '../lib/failpoint.ts';
import type { Sql } from '../store/database.ts';
import { saveHealth } from '../store/endpoint-health.ts';
import { endReplays, saveLanes } from '../store/lanes.ts';
import type { Attempts } from './attempts.ts';
import type { Endpoint } from './endpoint.ts';
import { cursorOf, type Lane, stateOf } from './lane.ts';

/** How long a delivered event may be unrecorded: after a crash it is delivered again. */
const EVERY_MS = 250;

export interface Checkpoint {
  /** The lane has something to be remembered; it is written within 250 ms. */
  mark(lane: Lane): void;
  /** The same of what is known of an endpoint. */
  markEndpoint(endpoint: Endpoint): void;
  /** Attempts were noted. */
  markAttempts(): void;
  /** Whether a lane waits to be written. */
  pending(lane: Lane): boolean;
  /** Resolves when everything marked before is written. Fails as the statement does; it stays marked then. */
  flush(): Promise<void>;
}

/**
 * Writes cursors together: one statement for all lanes that moved, however many there are, instead of one for each
 * event (in batches of 50 a row costs a fifth), and one more for endpoints and for attempts where there are any. One
 * write at a time, so that an older state never comes last.
 *
 * A write that nobody waits for and that fails is reported; the next flush has it in it.
 */
export function checkpoint(
  { sql, owner, attempts }: { sql: Sql; owner: string; attempts: Attempts },
  report: (error: unknown) => void,
): Checkpoint {
  const marked = new Set<Lane>();
  const endpoints = new Set<Endpoint>();
  let writing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  async function write(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const lanes = [...marked];
    const delivered = lanes.map(lane => lane.unsaved);
    const known = [...endpoints];
    marked.clear();
    endpoints.clear();
    try {
      if (lanes.length > 0) await writeLanes(lanes);
      await saveHealth(
        sql,
        known.map(({ no, health }) => ({ endpointNo: no, ...health })),
      );
    } catch (error) {
      for (const lane of lanes) marked.add(lane);
      for (const endpoint of known) endpoints.add(endpoint);
      throw error;
    }
    lanes.forEach((lane, i) => {
      lane.unsaved -= delivered[i] ?? 0;
    });
    await attempts.write();
  }

  async function writeLanes(lanes: readonly Lane[]): Promise<void> {
    await failpoint('deliver.before_checkpoint');
    await saveLanes(sql, owner, lanes.map(stateOf));
    await failpoint('deliver.after_checkpoint');
    const told = lanes.filter(lane => lane.replay && cursorOf(lane) >= (lane.until ?? Infinity));
    if (told.length > 0) await endReplays(sql, owner, told.map(stateOf));
  }

  const begin = (): Promise<void> => {
    writing ??= write().finally(() => {
      writing = undefined;
    });
    return writing;
  };

  async function flush(): Promise<void> {
    // The write under way may have begun before the mark; the one after it has it, and is shared by all who wait: whoever
    // comes second finds nothing marked any more, and it under way.
    if (writing) await writing;
    if (writing || marked.size + endpoints.size + attempts.waiting > 0) await begin();
  }

  function soon(): void {
    timer ??= setTimeout(() => {
      timer = undefined;
      flush().catch(report);
    }, EVERY_MS);
  }

  return {
    mark(lane) {
      marked.add(lane);
      soon();
    },
    markEndpoint(endpoint) {
      endpoints.add(endpoint);
      soon();
    },
    markAttempts: soon,
    pending: lane => marked.has(lane),
    flush,
  };
}
