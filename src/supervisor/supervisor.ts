/**
 * The main thread's owner of the shards: it places devices on them, routes commands to them, and keeps them alive. It
 * never waits for a shard's database work, and a device's fate is decided in the device, not here.
 */
import { randomUUID } from 'node:crypto';
import { Failure } from '../errors.ts';
import { within } from '../lib/deadline.ts';
import { failpoint } from '../lib/failpoint.ts';
import type { Logger } from '../lib/logger.ts';
import { SealBroken } from '../lib/seal.ts';
import type { Service } from '../lib/service.ts';
import type {
  Answer,
  Answers,
  Command,
  Count,
  Fault,
  FromShard,
  ShardSettings,
  Streamed,
  ToShard,
} from '../shard/protocol.ts';
import type { Sql } from '../store/database.ts';
import { reachStore } from '../store/database.ts';
import type { DeviceSeals } from '../store/device-seals.ts';
import { claimDevices, createDevice, type DeviceRow, listDevices, removeDevice } from '../store/devices.ts';
import { ConnectGate } from './connect-gate.ts';
import type { CommandOptions, Devices, DeviceView, Fleet, ShardView } from './devices.ts';
import { Directory, type Entry, entryOf, seatOf, viewOf } from './directory.ts';
import { Isolation } from './isolation.ts';
import { place } from './placement.ts';
import type { ShardHandle } from './shard-handle.ts';
import { Shards } from './shards.ts';

export interface SupervisorOptions {
  readonly sql: Sql;
  readonly seals: Pick<DeviceSeals, 'make' | 'keyOf'>;
  /** This process, for as long as it lives: owner of the devices that it runs. */
  readonly node: string;
  readonly workers: number;
  readonly heapMb: number;
  readonly connectsPerSecond: number;
  readonly connectBurst: number;
  readonly drainMs: number;
  readonly shard: Omit<ShardSettings, 'shard' | 'node' | 'beats' | 'credit'>;
  readonly log: Logger;
  /** Committed events of a shard; `done` returns their credit. */
  readonly events: (shard: number, events: readonly Streamed[], done: () => void) => void;
  readonly statusChanged?: (device: DeviceView) => void;
  /** The node is sick beyond repair; `stuck` when a thread lives that only the end of the process ends. */
  readonly fatal: (why: string, stuck?: 'stuck') => void;
}

