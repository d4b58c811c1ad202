/** What is done for a device regularly, and not because something has happened: its health, and what it could not read. */
import type { Logger } from '../../lib/logger.ts';
import { Seal } from '../../lib/seal.ts';
import type { Complaint, Count, DeviceStatus, HealthReport, Seat } from '../../shard/protocol.ts';
import type { Sql } from '../../store/database.ts';
import type { Remembered } from '../../store/devices.ts';
import type { UndecryptableRow } from '../../store/undecryptable.ts';
import type { Connection } from '../line/connection.ts';
import type { Facts } from '../receiving/facts.ts';
import { Unread } from '../receiving/unread.ts';
import type { UnreadLimits } from '../receiving/unread-rules.ts';
import type { Identity } from '../signal/identity.ts';
import { selfOf } from '../translate/envelope.ts';
import { fromHealth } from '../translate/state.ts';
import { Checkup } from './checkup.ts';
import type { HealthLimits } from './health.ts';
import type { Vitals } from './vitals.ts';

/** What the shard gives for it. */
export interface Watch {
  readonly health: HealthLimits;
  readonly unread: UnreadLimits;
  /** The shard's `AwakeClock`. */
  now(): number;
  ponged(ms: number): void;
  counted(what: Count): void;
}

/** What the store knows of a device when it is hosted. */
export interface Stored {
  readonly credentials?: Buffer | undefined;
  /** What was set for it, sealed. */
  readonly settings?: Buffer | undefined;
  /** The last that was told of its health is that it is degraded. */
  readonly degraded: boolean;
  /** Messages that could not be decrypted so far. */
  readonly unread: readonly UndecryptableRow[];
  /** Its earlier life; none for a device that was just made. */
  readonly remembered?: Remembered | undefined;
}

export interface CareOptions {
  readonly seat: Seat;
  readonly sql: Sql;
  readonly owner: string;
  readonly watch: Watch;
  readonly facts: Facts;
  readonly identity: Identity;
  readonly log: Logger;
}

export class Care {
  readonly unread: Unread;
  readonly #options: CareOptions;
  readonly #checkup: Checkup;

  constructor(options: CareOptions, left: Stored) {
    const { seat, sql, owner, watch, facts, identity, log } = options;
    this.#options = options;
    this.#checkup = new Checkup({
      limits: watch.health,
      now: watch.now,
      degraded: left.degraded,
      factsSince: () => facts.since,
    });
    this.unread = new Unread(
      {
        sql,
        term: { no: seat.no, owner, epoch: seat.epoch },
        limits: watch.unread,
        self: () => selfOf(identity.credentials),
        seal: new Seal(seat.key),
        log,
        happened: drafts => facts.add(drafts),
        journaled: () => facts.since === undefined,
        counted: watch.counted,
        onFailure: failure => identity.keys.poison(failure),
      },
      left.unread,
    );
  }

  get vitals(): Vitals {
    return this.#checkup.vitals;
  }

  /** What is wrong while it is degraded. Nobody is served by a device that is not linked or refused. */
  degraded({ linked, phase }: Pick<DeviceStatus, 'linked' | 'phase'>): readonly Complaint[] | undefined {
    return linked && phase !== 'stopped' ? this.#checkup.degraded : undefined;
  }

  report(): HealthReport {
    return this.#checkup.report();
  }

  /** One look at a device with a live connection or none; returns whether its status has changed, and why it must be made anew. */
  look(
    live: Connection | undefined,
    open: boolean,
  ): { readonly changed: boolean; readonly deaf: string | undefined } {
    const { watch, facts, log } = this.#options;
    live?.keepAlive(watch.now(), watch.health.pingEveryMs);
    const connection = open ? live : undefined;
    const { event, changed, complaints, deaf } = this.#checkup.look(connection !== undefined);
    if (event) {
      log.warn({ complaints: complaints.map(({ text }) => text) }, `device has ${event}`);
      facts.add([fromHealth(event, complaints, Date.now())]);
    }
    if (deaf !== undefined) watch.counted('deaf');
    else void this.unread.look(connection && (key => connection.askPhone(key)));
    return { changed, deaf };
  }
}
