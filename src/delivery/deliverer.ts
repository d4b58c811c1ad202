// Journal -> webhooks. What is owed is known from rows alone: an endpoint has a cursor (a lane) over each device's events,
// and a lane whose cursor is behind the device's last event is due. So nothing is queued that could be lost, and an
// outage of a receiver costs no memory, only a longer way to read.
//
// Promises, each of them a test in test/delivery:
// - an event is posted until it is answered with 2xx, in order: n+1 of a device is not tried before n has arrived;
// - lanes do not wait for each other: places are limited per endpoint and in all, and failing endpoints share half of them;
// - at least once: a cursor is written after 20 events or 250 ms and at the end. A crash in between delivers these
//   events again, with the same webhook-id;
// - how often an event failed and when it is due again is in the database and survives a restart.
//
// Two ways in. A poll every 500 ms is the truth: it finds every due lane. `wake` is the short way for events that a shard
// has just committed: a lane that has delivered everything before takes their bodies as they are, without a read.
// A device's events are delivered by the node that owns the device: from the recorded cursor on, when it has taken it.
import type { Logger } from 'pino';
import { failpoint } from '../lib/failpoint.ts';
import type { Guard } from '../lib/guard.ts';
import type { Seal } from '../lib/seal.ts';
import type { Service } from '../lib/service.ts';
import type { Streamed } from '../shard/protocol.ts';
import { type Sql, unavailable } from '../store/database.ts';
import { dueLanes } from '../store/lanes.ts';
import { type Checkpoint, checkpoint } from './checkpoint.ts';
import { courier } from './courier.ts';
import { type Known, known } from './known.ts';
import { forget, hasWork, type Lane, offer } from './lane.ts';
import { Poll } from './poll.ts';
import { Poster } from './post.ts';
import { type DeviceKeys, EndpointSeals, type OpenLane, openLanes } from './secrets.ts';
import { type Turn, type Turns, turns } from './turns.ts';

export interface DelivererOptions {
  readonly sql: Sql;
  /** The node whose devices' events are delivered. */
  readonly owner: string;
  /** Whether it may act for them; true unless given. Asked before every POST. */
  readonly held?: () => boolean;
  readonly log: Logger;
  /** Opens what is stored of a device. */
  readonly seals: DeviceKeys;
  /** The installation's webhook secret, for endpoints without their own. */
  readonly secret: string;
  /** Seals what is secret of endpoints that are for all devices. */
  readonly webhookSeal: Seal;
  /** Ours, for the user-agent. */
  readonly version: string;
  /** Where POSTs to what is not the operator's own may go. */
  readonly guard: Guard;
  /** Milliseconds that POSTs under way are given when it stops; 10 s unless given. Up to 4 s more go to the database. */
  readonly stopMs?: number;
  /** Milliseconds since 1970; signs the attempts. When a lane is due is the database's clock alone. */
  readonly now?: () => number;
  /** In [0, 1), for the jitter. */
  readonly random?: () => number;
}

const IN_FLIGHT = 256;
const IN_FLIGHT_PER_ENDPOINT = 8;
const IN_FLIGHT_FAILING = IN_FLIGHT / 2;
const POLL_MS = 500;
/** Wake-ups for devices that are not in memory are gathered this long into one poll. */
const NUDGE_MS = 20;
/** Rows of one poll, and of one endpoint in it; an endpoint with so many lanes at hand is not asked for. */
const POLL_LANES = 1_000;
const POLL_LANES_EACH = 100;
const CROWDED = 50;
const SWEEP_MS = 60_000;
const STOP_STORE_MS = 2_000;

export class Deliverer implements Service {
  readonly endpointSeals: EndpointSeals;
  readonly #sql: Sql;
  readonly #log: Logger;
  readonly #owner: string;
  readonly #held: () => boolean;
  readonly #stopMs: number;
  readonly #poster: Poster;
  readonly #poll: Poll;
  readonly #known: Known;
  readonly #checkpoint: Checkpoint;
  readonly #turns: Turns<Lane>;
  readonly #carry: (lane: Lane) => Promise<void>;
  readonly #carrying = new Set<Promise<void>>();
  #state: 'new' | 'started' | 'stopping' = 'new';
  #stopped: Promise<void> | undefined;
  /** Lanes that the last look found and that had not been known to be due: there may be more where they came from. */
  #found = 0;
  /** Devices that a wake-up came for and that nothing is known of. */
  readonly #unknown = new Set<number>();
  #sweptAt = performance.now();
  /** Endpoints whose secret does not open. */
  readonly #broken = new Set<number>();
  #trouble = false;
  /** Devices whose endpoints are being changed, how often a change began or ended, and the last one. */
  readonly #changing = new Set<number>();
  #changes = 0;
  #lastChange: Promise<unknown> = Promise.resolve();

