// Journal -> webhooks. What is owed is known from rows alone: an endpoint has a cursor (a lane) over each device's events,
// and a lane whose cursor is behind the device's last event is due. So nothing is queued that could be lost, and an
// outage of a receiver costs no memory, only a longer way to read.
//
// Promises, each of them a test in test/delivery:
// - an event is posted until it is answered with 2xx, or refused so often that it is parked and at last dead, in order:
//   n+1 of a device is not tried before n has arrived or is out of the lane;
// - lanes do not wait for each other: places are limited per endpoint and in all, and failing endpoints share half of them;
// - an endpoint that takes nothing is left alone but for one try from time to time, however many lanes it has;
// - at least once: a cursor is written after 20 events or 250 ms and at the end. A crash in between delivers these
//   events again, with the same webhook-id;
// - how often an event failed, when it is due again and how its endpoint is are in the database and survive a restart.
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
import type { DueEndpoint } from '../store/due-endpoints.ts';
import { dueLanes } from '../store/lanes.ts';
import { webhookVersion } from '../store/webhooks.ts';
import { attempts } from './attempts.ts';
import { type Checkpoint, checkpoint } from './checkpoint.ts';
import { courier } from './courier.ts';
import { Desk } from './desk.ts';
import type { Endpoint } from './endpoint.ts';
import { type Known, known } from './known.ts';
import { type Lane, offer } from './lane.ts';
import { notices } from './notices.ts';
import { type Parking, parking } from './parking.ts';
import { Poll } from './poll.ts';
import { Poster } from './post.ts';
import { payloadOf, reader } from './reader.ts';
import { type DeviceKeys, EndpointSeals, openEndpoints } from './secrets.ts';
import { sender } from './send.ts';
import { type Settled, settled } from './settled.ts';
import { watch } from './watch.ts';

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
  /** Milliseconds since 1970: signs the attempts, and says what is due. */
  readonly now?: () => number;
  /** In [0, 1), for the jitter. */
  readonly random?: () => number;
  /** Milliseconds between two looks for what is due; 500 unless given. */
  readonly everyMs?: number;
  /** Told of events that it wrote to the journal itself, to hand them on to all who want them, this one included. */
  readonly recorded?: (events: readonly Streamed[]) => void;
}

