/**
 * The main thread's owner of the shards: it places devices on them, routes commands to them, and keeps them alive. It
 * never waits for a shard's database work, and a device's fate is decided in the device, not here.
 */
import { randomUUID } from 'node:crypto';
import { Failure } from '../errors.ts';
import { monotonic } from '../lib/deadline.ts';
import { failpoint } from '../lib/failpoint.ts';
import type { Logger } from '../lib/logger.ts';
import type { Service } from '../lib/service.ts';
import type {
  AnswerOf,
  CommandType,
  Count,
  DeviceStatus,
  Fault,
  FromShard,
  InputOf,
  ShardSettings,
  Streamed,
  ToShard,
} from '../shard/protocol.ts';
import { reachStore, type Sql } from '../store/database.ts';
import type { DeviceSeals } from '../store/device-seals.ts';
import { createDevice, removeDevice } from '../store/devices.ts';
import { accessTo } from './access.ts';
import { Commands } from './commands.ts';
import { ConnectGate } from './connect-gate.ts';
import type {
  CommandOptions,
  Devices,
  DeviceView,
  Fleet,
  Moving,
  OwnershipView,
  ShardView,
} from './devices.ts';
import { Directory, type Entry, interruptedStatus, seatOf, viewOf } from './directory.ts';
import { Isolation } from './isolation.ts';
import type { Lease } from './lease.ts';
import { moving } from './moving.ts';
import { Ownership } from './ownership.ts';
import { placeAll } from './places.ts';
import { Shards } from './shards.ts';
import { Watchers } from './watchers.ts';

export interface SupervisorOptions {
  readonly sql: Sql;
  readonly seals: Pick<DeviceSeals, 'make' | 'keyOf'>;
  /** Where devices connect to. */
  readonly world: string;
  /** The right of this process to run devices. It must be held before the start and outlive the stop. */
  readonly lease: Lease;
  /** Opens a pool of one connection, for the claims. */
  readonly open: () => Sql;
  readonly workers: number;
  readonly heapMb: number;
  readonly memory?: (() => number) | undefined;
  readonly connectsPerSecond: number;
  readonly connectBurst: number;
  readonly drainMs: number;
  readonly shard: Omit<ShardSettings, 'shard' | 'node' | 'beats' | 'lease' | 'credit'>;
  readonly log: Logger;
  /** Committed events of a shard; `done` returns their credit. */
  readonly events: (shard: number, events: readonly Streamed[], done: () => void) => void;
  /** Another node may run these devices (all, unless given) from now on. */
  readonly letGo?: (deviceNo?: number) => void;
  readonly statusChanged?: (device: DeviceView) => void;
  /** The node is sick beyond repair; `stuck` when a thread lives that only the end of the process ends. */
  readonly fatal: (why: string, stuck?: 'stuck') => void;
}

