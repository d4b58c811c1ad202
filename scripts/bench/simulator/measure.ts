/** What the simulator costs at one number of connected devices. */
import { type Counts, Fleet, linkDevices } from '../../../test/support/fleet.ts';
import { pause } from '../children.ts';
import type { Options } from './options.ts';
import type { Share } from './profile.ts';
import { type Spent, type Subject, startSubject, type Usage } from './subject.ts';

export interface Figures {
  readonly devices: number;
  /** Milliseconds of the simulator's CPU per device, and seconds of the clock for all of them. */
  readonly linkMs: number;
  readonly linkSeconds: number;
  readonly loginMs: number;
  readonly loginSeconds: number;
  /** Bytes above the empty simulator: all linked and away, and all linked and connected. */
  readonly linked: Memory;
  readonly connected: Memory;
  /** Milliseconds of CPU per second while nothing happens. */
  readonly idleMs: number;
  /** Milliseconds of CPU per text. */
  readonly textMs: number;
  /** By the clock, on this machine, with the load beside it. */
  readonly perSecond: number;
  readonly texts: number;
  readonly shares: readonly Share[];
}

export interface Memory {
  readonly rss: number;
  readonly heap: number;
}

export interface Plan extends Options {
  readonly say: (line: string) => void;
}

const SETTLE_MS = 3_000;
/** Until the code is compiled. */
const WARM_TEXTS = 5_000;
/** Of the ledger's counters, those that must be 0 after honest traffic. */
const FAULTS = ['retries', 'duplicates', 'protocolErrors', 'undecryptable', 'phoneErrors', 'violations'];

export async function measureAt(devices: number, plan: Plan): Promise<Figures> {
  const { texts, inFlight, say } = plan;
  const subject = await startSubject(plan);
  const fleet = new Fleet(subject);
  let talked: Spent | undefined;
  let figures: Omit<Figures, 'shares'> | undefined;
  let where: Share[] = [];
  try {
    await pause(SETTLE_MS);
    const empty = await subject.usage();
    say(`${devices} devices: link`);
    const [linked, link] = await subject.spent(() => linkDevices(subject.control, devices));
    await pause(SETTLE_MS);
    const away = await subject.usage();
    say(`${devices} devices: log in`);
    const [, login] = await subject.spent(() => fleet.connect(linked));
    await pause(SETTLE_MS);
    const here = await subject.usage();
    const [, idle] = await subject.spent(() => pause(SETTLE_MS));
    say(`${devices} devices: ${texts} texts`);
    await fleet.talk(Math.min(texts, WARM_TEXTS), inFlight);
    const [talk, cost] = await subject.spent(() => fleet.talk(texts, inFlight));
    talked = cost;
    await assertClean(subject, talk, texts);
    figures = {
      devices,
      linkMs: link.cpuMs / devices,
      linkSeconds: link.wallMs / 1000,
      loginMs: login.cpuMs / devices,
      loginSeconds: login.wallMs / 1000,
      linked: above(empty, away),
      connected: above(empty, here),
      idleMs: idle.cpuMs / (idle.wallMs / 1000),
      textMs: cost.cpuMs / texts,
      perSecond: texts / (talk.wallMs / 1000),
      texts,
    };
  } finally {
    where = await subject.stop(talked);
    fleet.end();
  }
  return { ...figures, shares: where };
}

function above(before: Usage, after: Usage): Memory {
  return {
    rss: after.rss - before.rss,
    heap: after.heapUsed + after.external - before.heapUsed - before.external,
  };
}

/** Figures of a server that lost something say nothing. */
export async function assertClean(subject: Subject, counts: Counts, texts: number): Promise<void> {
  const { acks, deliveries, receipts, receiptAcks, errors } = counts;
  const exact = [acks, deliveries, receipts, receiptAcks].every(count => count === texts) && errors === 0;
  const ledger = (await subject.control.ledger()) as unknown as Record<string, unknown>;
  const wrong = FAULTS.filter(name => ledger[name] !== 0);
  if (!exact || wrong.length > 0)
    throw new Error(
      `not what was sent: ${JSON.stringify(counts)}; ${wrong.join()}: ${JSON.stringify(ledger)}`,
    );
}
