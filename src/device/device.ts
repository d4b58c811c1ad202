/**
 * One WhatsApp account: the effectful shell around `state.ts`. It owns the socket, the credentials and the timers; it
 * decides nothing about reconnecting. Everything that happens becomes an input, every effect is carried out here. What it
 * does it does in its own name (`blame.ts`): what breaks where nobody catches it comes back as `failed`.
 */
import type { Logger } from 'pino';
import { Failure } from '../errors.ts';
import type { Draft } from '../journal/event.ts';
import { within } from '../lib/deadline.ts';
import { Seal } from '../lib/seal.ts';
import type { Answer, Answers, Command, DeviceStatus, Pairing, Seat } from '../shard/protocol.ts';
import { Fenced } from '../store/fence.ts';
import { type Blamed, inTheNameOf } from './blame.ts';
import { Care, type Stored } from './care.ts';
import { Connection } from './connection.ts';
import { Facts } from './facts.ts';
import { Failures } from './failures.ts';
import { Identity } from './identity.ts';
import { type Arrival, Inbox } from './inbox.ts';
import { Outgoing } from './outgoing.ts';
import { Recovery } from './recovery.ts';
import { type Effect, type Input, initial, type State, step, toldAs } from './state.ts';
import type { Surroundings } from './surroundings.ts';
import { fromState } from './translate.ts';
import { judge } from './verdict.ts';

export class Device implements Blamed {
  readonly seat: Seat;
  readonly #around: Surroundings;
  readonly #log: Logger;
  readonly #identity: Identity;
  readonly #facts: Facts;
  readonly #care: Care;
  readonly #recovery: Recovery;
  readonly #outgoing: Outgoing;
  readonly #watchers = new Set<() => void>();
  #state: State;
  #connection: Connection | undefined;
  /** Counts connections and hang-ups, so that what was begun for an earlier one is recognised as late. */
  #turn = 0;
  readonly #failures = new Failures();
  #timer: NodeJS.Timeout | undefined;
  #announced = '';
  #released = false;

