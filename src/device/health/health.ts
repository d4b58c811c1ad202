/**
 * Is a device that says "open" really well? Pure: measures go in, complaints come out, and what to tell of them. A device
 * with a complaint is degraded; it has recovered when it was open without any for a while, so that nothing flaps. Only two
 * complaints are worth a new connection: one that does not hear (`deafness`). docs/health.md has the table; a test holds
 * it to this file.
 */
import type { Complaint } from '../../shard/protocol.ts';
import type { Vitals } from './vitals.ts';

/** Milliseconds unless said otherwise. */
export interface HealthLimits {
  /** Between two looks at all devices of a shard. */
  readonly everyMs: number;
  readonly pingEveryMs: number;
  /** Without a pong for so long it is degraded. */
  readonly pongWithinMs: number;
  /** Without a pong and without any other stanza for so long it is deaf. */
  readonly deafAfterMs: number;
  /** Without a pong for so long it is deaf whatever else comes. */
  readonly pinglessAfterMs: number;
  /** Without a message handled for so long, while some wait, it is degraded, and deaf. */
  readonly handledWithinMs: number;
  readonly stuckAfterMs: number;
  readonly ackWithinMs: number;
  readonly journaledWithinMs: number;
  /** The share of the last messages that may fail to decrypt, and how many there must be to say so. */
  readonly decryptFailures: number;
  readonly decryptsAtLeast: number;
  readonly reconnectsPerHour: number;
  /** Open without a complaint for so long it has recovered. */
  readonly recoveredAfterMs: number;
}

/**
 * whatsmeow pings every 20 to 30 s, and gives a connection up after 3 minutes without a pong (keepalive.go); Baileys after
 * 35 s without any stanza (Socket/socket.ts, startKeepAliveRequest). A history chunk is downloaded while later messages
 * wait, over a line that may be slow, so these get more time.
 */
export const HEALTH_LIMITS: HealthLimits = {
  everyMs: 2_000,
  pingEveryMs: 25_000,
  pongWithinMs: 40_000,
  deafAfterMs: 60_000,
  pinglessAfterMs: 180_000,
  handledWithinMs: 30_000,
  stuckAfterMs: 600_000,
  ackWithinMs: 10_000,
  journaledWithinMs: 10_000,
  decryptFailures: 0.3,
  decryptsAtLeast: 10,
  reconnectsPerHour: 10,
  recoveredAfterMs: 30_000,
};

/** Every complaint there is. */
export const complaintCodes = [
  'no_pong',
  'messages_waiting',
  'sends_unacknowledged',
  'decrypt_failures',
  'events_waiting',
  'reconnects',
] as const;

export type ComplaintCode = (typeof complaintCodes)[number];

export interface Look {
  readonly now: number;
  readonly vitals: Vitals;
  /** When the oldest fact that is not in the journal happened. */
  readonly factsSince: number | undefined;
}

const seconds = (ms: number) => Math.floor(ms / 1000);

/** What is wrong, in the order of `complaintCodes`. What a connection is blamed for is asked of an open one only. */
export function complaints({ now, vitals, factsSince }: Look, limits: HealthLimits): Complaint[] {
  const found: Complaint[] = [];
  const complain = (code: ComplaintCode, text: string) => found.push({ code, text });
  const { openedAt, pongAt, ackAt, unhandled, handledAt, awaitingSince } = vitals.measures();

  if (openedAt !== undefined) {
    const silent = now - (pongAt ?? openedAt);
    if (silent > limits.pongWithinMs) complain('no_pong', `no pong for ${seconds(silent)} s`);
    const stuck = unhandled > 0 ? now - (handledAt ?? now) : 0;
    if (stuck > limits.handledWithinMs)
      complain('messages_waiting', `${unhandled} stanzas came and none was handled for ${seconds(stuck)} s`);
    // One that was lost while later ones were acknowledged is no trouble of the device.
    const unanswered =
      awaitingSince !== undefined && (ackAt ?? Number.NEGATIVE_INFINITY) < awaitingSince
        ? now - awaitingSince
        : 0;
    if (unanswered > limits.ackWithinMs)
      complain('sends_unacknowledged', `sends not acknowledged for ${seconds(unanswered)} s`);
  }
  const { failed, of } = vitals.decrypts();
  if (of >= limits.decryptsAtLeast && failed / of >= limits.decryptFailures)
    complain('decrypt_failures', `decrypt failures ${Math.round((100 * failed) / of)} % of the last ${of}`);
  const late = factsSince === undefined ? 0 : now - factsSince;
  if (late > limits.journaledWithinMs)
    complain('events_waiting', `events wait for the database for ${seconds(late)} s`);
  const reconnects = vitals.reconnects();
  if (reconnects > limits.reconnectsPerHour)
    complain('reconnects', `${reconnects} reconnects in the last hour`);
  return found;
}

/** Why the connection, although open, hears nothing; undefined while it does. */
export function deafness({ now, vitals }: Look, limits: HealthLimits): string | undefined {
  const { openedAt, heardAt, pongAt, unhandled, handledAt } = vitals.measures();
  if (openedAt === undefined) return undefined;
  const pingless = now - (pongAt ?? openedAt);
  const silent = Math.min(pingless, now - (heardAt ?? openedAt));
  if (silent > limits.deafAfterMs) return `deaf: nothing came for ${seconds(silent)} s`;
  if (pingless > limits.pinglessAfterMs) return `deaf: no pong for ${seconds(pingless)} s`;
  const stuck = unhandled > 0 ? now - (handledAt ?? now) : 0;
  if (stuck > limits.stuckAfterMs) return `stuck: nothing was handled for ${seconds(stuck)} s`;
  return undefined;
}

/** What there is to tell: to everybody who follows the events, or only to those who look at the device's status. */
export interface Told {
  readonly event?: 'degraded' | 'recovered';
  readonly changed: boolean;
}

/** One stretch of bad health at a time: from the first complaint until the device was well for a while. */
export class Episode {
  readonly #limits: HealthLimits;
  /** Every code of this stretch that was told: a new one is worth an event, an old one that comes back is not. */
  readonly #told = new Set<string>();
  #degraded: boolean;
  #complaints: readonly Complaint[] = [];
  #wellSince: number | undefined;

  /** `degraded`: the last that was told of the device is that it is, by a thread or process before us. */
  constructor(limits: HealthLimits, degraded: boolean) {
    this.#limits = limits;
    this.#degraded = degraded;
  }

  /** What is wrong now, while it is degraded; an empty list when nothing is any more but it has not recovered yet. */
  get complaints(): readonly Complaint[] | undefined {
    return this.#degraded ? this.#complaints : undefined;
  }

  /** `open`: only a device that works can be well. */
  look(found: readonly Complaint[], open: boolean, now: number): Told {
    const before = codesOf(this.#complaints);
    this.#complaints = found;
    const changed = codesOf(found) !== before;
    if (found.length > 0) {
      this.#wellSince = undefined;
      this.#degraded = true;
      const fresh = found.some(({ code }) => !this.#told.has(code));
      for (const { code } of found) this.#told.add(code);
      return fresh ? { event: 'degraded', changed: true } : { changed };
    }
    if (!this.#degraded) return { changed };
    if (!open) {
      this.#wellSince = undefined;
      return { changed };
    }
    this.#wellSince ??= now;
    if (now - this.#wellSince < this.#limits.recoveredAfterMs) return { changed };
    this.#degraded = false;
    this.#wellSince = undefined;
    this.#told.clear();
    return { event: 'recovered', changed: true };
  }
}

const codesOf = (complaints: readonly Complaint[]) => complaints.map(({ code }) => code).join();
