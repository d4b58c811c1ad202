/**
 * Inside the thread: the devices of one shard, and its end of the conversation. It does not know that it lives in a
 * thread; it gets something with `postMessage` and `on('message')`.
 */
import { threadId } from 'node:worker_threads';
import { inTheNameOf } from '../device/blame.ts';
import { assertContract } from '../device/contract.ts';
import { Device } from '../device/device.ts';
import type { Stored, Watch } from '../device/health/care.ts';
import { HEALTH_LIMITS } from '../device/health/health.ts';
import { makeCaches } from '../device/line/caches.ts';
import { trustRoot } from '../device/line/socket.ts';
import { UNREAD_LIMITS } from '../device/receiving/unread-rules.ts';
import { KeyVault } from '../device/signal/vault.ts';
import { Failure } from '../errors.ts';
import { Journal } from '../journal/journal.ts';
import { AwakeClock } from '../lib/awake.ts';
import { monotonic, within } from '../lib/deadline.ts';
import { armFailpoints } from '../lib/failpoint.ts';
import { LeaseClock } from '../lib/lease-clock.ts';
import { type Logger, makeLogger } from '../lib/logger.ts';
import { openDatabase, type Sql } from '../store/database.ts';
import { commit } from './faults.ts';
import { startHeartbeat } from './heartbeat.ts';
import { watchForFailures } from './last-resort.ts';
import { Outbox } from './outbox.ts';
import type { DeviceId, FromShard, Reply, Seat, ShardSettings, ToShard } from './protocol.ts';
import { Pulses } from './pulse.ts';
import { readStored } from './stored.ts';

/** As much of a MessagePort as a shard needs. */
export interface Port {
  postMessage(message: FromShard): void;
  on(event: 'message', listener: (message: ToShard) => void): unknown;
}

const AGAIN_MS = 500;
const LEASE_LOOK_MS = 100;
const RELEASE_WITHIN = 5_000;
const UNREADABLE = 'its stored credentials cannot be read; remove the device and pair anew';
/** Signal state kept in memory by one shard; what falls out is read again. */
const CACHE_BYTES = 32 * 1024 * 1024;

export class Shard {
  readonly #settings: ShardSettings;
  readonly #port: Port;
  readonly #end: () => void;
  readonly #log: Logger;
  readonly #lease: LeaseClock;
  #sql: Sql;
  #vault: KeyVault;
  #journal: Journal;
  readonly #caches = makeCaches();
  readonly #outbox: Outbox;
  readonly #heartbeat: { stop(): void };
  readonly #devices = new Map<DeviceId, Device>();
  /** Devices whose credentials are being read: their commands wait for them. */
  readonly #arriving = new Map<DeviceId, { readonly seat: Seat; readonly done: Promise<void> }>();
  /** Devices whose key or stored credentials make no sense, and why. */
  readonly #unreadable = new Map<DeviceId, string>();
  readonly #running = new Set<Promise<void>>();
  readonly #pulses: Pulses;
  readonly #watch: Watch;
  readonly #clock: AwakeClock;
  readonly #look: NodeJS.Timeout;
  readonly #leaseLook: NodeJS.Timeout;
  /** The term of the lease in which the devices here were given. */
  #term = 0;
  #draining = false;