const IN_FLIGHT = 256;
const POLL_MS = 500;
/** Wake-ups for devices that are not in memory are gathered this long into one poll. */
const NUDGE_MS = 20;
/** Rows of one poll, and of one endpoint in it. */
const POLL_LANES = 1_000;
const POLL_LANES_EACH = 100;
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
  readonly #now: () => number;
  readonly #parking: Parking;
  readonly #desk: Desk;
  readonly #settled: Settled;
  #state: 'new' | 'started' | 'stopping' = 'new';
  #stopped: Promise<void> | undefined;
  /** Devices that a wake-up came for and that nothing is known of. */
  readonly #unknown = new Set<number>();
  #sweptAt = performance.now();
  /** Endpoints whose secret does not open. */
  readonly #broken = new Set<number>();
  #trouble = false;
  /** Devices whose endpoints are being changed, how often a change began or ended, and the last one. */
  readonly #changing = new Set<number | 'all'>();
  /** Of the changes of webhooks that are known here, and whether it was read at all. */
  #version: number | undefined;
  #changes = 0;
  #lastChange: Promise<unknown> = Promise.resolve();

  constructor(options: DelivererOptions) {
    const { sql, log, seals, secret, version, stopMs = 10_000 } = options;
    const { now = Date.now, random = Math.random, owner, everyMs = POLL_MS } = options;
    this.endpointSeals = new EndpointSeals(seals, options.webhookSeal);
    this.#sql = sql;
    this.#owner = owner;
    this.#held = options.held ?? (() => true);
    this.#log = log;
    this.#stopMs = stopMs;
    this.#now = now;
    const poster = new Poster({ inFlight: IN_FLIGHT, version, guard: options.guard });
    this.#poster = poster;
    const all = known(secret);
    this.#known = all;
    const report = (error: unknown) => this.#report(error);
    const noted = () => this.#checkpoint.markAttempts();
    const tries = attempts({ sql, seals: this.endpointSeals }, { noted, report });
    const saved = checkpoint({ sql, owner, attempts: tries }, report);
    this.#checkpoint = saved;
    this.#settled = settled({ sql, owner });
    const tell = notices({ sql, seals, now }, options.recorded ?? (events => this.wake(events)));
    const stopped = (endpoint: Endpoint) => this.#desk.sendAway(endpoint);
    const resumed = () => this.#poll.nudge();
    const stopping = () => this.#state === 'stopping' || !this.#held();
    const watching = watch({ sql, log, checkpoint: saved, now, random, tell, stopped, resumed });
    const read = reader({ sql, log, known: all, checkpoint: saved, seals, now });
    const send = sender({ poster, attempts: tries, now });
    const shared = { sql, owner, log, watch: watching, send, now, random, stopping };
    this.#parking = parking({ ...shared, seals });
    this.#desk = new Desk({
      ...{ inFlight: IN_FLIGHT, known: all, parking: this.#parking, now, report },
      carry: courier({ ...shared, known: all, checkpoint: saved, read }),
      nudge: () => this.#poll.nudge(),
      changes: () => this.#changes,
      // A courier that may not post comes back at once: while none may, turns would follow each other without an end.
      open: () => !stopping(),
    });
    this.#poll = new Poll({
      look: () => this.#look(),
      failed: report,
      everyMs,
      nudgedMs: Math.min(NUDGE_MS, everyMs),
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
      const lanes = this.#isChanging(event.deviceNo) ? undefined : this.#known.of(event.deviceNo);
      if (!lanes) {
        this.#unknown.add(event.deviceNo);
        this.#poll.nudge();
      }
      const payload = payloadOnce(event);
      for (const lane of lanes ?? []) this.#offer(lane, event, payload);
    }
    this.#desk.fill();
  }

  /** There is something that is due: looks now. */
  look(): void {
    this.#parking.soon();
    this.#settled.forget();
    this.#poll.nudge();
  }

  /** These devices (all, unless given) may be another node's by now: each lane needs its row before it goes on. */
  letGo(deviceNo?: number): void {
    this.#changes += 1;
    this.#settled.forget(deviceNo);
    if (deviceNo === undefined) this.#known.distrustAll();
    else this.#known.distrust(deviceNo);
  }

  /**
   * Runs a change of a device's endpoints, or of those for all devices, so that it is exact: before it the cursors are written,
   * during it no streamed event goes to the old endpoint, after it every lane of the device starts from its row. One change
   * at a time.
   */
  reconfigure<T>(deviceNo: number | 'all', change: () => Promise<T>): Promise<T> {
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

  #distrust(deviceNo: number | 'all'): void {
    this.letGo(deviceNo === 'all' ? undefined : deviceNo);
  }

  #isChanging(deviceNo: number): boolean {
    return this.#changing.has(deviceNo) || this.#changing.has('all');
  }

  /** Whether webhooks were changed, by whatever node, since the last look. */
  async #heedChanges(): Promise<void> {
    const version = await webhookVersion(this.#sql);
    if (this.#version !== undefined && version !== this.#version) {
      this.#broken.clear();
      this.letGo();
    }
    this.#version = version;
  }

  #offer(lane: Lane, event: Streamed, payload: () => Record<string, unknown>): void {
    lane.used = true;
    if (lane.stale) this.#poll.nudge();
    if (lane.stale || lane.endpoint.closed) return;
    if (offer(lane, event, this.#known.shelf, { payload, at: performance.now() }))
      this.#checkpoint.mark(lane);
    this.#desk.enqueue(lane);
  }

  /** Finds the lanes that are due. */
  async #look(): Promise<void> {
    if (!this.#held()) return;
    const begun = performance.now();
    await this.#checkpoint.flush();
    const changes = this.#changes;
    const unknown = [...this.#unknown];
    this.#unknown.clear();
    const broken = [...this.#broken].flatMap(no => [no, -no]);
    const busy = [...this.#desk.crowded(), ...broken];
    const rows = await this.#due(busy);
    // Only now: of a change before it the rows may tell already, and lanes have events at hand that were chosen before.
    await this.#heedChanges();
    if (this.#trouble) this.#log.info('deliveries go on');
    this.#trouble = false;
    // What was read beside a change may be from before it.
    if (changes !== this.#changes) return this.#poll.nudge();
    this.#desk.found = 0;
    for (const row of rows) {
      if (this.#isChanging(row.deviceNo)) continue;
      const lane = this.#known.take(row, begun);
      if (lane.state === 'resting' && lane.restedAt < begun) {
        lane.state = 'idle';
        lane.failure = undefined;
      }
      const idle = lane.state === 'idle';
      this.#desk.enqueue(lane);
      // One that waits for its batch to be whole would be found again at once, and again until it is.
      if (idle && lane.state === 'queued') this.#desk.found += 1;
    }
    for (const deviceNo of unknown) if (!this.#isChanging(deviceNo)) this.#known.nothingFor(deviceNo);
    // Lanes that are not due, or are no more: what comes of them next is found in their rows.
    this.#known.dropStale(lane => this.#checkpoint.pending(lane));
    this.#sweep();
    await this.#lookForParked(begun);
    this.#desk.fill();
  }

  async #lookForParked(begun: number): Promise<void> {
    const rows = await this.#parking.due([...this.#broken]);
    for (const parked of await this.#open(rows)) {
      const endpoint = this.#known.endpointFor(parked, begun);
      this.#desk.enqueueParked(endpoint, parked);
    }
  }

  async #due(busy: readonly number[]) {
    const now = this.#now();
    const wanted = { limit: POLL_LANES, each: POLL_LANES_EACH, busy, now };
    const settled = await this.#settled.known();
    return await this.#open(await dueLanes(this.#sql, this.#owner, { ...wanted, settled }));
  }

  /** Without those of endpoints whose secret does not open: these stand still until it is set anew. */
  #open<T extends DueEndpoint & { readonly deviceId: string }>(rows: readonly T[]) {
    return openEndpoints(this.endpointSeals, rows, (row, err) => {
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
      endpointNo => this.#parking.holds(endpointNo),
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
    const ended = Promise.allSettled([this.#poll.stop(), ...this.#desk.carrying]);
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

/** What is in an event, for all who ask, taken apart once. */
function payloadOnce({ body }: Streamed): () => Record<string, unknown> {
  let payload: Record<string, unknown> | undefined;
  return () => {
    payload ??= payloadOf(body);
    return payload;
  };
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
