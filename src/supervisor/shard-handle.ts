/**
 * One shard as the main thread sees it: its thread, its port, its heartbeat and the commands it owes an answer to.
 *
 *   down ──start──▶ starting ──hello──▶ up ──drain──▶ draining ──bye──▶ down
 *    ▲                  └── no hello in time ──┐  └── silent, or heap over the soft limit ─┐
 *    └────────────────────── the task settled, for whatever reason ◀───────────────────────┘
 *
 * Each start is a generation with its own port and signal. What was measured of Piscina and its threads: any settle of the task
 * without a `bye` is a failure, even a resolve; what the dead thread had posted is read before the port is closed; a
 * port without a permanent listener never closes; a dead port swallows messages, so commands outstanding at a death are
 * settled here.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort, type Worker } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import { monotonic } from '../lib/deadline.ts';
import type { Logger } from '../lib/logger.ts';
import {
  BEATS,
  BUFFERS_KIB,
  COLLECTED,
  type FromShard,
  HEAP_KIB,
  HEARTBEAT_SLOTS,
  PRESSED,
  type Reply,
  type RequestId,
  type ShardSettings,
  SUSPECT,
  type ToShard,
} from '../shard/protocol.ts';
import { examine } from './examine.ts';

export type HandleState = 'down' | 'starting' | 'up' | 'draining' | 'quarantined';

export interface ShardHandleOptions {
  readonly pool: Piscina;
  readonly settings: Omit<ShardSettings, 'beats'>;
  /** Bytes of heap and array buffers above which the shard is drained and replaced. */
  readonly softHeap: number;
  readonly log: Logger;
  readonly hear: (message: FromShard) => void;
  readonly up: () => void;
  /** The thread is gone, and with it its sockets. */
  readonly down: (down: Down) => void;
  /** The thread cannot be ended, so nothing may take its place: its sockets live on. */
  readonly stuck: (why: string) => void;
  /** Other limits than usual, for tests. */
  readonly limits?: Partial<Limits>;
}

export interface Down {
  readonly why: string;
  /** After a drain that was done in time. */
  readonly planned: boolean;
  /** Number of the device whose work it died of, as far as it can be known; 0 is nobody's. */
  readonly suspect: number;
}

/** Milliseconds. */
interface Limits {
  readonly helloWithin: number;
  readonly silentFor: number;
  readonly watchEvery: number;
  readonly drainWithin: number;
  /** For a look into a thread that is blocked. */
  readonly examineWithin: number;
  /** For a thread that was ended to be gone. */
  readonly goneWithin: number;
}

const LIMITS: Limits = {
  helloWithin: 30_000,
  silentFor: 5_000,
  watchEvery: 500,
  drainWithin: 10_000,
  examineWithin: 3_000,
  goneWithin: 20_000,
};

/** Between two attempts to end a thread. */
const AGAIN_MS = 250;

interface Generation {
  readonly port: MessagePort;
  readonly abort: AbortController;
  readonly beats: Int32Array;
  readonly startedAt: number;
  lastBeat: number;
  lastBeatAt: number;
  threadId: number | undefined;
  /** Known from its hello on. */
  worker: Worker | undefined;
  /** What a look into it has found. */
  suspect: number;
  examined: boolean;
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
  #pressed = false;
  #lastRequest = 0;

  constructor(options: ShardHandleOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    this.shard = options.settings.shard;
  }

  get threadId(): number | undefined {
    return this.#generation?.threadId;
  }

  /** Bytes that the thread holds, as its last beat says; 0 without one. */
  get used(): number {
    return this.#generation ? usedBy(this.#generation) : 0;
  }