  /** `end` ends the thread's task; a shard never calls it by itself. */
  constructor(settings: ShardSettings, port: Port, end: () => void) {
    watchForFailures(settings.beats);
    assertContract();
    armFailpoints(settings.failpoints);
    trustRoot(settings.whatsapp.rootKey);
    this.#settings = settings;
    this.#port = port;
    this.#end = end;
    this.#log = makeLogger(settings.logLevel, { shard: settings.shard });
    this.#lease = new LeaseClock(settings.lease);
    this.#sql = this.#openDatabase();
    this.#vault = this.#openVault();
    this.#journal = new Journal({ sql: this.#sql, owner: settings.node });
    this.#outbox = new Outbox(settings.credit, events => port.postMessage({ op: 'events', events }));
    this.#heartbeat = startHeartbeat(settings.beats);
    this.#pulses = new Pulses(
      () => ({
        devices: this.#devices.size,
        creditInUse: this.#outbox.creditInUse,
        eventsQueued: this.#outbox.queued,
      }),
      pulse => port.postMessage({ op: 'pulse', pulse }),
    );
    const health = { ...HEALTH_LIMITS, ...settings.health };
    this.#clock = new AwakeClock(health.everyMs);
    this.#watch = {
      health,
      unread: { ...UNREAD_LIMITS, ...settings.unread },
      now: this.#clock.now,
      ponged: ms => this.#pulses.ponged(ms),
      counted: what => this.#pulses.counted(what),
    };
    this.#look = setInterval(() => {
      this.#clock.tick();
      for (const device of this.#devices.values()) device.look();
    }, health.everyMs);
    this.#leaseLook = setInterval(() => {
      if (!this.#lease.sound(this.#term)) this.#suspend();
    }, LEASE_LOOK_MS);
    port.on('message', message => this.#hear(message));
    port.postMessage({ op: 'hello', threadId });
  }

  #hear(message: ToShard): void {
    switch (message.op) {
      case 'adopt':
        this.#expect(message.seats);
        break;
      case 'release':
        void this.#release(message.device, message.no);
        break;
      case 'abandon':
        this.#abandon(message.device, message.no);
        break;
      case 'suspend':
        this.#suspend();
        break;
      case 'admit':
        this.#devices.get(message.device)?.admitted();
        break;
      case 'command':
        this.#run(message);
        break;
      case 'credit':
        this.#outbox.grant(message.events);
        break;
      case 'drain':
        void this.#drain(message.by);
        break;
      case 'fault':
        this.#suffer(message);
        break;
    }
  }

  #suffer({ fault, device }: Extract<ToShard, { op: 'fault' }>): void {
    const who = device === undefined ? undefined : this.#devices.get(device);
    if (who) inTheNameOf(who, () => commit(fault, this.#end));
    else commit(fault, this.#end);
  }

  #openDatabase(): Sql {
    const { database: address, connections, shard } = this.#settings;
    return openDatabase({ address, connections, name: `cardume-shard-${shard}` });
  }

  #openVault(): KeyVault {
    const { node: owner } = this.#settings;
    return new KeyVault({ sql: this.#sql, owner, cacheBytes: CACHE_BYTES, log: this.#log });
  }

  #expect(seats: readonly Seat[]): void {
    const { term } = this.#lease;
    // Given out in a term that has ended since; the next one gives them out again.
    if (!this.#lease.holds(term)) {
      this.#port.postMessage({ op: 'suspended', term });
      return;
    }
    this.#term = term;
    const done = this.#adopt(seats).finally(() => {
      for (const seat of seats)
        if (this.#arriving.get(seat.id)?.seat === seat) this.#arriving.delete(seat.id);
    });
    for (const seat of seats) this.#arriving.set(seat.id, { seat, done });
  }

  async #adopt(seats: readonly Seat[]): Promise<void> {
    const found = await this.#stored(seats);
    if (!found) return;
    for (const seat of seats) {
      // Released, or replaced by another device of the same id, while we were reading.
      if (this.#draining || this.#arriving.get(seat.id)?.seat !== seat) continue;
      const hosted = this.#devices.get(seat.id);
      if (hosted?.seat.no === seat.no && hosted.seat.epoch === seat.epoch) continue;
      if (hosted) this.#abandon(seat.id, hosted.seat.no);
      this.#unreadable.delete(seat.id);
      if (seat.barred !== undefined) {
        this.#unreadable.set(seat.id, seat.barred); // the supervisor has said so
        continue;
      }
      try {
        this.#host(seat, found(seat.no));
      } catch (err) {
        // One broken row must not take the thread, and with it the devices of everybody else.
        this.#log.error({ err, device: seat.id }, 'the credentials of a device cannot be read');
        this.#unreadable.set(seat.id, UNREADABLE);
        const status = { phase: 'stopped', since: Date.now(), linked: true, reason: UNREADABLE } as const;
        this.#port.postMessage({ op: 'status', device: seat.id, status });
      }
    }
  }

  #host(seat: Seat, stored: Stored): void {
    const term = this.#term;
    const device: Device = new Device(
      seat,
      {
        sql: this.#sql,
        owner: this.#settings.node,
        vault: this.#vault,
        caches: this.#caches,
        journal: this.#journal,
        whatsapp: this.#settings.whatsapp,
        defaults: this.#settings.defaults ?? {},
        proxyAllow: this.#settings.proxyAllow ?? [],
        log: this.#log,
        held: () => this.#holds(term),
        fenced: () => this.#fenced(device),
        knock: () => this.#port.postMessage({ op: 'knock', device: seat.id }),
        changed: status => this.#port.postMessage({ op: 'status', device: seat.id, status }),
        streamed: events => this.#outbox.add(events),
        watch: this.#watch,
      },
      stored,
    );
    this.#devices.set(seat.id, device);
    device.start();
  }

  /** While the database is away there is nothing better to do than wait, until nobody waits for an answer any more. */
  async #stored(seats: readonly Seat[]): Promise<((no: number) => Stored) | undefined> {
    const nos = seats.map(({ no }) => no);
    for (;;) {
      try {
        return await readStored(this.#sql, nos, this.#watch.unread.most);
      } catch (err) {
        this.#log.warn({ err, devices: nos.length }, 'devices wait for the database');
        await new Promise(next => setTimeout(next, AGAIN_MS));
      }
      if (!seats.some(seat => this.#arriving.get(seat.id)?.seat === seat)) return undefined;
    }
  }

  async #release(id: DeviceId, no: number): Promise<void> {
    if (this.#arriving.get(id)?.seat.no === no) this.#arriving.delete(id);
    this.#unreadable.delete(id);
    const device = this.#devices.get(id);
    if (device?.seat.no !== no) return;
    this.#devices.delete(id);
    await device.release(monotonic() + RELEASE_WITHIN);
    this.#vault.drop(no);
    this.#caches.forget(no);
  }

  /** Whether the node may act for devices of that term. Who finds that it may not closes all of them first. */
  #holds(term: number): boolean {
    if (this.#lease.holds(term)) return true;
    if (term === this.#term) this.#suspend();
    return false;
  }

  /**
   * The lease is lost: every socket is closed at once and every device let go, without a word to the database. What hangs
   * there is given up with its connections: when the lease is back, all is read anew over new ones.
   */
  #suspend(): void {
    if (this.#devices.size + this.#arriving.size + this.#unreadable.size === 0) return;
    const devices = [...this.#devices.values()];
    this.#devices.clear();
    this.#arriving.clear();
    this.#unreadable.clear();
    for (const device of devices) device.abandon();
    for (const { seat } of devices) this.#caches.forget(seat.no);
    void this.#sql.end({ timeout: 0 });
    this.#sql = this.#openDatabase();
    this.#vault = this.#openVault();
    this.#journal = new Journal({ sql: this.#sql, owner: this.#settings.node });
    this.#port.postMessage({ op: 'suspended', term: this.#term });
    this.#log.warn({ devices: devices.length }, 'the lease is lost; all devices are closed');
  }

  #abandon(id: DeviceId, no: number): void {
    if (this.#arriving.get(id)?.seat.no === no) this.#arriving.delete(id);
    this.#unreadable.delete(id);
    const device = this.#devices.get(id);
    if (device?.seat.no !== no) return;
    this.#devices.delete(id);
    device.abandon();
    this.#vault.drop(no);
    this.#caches.forget(no);
  }

  #fenced(device: Device): void {
    const { id, no, epoch } = device.seat;
    if (this.#devices.get(id) !== device) return;
    this.#abandon(id, no);
    this.#port.postMessage({ op: 'fenced', device: id, no, epoch });
  }

  #run(message: Extract<ToShard, { op: 'command' }>): void {
    const { id, device, command, deadline, request } = message;
    const running = this.#answer(device, command, deadline, request).then(reply => {
      this.#running.delete(running);
      this.#port.postMessage({ op: 'reply', id, reply });
    });
    this.#running.add(running);
  }

  async #answer(
    id: DeviceId,
    command: Extract<ToShard, { op: 'command' }>['command'],
    deadline: number,
    request: string,
  ): Promise<Reply> {
    try {
      const arrival = this.#arriving.get(id);
      // Only the database keeps devices from arriving.
      if (arrival) await within(arrival.done, deadline, () => new Failure('STORE_UNAVAILABLE'));
      const unreadable = this.#unreadable.get(id);
      if (unreadable !== undefined)
        throw new Failure('DEVICE_STOPPED', `The device cannot run: ${unreadable}.`);
      if (!this.#holds(this.#term))
        throw new Failure(
          'STORE_UNAVAILABLE',
          'The lease of this node has run out: the database did not confirm it in time. Nothing was done.',
        );
      const device = this.#devices.get(id);
      if (!device || this.#draining) throw new Failure('SHARD_UNAVAILABLE');
      return { ok: true, answer: await device.command(command, deadline) };
    } catch (err) {
      const failure =
        err instanceof Failure ? err : new Failure('INTERNAL_SERVER_ERROR', undefined, { cause: err });
      this.#log.info({ err: failure, device: id, request, command: command.do }, 'command failed');
      return { ok: false, error: failure.report() };
    }
  }

  /** No new commands, running ones finish, sockets close, everything is saved; then `bye`, and the supervisor ends us. */
  async #drain(by: number): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    const late = new Promise<void>(resolve => setTimeout(resolve, Math.max(0, by - monotonic() - 1_000)));
    await Promise.race([Promise.all(this.#running), late]);
    await Promise.all([...this.#devices.values()].map(device => device.release(by - 500)));
    this.#outbox.empty();
    this.#pulses.stop();
    clearInterval(this.#look);
    clearInterval(this.#leaseLook);
    this.#heartbeat.stop();
    await this.#sql.end({ timeout: 1 });
    this.#port.postMessage({ op: 'bye' });
  }
}