const SEATS_AT_ONCE = 200;
const DEVICE_ID = /^(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export class Supervisor implements Service, Devices, Fleet {
  readonly moving: Moving;
  readonly #options: SupervisorOptions;
  readonly #log: Logger;
  readonly #directory = new Directory();
  readonly #gate: ConnectGate;
  readonly #watchers = new Watchers();
  readonly #shards: Shards;
  readonly #isolation: Isolation;
  readonly #ownership: Ownership;
  readonly #commands: Commands;
  /** Devices that are being made, by their ids. */
  readonly #creating = new Map<string, Promise<void>>();
  #closing = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#gate = new ConnectGate({
      perSecond: options.connectsPerSecond,
      burst: options.connectBurst,
      admit: id => this.#tell(id, { op: 'admit', device: id }),
    });
    const { workers, heapMb, lease, open, log, fatal } = options;
    this.#shards = new Shards({
      workers,
      heapMb,
      memory: options.memory,
      log,
      fatal,
      settings: { ...options.shard, node: lease.node, lease: lease.clock.shared },
      hear: (shard, message) => this.#hear(shard, message),
      up: shard => {
        // Devices that had no place while it was away may come to it, too.
        this.#move(shard);
        this.#adopt(
          shard,
          this.#directory.held().filter(entry => entry.shard === shard),
        );
      },
      down: (shard, suspect) => {
        for (const entry of this.#directory.held())
          if (entry.shard === shard) this.#interrupted(entry, 'the shard restarts');
        this.#isolation.blame(suspect, shard);
      },
      quarantined: () => this.#move(),
    });
    this.#isolation = new Isolation({
      sql: options.sql,
      node: lease.node,
      log,
      directory: this.#directory,
      shards: this.#shards,
      moved: entry => {
        if (entry.shard !== null) this.#adopt(entry.shard, [entry]);
        this.#changed(entry, entry.status);
      },
      freed: () => this.#move(),
    });
    this.#ownership = new Ownership({
      ...{ lease, open, log, directory: this.#directory },
      access: row => accessTo(row, options.seals, log),
      suspend: () => {
        for (const { shard } of this.#shards.view()) this.#shards.post(shard, { op: 'suspend' });
        for (const { id } of this.#directory.held()) this.#gate.forget(id);
        options.letGo?.();
      },
      abandon: ({ id, no }) => {
        this.#gate.forget(id);
        this.#tell(id, { op: 'abandon', device: id, no });
        options.letGo?.(no);
      },
      host: entries => {
        for (const entry of entries) if (entry.shard !== null) this.#adopt(entry.shard, [entry]);
        this.#move();
      },
      changed: (entry, status) => this.#changed(entry, status),
      removed: ({ id }) => {
        this.#directory.remove(id);
        this.#watchers.notify(id);
      },
    });
    this.#commands = new Commands({
      ...{ sql: options.sql, log },
      here: id => this.#here(id),
      handle: shard => this.#shards.handle(shard),
      changed: (id, ms) => this.changed(id, ms),
      closing: () => this.#closing,
    });
    this.moving = moving({
      ...{ ...options, directory: this.#directory, ownership: this.#ownership },
      ...{ here: id => this.#here(id), checkFree: id => this.#checkFree(id) },
    });
  }

  /** Claims the devices that are free, starts the shards and resolves when every shard has said hello. */
  async start(): Promise<void> {
    await reachStore(() => this.#isolation.start());
    await reachStore(() => this.#ownership.start());
    await failpoint('start.after_claim');
    await this.#shards.start();
  }

  /** Drains every shard at once and ends all threads, at most until the drain limit. */
  async stop(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.#gate.close();
    await this.#ownership.stop();
    await this.#shards.stop(monotonic() + this.#options.drainMs);
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
    // The database may refuse the second one before the first is known here: it is told of a device that can be found.
    for (let first = this.#creating.get(id); first; first = this.#creating.get(id)) await first;
    const creating = this.#create(id);
    const settled = creating.then(
      () => {},
      () => {},
    );
    this.#creating.set(id, settled);
    try {
      return await creating;
    } finally {
      this.#creating.delete(id);
    }
  }

  async #create(id: string): Promise<DeviceView> {
    this.#checkFree(id);
    const { sql, lease, seals } = this.#options;
    this.#ownership.assertHeld();
    const { term } = lease;
    const row = await reachStore(() => createDevice(sql, id, lease.node, seals.make(id).dek)).catch(
      (error: unknown) => {
        this.#ownership.doubt(); // It may be there.
        throw error;
      },
    );
    await failpoint('device.after_create');
    this.#ownership.made(row, term);
    return viewOf(this.#entry(id));
  }

  async remove(id: string, options: CommandOptions): Promise<void> {
    const entry = this.#here(id);
    if (entry.status.linked) {
      // What WhatsApp says does not matter to what we forget; the answer is in the log.
      await this.command(id, 'logout', {} as never, options).catch((err: unknown) =>
        this.#log.warn({ err, device: id, request: options.request }, 'device was removed without a logout'),
      );
    }
    await failpoint('device.before_remove');
    this.#gate.forget(id);
    this.#tell(id, { op: 'release', device: id, no: entry.no });
    try {
      const { sql, lease } = this.#options;
      await reachStore(() => removeDevice(sql, { no: entry.no, owner: lease.node, epoch: entry.epoch }));
    } catch (error) {
      this.#ownership.doubt();
      // It is still there, so somebody must host it.
      if (entry.held && entry.shard !== null) this.#adopt(entry.shard, [entry]);
      throw error;
    }
    // By now the id may be another device's.
    if (this.#directory.get(id) === entry) this.#directory.remove(id);
    this.#isolation.forget(entry);
    this.#watchers.notify(id);
  }

  async command<C extends CommandType>(
    id: string,
    name: C['name'],
    input: InputOf<C>,
    options: CommandOptions,
  ): Promise<AnswerOf<C>> {
    const entry = this.#entry(id);
    if (name === 'reconnect') this.#isolation.pardon(entry);
    return this.#commands.run<C>(entry, name, input, options);
  }

  changed(id: string, ms: number): Promise<void> {
    return this.#watchers.changed(id, ms);
  }

  shards(): ShardView[] {
    const counts = this.#directory.counts();
    return this.#shards.view().map(shard => ({ ...shard, devices: counts.get(shard.shard) ?? 0 }));
  }

  ownership(): OwnershipView {
    return this.#ownership.view();
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
        if (entry?.held && entry.shard === shard) this.#changed(entry, message.status);
        break;
      }
      case 'suspended':
        this.#options.lease.lose(undefined, message.term);
        break;
      case 'fenced':
        this.#ownership.fenced(this.#directory.get(message.device), message.no, message.epoch);
        break;
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

  /** A device without its shard. It knocks again when it is adopted. */
  #interrupted(entry: Entry, reason: string): void {
    this.#gate.forget(entry.id);
    const status = interruptedStatus(entry, reason);
    if (status !== entry.status) this.#changed(entry, status);
  }

  #changed(entry: Entry, status: DeviceStatus): void {
    this.#directory.update(entry, status);
    this.#options.statusChanged?.(viewOf(entry));
    this.#watchers.notify(entry.id);
  }

  /** Places who has no place and gives them to their shards; `except` is given all of its devices anyway. */
  #move(except?: number): void {
    const moved = placeAll(this.#directory, this.#shards.hosts(), this.#isolation);
    for (const host of [...this.#shards.hosts(), this.#shards.quarantine].filter(shard => shard !== except))
      this.#adopt(
        host,
        moved.filter(entry => entry.shard === host),
      );
  }

  #checkFree(id: string): void {
    if (this.#closing) throw new Failure('SHUTTING_DOWN');
    if (this.#shards.pressed) throw new Failure('MEMORY_SHORT');
    if (!DEVICE_ID.test(id)) throw new Failure('INVALID_DEVICE_ID');
    if (this.#directory.get(id))
      throw new Failure('DEVICE_EXISTS', undefined, { results: { device_id: id } });
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

  /** The device, if this node runs it. Fails with DEVICE_NOT_FOUND, STORE_UNAVAILABLE or DEVICE_ELSEWHERE. */
  #here(id: string): Entry {
    return this.#ownership.assertHere(this.#entry(id));
  }
}
