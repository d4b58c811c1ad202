// A lane in memory: what is known of one endpoint's cursor over one device's events, and the events at hand.
//
//   delivered or unwanted          at hand (queue)      unwanted      only in the journal
//   ─────────────────────── cursor ─────────────────────────── scanned ─────────────────── latest
//
// idle: nothing to do · queued: waits for a turn · running: has one · resting: the last try failed, the database says when
// it is due again; what it has at hand it keeps, unless its endpoint as a whole takes nothing. A stale lane knows nothing any more but its cursor; its row must be read before it goes on.
import type { Streamed } from '../shard/protocol.ts';
import type { DueLane, LaneState } from '../store/lanes.ts';
import { type Endpoint, takesNothing } from './endpoint.ts';
import { wants } from './filter.ts';

/** An event ready to be posted. `at` is when it came to hand, by the process's clock. */
export interface Ready {
  readonly seq: number;
  readonly id: string;
  readonly body: string;
  readonly at: number;
}

/** What a row says of a lane; what it says of its endpoint is taken over by the endpoint. */
export type LaneRow = Pick<
  DueLane,
  | 'deviceNo'
  | 'deviceId'
  | 'replay'
  | 'run'
  | 'cursor'
  | 'until'
  | 'upto'
  | 'attempt'
  | 'refused'
  | 'frozenTo'
>;

export interface Lane {
  readonly endpoint: Endpoint;
  readonly deviceNo: number;
  readonly deviceId: string;
  /** It tells again what was told before. */
  readonly replay: boolean;
  /** Which of the replays of its device. */
  readonly run: number;
  readonly queue: Ready[];
  scanned: number;
  latest: number;
  until: number | null;
  /** How often in a row the endpoint failed it, and how often the receiver refused the event at the head. */
  attempt: number;
  refused: number;
  /** The last seq of a batch that was tried and has not arrived: it is tried again as it was. */
  frozenTo: number | undefined;
  failure: LaneState['failure'];
  state: 'idle' | 'queued' | 'running' | 'resting';
  stale: boolean;
  /** When it last began to rest, by the process's clock. */
  restedAt: number;
  /** Waits for its batch to become full or old. */
  timer: NodeJS.Timeout | undefined;
  /** Events delivered since the cursor was last written. */
  unsaved: number;
  /** Whether it was of use since the last sweep. */
  used: boolean;
}

/** Bytes of bodies (as UTF-16 units) that all queues hold together, and how many they may. */
export interface Shelf {
  held: number;
  readonly room: number;
}

/** An idle lane holds at most this many events that were streamed to it; what comes then is read from the journal. */
const QUEUE_EVENTS = 50;
/** Of the shelf, the part up to which lanes that rest have room there: they must not take all of it from those whose events leave at once. */
const RESTING_PART = 1 / 2;
/** Characters of a batch's events; as UTF-8 it may be more, and is under three times as much. */
const BATCH_LENGTH = 512 * 1024;

export function laneOf(row: LaneRow, endpoint: Endpoint): Lane {
  return {
    endpoint,
    deviceNo: row.deviceNo,
    deviceId: row.deviceId,
    replay: row.replay,
    run: row.run,
    queue: [],
    scanned: row.cursor,
    latest: row.upto,
    until: row.until,
    attempt: row.attempt,
    refused: row.refused,
    frozenTo: row.frozenTo ?? undefined,
    failure: undefined,
    state: 'idle',
    stale: false,
    restedAt: 0,
    timer: undefined,
    unsaved: 0,
    used: true,
  };
}

/**
 * Takes over a row that the database says is due. It may be a moment old: unless the lane is stale, what memory knows
 * of the cursor and the attempts is newer.
 */
export function refresh(lane: Lane, row: LaneRow, shelf: Shelf): void {
  const cursor = Math.max(row.cursor, cursorOf(lane));
  if (lane.stale || cursor > cursorOf(lane)) {
    forget(lane, shelf);
    lane.scanned = cursor;
  }
  lane.latest = Math.max(lane.stale ? lane.scanned : lane.latest, row.upto);
  if (!lane.stale) return;
  lane.until = row.until;
  lane.attempt = row.attempt;
  lane.refused = row.refused;
  lane.frozenTo = row.frozenTo ?? undefined;
  lane.failure = undefined;
  lane.stale = false;
}

/** The seq up to which everything was delivered or is unwanted. */
export function cursorOf({ queue: [head], scanned }: Lane): number {
  return head ? head.seq - 1 : scanned;
}

export function hasWork(lane: Lane): boolean {
  return lane.queue.length > 0 || lane.latest > lane.scanned;
}

/**
 * Whether it is worth a turn: it has something, and what would be a part of a batch has waited long enough for the rest.
 * `at` is the process's clock.
 */
export function ready(lane: Lane, at: number): boolean {
  return wantsMore(lane) || (lane.queue.length > 0 && ripe(lane, at));
}

