/**
 * Readers that stay: each reads a page of the journal when it is ready for one, and waits where there is none. What comes
 * up from this process's shards wakes them at once, and what other nodes write when it is looked for; nothing is kept for
 * anybody, so a slow reader costs the page that it has in its hands.
 */
import { Failure } from '../errors.ts';
import { isPrivate } from '../journal/names.ts';
import { monotonic } from '../lib/deadline.ts';
import { type Deferred, deferred } from '../lib/deferred.ts';
import { type SeatLimits, Seats } from '../lib/seats.ts';
import type { Service } from '../lib/service.ts';
import type { Streamed } from '../shard/protocol.ts';
import { endPlace, type Place, readNews } from '../store/pages.ts';
import { type Ask, type Page, Reader, type ReaderOptions } from './reader.ts';

/** Readers of one node, and of one key there, unless the settings say otherwise. */
const LIMITS: SeatLimits = { most: 1_000, each: 100 };
/** Milliseconds between looks for what other nodes have written, while anybody waits. */
const LOOK_MS = 500;

/** What wakes readers: the fan-out, as far as it is needed here. */
export interface News {
  subscribe(): AsyncIterable<{ readonly events: readonly Streamed[]; readonly missed: boolean }> & {
    close(): void;
  };
}

/** How a reader is told. */
export type Way = 'sse' | 'websocket';
/** Why a reader was cut off: it took nothing, may not read any more, was to read what is not kept, could not be read for. */
export type Cut = 'stalled' | 'forbidden' | 'gap' | 'failed';

/** What a reader may expect, in milliseconds. */
export interface Times {
  /** Until one that is told nothing hears that it is still there. */
  readonly heartbeatMs: number;
  /** Until one for whom the journal is searched hears how far that has come. */
  readonly searchMs: number;
  /** Until one that takes nothing of what it is told is cut off. */
  readonly stallMs: number;
  /** Between looks whether it still may read, and does. */
  readonly checkMs: number;
  now(): number;
}

const TIMES: Times = {
  // Proxies close what is silent for a minute, some for half of one.
  heartbeatMs: 15_000,
  searchMs: 2_000,
  // Whoever is only slow has taken something by then, and loses nothing: it comes back with its cursor.
  stallMs: 60_000,
  // A key that has ended counts for less than five seconds.
  checkMs: 2_000,
  now: monotonic,
};

/** Where a reader stands; of the devices that it may know of by then. */
export interface Following extends Omit<Ask, 'devices' | 'after' | 'limit'> {
  readonly devices: () => readonly number[] | undefined;
  readonly after: string;
  readonly way: Way;
  /** Whose share of the readers it is of; undefined: nobody's. */
  readonly by: string | undefined;
}

export interface Follower {
  /** Where it goes on. */
  readonly cursor: string;
  /** The next page; it may be empty. One at a time. Fails as `Reader.page` does. */
  page(): Promise<Page>;
  /** Resolves with true when there may be something new, with false after so many milliseconds or when it is closed. */
  news(ms: number): Promise<boolean>;
  /** Ends it, and says why where that is for the figures. */
  close(why?: Cut): void;
  readonly closed: boolean;
  readonly times: Times;
}

interface Waiting {
  readonly way: Way;
  wakes(deviceNo: number, event: string): boolean;
  wake(): void;
}

export interface StreamsOptions extends ReaderOptions {
  readonly news: News;
  readonly limits?: SeatLimits;
  /** Other times than usual, for tests. */
  readonly lookMs?: number;
  readonly times?: Partial<Times>;
}

/** Events that a follower is given at once. */
export const PAGE_EVENTS = 100;

export class Streams implements Service {
  readonly #options: StreamsOptions;
  readonly #reader: Reader;
  readonly #followers = new Set<Waiting>();
  readonly #seats: Seats;
  readonly #times: Times;
  readonly #cut: Record<Cut, number> = { stalled: 0, forbidden: 0, gap: 0, failed: 0 };
  #subscription: ReturnType<News['subscribe']> | undefined;
  #place: Place | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #stopped = false;

  constructor(options: StreamsOptions) {
    this.#options = options;
    this.#reader = new Reader(options);
    this.#seats = new Seats(options.limits ?? LIMITS);
    this.#times = { ...TIMES, ...options.times };
  }

  /** As `Reader.page`. */
  page(ask: Ask): Promise<Page> {
    return this.#reader.page(ask);
  }

