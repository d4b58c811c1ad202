/**
 * One shard as the main thread sees it: its thread, its port, its heartbeat and the commands it owes an answer to.
 *
 *   down ──start──▶ starting ──hello──▶ up ──drain──▶ draining ──bye──▶ down
 *    ▲                  └── no hello in time ──┐  └── silent, or heap over the soft limit ─┐
 *    └────────────────────── the task settled, for whatever reason ◀───────────────────────┘
 *
 * Each start is a generation with its own port and signal. The measured rules (shards.md §1): any settle of the task
 * without a `bye` is a failure, even a resolve; what the dead thread had posted is read before the port is closed; a
 * port without a permanent listener never closes; a dead port swallows messages, so commands outstanding at a death are
 * settled here.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import type { Logger } from '../lib/logger.ts';
import {
  BEATS,
  BUFFERS_KIB,
  type FromShard,
  HEAP_KIB,
  HEARTBEAT_SLOTS,
  type Reply,
  type RequestId,
  type ShardSettings,
  type ToShard,
} from '../shard/protocol.ts';

export type HandleState = 'down' | 'starting' | 'up' | 'draining' | 'quarantined';

export interface ShardHandleOptions {
  readonly pool: Piscina;
  readonly settings: Omit<ShardSettings, 'beats'>;
  /** Bytes of heap and array buffers above which the shard is drained and replaced. */
  readonly softHeap: number;
  readonly log: Logger;
  readonly hear: (message: FromShard) => void;
  readonly up: () => void;
  /** The thread is gone; `planned` after a drain. Not called for a generation that never said hello only once more. */
  readonly down: (why: string, planned: boolean) => void;
  /** Other limits than usual, for tests. */
  readonly limits?: Partial<Limits>;
}

/** Milliseconds. */
interface Limits {
  readonly helloWithin: number;
  readonly silentFor: number;
  readonly watchEvery: number;
  readonly drainWithin: number;
}

const LIMITS: Limits = { helloWithin: 30_000, silentFor: 5_000, watchEvery: 500, drainWithin: 10_000 };

interface Generation {
  readonly port: MessagePort;
  readonly abort: AbortController;
  readonly beats: Int32Array;
  readonly startedAt: number;
  lastBeat: number;
  lastBeatAt: number;
  threadId: number | undefined;
  why: string | undefined;
  bye: boolean;
  readonly settled: Promise<void>;
}

export class ShardHandle {
  readonly shard: number;
  state: HandleState = 'down';
  readonly #options: ShardHandleOptions;
  readonly #limits: Limits;
  readonly #owed = new Map<RequestId, (reply: Reply | 'lost') => void>();
  #generation: Generation | undefined;
  #watch: NodeJS.Timeout | undefined;
  #watchedAt = 0;
  #lastRequest = 0;

  constructor(options: ShardHandleOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    this.shard = options.settings.shard;
  }

  get threadId(): number | undefined {
    return this.#generation?.threadId;
  }

