// A lane in memory: what is known of one endpoint's cursor over one device's events, and the events at hand.
//
//   delivered or unwanted          at hand (queue)      unwanted      only in the journal
//   ─────────────────────── cursor ─────────────────────────── scanned ─────────────────── latest
//
// idle: nothing to do · queued: waits for a turn · running: has one · resting: the last try failed, the database says when
// it is due again. A stale lane knows nothing any more but its cursor; its row must be read before it goes on.
import { isWanted } from '../journal/names.ts';
import type { Streamed } from '../shard/protocol.ts';
import type { LaneState } from '../store/lanes.ts';
import type { OpenLane } from './secrets.ts';
import { type Signer, signer } from './sign.ts';

/** An event ready to be posted. */
export interface Ready {
  readonly seq: number;
  readonly id: string;
  readonly body: string;
}

/** An endpoint as its lanes share it. `failing` until a POST succeeds, `closed` after a 410. */
export interface Endpoint {
  readonly no: number;
  url: string;
  /** The one that counts first. */
  secrets: readonly [string, ...string[]];
  sign: Signer;
  /** Lower-case names; empty means all. */
  events: ReadonlySet<string>;
  skipTlsVerify: boolean;
  trusted: boolean;
  failing: boolean;
  closed: boolean;
}

export interface Lane {
  readonly endpoint: Endpoint;
  readonly deviceNo: number;
  readonly deviceId: string;
  readonly queue: Ready[];
  scanned: number;
  latest: number;
  until: number | null;
  attempt: number;
  failure: LaneState['failure'];
  state: 'idle' | 'queued' | 'running' | 'resting';
  stale: boolean;
  /** When it last began to rest, by the process's clock. */
  restedAt: number;
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

export function endpointOf(row: OpenLane, secret: string): Endpoint {
  const secrets = secretsOf(row, secret);
  return {
    no: row.endpointNo,
    url: row.url,
    secrets,
    sign: signer(...secrets),
    events: new Set(row.events),
    skipTlsVerify: row.skipTlsVerify,
    trusted: row.trusted,
    failing: row.attempt > 0,
    closed: false,
  };
}

function secretsOf({ secrets: [first, ...older] }: OpenLane, installation: string): [string, ...string[]] {
  return first === undefined ? [installation] : [first, ...older];
}

/** Takes over what the database says of the endpoint now. */
export function updateEndpoint(endpoint: Endpoint, row: OpenLane, secret: string): void {
  const secrets = secretsOf(row, secret);
  if (secrets.join() !== endpoint.secrets.join()) endpoint.sign = signer(...secrets);
  endpoint.secrets = secrets;
  endpoint.url = row.url;
  endpoint.events = new Set(row.events);
  endpoint.skipTlsVerify = row.skipTlsVerify;
  endpoint.closed = false;
}

export function laneOf(row: OpenLane, endpoint: Endpoint): Lane {
  return {
    endpoint,
    deviceNo: row.deviceNo,
    deviceId: row.deviceId,
    queue: [],
    scanned: row.cursor,
    latest: row.upto,
    until: row.until,
    attempt: row.attempt,
    failure: undefined,
    state: 'idle',
    stale: false,
    restedAt: 0,
    unsaved: 0,
    used: true,
  };
}

/**
 * Takes over a row that the database says is due. It may be a moment old: unless the lane is stale, what memory knows
 * of the cursor and the attempts is newer.
 */
export function refresh(lane: Lane, row: OpenLane, shelf: Shelf): void {
  const cursor = Math.max(row.cursor, cursorOf(lane));
  if (lane.stale || cursor > cursorOf(lane)) {
    forget(lane, shelf);
    lane.scanned = cursor;
  }
  lane.latest = Math.max(lane.stale ? lane.scanned : lane.latest, row.upto);
  if (!lane.stale) return;
  lane.until = row.until;
  lane.attempt = row.attempt;
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
 * Gives a lane an event that was just committed. It is kept if it is the very next one and there is room; otherwise
 * the lane only remembers that the journal has more. True when the cursor moved: the endpoint does not want the event.
 */
export function offer(lane: Lane, event: Streamed, shelf: Shelf): boolean {
  if (event.seq > (lane.until ?? Infinity) || event.seq <= lane.latest) return false;
  const next = event.seq === lane.scanned + 1 && lane.state !== 'resting';
  const wanted = isWanted(lane.endpoint.events, event.event);
  lane.latest = event.seq;
  if (!next) return false;
  if (!wanted) {
    lane.scanned = event.seq;
    return lane.queue.length === 0;
  }
  if (lane.queue.length >= QUEUE_EVENTS || shelf.held + event.body.length > shelf.room) return false;
  lane.queue.push({ seq: event.seq, id: event.id, body: event.body });
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

/** The event at the head has arrived. */
export function advance(lane: Lane, shelf: Shelf): void {
  shelf.held -= lane.queue.shift()!.body.length;
  lane.attempt = 0;
  lane.failure = undefined;
  lane.unsaved += 1;
}

/** Lets go of the events at hand; they are in the journal. */
export function forget(lane: Lane, shelf: Shelf): void {
  lane.scanned = cursorOf(lane);
  for (const { body } of lane.queue) shelf.held -= body.length;
  lane.queue.length = 0;
}

/** What is to be remembered of it. */
export function stateOf(lane: Lane): LaneState {
  return {
    endpointNo: lane.endpoint.no,
    deviceNo: lane.deviceNo,
    cursor: cursorOf(lane),
    attempt: lane.attempt,
    failure: lane.failure,
  };
}
