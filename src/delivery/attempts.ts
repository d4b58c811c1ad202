// What is noted of POSTs. Nothing waits for it: notes are written with the next checkpoint, and when the database is away
// for long the oldest are lost before anything else is.
import { Failure } from '../errors.ts';
import { SealBroken } from '../lib/seal.ts';
import { type NewAttempt, saveAttempts } from '../store/attempts.ts';
import type { Sql } from '../store/database.ts';
import type { Endpoint } from './endpoint.ts';
import { classify, describe, type Outcome } from './schedule.ts';
import type { EndpointSeals } from './secrets.ts';

/** Every failure is noted, of successes the first after a failure and then one of so many. */
export const NOTED_SUCCESS = 100;
/** Notes that wait to be written. */
const ROOM = 2_000;

export interface Try extends Pick<NewAttempt, 'deviceNo' | 'seq' | 'eventId' | 'at' | 'ms' | 'replay'> {
  readonly outcome: Outcome;
}

export interface Attempts {
  /** Notes a POST if it is one of those that are noted. */
  note(endpoint: Endpoint, made: Try): void;
  readonly waiting: number;
  /** Writes down what was noted. What fails is reported, and stays for the next time. */
  write(): Promise<void>;
}

export function attempts(
  { sql, seals }: { sql: Sql; seals: EndpointSeals },
  { noted, report }: { noted: () => void; report: (error: unknown) => void },
): Attempts {
  let waiting: { readonly endpoint: Endpoint; readonly made: Try }[] = [];

  async function sealed({ endpoint, made }: (typeof waiting)[0]): Promise<NewAttempt | undefined> {
    const { outcome, ...rest } = made;
    const head = 'status' in outcome ? outcome.head : undefined;
    const failed = classify(outcome) !== 'delivered';
    try {
      return {
        ...rest,
        endpointNo: endpoint.no,
        status: 'status' in outcome ? outcome.status : null,
        error: failed ? describe(outcome) : null,
        head: head ? await seals.seal(endpoint.ofDevice, 'head', head) : null,
      };
    } catch (error) {
      // The device's key does not open, or the device is gone: what its receiver said is nobody's any more.
      if (error instanceof SealBroken || (error instanceof Failure && error.code === 'DEVICE_NOT_FOUND'))
        return undefined;
      throw error;
    }
  }

  return {
    note(endpoint, made) {
      const failed = classify(made.outcome) !== 'delivered';
      const first = endpoint.failedLast || endpoint.unnoted + 1 >= NOTED_SUCCESS;
      endpoint.failedLast = failed;
      endpoint.unnoted = failed || first ? 0 : endpoint.unnoted + 1;
      if (!failed && !first) return;
      if (waiting.length >= ROOM) waiting.shift();
      waiting.push({ endpoint, made });
      noted();
    },

    get waiting() {
      return waiting.length;
    },

    async write() {
      if (waiting.length === 0) return;
      const taken = waiting;
      waiting = [];
      try {
        const rows = await Promise.all(taken.map(sealed));
        await saveAttempts(
          sql,
          rows.filter(row => row !== undefined),
        );
      } catch (error) {
        waiting = [...taken, ...waiting].slice(-ROOM);
        report(error);
      }
    },
  };
}
