/**
 * The lease of this process: the right to run devices, a row that is renewed, and a limit in memory by which everybody
 * here knows when the right is over without asking anybody.
 *
 *   lost ──taken anew, a new term──▶ held ──renewed──▶ held
 *     ▲                               │
 *     └── the limit has passed, or the row has run out ──┘
 *
 * The limit is set from the moment *before* a renewal was sent, and ends before the row does. So whoever takes the
 * devices, when the row has run out, finds their sockets closed. Who first looks and finds the limit passed ends the term,
 * for all threads at once, before it does anything else: a process that was stopped for a minute wakes up to that.
 */
import { hostname } from 'node:os';
import { LeaseClock } from '../lib/lease-clock.ts';
import type { Logger } from '../lib/logger.ts';
import { birthOf, processSpace } from '../lib/processes.ts';
import type { Service } from '../lib/service.ts';
import type { Sql } from '../store/database.ts';
import { handOver, type NodeRow, renewLease, takeLease } from '../store/nodes.ts';
import { Line } from './line.ts';

export interface LeaseOptions {
  /** This process: a fresh UUID for each start. */
  readonly node: string;
  /** Opens a pool of one connection, for the lease alone: a renewal must not wait behind anything else. */
  readonly open: () => Sql;
  /** Milliseconds that the row is good for. A third of it is the time between renewals, a fifth is kept back here. */
  readonly ttlMs: number;
  readonly log: Logger;
  readonly clock?: LeaseClock;
}

export interface LeaseWatcher {
  /** The term is over; no thread acts for a device any more. Must return at once. */
  lost(why: string): void;
  /** A new term has begun. What was owned before may be another's. */
  taken(): void;
}

/** Of the row's time, how much is the process's own safety, and how often it is renewed. */
const MARGIN = 1 / 5;
const RENEWALS = 3;
const LOOK_MS = 100;
const RELEASE_WITHIN = 2_000;

export class Lease implements Service {
  readonly clock: LeaseClock;
  readonly node: string;
  readonly #options: LeaseOptions;
  readonly #row: NodeRow;
  readonly #watchers: LeaseWatcher[] = [];
  readonly #line: Line;
  #term = 0;
  #held = false;
  #why = 'The lease of this node was not taken yet.';
  #looking: NodeJS.Timeout | undefined;
  #loop: Promise<void> | undefined;
  #pause: { readonly end: () => void; readonly timer: NodeJS.Timeout } | undefined;
  #stopping = false;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.clock = options.clock ?? new LeaseClock();
    this.node = options.node;
    this.#line = new Line(options.open);
    const space = processSpace() ?? null;
    const birth = (space && birthOf(process.pid)) ?? null;
    this.#row = { id: options.node, host: hostname(), pid: process.pid, space, birth };
  }

  watch(watcher: LeaseWatcher): void {
    this.#watchers.push(watcher);
  }

  /** A sentence for a person: why nothing may be done for devices now. Undefined while the lease is held. */
  get missing(): string | undefined {
    return this.held() ? undefined : this.#why;
  }

  /** Number of the term, for what must notice that it ended in between. */
  get term(): number {
    return this.#term;
  }

  /** Whether this process may act for its devices. Who is the first to find that it may not ends the term. */
  held(): boolean {
    if (!this.#held) return false;
    if (this.clock.holds(this.#term)) return true;
    this.lose();
    return false;
  }

  /** Takes the lease; fails as the database does. From then on it is renewed, and taken anew when it was lost. */
  async start(): Promise<void> {
    await this.#take();
    this.#looking = setInterval(() => {
      if (this.#held && !this.clock.sound(this.#term)) this.lose();
    }, LOOK_MS);
    this.#loop = this.#keep();
  }

  /** Gives everything back: the devices have no owner then and another node takes them at once. Their sockets must be closed. */
  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    clearInterval(this.#looking);
    this.#wake();
    await this.#loop;
    const { log } = this.#options;
    const held = this.held();
    this.#held = false;
    this.clock.end();
    if (held)
      await this.#line
        .ask(sql => handOver(sql, this.node), RELEASE_WITHIN)
        .catch((err: unknown) => {
          log.warn(
            { err },
            'the devices were not handed over; another node takes them when the lease runs out',
          );
        });
    await this.#line.end();
  }

  /** Ends the term, if this is the one under way: a thread has found that its limit has passed. */
  lose(
    why = 'The lease of this node has run out: the database did not confirm it in time. Its devices are closed until it does.',
    term = this.#term,
  ): void {
    if (!this.#held || term !== this.#term) return;
    this.#held = false;
    this.#why = why;
    this.clock.end();
    for (const watcher of this.#watchers) watcher.lost(why);
    this.#options.log.error({ why }, 'the lease is lost; all devices are closed');
    this.#wake();
  }

  async #take(): Promise<void> {
    const { ttlMs } = this.#options;
    const before = this.clock.now();
    await this.#line.ask(sql => takeLease(sql, this.#row, ttlMs), ttlMs * (1 - MARGIN));
    this.clock.extend(before, ttlMs * (1 - MARGIN), true);
    this.#term = this.clock.term;
    this.#held = true;
    for (const watcher of this.#watchers) watcher.taken();
  }

  async #renew(): Promise<void> {
    const { ttlMs } = this.#options;
    const before = this.clock.now();
    const renewed = await this.#line.ask(sql => renewLease(sql, this.node, ttlMs), ttlMs / RENEWALS);
    if (!renewed) return this.lose('The lease of this node has run out in the database; it is taken anew.');
    // Asked again: an answer that came too late is the answer to a term that has ended.
    if (this.held()) this.clock.extend(before, ttlMs * (1 - MARGIN), false);
  }

  async #keep(): Promise<void> {
    const { ttlMs, log } = this.#options;
    let trouble = false;
    while (!this.#stopping) {
      await this.#rest(trouble || !this.#held ? ttlMs / RENEWALS / 10 : ttlMs / RENEWALS);
      if (this.#stopping) return;
      try {
        if (this.held()) await this.#renew();
        else await this.#take();
        if (trouble && this.#held) log.info('the lease is held');
        trouble = !this.#held;
      } catch (err) {
        if (!trouble) log.warn({ err }, 'the lease could not be renewed; trying again');
        trouble = true;
      }
    }
  }

  #rest(ms: number): Promise<void> {
    return new Promise(resolve => {
      const end = () => {
        this.#pause = undefined;
        resolve();
      };
      this.#pause = { end, timer: setTimeout(end, ms) };
    });
  }

  #wake(): void {
    if (!this.#pause) return;
    clearTimeout(this.#pause.timer);
    this.#pause.end();
  }
}