  start(): void {
    const { pool, settings } = this.#options;
    const { port1: port, port2 } = new MessageChannel();
    const abort = new AbortController();
    const beats = new SharedArrayBuffer(HEARTBEAT_SLOTS * 4);
    const task = pool.run(
      { settings: { ...settings, beats }, port: port2 },
      { transferList: [port2], signal: abort.signal },
    ) as Promise<unknown>;
    const now = performance.now();
    const generation: Generation = {
      port,
      abort,
      beats: new Int32Array(beats),
      startedAt: now,
      lastBeat: 0,
      lastBeatAt: now,
      threadId: undefined,
      why: undefined,
      bye: false,
      settled: task.then(
        () => this.#retire(generation).then(() => this.#settle(generation, 'the task ended')),
        (error: unknown) => this.#settle(generation, describe(error)),
      ),
    };
    this.#generation = generation;
    this.state = 'starting';
    port.on('message', (message: FromShard) => this.#hear(generation, message));
    this.#watchedAt = now;
    this.#watch ??= setInterval(() => this.#look(), this.#limits.watchEvery);
  }

  post(message: ToShard): boolean {
    if (this.state !== 'up' || !this.#generation) return false;
    this.#generation.port.postMessage(message);
    return true;
  }

  /** Posts a command; resolves with the reply, or with `lost` when the shard died with it. */
  command(command: Omit<Extract<ToShard, { op: 'command' }>, 'op' | 'id'>): Promise<Reply | 'lost'> {
    const id = ++this.#lastRequest;
    return new Promise(resolve => {
      this.#owed.set(id, resolve);
      if (!this.post({ op: 'command', id, ...command })) this.#answer(id, 'lost');
    });
  }

  /** Ends the thread at once; its devices come back with the next generation. */
  kill(why: string): void {
    const generation = this.#generation;
    if (!generation) return;
    generation.why ??= why;
    generation.abort.abort(new Error(why));
  }

  /** Lets the shard finish until `by` (ms since 1970), then ends it. */
  async drain(by: number, why: string): Promise<void> {
    const generation = this.#generation;
    if (!generation) return;
    if (this.state === 'up') {
      this.post({ op: 'drain', by });
      this.state = 'draining';
      generation.why = why;
      const late = setTimeout(
        () => generation.abort.abort(new Error(`${why}, and did not drain in time`)),
        Math.max(0, by - Date.now()),
      );
      await generation.settled;
      clearTimeout(late);
    } else {
      this.kill(why);
      await generation.settled;
    }
  }

  /** No more watching; after the last drain. */
  close(): void {
    clearInterval(this.#watch);
    this.#watch = undefined;
  }

  #hear(generation: Generation, message: FromShard): void {
    if (generation !== this.#generation) return;
    switch (message.op) {
      case 'hello':
        generation.threadId = message.threadId;
        generation.lastBeatAt = performance.now();
        this.state = 'up';
        this.#options.up();
        break;
      case 'reply':
        this.#answer(message.id, message.reply);
        break;
      case 'bye':
        generation.bye = true;
        generation.abort.abort(new Error('drained'));
        break;
      default:
        this.#options.hear(message);
    }
  }

  #answer(id: RequestId, reply: Reply | 'lost'): void {
    this.#owed.get(id)?.(reply);
    this.#owed.delete(id);
  }

  /**
   * A task that merely returned leaves its thread, with this shard's heap, to the next task. Nobody hears of the end
   * before the thread is gone: a restart would be given that very thread and die with it (8 times out of 10).
   */
  async #retire({ threadId }: Generation): Promise<void> {
    await this.#options.pool.threads.find(thread => thread.threadId === threadId)?.terminate();
  }

  #settle(generation: Generation, how: string): void {
    for (let last = receiveMessageOnPort(generation.port); last; last = receiveMessageOnPort(generation.port))
      this.#hear(generation, last.message as FromShard);
    generation.port.close();
    this.#generation = undefined;
    this.state = 'down';
    for (const id of [...this.#owed.keys()]) this.#answer(id, 'lost');
    this.#options.down(generation.why ?? how, generation.bye);
  }

  #look(): void {
    const generation = this.#generation;
    const now = performance.now();
    const { helloWithin, silentFor, drainWithin } = this.#limits;
    const late = now - this.#watchedAt > silentFor / 2;
    this.#watchedAt = now;
    if (!generation) return;
    if (late) {
      // We were the ones who slept: give everybody a new start.
      generation.lastBeatAt = now;
      return;
    }
    if (this.state === 'starting') {
      if (now - generation.startedAt > helloWithin) this.kill('no hello in time');
      return;
    }
    const beat = Atomics.load(generation.beats, BEATS);
    if (beat !== generation.lastBeat) {
      generation.lastBeat = beat;
      generation.lastBeatAt = now;
    } else if (now - generation.lastBeatAt > silentFor) {
      this.kill('silent: its event loop is blocked');
      return;
    }
    const used =
      (Atomics.load(generation.beats, HEAP_KIB) + Atomics.load(generation.beats, BUFFERS_KIB)) * 1024;
    if (this.state === 'up' && used > this.#options.softHeap)
      void this.drain(Date.now() + drainWithin, 'memory over the soft limit');
  }
}

function describe(error: unknown): string {
  const { code, name, message } = (error ?? {}) as { code?: string; name?: string; message?: string };
  return (
    [code ?? name, message ?? (error === null ? 'threw null' : undefined)].filter(Boolean).join(': ') ||
    'unknown'
  );
}
