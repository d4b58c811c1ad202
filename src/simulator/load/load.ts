// Phones that write at a fixed rate. What is due is a number, never a queue: beyond so many sends at once the rest waits
// as that number, and what has waited too long is skipped, so that a stall is not made up for by a flood.
import { Chance } from '../chance.ts';
import type { World } from '../world.ts';
import { Pace } from './pace.ts';
import { choices, chosen, type Route } from './route.ts';

export interface LoadPlan {
  readonly messagesPerSecond: number;
  /** Messages due in all; undefined: until it is stopped. */
  readonly total: number | undefined;
  /** Sends that are under way at once. */
  readonly atOnce: number;
  /** What is later than this is skipped, ms. */
  readonly skipAfterMs: number;
  /** Characters of a text. */
  readonly length: number;
  readonly seed: number;
  readonly routes: readonly Route[];
}

export type LoadState = 'running' | 'paused' | 'done' | 'stopped';

/** Later than this counts as late, ms: a busy event loop is, a timer is not. */
const LATE_MS = 100;
const TICK_MS = 10;

export class Load {
  readonly id: string;
  readonly plan: LoadPlan;
  readonly counts = { due: 0, sent: 0, late: 0, skipped: 0, errors: 0, inFlight: 0 };
  lastError: string | undefined;
  readonly #chance: Chance;
  readonly #pace: Pace;
  readonly #startedAt = performance.now();
  readonly #stopped: AbortSignal;
  readonly #cease = () => this.stop();
  #endedAt: number | undefined;
  #halted = false;
  #timer: NodeJS.Timeout | undefined;
  /** Started or skipped so far. */
  #passed = 0;

  /** Starts at once. */
  constructor(world: World, id: string, plan: LoadPlan) {
    this.id = id;
    this.plan = plan;
    this.#chance = new Chance(plan.seed);
    this.#pace = new Pace(plan.messagesPerSecond, this.#startedAt);
    this.#stopped = world.stopped;
    this.#stopped.addEventListener('abort', this.#cease);
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#timer.unref();
  }

  get state(): LoadState {
    if (this.#halted) return 'stopped';
    if (this.#endedAt !== undefined) return 'done';
    return this.#pace.paused ? 'paused' : 'running';
  }

  get messagesPerSecond(): number {
    return this.#pace.perSecond;
  }

  get elapsedMs(): number {
    return (this.#endedAt ?? performance.now()) - this.#startedAt;
  }

  pause(): void {
    this.#pace.pause(performance.now());
  }

  resume(): void {
    this.#pace.resume(performance.now());
  }

  setRate(messagesPerSecond: number): void {
    this.#pace.setRate(messagesPerSecond, performance.now());
  }

  /** Nothing is started any more; what is under way arrives. */
  stop(): void {
    if (this.#endedAt === undefined) this.#halted = true;
    this.#end();
  }

  #tick(): void {
    const { total = Number.POSITIVE_INFINITY, atOnce, skipAfterMs } = this.plan;
    const now = performance.now();
    const { counts } = this;
    counts.due = Math.min(this.#pace.due(now), total);
    while (this.#passed < counts.due && !this.#pace.paused) {
      const waited = now - this.#pace.dueAt(this.#passed + 1);
      if (waited <= skipAfterMs && counts.inFlight >= atOnce) break;
      this.#passed++;
      if (waited > skipAfterMs) counts.skipped++;
      else this.#send(waited);
    }
    if (this.#passed >= total && counts.inFlight === 0) this.#end();
  }

  #send(waited: number): void {
    const { counts } = this;
    if (waited > LATE_MS) counts.late++;
    counts.inFlight++;
    const { routes, length } = this.plan;
    const route = routes[this.#chance.below('phone', routes.length)]!;
    const to = chosen(route, this.#chance.below('to', choices(route)));
    const text = `${this.id} ${this.#passed}`.padEnd(length, ' .');
    route.phone
      .sendMessage(to, { conversation: text })
      .then(
        () => counts.sent++,
        (error: unknown) => {
          counts.errors++;
          this.lastError = error instanceof Error ? error.message : String(error);
        },
      )
      .finally(() => counts.inFlight--);
  }

  #end(): void {
    this.#endedAt ??= performance.now();
    clearInterval(this.#timer);
    // The signal is the simulator's, and would keep every load that ever ran.
    this.#stopped.removeEventListener('abort', this.#cease);
  }
}
