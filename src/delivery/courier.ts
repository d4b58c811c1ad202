import type { Logger } from 'pino';
import { failpoint } from '../lib/failpoint.ts';
import type { Sql } from '../store/database.ts';
import { park } from '../store/parked.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Known } from './known.ts';
import { advance, forget, type Lane, nextBatch, type Ready, rest, ripe, skip, wantsMore } from './lane.ts';
import { decide, type Next, parkedWait, refusedWait } from './schedule.ts';
import type { Send } from './send.ts';
import type { Watch } from './watch.ts';

/** Events of a lane in one turn, and in one read. Then the endpoint's next lane has its turn. */
const QUANTUM = 50;
/** Deliveries of a lane that a crash may repeat; a batch more where an endpoint takes batches. */
const UNSAVED = 20;

const crammed = ({ shelf }: Pick<Known, 'shelf'>): boolean => shelf.held > shelf.room;

export interface CourierOptions {
  readonly sql: Sql;
  readonly owner: string;
  readonly log: Logger;
  readonly known: Known;
  readonly checkpoint: Checkpoint;
  readonly watch: Watch;
  readonly read: (lane: Lane, limit: number) => Promise<void>;
  readonly send: Send;
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
  const { sql, owner, log, known, checkpoint, watch, read, send, now, random, stopping } = options;

  async function run(lane: Lane): Promise<void> {
    const { endpoint } = lane;
    const quantum = Math.max(QUANTUM, endpoint.batch.events);
    for (let n = 0; n < quantum; ) {
      if (stopping() || lane.stale || endpoint.closed) return;
      if (lane.unsaved >= UNSAVED) await checkpoint.flush();
      while (wantsMore(lane)) {
        const { scanned } = lane;
        await read(lane, quantum);
        if (lane.state !== 'running' || lane.scanned === scanned) break;
      }
      if (lane.state !== 'running') return;
      const events = nextBatch(lane);
      // What waits to become a whole batch may not fill the memory: where there is no room it goes as it is.
      if (events.length === 0 || !(ripe(lane, performance.now()) || crammed(known))) return;
      if (!(await watch.may(endpoint))) return;
      if (!(await carry(lane, events))) return;
      n += events.length;
    }
    // Its turn is over, and what is left at hand is in the journal, too.
    if (crammed(known)) forget(lane, known.shelf);
  }

  /** One POST. False when the lane's turn is over with it. */
  async function carry(lane: Lane, events: readonly Ready[]): Promise<boolean> {
    const { endpoint, deviceNo, replay } = lane;
    await failpoint('deliver.before_post');
    const outcome = await send(endpoint, { deviceNo, events, replay });
    await failpoint('deliver.after_post');
    if (outcome === 'cut') return false;
    const next = decide(outcome, lane.attempt + 1, { now: now(), random });
    if (next.do === 'advance') {
      advance(lane, events.length, known.shelf);
      checkpoint.mark(lane);
      await watch.ok(endpoint);
      return true;
    }
    // The endpoint was changed while the POST was under way: this failure is not the new one's.
    if (lane.stale) return false;
    if (endpoint.batch.events > 1) lane.frozenTo = events.at(-1)!.seq;
    if (next.do === 'refused') return await refused(lane, events, next.error);
    await failed(lane, next);
    return false;
  }

  /** The endpoint fails: no event has spent an attempt. */
  async function failed(lane: Lane, next: Exclude<Next, { do: 'advance' | 'refused' }>): Promise<void> {
    const { endpoint } = lane;
    const detail = next.do === 'wait' ? next.detail : undefined;
    const names = { device: lane.deviceId, endpoint: endpoint.no, error: next.error, detail };
    lane.attempt += 1;
    rest(lane, known.shelf, next.do === 'wait' ? now() + next.waitMs : -Infinity, next.error);
    checkpoint.mark(lane);
    if (next.do === 'close') return await watch.gone(endpoint, next.error);
    if (lane.attempt > 1) log.debug({ ...names, attempt: lane.attempt }, 'a delivery failed again');
    else log.info(names, 'a delivery failed; trying again later');
    await watch.failed(endpoint, next.error, next.asked);
  }

  /** The receiver is there and does not take what it got. True when the lane goes on with what comes after it. */
  async function refused(lane: Lane, events: readonly Ready[], error: string): Promise<boolean> {
    const { endpoint, deviceNo, replay } = lane;
    const [event] = events as [Ready, ...Ready[]];
    // It answers: that is more than an endpoint that is down does.
    await watch.ok(endpoint);
    if (events.length > 1) {
      // One of them is at fault; halves find it, each of them a batch of its own.
      lane.frozenTo = events[Math.floor(events.length / 2) - 1]!.seq;
      checkpoint.mark(lane);
      return true;
    }
    const names = { device: lane.deviceId, endpoint: endpoint.no, seq: event.seq, event: event.id, error };
    lane.refused += 1;
    const waitMs = refusedWait(lane.refused, endpoint.strict);
    if (waitMs !== undefined) {
      log.debug({ ...names, refused: lane.refused }, 'an endpoint refuses an event; trying again');
      rest(lane, known.shelf, now() + waitMs, error);
      checkpoint.mark(lane);
      return false;
    }
    log.warn(names, 'an endpoint refuses an event; it is parked, and its lane goes on');
    await park(
      sql,
      owner,
      { endpointNo: endpoint.no, deviceNo, replay, seq: event.seq, run: lane.run },
      {
        ...{ attempt: lane.refused, error, now: now() },
        notBefore: now() + (parkedWait(lane.refused, random) ?? 0),
      },
    );
    skip(lane, known.shelf);
    checkpoint.mark(lane);
    return true;
  }

  return run;
}
