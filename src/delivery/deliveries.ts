import { Failure } from '../errors.ts';
import { privateEvents } from '../journal/names.ts';
import { SealBroken } from '../lib/seal.ts';
import { type Attempt, readAttempts } from '../store/attempts.ts';
import { reachStore, type Sql } from '../store/database.ts';
import {
  type DeadLetter,
  dropDeadLetters,
  readDeadLetters,
  reviveDeadLetters,
} from '../store/dead-letters.ts';
import { type ParkedRow, readParked } from '../store/parked.ts';
import {
  type Begun,
  beginReplays,
  cancelReplays,
  type Replay,
  readReplays,
  type Span,
} from '../store/replays.ts';
import { type WebhookFigures, webhookFigures } from '../store/webhook-figures.ts';
import type { Deliverer } from './deliverer.ts';
import { LANE_TRIES } from './schedule.ts';

/** Which webhook: as it is found by who asks, who may see it. */
export interface Which {
  readonly no: number;
  readonly deviceNo: number | null;
}

/** One POST. `answer` is the begin of what came back, where it may be read. */
export type AttemptView = Omit<Attempt, 'head'> & { readonly answer: string | null };

/** Dead letters that are tried again at once. */
const AT_ONCE = 1_000;

/**
 * What became of events at webhooks, for the API: attempts, parked events, dead letters, and telling again. Each call fails
 * with STORE_UNAVAILABLE.
 */
export class Deliveries {
  readonly #sql: Sql;
  readonly #deliverer: Pick<Deliverer, 'reconfigure' | 'endpointSeals' | 'look'>;
  readonly #now: () => number;

  constructor(options: {
    readonly sql: Sql;
    readonly deliverer: Pick<Deliverer, 'reconfigure' | 'endpointSeals' | 'look'>;
    readonly now?: () => number;
  }) {
    this.#sql = options.sql;
    this.#deliverer = options.deliverer;
    this.#now = options.now ?? Date.now;
  }

  /** The newest first. */
  async attempts(
    { no, deviceNo }: Which,
    page: { before: number | undefined; limit: number; failed: boolean },
  ): Promise<AttemptView[]> {
    const rows = await reachStore(() => readAttempts(this.#sql, no, page));
    return await Promise.all(
      rows.map(async ({ head, ...row }) => ({ ...row, answer: await this.#opened(deviceNo, head) })),
    );
  }

  async parked({ no }: Which, page: { limit: number; offset: number }): Promise<ParkedRow[]> {
    return await reachStore(() => readParked(this.#sql, no, page));
  }

  /** The newest first. */
  async deadLetters(
    { no }: Which,
    page: { before: number | undefined; limit: number },
  ): Promise<DeadLetter[]> {
    return await reachStore(() => readDeadLetters(this.#sql, no, page));
  }

  /**
   * Has dead letters tried again, a thousand at once, the oldest first. Fails with DEAD_LETTER_NOT_FOUND when there is none
   * of these numbers, and with DEAD_LETTER_EXPIRED when nothing of them is kept.
   */
  async revive(
    { no }: Which,
    span: { from: number | undefined; to: number | undefined },
  ): Promise<{ letters: number; events: number; expired: number }> {
    const byNameOnly = [...privateEvents];
    const how = { attempt: LANE_TRIES - 1, limit: AT_ONCE, now: this.#now(), byNameOnly };
    const { found, revived, events } = await reachStore(() =>
      reviveDeadLetters(this.#sql, { endpointNo: no, ...span }, how),
    );
    if (found === 0) throw new Failure('DEAD_LETTER_NOT_FOUND');
    if (revived === 0) throw new Failure('DEAD_LETTER_EXPIRED');
    this.#deliverer.look();
    return { letters: revived, events, expired: found - revived };
  }

  /** Resolves with how many were forgotten. */
  async drop({ no }: Which, span: { from: number | undefined; to: number | undefined }): Promise<number> {
    return await reachStore(() => dropDeadLetters(this.#sql, { endpointNo: no, ...span }));
  }

  /** Fails with DEAD_LETTER_NOT_FOUND. */
  async dropOne(which: Which, letter: number): Promise<void> {
    if ((await this.drop(which, { from: letter, to: letter })) === 0)
      throw new Failure('DEAD_LETTER_NOT_FOUND');
  }

  /** Begins to tell again. Fails with REPLAY_RUNNING when that is so for every device that there is something to be told of. */
  async replay({ no }: Which, deviceNo: number | undefined, span: Span): Promise<Begun[]> {
    const wanted = await reachStore(() => beginReplays(this.#sql, { endpointNo: no, deviceNo }, span));
    const begun = wanted.filter(each => each.begun);
    if (begun.length === 0 && wanted.some(each => each.running)) throw new Failure('REPLAY_RUNNING');
    if (begun.length > 0) this.#deliverer.look();
    return begun;
  }

  async replays({ no }: Which): Promise<Replay[]> {
    return await reachStore(() => readReplays(this.#sql, no));
  }

  /** Resolves with how many were ended; after that nothing more of them begins. */
  async cancel({ no }: Which, deviceNo: number | undefined): Promise<number> {
    const cancelled = () => cancelReplays(this.#sql, { endpointNo: no, deviceNo });
    return await reachStore(() => this.#deliverer.reconfigure(deviceNo ?? 'all', cancelled));
  }

  /** What deliveries come to, in numbers, over all webhooks. */
  async figures(): Promise<WebhookFigures> {
    return await reachStore(() => webhookFigures(this.#sql));
  }

  async #opened(deviceNo: number | null, head: Buffer | null): Promise<string | null> {
    if (head === null) return null;
    try {
      return await this.#deliverer.endpointSeals.open(deviceNo, 'head', head);
    } catch (error) {
      // Whoever looks for a fault sees the rest all the same.
      if (error instanceof SealBroken) return null;
      throw error;
    }
  }
}
