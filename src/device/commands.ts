/** What the API may ask of a device, carried out on its state and its connection. */
import type { Logger } from 'pino';
import { Failure } from '../errors.ts';
import type { Answer, Answers, Command, Pairing } from '../shard/protocol.ts';
import { Fenced } from '../store/fence.ts';
import type { Care } from './care.ts';
import type { Connection } from './connection.ts';
import type { Identity } from './identity.ts';
import type { Outgoing } from './outgoing.ts';
import type { Input, State } from './state.ts';
import type { Waiters } from './waiters.ts';

/** The parts of a device that commands need. */
export interface CommandsOf {
  state(): State;
  connection(): Connection | undefined;
  apply(input: Input): void;
  readonly waiters: Waiters;
  readonly identity: Identity;
  readonly care: Care;
  readonly outgoing: Outgoing;
  readonly log: Logger;
}

export class Commands {
  readonly #of: CommandsOf;

  constructor(of: CommandsOf) {
    this.#of = of;
  }

  /** Fails with a `Failure`. */
  async run(command: Command, deadline: number): Promise<Answer> {
    switch (command.do) {
      case 'pair':
        return this.#pair(command.phone ?? '', deadline);
      case 'logout':
        return this.#logout();
      case 'reconnect':
        return this.#reconnect();
      case 'health':
        return this.#of.care.report();
      case 'send': {
        const connection = await this.#open(deadline);
        return this.#of.outgoing.send(connection, command, deadline);
      }
    }
  }

  async #pair(phone: string, deadline: number): Promise<Pairing> {
    if (this.#of.state().linked) throw new Failure('ALREADY_LOGGED_IN');
    const under = ['waiting', 'connecting', 'pairing'].includes(this.#of.state().phase);
    if (!under || this.#of.state().wanted !== phone) this.#of.apply({ on: 'pair', phone });
    const { pairing, linked, reason } = await this.#of.waiters.until(
      ({ pairing, linked, phase }) => pairing !== undefined || linked || phase === 'unlinked',
      deadline,
      () => new Failure('PAIRING_FAILED', 'WhatsApp did not offer a pairing in time.'),
    );
    if (pairing) return pairing;
    if (linked) throw new Failure('ALREADY_LOGGED_IN');
    throw new Failure('PAIRING_FAILED', `The pairing did not start: ${reason ?? 'the connection closed'}.`);
  }

  async #logout(): Promise<Answers['logout']> {
    const { linked, phase } = this.#of.state();
    if (!linked && phase === 'unlinked') throw new Failure('DEVICE_NOT_LINKED');
    const unlinked = linked && phase === 'open' && (await this.#unlinkAtWhatsapp());
    if (this.#of.state().phase !== 'unlinked') this.#of.apply({ on: 'unlinked', reason: 'logged out' });
    await this.#of.identity.settled();
    return { unlinked };
  }

  async #unlinkAtWhatsapp(): Promise<boolean> {
    try {
      return (await this.#of.connection()?.unlink()) ?? false;
    } catch (err) {
      // WhatsApp may close with "device removed" instead of answering.
      if (!this.#of.state().linked) return true;
      this.#of.log.warn({ err }, 'WhatsApp did not confirm the logout');
      return false;
    }
  }

  #reconnect(): Answers['reconnect'] {
    if (!this.#of.state().linked) throw new Failure('DEVICE_NOT_LINKED');
    this.#of.apply({ on: 'reconnect' });
    return {};
  }

  /** The open connection, waited for until the deadline. */
  async #open(deadline: number): Promise<Connection> {
    const { failure } = this.#of.identity;
    if (failure && !(failure instanceof Fenced)) {
      const full = failure instanceof Failure && failure.code === 'STORE_FULL';
      throw new Failure(full ? 'STORE_FULL' : 'STORE_UNAVAILABLE', undefined, { cause: failure });
    }
    const { phase, linked, reason } = await this.#of.waiters.until(
      ({ phase, linked }) => !linked || ['open', 'stopped', 'conflict', 'crashed'].includes(phase),
      deadline,
      () => new Failure('DEVICE_NOT_CONNECTED'),
    );
    if (!linked) throw new Failure('DEVICE_NOT_LINKED');
    if (phase === 'conflict')
      throw new Failure(
        'DEVICE_STOPPED',
        'Another process connects with the same credentials. Stop it, then reconnect this device.',
      );
    if (phase === 'stopped') throw new Failure('DEVICE_STOPPED', `WhatsApp refuses this device: ${reason}.`);
    if (phase === 'crashed') throw new Failure('DEVICE_CRASHED');
    const connection = this.#of.connection();
    if (!connection) throw new Failure('DEVICE_NOT_CONNECTED');
    return connection;
  }
}
