import type { Logger } from 'pino';
import { openedBody } from '../journal/event.ts';
import { failpoint } from '../lib/failpoint.ts';
import type { Seal } from '../lib/seal.ts';
import type { Sql } from '../store/database.ts';
import { closeEndpoint } from '../store/endpoints.ts';
import { readBatch } from '../store/lanes.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Known } from './known.ts';
import { advance, cursorOf, forget, type Lane, type Ready, stock } from './lane.ts';
import type { Poster } from './post.ts';
import { decide, type Next, type Outcome } from './schedule.ts';

/** Events of a lane in one turn, and in one read. Then the endpoint's next lane has its turn. */
const QUANTUM = 50;
/** Deliveries of a lane that a crash may repeat. */
const UNSAVED = 20;

export interface CourierOptions {
  readonly sql: Sql;
  readonly log: Logger;
  readonly known: Known;
  readonly checkpoint: Checkpoint;
  readonly poster: Poster;
  /** Opens what is stored of a device. */
  readonly seals: { sealOf(deviceNo: number): Seal | Promise<Seal> };
  readonly now: () => number;
  readonly random: () => number;
  /** True when no further POST may begin. */
  readonly stopping: () => boolean;
}

/**
 * Makes the one who carries a lane's events to its endpoint: one POST at a time, in order, until the lane's turn is
 * over, it has no more, or one fails. Leaves a lane that failed resting. Fails as the database does; what was delivered
 * until then is marked and nothing else has changed.
 */
export function courier(options: CourierOptions): (lane: Lane) => Promise<void> {
  const { sql, log, known, checkpoint, poster, seals, now, random, stopping } = options;

  async function run(lane: Lane): Promise<void> {
    for (let n = 0; n < QUANTUM; n += 1) {
      if (stopping() || lane.stale || lane.endpoint.closed) return;
      if (lane.unsaved >= UNSAVED) await checkpoint.flush();
      if (lane.queue.length === 0 && lane.latest > lane.scanned) await read(lane);
      const event = lane.queue[0];
      if (!event) return;
      await failpoint('deliver.before_post');
      const outcome = await post(lane, event);
      await failpoint('deliver.after_post');
      if (outcome === 'cut') return;
      const next = decide(outcome, lane.attempt + 1, { now: now(), random });
      if (next.do !== 'advance') return fail(lane, next);
      advance(lane, known.shelf);
      lane.endpoint.failing = false;
      checkpoint.mark(lane);
    }
  }

  async function read(lane: Lane): Promise<void> {
    const { deviceNo, endpoint, scanned: cursor } = lane;
    const batch = await readBatch(sql, { endpointNo: endpoint.no, deviceNo, cursor }, QUANTUM);
    if (!batch) {
      known.drop(lane);
      lane.latest = lane.scanned;
      return;
    }
    // A hint of more than the journal has would be followed for ever.
    if (batch.scanned === cursor) lane.latest = cursor;
    const seal = await seals.sealOf(deviceNo);
    const events = batch.rows.map(row => ({
      seq: row.seq,
      id: row.id,
      body: openedBody(row, lane.deviceId, seal),
    }));
    stock(lane, events, batch.scanned, known.shelf);
    if (cursorOf(lane) > cursor) checkpoint.mark(lane);
  }

  function post({ endpoint }: Lane, { id, body }: Ready): Promise<Outcome | 'cut'> {
    const { url, skipTlsVerify } = endpoint;
    return poster.post({ url, headers: { ...endpoint.sign(id, now(), body) }, body, skipTlsVerify });
  }

  async function fail(lane: Lane, next: Exclude<Next, { do: 'advance' }>): Promise<void> {
    // The endpoint was changed while the POST was under way: this failure is not the new one's.
    if (lane.stale) return;
    const { endpoint } = lane;
    const names = {
      device: lane.deviceId,
      endpoint: endpoint.no,
      seq: cursorOf(lane) + 1,
      error: next.error,
    };
    forget(lane, known.shelf);
    lane.attempt += 1;
    lane.failure = { waitMs: next.do === 'retry' ? next.waitMs : 0, error: next.error };
    lane.state = 'resting';
    lane.restedAt = performance.now();
    endpoint.failing = true;
    checkpoint.mark(lane);
    if (next.do === 'close') {
      endpoint.closed = true;
      log.error(names, 'the endpoint is gone (410); nothing is sent to it until it is configured again');
      await closeEndpoint(sql, endpoint.no);
    } else if (lane.attempt > 1) log.debug({ ...names, attempt: lane.attempt }, 'a delivery failed again');
    else if (next.blame === 'event') log.error(names, 'an endpoint refuses an event; its lane waits for it');
    else log.warn(names, 'a delivery failed; trying again later');
  }

  return run;
}
