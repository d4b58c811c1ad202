import { failpoint } from '../lib/failpoint.ts';
import type { Sql } from '../store/database.ts';
import { saveLanes } from '../store/lanes.ts';
import { type Lane, stateOf } from './lane.ts';

/** How long a delivered event may be unrecorded: after a crash it is delivered again. */
const EVERY_MS = 250;

export interface Checkpoint {
  /** The lane has something to be remembered; it is written within 250 ms. */
  mark(lane: Lane): void;
  /** Whether a lane waits to be written. */
  pending(lane: Lane): boolean;
  /** Resolves when everything marked before is written. Fails as the statement does; it stays marked then. */
  flush(): Promise<void>;
}

/**
 * Writes cursors together: one statement for all lanes that moved, however many there are, instead of one for each
 * event (in batches of 50 a row costs a fifth). One statement at a time, so that an older state never comes last.
 *
 * A write that nobody waits for and that fails is reported; the next flush has it in it.
 */
export function checkpoint(sql: Sql, owner: string, report: (error: unknown) => void): Checkpoint {
  const marked = new Set<Lane>();
  let writing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  async function write(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const lanes = [...marked];
    const delivered = lanes.map(lane => lane.unsaved);
    marked.clear();
    try {
      await failpoint('deliver.before_checkpoint');
      await saveLanes(sql, owner, lanes.map(stateOf));
      await failpoint('deliver.after_checkpoint');
    } catch (error) {
      for (const lane of lanes) marked.add(lane);
      throw error;
    }
    lanes.forEach((lane, i) => {
      lane.unsaved -= delivered[i] ?? 0;
    });
  }

  const begin = (): Promise<void> => {
    writing ??= write().finally(() => {
      writing = undefined;
    });
    return writing;
  };

  async function flush(): Promise<void> {
    // The write under way may have begun before the mark; the one after it has it, and is shared by all who wait.
    if (writing) await writing;
    if (marked.size > 0) await begin();
  }

  return {
    mark(lane) {
      marked.add(lane);
      timer ??= setTimeout(() => {
        timer = undefined;
        flush().catch(report);
      }, EVERY_MS);
    },
    pending: lane => marked.has(lane),
    flush,
  };
}
