/**
 * One WhatsApp account: the effectful shell around `state.ts`. It owns the socket, the credentials and the timers; it
 * decides nothing about reconnecting. Everything that happens becomes an input, every effect is carried out here. What it
 * does it does in its own name (`blame.ts`): what breaks where nobody catches it comes back as `failed`.
 */
import type { Logger } from 'pino';
import { Failure } from '../errors.ts';
import { within } from '../lib/deadline.ts';
import { Seal, SealBroken } from '../lib/seal.ts';
import type { Command, DeviceStatus, Seat } from '../shard/protocol.ts';
import { Fenced } from '../store/fence.ts';
import { Commander } from './asking/commander.ts';
import { type Blamed, inTheNameOf } from './blame.ts';
import { DeviceChats } from './chats/device-chats.ts';
import { Failures } from './failures.ts';
import { Care, type Stored } from './health/care.ts';
import { Household } from './household/household.ts';
import { Connection } from './line/connection.ts';
import { wayOf } from './line/proxy.ts';
import { judge, storeVerdict } from './line/verdict.ts';
import { Facts } from './receiving/facts.ts';
import { type Arrival, Inbox } from './receiving/inbox.ts';
import { Recovery } from './receiving/recovery.ts';
import { Supplement } from './receiving/supplement.ts';
import { Outgoing } from './sending/outgoing.ts';
import { Identity } from './signal/identity.ts';
import { announcement, type Effect, type Input, initial, LONGEST_TIMER, type State, step } from './state.ts';
import type { Surroundings } from './surroundings.ts';
import type { Told } from './translate/envelope.ts';
import { fromState } from './translate/state.ts';
import { abandoned, Waiters } from './waiters.ts';

export class Device implements Blamed {
  readonly seat: Seat;
  readonly #around: Surroundings;
  readonly #log: Logger;
  readonly #identity: Identity;
  readonly #facts: Facts;
  readonly #care: Care;
  readonly #recovery: Recovery;
  readonly #chats: DeviceChats;
  readonly #outgoing: Outgoing;
  readonly #household: Household;
  readonly #commander: Commander;
  readonly #waiters = new Waiters(() => this.#state);
  readonly #restMs: number;
  #state: State;
  #connection: Connection | undefined;
  /** Counts connections and hang-ups, so that what was begun for an earlier one is recognised as late. */
  #turn = 0;
  /** Counts accounts: what a connection still has to say of one that was unlinked is nothing to the next one's chats. */
  #account = 0;
  readonly #failures = new Failures();
  #timer: NodeJS.Timeout | undefined;
  #announced = '';
  #released = false;
  #abandoned = false;

