/** A device's health from its measures: what is wrong now, what of it is news, and the whole of it for whoever asks. */
import type { Complaint, HealthReport } from '../../shard/protocol.ts';
import { complaints, deafness, Episode, type HealthLimits, type Look, type Told } from './health.ts';
import { Vitals } from './vitals.ts';

export interface CheckupOptions {
  readonly limits: HealthLimits;
  /** The shard's `AwakeClock`. */
  readonly now: () => number;
  /** The last that was told of the device, before this thread had it, is that it is degraded. */
  readonly degraded: boolean;
  /** When the oldest fact happened that is not in the journal. */
  readonly factsSince: () => number | undefined;
}

export interface Finding extends Told {
  readonly complaints: readonly Complaint[];
  /** Why the connection must be made anew. */
  readonly deaf: string | undefined;
}

export class Checkup {
  readonly vitals: Vitals;
  readonly #options: CheckupOptions;
  readonly #episode: Episode;

  constructor(options: CheckupOptions) {
    this.#options = options;
    this.vitals = new Vitals(options.now);
    this.#episode = new Episode(options.limits, options.degraded);
  }

  /** What is wrong while it is degraded; empty when it is about to recover. */
  get degraded(): readonly Complaint[] | undefined {
    return this.#episode.complaints;
  }

  look(open: boolean): Finding {
    const { limits } = this.#options;
    const look = this.#sight();
    const found = complaints(look, limits);
    return {
      ...this.#episode.look(found, open, look.now),
      complaints: found,
      deaf: open ? deafness(look, limits) : undefined,
    };
  }

  report(): HealthReport {
    const look = this.#sight();
    const measures = this.vitals.measures();
    const age = (since: number) => Math.round(look.now - since);
    const wall = (at: number) => Date.now() - age(at);
    const some = <K extends string>(name: K, as: (at: number) => number, at: number | undefined) =>
      at === undefined ? {} : ({ [name]: as(at) } as Partial<Record<K, number>>);
    const same = (ms: number) => ms;
    return {
      degraded: this.degraded !== undefined,
      complaints: complaints(look, this.#options.limits),
      ...some('connectedSince', wall, measures.openedAt),
      ...some('lastInboundAt', wall, measures.heardAt),
      ...some('lastAckAt', wall, measures.ackAt),
      ...some('lastPongAt', wall, measures.pongAt),
      ...some('pingMs', same, measures.pingMs),
      ...some('pingSmoothMs', same, measures.smoothMs),
      decrypts: this.vitals.decrypts(),
      reconnectsLastHour: this.vitals.reconnects(),
      unhandled: measures.unhandled,
      awaitingAck: measures.awaitingAck,
      ...some('awaitingAckMs', age, measures.awaitingSince),
      ...some('oldestEventMs', age, look.factsSince),
    };
  }

  #sight(): Look {
    return { now: this.#options.now(), vitals: this.vitals, factsSince: this.#options.factsSince() };
  }
}