  /** As `Reader.end`. */
  end(ask: Pick<Ask, 'device'>): Promise<string> {
    return this.#reader.end(ask);
  }

  /** As `Reader.one`. */
  one(id: string, devices: readonly number[] | undefined): Promise<string> {
    return this.#reader.one(id, devices);
  }

  get open(): number {
    return this.#followers.size;
  }

  /** Readers that are open, by the way they are told, and how many were cut off since the start. */
  figures(): { readonly open: Readonly<Record<Way, number>>; readonly cut: Readonly<Record<Cut, number>> } {
    const open = { sse: 0, websocket: 0 };
    for (const { way } of this.#followers) open[way] += 1;
    return { open, cut: { ...this.#cut } };
  }

  /** Fails with STREAMS_FULL, or TOO_MANY_STREAMS, where there is no room for another reader of this one. */
  room(by: string | undefined): void {
    const full = this.#seats.full(by);
    if (full) throw new Failure(full === 'all' ? 'STREAMS_FULL' : 'TOO_MANY_STREAMS');
  }

  async start(): Promise<void> {
    this.#subscription = this.#options.news.subscribe();
    void this.#listen(this.#subscription);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#subscription?.close();
    for (const follower of this.#followers) follower.wake();
    await this.#looking;
  }

  /** Begins to follow. Whoever does must close it. Fails as `room` does, and with SHUTTING_DOWN. */
  follow({ device, devices, types, after, way, by }: Following): Follower {
    if (this.#stopped) throw new Failure('SHUTTING_DOWN');
    this.room(by);
    const [reader, followers, cut] = [this.#reader, this.#followers, this.#cut];
    const leave = this.#seats.take(by);
    const wanted = new Set(types.map(name => name.trim().toLowerCase()).filter(name => name !== ''));
    let cursor = after;
    let fresh = true;
    let closed = false;
    let bell: Deferred<void> | undefined;
    const waiting: Waiting = {
      way,
      wakes(deviceNo, event) {
        if (device !== undefined && device !== deviceNo) return false;
        return wanted.has(event) || ((wanted.size === 0 || wanted.has('*')) && !isPrivate(event));
      },
      wake() {
        fresh = true;
        bell?.resolve();
      },
    };
    followers.add(waiting);
    this.#look();
    return {
      times: this.#times,
      get cursor() {
        return cursor;
      },
      get closed() {
        return closed;
      },
      async page() {
        fresh = false;
        const page = await reader.page({
          device,
          devices: devices(),
          types,
          after: cursor,
          limit: PAGE_EVENTS,
        });
        cursor = page.next;
        if (page.more) fresh = true;
        return page;
      },
      async news(ms) {
        if (closed) return false;
        if (!fresh) {
          bell = deferred();
          const timer = setTimeout(bell.resolve, ms);
          await bell.promise;
          clearTimeout(timer);
        }
        return fresh && !closed;
      },
      close(why) {
        if (why && !closed) cut[why] += 1;
        closed = true;
        followers.delete(waiting);
        leave();
        bell?.resolve();
      },
    };
  }

  async #listen(subscription: ReturnType<News['subscribe']>): Promise<void> {
    for await (const { events, missed } of subscription) {
      if (missed) for (const follower of this.#followers) follower.wake();
      this.#wake(events);
    }
  }

  #wake(events: readonly { readonly deviceNo: number; readonly event: string }[]): void {
    if (events.length === 0) return;
    for (const follower of this.#followers)
      if (events.some(({ deviceNo, event }) => follower.wakes(deviceNo, event))) follower.wake();
  }

  /** Looks again and again while there are followers. */
  #look(): void {
    if (this.#timer || this.#looking || this.#stopped) return;
    const { lookMs = LOOK_MS } = this.#options;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#looking = this.#once()
        // What cannot be read now is looked for the next time; whoever reads is told of the database by its own page.
        .catch(() => {})
        .finally(() => {
          this.#looking = undefined;
          if (this.#followers.size > 0) this.#look();
          else this.#place = undefined;
        });
    }, lookMs);
    this.#timer.unref();
  }

  async #once(): Promise<void> {
    const { sql } = this.#options;
    if (!this.#place) {
      this.#place = await endPlace(sql);
      for (const follower of this.#followers) follower.wake();
      return;
    }
    for (let more = true; more && !this.#stopped; ) {
      const news = await readNews(sql, this.#place);
      this.#place = news.next;
      this.#wake(news.events);
      more = news.more;
    }
  }
}