  /** Nothing happens before `start`. */
  constructor(seat: Seat, around: Surroundings, stored: Stored) {
    const { credentials: row } = stored;
    this.seat = seat;
    this.#restMs = stored.remembered?.restMs ?? 0;
    this.#around = around;
    this.#log = around.log.child({ device: seat.id });
    this.#state = initial(row !== undefined, Date.now(), stored.remembered);
    this.#identity = new Identity(
      { ...around, seat, log: this.#log, onFailure: failure => this.#storeFailed(failure) },
      row,
    );
    const supplement = new Supplement(around, this.#identity, () => this.#chats);
    this.#household = new Household(
      {
        ...around,
        seat,
        fenced: failure => this.#storeFailed(failure),
        connection: () => this.#connection,
        run: (command, deadline) => this.#commander.run(command, deadline),
        log: this.#log,
      },
      stored.settings,
    );
    this.#chats = new DeviceChats({
      ...around,
      seat,
      log: this.#log,
      keys: () => this.#identity.keys,
      outgoing: () => this.#outgoing,
      self: () => this.#identity.self,
      keep: () => this.#household.settings.current.chatRetentionDays !== 0,
      heard: events => this.#facts.heard(events),
    });
    this.#facts = new Facts({
      ignores: what => this.#household.settings.ignores(what),
      journal: around.journal,
      seat,
      seal: new Seal(seat.key),
      jid: () => this.#identity.jid,
      streamed: around.streamed,
      lidOf: number => around.vault.lidOf(this.#identity.keys, number),
      completed: fact => supplement.whole(this.#household.judged(fact)),
      rowsOf: heard => this.#chats.rows(heard),
      fenced: failure => this.#storeFailed(failure),
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
      suspected: seat.suspected === true,
      log: this.#log,
    });
    const keys = () => this.#identity.keys;
    this.#outgoing = new Outgoing({ ...around, seat, keys, log: this.#log, facts: this.#facts });
    this.#commander = new Commander({
      state: () => this.#state,
      connection: () => this.#connection,
      apply: input => this.#apply(input),
      waiters: this.#waiters,
      identity: this.#identity,
      care: this.#care,
      outgoing: this.#outgoing,
      tell: facts => this.#facts.add(facts),
      said: this.#chats,
      media: () => wayOf(this.#household.settings, around.whatsapp).dispatcher,
      household: this.#household,
      log: this.#log,
    });
  }

  get no(): number {
    return this.seat.no;
  }

  /** Tells its status and, when it is linked, knocks at the gate, now or when its rest is over. */
  start(): void {
    inTheNameOf(this, () => this.#begin());
  }

  #begin(): void {
    this.#around.changed(this.status());
    const { crashed } = this.seat;
    if (crashed !== undefined) this.#apply({ on: 'failed', reason: crashed, often: true });
    if (this.#state.phase !== 'waiting') return;
    if (this.#restMs > 0) this.#after(Math.min(this.#restMs, LONGEST_TIMER), { on: 'due' });
    else this.#around.knock();
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

  /** Runs one command; `deadline` is of `monotonic`. Fails with a `Failure`. */
  async command(command: Command, deadline: number): Promise<unknown> {
    try {
      return await inTheNameOf(this, () => this.#commander.run(command, deadline));
    } catch (cause) {
      // What may have left may have left. Of everything else the reason is that we let go of the device.
      if (this.#abandoned && !(cause instanceof Failure && cause.code === 'GATEWAY_TIMEOUT'))
        throw abandoned(cause);
      throw cause;
    }
  }

  /** Looks after its health; called every `health.everyMs`. A connection that is open and hears nothing is ended. */
  look(): void {
    if (this.#released) return;
    const { phase } = this.#state;
    const live = phase === 'open' || phase === 'pairing' ? this.#connection : undefined;
    const { changed, deaf } = this.#care.look(live, phase === 'open');
    if (changed) this.#around.changed(this.status());
    if (deaf === undefined) return;
    this.#connection?.cut();
    inTheNameOf(this, () =>
      this.#apply({ on: 'closed', verdict: { next: 'backoff', steps: 1, reason: deaf } }),
    );
  }

  /** Closes the socket and resolves when nothing of the device is unsaved; at most until `deadline` (of `monotonic`). */
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

  /**
   * Lets go of the device at once: the node may not act for it any more. The line is cut, and nothing is stored; what was
   * not stored yet is with WhatsApp still.
   */
  abandon(): void {
    this.#released = true;
    this.#abandoned = true;
    this.#connection?.cut();
    this.#hangUp();
    this.#identity.abandon();
    this.#outgoing.letGo();
    this.#facts.giveUp();
    this.#waiters.end();
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
    this.#waiters.changed();
  }

  #announce(before: State): void {
    const name = announcement(before, this.#state);
    if (name === undefined || name === this.#announced) return;
    this.#announced = name;
    this.#facts.add([fromState(name, this.#state.reason, this.#state.since)]);
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
        this.#account++;
        this.#identity.forget(effect.reason, () => this.#conclude(effect.reason));
        break;
      case 'halt':
        this.#identity.halt(effect.phase, effect.reason);
        break;
      case 'rest':
        this.#identity.rest(effect);
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
      inbox = new Inbox({ ...this.#around, keys: this.#identity.keys, log: this.#log });
      unseen = this.#state.linked ? await this.#recovery.takeUp(inbox) : [];
    } catch (err) {
      this.#log.warn({ err }, 'device cannot be opened from the database');
      // Credentials that were changed or swapped: nothing that waiting for mends.
      const verdict =
        err instanceof SealBroken
          ? ({ next: 'stop', reason: 'its stored credentials cannot be read' } as const)
          : storeVerdict(err);
      if (turn === this.#turn) this.#apply({ on: 'closed', verdict });
      return;
    }
    if (turn !== this.#turn) return;
    if (!this.#state.linked) this.#identity.renew();
    const account = this.#account;
    const connection = new Connection({
      credentials: this.#identity.credentials,
      keys: this.#identity.keys,
      inbox,
      sent: id => this.#outgoing.sent(id),
      caches: this.#around.caches,
      whatsapp: this.#around.whatsapp,
      settings: this.#household.settings,
      vitals: this.#care.vitals,
      unread: this.#care.unread,
      held: this.#around.held,
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
          this.#household.manners.opened(connection);
          this.#apply({ on: 'opened' });
        },
        closed: close => {
          this.#drop();
          this.#apply({ on: 'closed', verdict: judge(close) });
        },
        credentialsChanged: () => this.#identity.touch(() => this.#around.changed(this.status())),
        ponged: ms => this.#around.watch.ponged(ms),
        heard: events => {
          if (account === this.#account) this.#facts.heard(this.#household.heard(events, connection));
        },
        happened: drafts => this.#happened(drafts),
        handled: arrival => this.#recovery.handled(arrival),
        poisonous: (arrival, failure) => this.#recovery.setAside(inbox, arrival, failure),
        acknowledged: (id, ack) => this.#outgoing.acknowledged(id, ack),
      },
    });
    this.#connection = connection;
  }

  /** Before the account is forgotten: what is in its inbox is told, and what it was to send has failed. */
  async #conclude(reason: string): Promise<void> {
    await this.#recovery.takeUp(new Inbox({ ...this.#around, keys: this.#identity.keys, log: this.#log }));
    await this.#outgoing.abandon(reason);
    this.#care.unread.forget();
    await this.#facts.stored();
    this.#around.journal.forgetChats(this.seat.no);
  }

  #happened(drafts: readonly Told[]): void {
    this.#facts.add(drafts);
    for (const { event, payload } of drafts) {
      if (event !== 'message.ack') continue;
      const state = payload.receipt_type === 'delivered' ? 'delivered' : 'read';
      for (const id of payload.ids as string[]) this.#facts.step({ id, state });
    }
  }

  /** First the line, then the news: a receipt or a retry request that still waits to be written must not leave. */
  #storeFailed(failure: Error): void {
    if (this.#abandoned) return;
    this.#connection?.cut();
    if (failure instanceof Fenced) {
      this.#log.error({ err: failure }, 'another node has taken the device over');
      this.#around.fenced();
      return;
    }
    this.#log.error({ err: failure }, 'the store failed; the device is closed');
    const closed = { on: 'closed', verdict: storeVerdict(failure) } as const;
    // The commit that failed may have been another device's too, and be running in that one's name.
    inTheNameOf(this, () => setImmediate(() => this.#apply(closed)));
  }
}
