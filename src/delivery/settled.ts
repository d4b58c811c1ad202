import type { Sql } from '../store/database.ts';
import { settledDevices } from '../store/lanes.ts';

/** Between two questions which devices have become settled. */
const LEARN_MS = 2_000;
/** So long one is taken for settled, and up to twice as long: what another node has made due without a word is found then. */
const TRUST_MS = 8_000;

/** Devices of which nothing waits for a webhook, as of how many events: a look passes them over until they have more. */
export interface Settled {
  /** What is known by now. Asks the database where that is due, and fails as it does. */
  known(): Promise<ReadonlyMap<number, number>>;
  /** What was known of a device (of all, unless given) may be wrong. */
  forget(deviceNo?: number): void;
}

/** Nothing known yet. `at` is the process's clock. */
export function settled(
  { sql, owner }: { readonly sql: Sql; readonly owner: string },
  at: () => number = () => performance.now(),
): Settled {
  const seqs = new Map<number, number>();
  const until = new Map<number, number>();
  let learntAt = at();
  let changes = 0;

  function drop(deviceNo: number): void {
    seqs.delete(deviceNo);
    until.delete(deviceNo);
  }

  async function learn(): Promise<void> {
    learntAt = at();
    const before = changes;
    const rows = await settledDevices(sql, owner, seqs);
    // What was read beside a change may be from before it.
    if (before !== changes) return;
    for (const { no, seq } of rows) {
      seqs.set(no, seq);
      // Not all at once: no look has more to do than others.
      until.set(no, at() + TRUST_MS * (1 + Math.random()));
    }
  }

  return {
    async known() {
      for (const [deviceNo, end] of until) if (end <= at()) drop(deviceNo);
      if (at() - learntAt >= LEARN_MS) await learn();
      return seqs;
    },

    forget(deviceNo) {
      changes += 1;
      if (deviceNo !== undefined) return drop(deviceNo);
      seqs.clear();
      until.clear();
    },
  };
}
