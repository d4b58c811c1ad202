/**
 * All shards of the node: one pool, one handle per shard, and what happens when one dies. Which devices a shard hosts is
 * the supervisor's business. Behind the shards there is the quarantine thread, which runs while somebody must be kept
 * from the others.
 */
import type { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { monotonic } from '../lib/deadline.ts';
import { deferred } from '../lib/deferred.ts';
import { recent, tooMany } from '../lib/intensity.ts';
import type { Logger } from '../lib/logger.ts';
import { collectGarbage } from '../lib/memory.ts';
import type { FromShard, Pulse, ShardSettings, ToShard } from '../shard/protocol.ts';
import type { ShardView } from './devices.ts';
import { MemoryWatch } from './memory-watch.ts';
import { NODE_QUARANTINES, quarantineWait, REPLACEMENTS, restartWait, SHARD_DEATHS } from './restart.ts';
import { type Down, ShardHandle } from './shard-handle.ts';
import { Tally } from './tally.ts';

export interface ShardsOptions {
  readonly workers: number;
  readonly heapMb: number;
  readonly settings: Omit<ShardSettings, 'shard' | 'beats' | 'credit'>;
  readonly log: Logger;
  readonly hear: (shard: number, message: FromShard) => void;
  readonly up: (shard: number) => void;
  /** The thread is gone and with it the sockets of its devices; `suspect` is the number of the device it died of, or 0. */
  readonly down: (shard: number, suspect: number) => void;
  /** It died too often; until it is `up` again others must host its devices. */
  readonly quarantined: (shard: number) => void;
  /** `stuck`: a thread lives that nothing can end but the end of the process, which waits for it unless it is killed. */
  readonly fatal: (why: string, stuck?: 'stuck') => void;
  /** Used memory of the process by its limit, for tests. */
  readonly memory?: (() => number) | undefined;
  /** Another entry of the threads, for tests. */
  readonly entry?: string;
}

/** Database connections of the quarantine thread. */
export const QUARANTINE_CONNECTIONS = 1;

/** Events that a shard may have under way: enough to never wait, few enough to never stall the main thread. */
const CREDIT = 512;
/**
 * V8's default of 48 MB, and 32, leave a thread that has loaded Baileys with 70 MB of heap for 33 MB of objects; 12 with 45
 * (Node 20.20, three threads: 50 MB less RSS).
 */
const YOUNG_MB = 12;
/** Part of the hard heap limit at which a shard is replaced in good order. A growing Map at the hard one kills the process. */
const SOFT = 0.75;
const DESTROY_WITHIN = 2_000;
const RELEASE_WITHIN = 10_000;
/** Warm threads beyond those that are used: a crashed shard comes back in 20 ms instead of 430. */
const SPARES = 1;
const REFILL_AFTER = 2_000;

interface Slot {
  readonly handle: ShardHandle;
  deaths: number[];
  restarts: number;
  /** Restarts in good order, for its memory. */
  replacements: number;
  replaced: number[];
  quarantines: number;
  pulse: Pulse | null;
  timer: NodeJS.Timeout | undefined;
}

export class Shards {
  /** What all shards have counted since the start. */
  readonly tally = new Tally();
  readonly #options: ShardsOptions;
  readonly #pool: Piscina;
  readonly #slots: Slot[];
  readonly #ready: Promise<unknown>;
  readonly #stopped = deferred<void>();
  #quarantines: number[] = [];
  readonly #memory: MemoryWatch;
  #isolating = false;
  #filling = new AbortController();
  #closing = false;

  constructor(options: ShardsOptions) {
    const { workers, heapMb, log } = options;
    this.#options = options;
    const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
    // Never close() it (it ends the others after the first), never maxQueue 0 (what it rejects it runs later).
    this.#pool = new Piscina({
      filename: options.entry ?? new URL(`../../workers/shard${extension}`, import.meta.url).href,
      // Piscina loads the entry with `require`, and Node 20 aborts the whole process when a thread is ended in the middle of
      // that (v8::Module::IsGraphAsync; seen twice under load). Where modules cannot be required it imports them.
      execArgv: [...process.execArgv, '--no-experimental-require-module'],
      minThreads: workers + SPARES,
      maxThreads: workers + SPARES,
      concurrentTasksPerWorker: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      atomics: 'disabled',
      recordTiming: false,
      resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: YOUNG_MB },
    });
    // A thread that dies without a task, or while it loads, is told here only; without a listener it ends the process.
    this.#pool.on('error', (err: Error) => {
      log.warn({ err }, 'a pool thread failed');
      setTimeout(() => this.#refill(), REFILL_AFTER).unref();
    });
    const ready: Promise<void>[] = [];
    this.#slots = Array.from({ length: workers + 1 }, (_, shard) => {
      let hello = () => {};
      if (shard === workers) return this.#slot(shard, hello);
      ready.push(
        new Promise(resolve => {
          hello = resolve;
        }),
      );
      return this.#slot(shard, hello);
    });
    this.#ready = Promise.all(ready);
    this.#memory = new MemoryWatch({
      ...(options.memory && { read: options.memory }),
      collect: () => {
        for (const { handle } of this.#slots) handle.collect();
        collectGarbage();
      },
      press: (on, share) => {
        log.warn({ share, on }, on ? 'the process is short of memory' : 'the process has memory again');
        for (const { handle } of this.#slots) handle.press(on);
      },
      replace: share => this.#replaceLargest(share),
    });
  }

  /** Resolves when every shard has said hello, or when it is stopped before. */
  async start(): Promise<void> {
    for (const { handle } of this.#slots) if (handle.shard !== this.quarantine) handle.start();
    await Promise.race([this.#ready, this.#stopped.promise]);
  }

  /** Drains all shards until `by` (of `monotonic`) and ends all threads. */
  async stop(by: number): Promise<void> {
    this.#closing = true;
    this.#stopped.resolve();
    this.#memory.stop();
    for (const slot of this.#slots) clearTimeout(slot.timer);
    await Promise.all(this.#slots.map(({ handle }) => handle.drain(by, 'the node stops')));
    for (const { handle } of this.#slots) handle.close();
    // It waits for threads that are stuck in native code, which cannot be ended at all.
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>(resolve => {
      timer = setTimeout(resolve, DESTROY_WITHIN);
    });
    await Promise.race([this.#pool.destroy(), late]);
    clearTimeout(timer);
  }

  handle(shard: number): ShardHandle | undefined {
    return this.#slots[shard]?.handle;
  }

  /** False when the shard is not up: it will be given its devices when it is. */
  post(shard: number, message: ToShard): boolean {
    return this.handle(shard)?.post(message) ?? false;
  }

  /** The process is short of memory. */
  get pressed(): boolean {
    return this.#memory.pressed;
  }

  /** The number of the quarantine thread: the one after the last shard. */
  get quarantine(): number {
    return this.#options.workers;
  }

  /** All threads of the pool, those that start included. */
  get threads(): readonly Worker[] {
    return this.#pool.threads;
  }

  /** Warm threads that nobody uses. */
  get spares(): number {
    return (
      this.#pool.threads.length - this.#slots.filter(({ handle }) => handle.threadId !== undefined).length
    );
  }

  /** Shards that devices may be placed on. */
  hosts(): number[] {
    return this.#slots
      .filter(({ handle }) => handle.state !== 'quarantined' && handle.shard !== this.quarantine)
      .map(({ handle }) => handle.shard);
  }

  /** Starts the quarantine thread if it does not run. It has a thread more of the pool, so that the spare stays. */
  isolate(): void {
    if (this.#isolating || this.#closing) return;
    this.#isolating = true;
    this.#resize(this.#options.workers + SPARES + 1);
    const handle = this.#slots[this.quarantine]?.handle;
    // The one that is still being released is started again when it is down.
    if (handle?.state === 'down') handle.start();
  }

  /** Ends the quarantine thread in good order; its devices are free then (`down`). */
  async release(): Promise<void> {
    if (!this.#isolating) return;
    this.#isolating = false;
    this.#resize(this.#options.workers + SPARES);
    const slot = this.#slots[this.quarantine];
    clearTimeout(slot?.timer);
    await slot?.handle.drain(monotonic() + RELEASE_WITHIN, 'nobody is in quarantine any more');
  }

  /** The quarantine thread is there while it runs. */
  view(): Omit<ShardView, 'devices'>[] {
    return this.#slots
      .filter(({ handle }) => handle.shard !== this.quarantine || this.#isolating)
      .map(({ handle: { shard, state }, restarts, replacements, pulse }) => ({
        shard,
        state,
        restarts,
        replacements,
        pulse,
        ...(shard === this.quarantine && { quarantine: true as const }),
      }));
  }

  /** Both ends at once: the pool starts what is missing at its next chance, and lets go of a thread that ends. */
  #resize(threads: number): void {
    const { options } = this.#pool as unknown as { options: { minThreads: number; maxThreads: number } };
    options.minThreads = threads;
    options.maxThreads = threads;
    this.#refill();
  }

  /**
   * The pool fills itself up when a thread ends, but gives up for good after one that failed to start, and does not look
   * when it is resized. An empty task makes it start a thread when none is idle; one that waits for a thread that failed
   * would wait for ever, so the next attempt takes its place.
   */
  #refill(): void {
    if (this.#closing || this.#pool.threads.length >= this.#pool.options.minThreads) return;
    this.#filling.abort();
    this.#filling = new AbortController();
    const { signal } = this.#filling;
    this.#pool.run(null, { signal }).catch((err: unknown) => {
      if (!signal.aborted) this.#options.log.warn({ err }, 'no spare thread');
    });
  }

  #slot(shard: number, hello: () => void): Slot {
    const { settings, heapMb, log } = this.#options;
    const slot: Slot = {
      deaths: [],
      restarts: 0,
      replacements: 0,
      replaced: [],
      quarantines: 0,
      pulse: null,
      timer: undefined,
      handle: new ShardHandle({
        pool: this.#pool,
        settings: {
          ...settings,
          shard,
          credit: CREDIT,
          ...(shard === this.quarantine && { connections: QUARANTINE_CONNECTIONS }),
        },
        softHeap: SOFT * heapMb * 1024 * 1024,
        log,
        hear: message => {
          if (message.op === 'pulse') {
            slot.pulse = message.pulse;
            this.tally.add(message.pulse);
          } else this.#options.hear(shard, message);
        },
        up: () => {
          log.info({ shard, threadId: slot.handle.threadId, restarts: slot.restarts }, 'shard is up');
          this.#refill();
          this.#options.up(shard);
          hello();
        },
        down: down => this.#down(slot, down),
        stuck: why => this.#options.fatal(why, 'stuck'),
      }),
    };
    return slot;
  }

  #down(slot: Slot, { why, planned, suspect }: Down): void {
    const { handle } = slot;
    const { shard } = handle;
    slot.pulse = null;
    if (this.#closing) return;
    const now = performance.now();
    if (planned) {
      this.#options.down(shard, 0);
      this.#replace(slot, why, now);
      return;
    }
    slot.restarts++;
    slot.deaths = recent(slot.deaths, now, SHARD_DEATHS);
    this.#options.log.error({ shard, why, deaths: slot.deaths.length, deviceNo: suspect }, 'shard died');
    this.#options.down(shard, suspect);
    if (shard === this.quarantine && !this.#isolating) return;
    if (tooMany(slot.deaths, SHARD_DEATHS) && shard !== this.quarantine) this.#quarantine(slot, now);
    else slot.timer = setTimeout(() => handle.start(), restartWait(slot.deaths.length, Math.random()));
  }

  /** A shard that grows over its limit again and again has too much to do: others shall take its devices. */
  #replace(slot: Slot, why: string, now: number): void {
    const { handle } = slot;
    const { shard } = handle;
    if (shard === this.quarantine && !this.#isolating) return;
    slot.restarts++;
    slot.replacements++;
    slot.replaced = recent(slot.replaced, now, REPLACEMENTS);
    this.#options.log.info({ shard, why, replaced: slot.replaced.length }, 'shard is replaced');
    if (tooMany(slot.replaced, REPLACEMENTS) && shard !== this.quarantine) {
      slot.replaced = [];
      this.#quarantine(slot, now);
    } else handle.start();
  }

  #replaceLargest(share: number): void {
    const [largest] = this.#slots
      .filter(({ handle }) => handle.state === 'up')
      .sort((a, b) => b.handle.used - a.handle.used);
    if (!largest) return;
    const { handle } = largest;
    this.#options.log.warn(
      { share, shard: handle.shard, used: handle.used },
      'the largest shard is replaced',
    );
    void handle.drain(monotonic() + RELEASE_WITHIN, 'the process is short of memory');
  }

  #quarantine(slot: Slot, now: number): void {
    const { handle } = slot;
    slot.quarantines++;
    slot.deaths = [];
    this.#quarantines = recent(this.#quarantines, now, NODE_QUARANTINES);
    if (tooMany(this.#quarantines, NODE_QUARANTINES)) {
      const minutes = NODE_QUARANTINES.within / 60_000;
      this.#options.fatal(
        `${this.#quarantines.length} shards had to be quarantined within ${minutes} minutes`,
      );
      return;
    }
    const ms = quarantineWait(slot.quarantines);
    this.#options.log.error({ shard: handle.shard, ms }, 'shard is quarantined');
    handle.state = 'quarantined';
    slot.timer = setTimeout(() => handle.start(), ms);
    this.#options.quarantined(handle.shard);
  }
}