const SEATS_AT_ONCE = 200;
const ANSWER_LATE = 6_000;
const NO_KEY = new Uint8Array(0);
const KEY_BROKEN = 'its key cannot be opened; put its row back, or remove the device and pair anew';
const DEVICE_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export class Supervisor implements Service, Devices, Fleet {
  readonly #options: SupervisorOptions;
  readonly #log: Logger;
  readonly #directory = new Directory();
  readonly #gate: ConnectGate;
  readonly #watchers = new Map<string, Set<() => void>>();
  readonly #shards: Shards;
  readonly #isolation: Isolation;
  #closing = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#gate = new ConnectGate({
      perSecond: options.connectsPerSecond,
      burst: options.connectBurst,
      admit: id => this.#tell(id, { op: 'admit', device: id }),
    });
    const { workers, heapMb, node, log, fatal } = options;
    this.#shards = new Shards({
      workers,
      heapMb,
      log,
      fatal,
      settings: { ...options.shard, node },
      hear: (shard, message) => this.#hear(shard, message),
      up: shard => {
        // Devices that had no place while it was away may come to it, too.
        this.#move(shard);
        this.#adopt(
          shard,
          [...this.#directory.entries()].filter(entry => entry.shard === shard),
        );
      },
      down: (shard, suspect) => {
        for (const entry of this.#directory.entries()) if (entry.shard === shard) this.#interrupted(entry);
        this.#isolation.blame(suspect, shard);
      },
      quarantined: () => this.#move(),
    });
    this.#isolation = new Isolation({
      sql: options.sql,
      node,
      log,
      directory: this.#directory,
      shards: this.#shards,
      moved: entry => {
        if (entry.shard !== null) this.#adopt(entry.shard, [entry]);
        this.#announce(entry);
      },
      freed: () => this.#move(),
    });
  }

  /** Claims all devices, starts the shards and resolves when every shard has said hello. */
  async start(): Promise<void> {
    const { sql, node } = this.#options;
    const terms = new Map((await claimDevices(sql, node)).map(({ no, epoch }) => [no, epoch]));
    await failpoint('start.after_claim');
    for (const row of await listDevices(sql))
      this.#directory.add(this.#entryOf(row, terms.get(row.no) ?? row.epoch));
    await this.#isolation.start();
    this.#place();
    await this.#shards.start();
  }

  /** Drains every shard at once and ends all threads, at most until the drain limit. */
  async stop(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.#gate.close();
    await this.#shards.stop(Date.now() + this.#options.drainMs);
    await this.#isolation.stop();
    await failpoint('stop.after_drain');
  }

  list(): DeviceView[] {
    return [...this.#directory.entries()].map(viewOf);
  }

  find(idOrJid: string): DeviceView | undefined {
    const entry = this.#directory.find(idOrJid);
    return entry && viewOf(entry);
  }

  async create(id: string = randomUUID()): Promise<DeviceView> {
    if (this.#closing) throw new Failure('SHUTTING_DOWN');
    if (!DEVICE_ID.test(id) || id.includes('..')) throw new Failure('INVALID_DEVICE_ID');
    if (this.#directory.get(id))
      throw new Failure('DEVICE_EXISTS', undefined, { results: { device_id: id } });
    const { sql, node, seals } = this.#options;
    const row = await reachStore(() => createDevice(sql, id, node, seals.make(id).dek));
    await failpoint('device.after_create');
    const entry = this.#entryOf(row, row.epoch);
    this.#directory.add(entry);
    this.#move();
    return viewOf(entry);
  }

  async remove(id: string, options: CommandOptions): Promise<void> {
    const entry = this.#entry(id);
    if (entry.status.linked) {
      // What WhatsApp says does not matter to what we forget; the answer is in the log.
      await this.command(id, { do: 'logout' }, options).catch((err: unknown) =>
        this.#log.warn({ err, device: id, request: options.request }, 'device was removed without a logout'),
      );
    }
    await failpoint('device.before_remove');
    this.#gate.forget(id);
    this.#tell(id, { op: 'release', device: id, no: entry.no });
    try {
      await reachStore(() => removeDevice(this.#options.sql, entry.no));
    } catch (error) {
      // It is still there, so somebody must host it.
      if (entry.shard !== null) this.#adopt(entry.shard, [entry]);
      throw error;
    }
    // By now the id may be another device's.
    if (this.#directory.get(id) === entry) this.#directory.remove(id);
    this.#isolation.forget(entry);
    this.#notify(id);
  }

  async command<C extends Command>(
    id: string,
    command: C,
    { within: ms, request }: CommandOptions,
  ): Promise<Answers[C['do']]> {
    const deadline = Date.now() + ms;
    if (command.do === 'reconnect') this.#isolation.pardon(this.#entry(id));
    for (let lost = 0; ; lost += 1) {
      const reply = await this.#attempt(id, command, deadline, request).catch((error: unknown) => {
        throw lost > 0 ? unsettled(command, error) : error;
      });
      if (reply !== 'lost') return reply as Answers[C['do']];
    }
  }

  /**
   * Gives the command to the device's shard. A shard that dies with it loses it, and it is given to the next: a send
   * has its id, so that the next one knows how far it came.
   */
  async #attempt(id: string, command: Command, deadline: number, request: string): Promise<Answer | 'lost'> {
    if (this.#closing) throw new Failure('SHUTTING_DOWN');
    this.#entry(id);
    const handle = await this.#ready(id, deadline);
    // The shard keeps the deadline itself; this is for a shard that does not.
    const reply = await within(
      handle.command({ device: id, command, deadline, request }),
      Math.max(deadline, Date.now()) + ANSWER_LATE,
      () => new Failure('GATEWAY_TIMEOUT'),
    );
    if (reply === 'lost') {
      this.#log.warn(
        { device: id, shard: handle.shard, command: command.do, request },
        'the shard died with a command',
      );
      return 'lost';
    }
    if (reply.ok) return reply.answer;
    throw Failure.from(reply.error);
  }

  async changed(id: string, ms: number): Promise<void> {
    const watchers = this.#watchers.get(id) ?? new Set();
    this.#watchers.set(id, watchers);
    let timer: NodeJS.Timeout | undefined;
    let watcher!: () => void;
    await new Promise<void>(resolve => {
      watcher = resolve;
      watchers.add(watcher);
      timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
    watchers.delete(watcher);
    if (watchers.size === 0) this.#watchers.delete(id);
  }

  shards(): ShardView[] {
    const counts = new Map<number, number>();
    for (const { shard } of this.#directory.entries())
      if (shard !== null) counts.set(shard, (counts.get(shard) ?? 0) + 1);
    return this.#shards.view().map(shard => ({ ...shard, devices: counts.get(shard.shard) ?? 0 }));
  }

  connectsWaiting(): number {
    return this.#gate.waiting;
  }

  /** For tests and the demo: makes a shard's thread fail in a named way, as if it were the work of a device if one is named. */
  inject(shard: number, fault: Fault, device?: string): void {
    this.#shards.post(shard, { op: 'fault', fault, ...(device !== undefined && { device }) });
  }

  count(what: Count): number {
    return this.#shards.tally.count(what);
  }

  takePings(): number[] {
    return this.#shards.tally.takePings();
  }

  #hear(shard: number, message: FromShard): void {
    switch (message.op) {
      case 'knock':
        this.#gate.knock(message.device);
        break;
      case 'status': {
        const entry = this.#directory.get(message.device);
        if (!entry || entry.shard !== shard) break;
        this.#directory.update(entry, message.status);
        this.#announce(entry);
        break;
      }
      case 'events': {
        const { events } = message;
        this.#options.events(shard, events, () =>
          this.#shards.post(shard, { op: 'credit', events: events.length }),
        );
        break;
      }
    }
  }

  #adopt(shard: number, entries: readonly Entry[]): void {
    const seats = entries.map(entry => seatOf(entry, this.#isolation.crashed(entry)));
    for (let i = 0; i < seats.length; i += SEATS_AT_ONCE)
      this.#shards.post(shard, { op: 'adopt', seats: seats.slice(i, i + SEATS_AT_ONCE) });
  }

  /** A device without its shard: as far as anybody can see it waits. It knocks again when it is adopted. */
  #interrupted(entry: Entry): void {
    this.#gate.forget(entry.id);
    const { linked, phase, pairing: _ended, ...rest } = entry.status;
    if (phase === 'stopped' || phase === 'crashed') return;
    const status = {
      ...rest,
      linked,
      since: Date.now(),
      reason: 'the shard restarts',
      phase: linked ? ('waiting' as const) : ('unlinked' as const),
    };
    this.#directory.update(entry, status);
    this.#announce(entry);
  }

  #announce(entry: Entry): void {
    this.#options.statusChanged?.(viewOf(entry));
    this.#notify(entry.id);
  }

  /**
   * Places every device that has no place on a shard that may host, and returns those. One that has is left there even if
   * its shard is over the bound by now (others were removed, or a shard came back): a move is a reconnect, and nothing
   * here takes a device from a thread that lives.
   */
  #place(): Entry[] {
    const hosts = this.#shards.hosts();
    if (hosts.length === 0) return [];
    const changed: Entry[] = [];
    const free: string[] = [];
    for (const entry of this.#directory.entries()) {
      if (!this.#isolation.has(entry)) free.push(entry.id);
      else if (entry.shard === null) this.#isolation.place(entry);
    }
    for (const [id, shard] of place(free, hosts, this.#directory.placed())) {
      const entry = this.#directory.get(id);
      if (!entry || (entry.shard !== null && hosts.includes(entry.shard))) continue;
      entry.shard = shard;
      changed.push(entry);
    }
    return changed;
  }

  /** Places who has no place and gives them to their shards; `except` is given all of its devices anyway. */
  #move(except?: number): void {
    const moved = this.#place();
    for (const host of this.#shards.hosts().filter(shard => shard !== except))
      this.#adopt(
        host,
        moved.filter(entry => entry.shard === host),
      );
  }

  #tell(id: string, message: ToShard): void {
    const shard = this.#directory.get(id)?.shard;
    if (typeof shard === 'number') this.#shards.post(shard, message);
  }

  #entry(id: string): Entry {
    const entry = this.#directory.get(id);
    if (!entry) throw new Failure('DEVICE_NOT_FOUND', undefined, { results: { device_id: id } });
    return entry;
  }

  /** The device's shard once it is up; fails with SHARD_UNAVAILABLE at the deadline. */
  async #ready(id: string, deadline: number): Promise<ShardHandle> {
    for (;;) {
      const shard = this.#entry(id).shard;
      const handle = shard === null ? undefined : this.#shards.handle(shard);
      if (handle?.state === 'up') return handle;
      const left = deadline - Date.now();
      if (left <= 0) throw new Failure('SHARD_UNAVAILABLE');
      if (this.#closing) throw new Failure('SHUTTING_DOWN');
      await this.changed(id, left);
    }
  }

  /** One device whose key does not open is reported and stands still; the others run. */
  #entryOf(row: DeviceRow, epoch: number): Entry {
    try {
      return entryOf(row, epoch, this.#options.seals.keyOf(row));
    } catch (err) {
      if (!(err instanceof SealBroken)) throw err;
      this.#log.error({ err, device: row.id }, 'the key of a device cannot be opened; the device is stopped');
      return entryOf({ ...row, state: 'stopped', reason: KEY_BROKEN }, epoch, NO_KEY, KEY_BROKEN);
    }
  }

  #notify(id: string): void {
    for (const watcher of this.#watchers.get(id) ?? []) watcher();
  }
}

/** What is said of a command whose first thread died: a message may be queued, whatever the next thread could not do. */
function unsettled(command: Command, error: unknown): unknown {
  const passing = ['DEVICE_NOT_CONNECTED', 'SHARD_UNAVAILABLE', 'STORE_UNAVAILABLE', 'SHUTTING_DOWN'];
  if (command.do !== 'send' || !(error instanceof Failure) || !passing.includes(error.code)) return error;
  return new Failure(
    'GATEWAY_TIMEOUT',
    'The thread of the device died while the message was being sent. It may have been sent, or it is queued under its id: do not send it again, ask for its status.',
    { cause: error, results: { message_id: command.id } },
  );
}