  /** Nothing happens before `start`. */
  constructor(seat: Seat, around: Surroundings, stored: Stored) {
    const { credentials: row } = stored;
    this.seat = seat;
    this.#around = around;
    this.#log = around.log.child({ device: seat.id });
    this.#state = initial(row !== undefined, Date.now(), seat.stopped);
    this.#identity = new Identity(
      { ...around, seat, log: this.#log, onFailure: failure => this.#storeFailed(failure) },
      row,
    );
    this.#facts = new Facts({
      journal: around.journal,
      seat,
      seal: new Seal(seat.key),
      jid: () => this.#identity.jid,
      streamed: around.streamed,
      log: this.#log,
      now: around.watch.now,
    });
    this.#care = new Care(
      { ...around, seat, log: this.#log, facts: this.#facts, identity: this.#identity },
      stored,
    );
    this.#recovery = new Recovery({
      facts: this.#facts,
      beside: message => this.#care.unread.tell(message),
      self: () => this.#identity.self,
      log: this.#log,
    });
    this.#outgoing = new Outgoing({
      ...around,
      seat,
      log: this.#log,
      facts: this.#facts,
      keys: () => this.#identity.keys,
    });
  }

  get no(): number {
    return this.seat.no;
  }

  /** Tells its status and, when it is linked, knocks at the gate. */
  start(): void {
    inTheNameOf(this, () => {
      this.#around.changed(this.status());
      const { crashed } = this.seat;
      if (crashed !== undefined) this.#apply({ on: 'failed', reason: crashed, often: true });
      else if (this.#state.phase === 'waiting') this.#around.knock();
    });
  }

  /** Something of it broke where nobody was there to catch it: its connection is made anew, unless that was too often. */
  failed(err: unknown): void {
    this.#log.error({ err }, 'the device failed');
    inTheNameOf(this, () => this.#apply({ on: 'failed', ...this.#failures.count() }));
  }

  status(): DeviceStatus {
    const { phase, since, linked, reason, pairing } = this.#state;
    const { me } = this.#identity.credentials;
    const degraded = this.#care.degraded(this.#state);
    return {
      phase,
      since,
      linked,
      ...(linked && me && { jid: me.id, ...(me.lid && { lid: me.lid }), ...(me.name && { name: me.name }) }),
      ...(reason !== undefined && { reason }),
      ...(pairing && { pairing }),
      ...(degraded && { degraded }),
    };
  }

  admitted(): void {
    inTheNameOf(this, () => this.#apply({ on: 'admitted' }));
  }

  /** Runs one command; `deadline` is ms since 1970. Fails with a `Failure`. */
  command(command: Command, deadline: number): Promise<Answer> {
    return inTheNameOf(this, () => this.#run(command, deadline));
  }

  async #run(command: Command, deadline: number): Promise<Answer> {
    switch (command.do) {
      case 'pair':
        return this.#pair(command.phone ?? '', deadline);
      case 'logout':
        return this.#logout();
      case 'reconnect':
        return this.#reconnect();
      case 'health':
        return this.#care.report();
      case 'send': {
        const connection = await this.#open(deadline);
        return this.#outgoing.send(connection, command.id, command.message, deadline);
      }
    }
  }

  /** Looks after its health; called every `health.everyMs`. A connection that is open and hears nothing is ended. */
  look(): void {
    if (this.#released) return;
    const { changed, deaf } = this.#care.look(this.#state.phase === 'open' ? this.#connection : undefined);
    if (changed) this.#around.changed(this.status());
    if (deaf === undefined) return;
    this.#connection?.cut();
    inTheNameOf(this, () =>
      this.#apply({ on: 'closed', verdict: { next: 'backoff', steps: 1, reason: deaf } }),
    );
  }

  /** Closes the socket and resolves when nothing of the device is unsaved; at most until `deadline` (ms since 1970). */
  async release(deadline: number): Promise<void> {
    this.#released = true;
    const save = () => this.#identity.release();
    const saved = (this.#connection?.leave(save) ?? save()).then(() => this.#facts.stored());
    await within(saved, deadline, () => new Error('the deadline has passed')).catch(err =>
      this.#log.error({ err }, 'device was released with unsaved state'),
    );
    this.#hangUp();
    this.#facts.giveUp();
  }

  async #pair(phone: string, deadline: number): Promise<Pairing> {
    if (this.#state.linked) throw new Failure('ALREADY_LOGGED_IN');
    const under =
      this.#state.phase === 'waiting' ||
      this.#state.phase === 'connecting' ||
      this.#state.phase === 'pairing';
    if (!under || this.#state.wanted !== phone) this.#apply({ on: 'pair', phone });
    const { pairing, linked, reason } = await this.#until(
      ({ pairing, linked, phase }) => pairing !== undefined || linked || phase === 'unlinked',
      deadline,
      () => new Failure('PAIRING_FAILED', 'WhatsApp did not offer a pairing in time.'),
    );
    if (pairing) return pairing;
    if (linked) throw new Failure('ALREADY_LOGGED_IN');
    throw new Failure('PAIRING_FAILED', `The pairing did not start: ${reason ?? 'the connection closed'}.`);
  }

  async #logout(): Promise<Answers['logout']> {
    const { linked, phase } = this.#state;
    if (!linked && phase === 'unlinked') throw new Failure('DEVICE_NOT_LINKED');
    const unlinked = linked && phase === 'open' && (await this.#unlinkAtWhatsapp());
    if (this.#state.phase !== 'unlinked') this.#apply({ on: 'unlinked', reason: 'logged out' });
    await this.#identity.settled();
    return { unlinked };
  }

  async #unlinkAtWhatsapp(): Promise<boolean> {
    try {
      return (await this.#connection?.unlink()) ?? false;
    } catch (err) {
      // WhatsApp may close with "device removed" instead of answering.
      if (!this.#state.linked) return true;
      this.#log.warn({ err }, 'WhatsApp did not confirm the logout');
      return false;
    }
  }

  #reconnect(): Answers['reconnect'] {
    if (!this.#state.linked) throw new Failure('DEVICE_NOT_LINKED');
    this.#apply({ on: 'reconnect' });
    return {};
  }

  /** The open connection, waited for until the deadline. */
  async #open(deadline: number): Promise<Connection> {
    const { failure } = this.#identity;
    if (failure && !(failure instanceof Fenced))
      throw new Failure('STORE_UNAVAILABLE', undefined, { cause: failure });
    const { phase, linked, reason } = await this.#until(
      ({ phase, linked }) => phase === 'open' || phase === 'stopped' || phase === 'crashed' || !linked,
      deadline,
      () => new Failure('DEVICE_NOT_CONNECTED'),
    );
    if (!linked) throw new Failure('DEVICE_NOT_LINKED');
    if (phase === 'stopped') throw new Failure('DEVICE_STOPPED', `WhatsApp refuses this device: ${reason}.`);
    if (phase === 'crashed') throw new Failure('DEVICE_CRASHED');
    if (!this.#connection) throw new Failure('DEVICE_NOT_CONNECTED');
    return this.#connection;
  }

  async #until(fits: (state: State) => boolean, deadline: number, late: () => Failure): Promise<State> {
    if (fits(this.#state)) return this.#state;
    let watcher!: () => void;
    const fitting = new Promise<State>(resolve => {
      watcher = () => {
        if (fits(this.#state)) resolve(this.#state);
      };
      this.#watchers.add(watcher);
    });
    return within(fitting, deadline, late).finally(() => this.#watchers.delete(watcher));
  }

  #apply(input: Input): void {
    if (this.#released) return;
    const before = this.#state;
    const { state, effects } = step(before, input, Date.now(), Math.random());
    this.#state = state;
    if (state.phase !== before.phase || state.reason !== before.reason)
      this.#log.info({ phase: state.phase, reason: state.reason, on: input.on }, 'device changed');
    this.#announce(before);
    for (const effect of effects) this.#carryOut(effect);
    if (state !== before) this.#around.changed(this.status());
    for (const watcher of [...this.#watchers]) watcher();
  }

  /** A `device.state` event for what a user can act on; not for every step of a reconnect. */
  #announce(before: State): void {
    const { reason, since } = this.#state;
    const name = toldAs(before, this.#state);
    if (name === '' || name === this.#announced) return;
    this.#announced = name;
    this.#facts.add([fromState(name, reason, since)]);
  }

  #carryOut(effect: Effect): void {
    switch (effect.do) {
      case 'knock':
        this.#around.knock();
        break;
      case 'connect':
        void this.#connect();
        break;
      case 'hang-up':
        this.#hangUp();
        break;
      case 'wait':
        this.#after(effect.ms, { on: 'due' });
        break;
      case 'watch':
        this.#after(effect.ms, { on: 'steady' });
        break;
      case 'forget':
        this.#identity.forget(effect.reason, () => this.#conclude(effect.reason));
        break;
      case 'halt':
        this.#identity.halt(effect.reason);
        break;
    }
  }

  #after(ms: number, input: Input): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#apply(input), ms);
  }

  #hangUp(): void {
    this.#turn++;
    clearTimeout(this.#timer);
    this.#connection?.hangUp();
    this.#drop();
  }

  #drop(): void {
    if (this.#connection) this.#outgoing.interrupted(this.#connection);
    this.#connection = undefined;
  }

  async #connect(): Promise<void> {
    const turn = ++this.#turn;
    clearTimeout(this.#timer);
    let inbox: Inbox;
    let unseen: Arrival[];
    try {
      await this.#identity.settled();
      if (this.#identity.failure) await this.#identity.reopen();
      inbox = new Inbox({ ...this.#around, keys: this.#identity.keys });
      unseen = this.#state.linked ? await this.#recovery.takeUp(inbox) : [];
    } catch (err) {
      this.#log.warn({ err }, 'device cannot be opened from the database');
      if (turn === this.#turn)
        this.#apply({ on: 'closed', verdict: { next: 'soon', reason: 'database unavailable' } });
      return;
    }
    if (turn !== this.#turn) return;
    if (!this.#state.linked) this.#identity.renew();
    const connection = new Connection({
      credentials: this.#identity.credentials,
      keys: this.#identity.keys,
      inbox,
      sent: id => this.#outgoing.sent(id),
      caches: this.#around.caches,
      whatsapp: this.#around.whatsapp,
      vitals: this.#care.vitals,
      unread: this.#care.unread,
      log: this.#log,
      phone: this.#state.wanted ?? '',
      owner: this,
      listener: {
        offered: pairing => this.#apply({ on: 'offered', pairing }),
        paired: () => {
          this.#identity.paired();
          this.#apply({ on: 'paired' });
        },
        opened: () => {
          this.#identity.introduce();
          connection.replay(unseen);
          this.#outgoing.resume(connection);
          this.#apply({ on: 'opened' });
        },
        closed: close => {
          this.#drop();
          this.#apply({ on: 'closed', verdict: judge(close) });
        },
        credentialsChanged: () => this.#identity.touch(() => this.#around.changed(this.status())),
        ponged: ms => this.#around.watch.ponged(ms),
        happened: drafts => this.#happened(drafts),
        handled: arrival => this.#recovery.handled(arrival),
        acknowledged: (id, ack) => this.#outgoing.acknowledged(id, ack),
      },
    });
    this.#connection = connection;
  }

  /** Before the account is forgotten: what is in its inbox is told, and what it was to send has failed. */
  async #conclude(reason: string): Promise<void> {
    await this.#recovery.takeUp(new Inbox({ ...this.#around, keys: this.#identity.keys }));
    await this.#outgoing.abandon(reason);
    this.#care.unread.forget();
    await this.#facts.stored();
  }

  #happened(drafts: readonly Draft[]): void {
    this.#facts.add(drafts);
    for (const { event, payload } of drafts) {
      if (event !== 'message.ack') continue;
      const state = payload.receipt_type === 'delivered' ? 'delivered' : 'read';
      for (const id of payload.ids as string[]) this.#facts.step({ id, state });
    }
  }

  /** First the line, then the news: a receipt or a retry request that still waits to be written must not leave. */
  #storeFailed(failure: Error): void {
    this.#connection?.cut();
    const fenced = failure instanceof Fenced;
    this.#log.error(
      { err: failure },
      fenced ? 'another node has taken the device over' : 'the store failed; the device is closed',
    );
    const verdict = fenced
      ? ({ next: 'stop', reason: 'another node runs this device' } as const)
      : ({ next: 'soon', reason: 'database unavailable' } as const);
    // The commit that failed may have been another device's too, and be running in that one's name.
    inTheNameOf(this, () => setImmediate(() => this.#apply({ on: 'closed', verdict })));
  }
}