  /** Tells the thread, and those after it, whether the process is short of memory. */
  press(on: boolean): void {
    this.#pressed = on;
    if (this.#generation) Atomics.store(this.#generation.beats, PRESSED, Number(on));
  }

  /** Tells the thread to give back memory that it does not use. */
  collect(): void {
    if (this.#generation) Atomics.add(this.#generation.beats, COLLECTED, 1);
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
    Atomics.store(new Int32Array(beats), PRESSED, Number(this.#pressed));
    const now = performance.now();
    const generation: Generation = {
      port,
      abort,
      beats: new Int32Array(beats),
      startedAt: now,
      lastBeat: 0,
      lastBeatAt: now,
      threadId: undefined,
      worker: undefined,
      suspect: 0,
      examined: false,
      why: undefined,
      bye: false,
      settled: task.then(
        () => this.#settle(generation, 'the task ended'),
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

  /** Lets the shard finish until `by` (of `monotonic`), then ends it. */
  async drain(by: number, why: string): Promise<void> {
    const generation = this.#generation;
    if (!generation) return;
    if (this.state === 'up') {
      this.post({ op: 'drain', by });
      this.state = 'draining';
      generation.why = why;
      const late = setTimeout(
        () => generation.abort.abort(new Error(`${why}, and did not drain in time`)),
        Math.max(0, by - monotonic()),
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
        generation.worker = this.#options.pool.threads.find(({ threadId }) => threadId === message.threadId);
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
   * Nobody hears of the end before the thread is gone. A task that merely returned leaves its thread, with this shard's
   * heap, to the next task (a restart would be given that very thread and die with it, 8 times out of 10), and one that
   * was aborted may live on in native code, with its sockets open: then a second thread would open the same devices.
   */
  async #gone({ worker }: Generation): Promise<boolean> {
    if (!worker) return true;
    let late: NodeJS.Timeout | undefined;
    // Once is not enough: an end that comes while the debugger evaluates something in the thread is swallowed by it.
    const again = setInterval(() => void worker.terminate(), AGAIN_MS);
    const gone = await Promise.race([
      worker.terminate().then(() => true),
      new Promise<boolean>(resolve => {
        late = setTimeout(() => resolve(false), this.#limits.goneWithin);
      }),
    ]);
    clearTimeout(late);
    clearInterval(again);
    return gone;
  }

  async #settle(generation: Generation, how: string): Promise<void> {
    const why = generation.why ?? how;
    const gone = await this.#gone(generation);
    for (let last = receiveMessageOnPort(generation.port); last; last = receiveMessageOnPort(generation.port))
      this.#hear(generation, last.message as FromShard);
    generation.port.close();
    this.#generation = undefined;
    this.state = 'down';
    for (const id of [...this.#owed.keys()]) this.#answer(id, 'lost');
    if (!gone) {
      this.#options.stuck(`the thread of shard ${this.shard} cannot be ended (${why})`);
      return;
    }
    const suspect = generation.suspect || Atomics.load(generation.beats, SUSPECT);
    this.#options.down({ why, planned: generation.bye, suspect: generation.bye ? 0 : suspect });
  }

  /** Its event loop turns no more: who keeps it, and then an end to it. */
  async #endBlocked(generation: Generation): Promise<void> {
    const { threadId, examined } = generation;
    if (examined || threadId === undefined) return;
    generation.examined = true;
    const finding = await examine(threadId, this.#limits.examineWithin);
    if (generation !== this.#generation) return;
    generation.suspect = finding?.suspect ?? 0;
    const { shard } = this;
    this.#options.log.error(
      { shard, deviceNo: generation.suspect, at: finding?.at ?? 'native code' },
      'the event loop of a shard is blocked',
    );
    this.kill('silent: its event loop is blocked');
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
      void this.#endBlocked(generation);
      return;
    }
    if (this.state === 'up' && usedBy(generation) > this.#options.softHeap)
      void this.drain(monotonic() + drainWithin, 'memory over the soft limit');
  }
}

function usedBy({ beats }: Generation): number {
  return (Atomics.load(beats, HEAP_KIB) + Atomics.load(beats, BUFFERS_KIB)) * 1024;
}

function describe(error: unknown): string {
  const { code, name, message } = (error ?? {}) as { code?: string; name?: string; message?: string };
  return (
    [code ?? name, message ?? (error === null ? 'threw null' : undefined)].filter(Boolean).join(': ') ||
    'unknown'
  );
}
