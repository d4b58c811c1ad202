import type { Logger } from 'pino';
import { envelope, openedBody } from '../journal/event.ts';
import { privateEvents } from '../journal/names.ts';
import { failpoint } from '../lib/failpoint.ts';
import { type Seal, SealBroken } from '../lib/seal.ts';
import type { Sql } from '../store/database.ts';
import { closeEndpoint } from '../store/endpoints.ts';
import type { JournalRow } from '../store/journal.ts';
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
/** Between two looks at a device whose key does not open. */
const KEY_BROKEN_MS = 60_000;

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
    const batch = await readBatch(sql, { endpointNo: endpoint.no, deviceNo, cursor }, QUANTUM, [
      ...privateEvents,
    ]);
    if (!batch) {
      known.drop(lane);
      lane.latest = lane.scanned;
      return;
    }
    // A hint of more than the journal has would be followed for ever.
    if (batch.scanned === cursor) lane.latest = cursor;
    const seal = await sealOf(lane);
    if (!seal) return;
    const events = batch.rows.map(row => ({ seq: row.seq, id: row.id, body: bodyOf(row, lane, seal) }));
    stock(lane, events, batch.scanned, known.shelf);
    if (cursorOf(lane) > cursor) checkpoint.mark(lane);
  }

  /** Undefined when the device's key does not open: its lanes rest, for the operator may have its row to put back. */
  async function sealOf(lane: Lane): Promise<Seal | undefined> {
    try {
      return await seals.sealOf(lane.deviceNo);
    } catch (err) {
      if (!(err instanceof SealBroken)) throw err;
      if (lane.attempt === 0)
        log.error({ err, device: lane.deviceId }, 'events of a device cannot be opened; they wait');
      lane.attempt += 1;
      lane.failure = { waitMs: KEY_BROKEN_MS, error: 'the key of the device cannot be opened' };
      lane.state = 'resting';
      lane.restedAt = performance.now();
      checkpoint.mark(lane);
      return undefined;
    }
  }

  /** One event that was changed in the database must not hold back all that follow: it is told without what was in it. */
  function bodyOf(row: JournalRow, lane: Lane, seal: Seal): string {
    try {
      return openedBody(row, lane.deviceId, seal);
    } catch (err) {
      if (!(err instanceof SealBroken)) throw err;
      log.error(
        { err, device: lane.deviceId, seq: row.seq },
        'a stored event does not open; its payload is lost',
      );
      return envelope(row, lane.deviceId, 'null');
    }
  }

  function post({ endpoint }: Lane, { id, body }: Ready): Promise<Outcome | 'cut'> {
    const { url, skipTlsVerify, trusted } = endpoint;
    return poster.post({ url, headers: { ...endpoint.sign(id, now(), body) }, body, skipTlsVerify, trusted });
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
