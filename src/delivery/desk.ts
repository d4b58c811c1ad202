// Where lanes and parked events wait for their turns, and get them.
import type { DueParked } from '../store/parked.ts';
import { type Endpoint, placesOf } from './endpoint.ts';
import type { Known } from './known.ts';
import { forget, hasWork, type Lane, ready } from './lane.ts';
import type { Parking } from './parking.ts';
import { type Turn, type Turns, turns } from './turns.ts';

export interface DeskOptions {
  /** POSTs in all at a time. */
  readonly inFlight: number;
  readonly known: Known;
  readonly parking: Parking;
  readonly carry: (lane: Lane) => Promise<void>;
  readonly now: () => number;
  /** Told of what went wrong in a turn. */
  readonly report: (error: unknown) => void;
  /** Asks for a look for what is due. */
  readonly nudge: () => void;
  /** How often endpoints have changed under it: what was known before the last change may be wrong. */
  readonly changes: () => number;
  /** Whether turns are given out. */
  readonly open: () => boolean;
}

/** What waits for a turn at an endpoint. */
interface Errand {
  readonly lane?: Lane;
  run(): Promise<void>;
  dropped(): void;
}

/** Of all places, those that failing endpoints have together. */
const FAILING_PART = 1 / 2;
/** Of an endpoint's places, those that what is told again may take. */
const REPLAY_PART = 1 / 4;
/** An endpoint with so many lanes at hand needs no more of them. */
const CROWDED = 50;

export class Desk {
  /** Lanes that the last look found and that had not been known to be due: there may be more where they came from. */
  found = 0;
  /** Turns under way. */
  readonly carrying = new Set<Promise<void>>();
  readonly #options: DeskOptions;
  readonly #turns: Turns<Errand>;

  constructor(options: DeskOptions) {
    this.#options = options;
    const { inFlight, known } = options;
    this.#turns = turns(
      {
        ...{ inAll: inFlight, suspects: inFlight * FAILING_PART },
        each: line => this.#places(line),
        both: line => this.#places(Math.abs(line)),
      },
      line => (known.endpoint(Math.abs(line))?.health.fails ?? 0) > 0,
    );
  }

  /** Puts a lane into its line, now or when what it has is old enough to be a batch. */
  enqueue(lane: Lane): void {
    const { known, carry } = this.#options;
    const { endpoint } = lane;
    if (lane.state !== 'idle' || endpoint.closed || !hasWork(lane)) return;
    if (this.#places(endpoint.no) === 0) {
      forget(lane, known.shelf);
      return;
    }
    if (!ready(lane, performance.now())) {
      this.#ripen(lane);
      return;
    }
    lane.state = 'queued';
    this.#turns.add(lane.replay ? -endpoint.no : endpoint.no, {
      lane,
      run: () => carry(lane),
      dropped: () => {
        lane.state = 'idle';
        forget(lane, known.shelf);
      },
    });
  }

  enqueueParked(endpoint: Endpoint, parked: DueParked): void {
    const { parking, changes } = this.#options;
    const known = changes();
    parking.hold(parked);
    this.#turns.add(-endpoint.no, {
      run: () => parking.carry(endpoint, parked, () => changes() === known),
      dropped: () => parking.drop(parked),
    });
  }

  /** Gives out all places that can be given. */
  fill(): void {
    while (this.#options.open()) {
      const turn = this.#turns.next();
      if (!turn) break;
      const carrying = this.#serve(turn).finally(() => this.carrying.delete(carrying));
      this.carrying.add(carrying);
    }
    if (this.#turns.waiting === 0 && this.found > 0) this.#options.nudge();
  }

  /** Nothing goes to the endpoint for a while: its lanes are found again when that is over. */
  sendAway(endpoint: Endpoint): void {
    const { known } = this.#options;
    for (const line of [endpoint.no, -endpoint.no])
      for (const errand of this.#turns.drop(line)) errand.dropped();
    for (const lane of known.lanesOf(endpoint))
      if (lane.state === 'idle' || lane.state === 'resting') forget(lane, known.shelf);
  }

  /** Lines that need nobody more. */
  crowded(): number[] {
    return this.#turns.crowded(CROWDED);
  }

  #ripen(lane: Lane): void {
    lane.timer ??= setTimeout(() => {
      lane.timer = undefined;
      // It may have left the memory: then its row says what comes of it.
      if (!this.#options.known.of(lane.deviceNo)?.includes(lane)) return;
      this.enqueue(lane);
      this.fill();
    }, lane.endpoint.batch.ms).unref();
  }

  /** Places of a line by now: of what is told again a part of those of its endpoint. */
  #places(line: number): number {
    const { known, now } = this.#options;
    const endpoint = known.endpoint(Math.abs(line));
    const places = endpoint ? placesOf(endpoint, now()) : 0;
    return line > 0 ? places : Math.min(places, Math.max(1, Math.floor(places * REPLAY_PART)));
  }

  async #serve(turn: Turn<Errand>): Promise<void> {
    const { lane } = turn.item;
    if (lane) lane.state = 'running';
    let failed = false;
    try {
      await turn.item.run();
    } catch (error) {
      failed = true;
      this.#options.report(error);
    }
    this.#turns.done(turn);
    if (lane) this.#served(lane, failed);
    this.fill();
  }

  #served(lane: Lane, failed: boolean): void {
    const { known, nudge } = this.#options;
    if (lane.state === 'running') lane.state = 'idle';
    if (lane.endpoint.closed) forget(lane, known.shelf);
    else if (lane.stale) nudge();
    // When the database failed, the poll brings the lane back as soon as it answers again.
    else if (!failed) this.enqueue(lane);
  }
}