  constructor(options: DelivererOptions) {
    const { sql, log, seals, secret, version, stopMs = 10_000 } = options;
    const { now = Date.now, random = Math.random } = options;
    this.endpointSeals = new EndpointSeals(seals, options.webhookSeal);
    this.#sql = sql;
    this.#owner = options.owner;
    this.#held = options.held ?? (() => true);
    this.#log = log;
    this.#stopMs = stopMs;
    this.#poster = new Poster({ inFlight: IN_FLIGHT, version, guard: options.guard });
    this.#known = known(secret);
    this.#checkpoint = checkpoint(sql, options.owner, error => this.#report(error));
    this.#turns = turns(
      { inAll: IN_FLIGHT, each: IN_FLIGHT_PER_ENDPOINT, suspects: IN_FLIGHT_FAILING },
      line => this.#known.endpoint(line)?.failing ?? false,
    );
    this.#carry = courier({
      ...{
        sql,
        log,
        now,
        random,
        seals,
        known: this.#known,
        checkpoint: this.#checkpoint,
        poster: this.#poster,
      },
      stopping: () => this.#state === 'stopping' || !this.#held(),
    });
    this.#poll = new Poll({
      look: () => this.#look(),
      failed: error => this.#report(error),
      everyMs: POLL_MS,
      nudgedMs: NUDGE_MS,
    });
  }

  /** Begins to deliver. A database that cannot be reached is waited for. */
  async start(): Promise<void> {
    if (this.#state !== 'new') return;
    this.#state = 'started';
    await this.#poll.start();
  }

  /** Begins nothing more, gives the POSTs under way some time, and writes the cursors. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /**
   * Events that were just committed, those of a device in order. A hint: losing one, or hearing it twice, changes
   * nothing but how soon the events leave.
   */
  wake(events: readonly Streamed[]): void {
    if (this.#state !== 'started' || !this.#held()) return;
    for (const event of events) {
      const lanes = this.#changing.has(event.deviceNo) ? undefined : this.#known.of(event.deviceNo);
      if (!lanes) {
        this.#unknown.add(event.deviceNo);
        this.#poll.nudge();
      }
      for (const lane of lanes ?? []) this.#offer(lane, event);
    }
    this.#fill();
  }

  /** These devices (all, unless given) may be another node's by now: each lane needs its row before it goes on. */
  letGo(deviceNo?: number): void {
    this.#changes += 1;
    if (deviceNo === undefined) this.#known.distrustAll();
    else this.#known.distrust(deviceNo);
  }

  /**
   * Runs a change of a device's endpoints so that it is exact: before it the cursors are written, during it no streamed
   * event goes to the old endpoint, after it every lane of the device starts from its row. One change at a time.
   */
  reconfigure<T>(deviceNo: number, change: () => Promise<T>): Promise<T> {
    const turn = this.#lastChange.then(async () => {
      this.#changing.add(deviceNo);
      this.#distrust(deviceNo);
      try {
        await this.#checkpoint.flush();
        const changed = await change();
        await failpoint('endpoint.after_change');
        return changed;
      } finally {
        this.#changing.delete(deviceNo);
        this.#broken.clear();
        this.#distrust(deviceNo);
        this.#poll.nudge();
      }
    });
    // The caller has the failure; the next change only waits for the end.
    this.#lastChange = turn.catch(() => undefined);
    return turn;
  }

  #distrust(deviceNo: number): void {
    this.#changes += 1;
    this.#known.distrust(deviceNo);
  }

  #offer(lane: Lane, event: Streamed): void {
    lane.used = true;
    if (lane.stale) this.#poll.nudge();
    if (lane.stale || lane.endpoint.closed) return;
    if (offer(lane, event, this.#known.shelf)) this.#checkpoint.mark(lane);
    this.#enqueue(lane);
  }

  #enqueue(lane: Lane): void {
    if (lane.state !== 'idle' || !hasWork(lane)) return;
    lane.state = 'queued';
    this.#turns.add(lane.endpoint.no, lane);
  }

  /** Gives out all places that can be given. */
  #fill(): void {
    while (this.#state === 'started') {
      const turn = this.#turns.next();
      if (!turn) break;
      const carrying = this.#serve(turn).finally(() => this.#carrying.delete(carrying));
      this.#carrying.add(carrying);
    }
    if (this.#turns.waiting === 0 && this.#found > 0) this.#poll.nudge();
  }

  async #serve(turn: Turn<Lane>): Promise<void> {
    const lane = turn.item;
    lane.state = 'running';
    let failed = false;
    try {
      await this.#carry(lane);
    } catch (error) {
      failed = true;
      this.#report(error);
    }
    this.#turns.done(turn);
    if (lane.state === 'running') lane.state = 'idle';
    if (lane.endpoint.closed) forget(lane, this.#known.shelf);
    else if (lane.stale) this.#poll.nudge();
    // When the database failed, the poll brings the lane back as soon as it answers again.
    else if (!failed) this.#enqueue(lane);
    this.#fill();
  }

  /** Finds the lanes that are due. */
  async #look(): Promise<void> {
    if (!this.#held()) return;
    const begun = performance.now();
    await this.#checkpoint.flush();
    const changes = this.#changes;
    const unknown = [...this.#unknown];
    this.#unknown.clear();
    const busy = [...this.#turns.crowded(CROWDED), ...this.#broken];
    const rows = await this.#due(busy);
    if (this.#trouble) this.#log.info('deliveries go on');
    this.#trouble = false;
    // What was read beside a change may be from before it.
    if (changes !== this.#changes) return this.#poll.nudge();
    this.#found = 0;
    for (const row of rows) {
      if (this.#changing.has(row.deviceNo)) continue;
      const lane = this.#known.take(row);
      if (lane.state === 'resting' && lane.restedAt < begun) lane.state = 'idle';
      if (lane.state === 'idle' && hasWork(lane)) this.#found += 1;
      this.#enqueue(lane);
    }
    for (const deviceNo of unknown) if (!this.#changing.has(deviceNo)) this.#known.nothingFor(deviceNo);
    this.#sweep();
    this.#fill();
  }

  /** Lanes that are due, without those of endpoints whose secret does not open: these stand still until it is set anew. */
  async #due(busy: readonly number[]): Promise<OpenLane[]> {
    const rows = await dueLanes(this.#sql, this.#owner, { limit: POLL_LANES, each: POLL_LANES_EACH, busy });
    return await openLanes(this.endpointSeals, rows, (row, err) => {
      if (this.#broken.has(row.endpointNo)) return;
      this.#broken.add(row.endpointNo);
      const names = { err, device: row.deviceId, endpoint: row.endpointNo };
      this.#log.error(
        names,
        'the secret of a webhook cannot be opened; nothing is sent to it until it is set again',
      );
    });
  }

  #sweep(): void {
    if (performance.now() - this.#sweptAt < SWEEP_MS) return;
    this.#sweptAt = performance.now();
    this.#known.sweep(
      lane => lane.state === 'running' || lane.state === 'queued' || this.#checkpoint.pending(lane),
    );
  }

  /** Once per outage: every lane and every poll meets the same one. */
  #report(error: unknown): void {
    if (this.#trouble) return;
    this.#trouble = true;
    if (unavailable(error)) this.#log.warn({ err: error }, 'deliveries wait for the database');
    else this.#log.error({ err: error }, 'deliveries met an error of ours; trying again');
  }

  async #stop(): Promise<void> {
    this.#state = 'stopping';
    const ended = Promise.allSettled([this.#poll.stop(), ...this.#carrying]);
    if (!(await within(this.#stopMs, ended))) {
      this.#poster.cut();
      await within(STOP_STORE_MS, ended);
    }
    const saved = this.#checkpoint.flush().catch((error: unknown) => {
      this.#log.warn({ err: error }, 'cursors were not written; their last events will be delivered again');
    });
    if (!(await within(STOP_STORE_MS, saved)))
      this.#log.warn('the database does not answer; cursors were not written');
    await this.#poster.close();
  }
}

/** Whether the promise settled within `ms` milliseconds. */
async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>(resolve => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
