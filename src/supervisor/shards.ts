/**
 * All shards of the node: one pool, one handle per shard, and what happens when one dies. Which devices a shard hosts is
 * the supervisor's business.
 */
import { Piscina } from 'piscina';
import { deferred } from '../lib/deferred.ts';
import { recent, tooMany } from '../lib/intensity.ts';
import type { Logger } from '../lib/logger.ts';
import type { FromShard, Pulse, ShardSettings, ToShard } from '../shard/protocol.ts';
import { NODE_QUARANTINES, quarantineWait, restartWait, SHARD_DEATHS } from './restart.ts';
import { ShardHandle } from './shard-handle.ts';

export interface ShardsOptions {
  readonly workers: number;
  readonly heapMb: number;
  readonly settings: Omit<ShardSettings, 'shard' | 'beats' | 'credit'>;
  readonly log: Logger;
  readonly hear: (shard: number, message: FromShard) => void;
  readonly up: (shard: number) => void;
  /** The thread is gone and with it the sockets of its devices. */
  readonly down: (shard: number) => void;
  /** It died too often; until it is `up` again others must host its devices. */
  readonly quarantined: (shard: number) => void;
  readonly fatal: (why: string) => void;
}

/** Events that a shard may have under way: enough to never wait, few enough to never stall the main thread. */
const CREDIT = 512;
const YOUNG_MB = 32;
/** Part of the hard heap limit at which a shard is replaced in good order. A growing Map at the hard one kills the process. */
const SOFT = 0.75;
const DESTROY_WITHIN = 2_000;

interface Slot {
  readonly handle: ShardHandle;
  deaths: number[];
  restarts: number;
  quarantines: number;
  pulse: Pulse | null;
  timer: NodeJS.Timeout | undefined;
}

export class Shards {
  readonly #options: ShardsOptions;
  readonly #pool: Piscina;
  readonly #slots: Slot[];
  readonly #ready: Promise<unknown>;
  readonly #stopped = deferred<void>();
  #quarantines: number[] = [];
  #closing = false;

  constructor(options: ShardsOptions) {
    const { workers, heapMb, log } = options;
    this.#options = options;
    const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
    // Never close() it (it ends the others after the first), never maxQueue 0 (what it rejects it runs later).
    this.#pool = new Piscina({
      filename: new URL(`../../workers/shard${extension}`, import.meta.url).href,
      // One more than needed: a warm thread makes a crashed shard come back in 20 ms instead of 430.
      minThreads: workers + 1,
      maxThreads: workers + 1,
      concurrentTasksPerWorker: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      atomics: 'disabled',
      recordTiming: false,
      resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: YOUNG_MB },
    });
    // A thread that dies without a task, or while it loads, is told here only; without a listener it ends the process.
    this.#pool.on('error', (err: Error) => log.warn({ err }, 'a pool thread failed'));
    const ready: Promise<void>[] = [];
    this.#slots = Array.from({ length: workers }, (_, shard) => {
      let hello!: () => void;
      ready.push(
        new Promise(resolve => {
          hello = resolve;
        }),
      );
      return this.#slot(shard, hello);
    });
    this.#ready = Promise.all(ready);
  }

  /** Resolves when every shard has said hello, or when it is stopped before. */
  async start(): Promise<void> {
    for (const { handle } of this.#slots) handle.start();
    await Promise.race([this.#ready, this.#stopped.promise]);
  }

  /** Drains all shards until `by` (ms since 1970) and ends all threads. */
  async stop(by: number): Promise<void> {
    this.#closing = true;
    this.#stopped.resolve();
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

  /** Shards that devices may be placed on. */
  hosts(): number[] {
    return this.#slots
      .filter(({ handle }) => handle.state !== 'quarantined')
      .map(({ handle }) => handle.shard);
  }

  view(): { shard: number; state: ShardHandle['state']; restarts: number; pulse: Pulse | null }[] {
    return this.#slots.map(({ handle: { shard, state }, restarts, pulse }) => ({
      shard,
      state,
      restarts,
      pulse,
    }));
  }

  #slot(shard: number, hello: () => void): Slot {
    const { settings, heapMb, log } = this.#options;
    const slot: Slot = {
      deaths: [],
      restarts: 0,
      quarantines: 0,
      pulse: null,
      timer: undefined,
      handle: new ShardHandle({
        pool: this.#pool,
        settings: { ...settings, shard, credit: CREDIT },
        softHeap: SOFT * heapMb * 1024 * 1024,
        log,
        hear: message => {
          if (message.op === 'pulse') slot.pulse = message.pulse;
          else this.#options.hear(shard, message);
        },
        up: () => {
          log.info({ shard, threadId: slot.handle.threadId, restarts: slot.restarts }, 'shard is up');
          this.#options.up(shard);
          hello();
        },
        down: (why, planned) => this.#down(slot, why, planned),
      }),
    };
    return slot;
  }

  #down(slot: Slot, why: string, planned: boolean): void {
    const { handle } = slot;
    const { shard } = handle;
    slot.pulse = null;
    if (this.#closing) return;
    this.#options.down(shard);
    slot.restarts++;
    if (planned) {
      this.#options.log.info({ shard, why }, 'shard is replaced');
      handle.start();
      return;
    }
    const now = performance.now();
    slot.deaths = recent(slot.deaths, now, SHARD_DEATHS);
    this.#options.log.error({ shard, why, deaths: slot.deaths.length }, 'shard died');
    if (tooMany(slot.deaths, SHARD_DEATHS)) this.#quarantine(slot, now);
    else slot.timer = setTimeout(() => handle.start(), restartWait(slot.deaths.length, Math.random()));
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