/** Whether what is at hand may go as one POST: it is a whole batch, one that was tried before, or old enough. */
export function ripe(lane: Lane, at: number): boolean {
  const { endpoint, queue, frozenTo, replay } = lane;
  const { events, ms } = endpoint.batch;
  const [head] = queue;
  if (!head) return false;
  if (events === 1 || replay || frozenTo !== undefined || queue.length >= events) return true;
  // A batch is whole by its bytes, too.
  return at - head.at >= ms || nextBatch(lane).length < queue.length;
}

/** The events of the next POST. */
export function nextBatch({ endpoint, queue, frozenTo }: Lane): readonly Ready[] {
  const [head] = queue;
  if (!head) return [];
  if (frozenTo !== undefined && frozenTo >= head.seq) return queue.filter(({ seq }) => seq <= frozenTo);
  let length = 0;
  const end = queue.findIndex(({ body }, n) => {
    length += body.length;
    return n > 0 && (n >= endpoint.batch.events || length > BATCH_LENGTH);
  });
  return end === -1 ? [...queue] : queue.slice(0, end);
}

/** Whether more must be read before the next POST can be what it should be. */
export function wantsMore(lane: Lane): boolean {
  const { endpoint, queue, frozenTo, scanned, latest } = lane;
  if (latest <= scanned) return false;
  if (queue.length === 0) return true;
  if (frozenTo !== undefined) return scanned < frozenTo;
  return queue.length < endpoint.batch.events && nextBatch(lane).length === queue.length;
}

/**
 * Gives a lane an event that was just committed. It is kept if it is the very next one and there is room; otherwise
 * the lane only remembers that the journal has more. True when the cursor moved: the endpoint does not want the event.
 */
export function offer(
  lane: Lane,
  event: Streamed,
  shelf: Shelf,
  { payload, at }: { payload: () => Record<string, unknown>; at: number },
): boolean {
  if (event.seq > (lane.until ?? Infinity) || event.seq <= lane.latest) return false;
  const { endpoint } = lane;
  const next = event.seq === lane.scanned + 1 && !takesNothing(endpoint);
  lane.latest = event.seq;
  if (!next) return false;
  if (!wants(endpoint.filter, event.event, payload)) {
    lane.scanned = event.seq;
    return lane.queue.length === 0;
  }
  const full = lane.queue.length >= Math.max(QUEUE_EVENTS, endpoint.batch.events);
  const room = lane.state === 'resting' ? shelf.room * RESTING_PART : shelf.room;
  if (full || shelf.held + event.body.length > room) return false;
  lane.queue.push({ seq: event.seq, id: event.id, body: event.body, at });
  lane.scanned = event.seq;
  shelf.held += event.body.length;
  return false;
}

/** Puts what was read from the journal after `scanned` at hand. */
export function stock(lane: Lane, events: readonly Ready[], scanned: number, shelf: Shelf): void {
  for (const event of events) {
    lane.queue.push(event);
    shelf.held += event.body.length;
  }
  lane.scanned = scanned;
  lane.latest = Math.max(lane.latest, scanned);
}

/** So many events at the head have arrived. */
export function advance(lane: Lane, count: number, shelf: Shelf): void {
  for (const { body } of lane.queue.splice(0, count)) shelf.held -= body.length;
  lane.unsaved += count;
  fresh(lane);
}

/** The event at the head is none of the lane's any more: it goes its own way. */
export function skip(lane: Lane, shelf: Shelf): void {
  for (const { body } of lane.queue.splice(0, 1)) shelf.held -= body.length;
  fresh(lane);
}

function fresh(lane: Lane): void {
  lane.attempt = 0;
  lane.refused = 0;
  lane.frozenTo = undefined;
  lane.failure = undefined;
}

/** Lets go of the events at hand; they are in the journal. */
export function forget(lane: Lane, shelf: Shelf): void {
  lane.scanned = cursorOf(lane);
  for (const { body } of lane.queue) shelf.held -= body.length;
  lane.queue.length = 0;
}

/** The last try failed, and nothing is tried before `until` (ms since 1970). What is at hand stays there if there is room for it. */
export function rest(lane: Lane, shelf: Shelf, until: number, error: string): void {
  if (shelf.held > shelf.room * RESTING_PART) forget(lane, shelf);
  lane.failure = { until, error };
  lane.state = 'resting';
  lane.restedAt = performance.now();
}

/** What is to be remembered of it. */
export function stateOf(lane: Lane): LaneState {
  return {
    endpointNo: lane.endpoint.no,
    deviceNo: lane.deviceNo,
    replay: lane.replay,
    run: lane.run,
    cursor: cursorOf(lane),
    attempt: lane.attempt,
    refused: lane.refused,
    frozenTo: lane.frozenTo,
    failure: lane.failure,
  };
}
