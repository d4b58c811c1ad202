/** What the simulator costs: a process of its own, with the load in this one. */
import { type ControlClient, controlClient } from '../../../src/simulator/control/client.ts';
import { Fleet, linkDevices, type Talk } from '../../../test/support/fleet.ts';
import { pause, startChild } from '../children.ts';

export interface Usage {
  readonly cpuMs: number;
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
}

export interface Subject {
  readonly socketUrl: string;
  readonly rootKey: string;
  readonly control: ControlClient;
  usage(): Promise<Usage>;
  stop(): Promise<void>;
}

export async function startSubject(nodeOptions: readonly string[]): Promise<Subject> {
  const child = startChild('scripts/simulator.js', [], { nodeOptions: ['--expose-gc', ...nodeOptions] });
  try {
    const socketUrl = await child.line(line => line.startsWith('ws'));
    const rootKey = await child.line(line => /^[0-9a-f]{64}$/.test(line));
    const control = controlClient(await child.line(line => line.startsWith('http')));
    const usage = () => control.call('process', { query: { collect: 'true' } });
    return { socketUrl, rootKey, control, usage, stop: () => child.stop() };
  } catch (error) {
    await child.stop();
    throw error;
  }
}

export interface Figures {
  readonly devices: number;
  /** Milliseconds of the simulator's CPU per device. */
  readonly linkMs: number;
  readonly loginMs: number;
  /** All the devices, in seconds of the clock. */
  readonly linkSeconds: number;
  readonly loginSeconds: number;
  /** Bytes per device above the empty simulator: linked and away, and linked and connected. */
  readonly linked: Memory;
  readonly connected: Memory;
  /** Milliseconds of CPU per second while nothing happens. */
  readonly idleMs: number;
  /** Milliseconds of CPU per text. */
  readonly textMs: number;
  readonly perSecond: number;
  readonly texts: number;
}

export interface Memory {
  readonly rss: number;
  readonly heap: number;
}

export interface Plan {
  readonly texts: number;
  readonly inFlight: number;
  readonly nodeOptions: readonly string[];
  readonly say: (line: string) => void;
}

const SETTLE_MS = 3_000;

export async function measureAt(
  devices: number,
  { texts, inFlight, nodeOptions, say }: Plan,
): Promise<Figures> {
  const subject = await startSubject(nodeOptions);
  const fleet = new Fleet(subject);
  try {
    await pause(SETTLE_MS);
    const empty = await subject.usage();
    say(`${devices} devices: link`);
    const [linked, link] = await spent(subject, () => linkDevices(subject.control, devices));
    await pause(SETTLE_MS);
    const away = await subject.usage();
    say(`${devices} devices: log in`);
    const [, login] = await spent(subject, () => fleet.connect(linked));
    await pause(SETTLE_MS);
    const here = await subject.usage();
    const [, idle] = await spent(subject, () => pause(SETTLE_MS));
    say(`${devices} devices: ${texts} texts`);
    await fleet.talk(Math.min(texts, 5_000), inFlight); // until the code is compiled
    const [talk, cost] = await spent(subject, () => fleet.talk(texts, inFlight));
    assertClean(talk, await subject.control.request<Record<string, number>>('GET', '/ledger'));
    return {
      devices,
      linkMs: link.cpuMs / devices,
      linkSeconds: link.wallMs / 1000,
      loginMs: login.cpuMs / devices,
      loginSeconds: login.wallMs / 1000,
      linked: perDevice(empty, away, devices),
      connected: perDevice(empty, here, devices),
      idleMs: idle.cpuMs / (idle.wallMs / 1000),
      textMs: cost.cpuMs / texts,
      perSecond: texts / (talk.wallMs / 1000),
      texts,
    };
  } finally {
    fleet.end();
    await subject.stop();
  }
}

async function spent<T>(
  subject: Subject,
  work: () => Promise<T>,
): Promise<[T, { cpuMs: number; wallMs: number }]> {
  const before = await subject.usage();
  const started = performance.now();
  const result = await work();
  const wallMs = performance.now() - started;
  const after = await subject.control.call('process');
  return [result, { cpuMs: after.cpuMs - before.cpuMs, wallMs }];
}

function perDevice(before: Usage, after: Usage, devices: number): Memory {
  return {
    rss: (after.rss - before.rss) / devices,
    heap: (after.heapUsed + after.external - before.heapUsed - before.external) / devices,
  };
}

/** Figures of a server that lost something say nothing. */
function assertClean(talk: Talk, ledger: Readonly<Record<string, number>>): void {
  const { texts, acks, deliveries, receipts, receiptAcks, errors } = talk;
  const exact = [acks, deliveries, receipts, receiptAcks].every(count => count === texts) && errors === 0;
  const wrong = ['retries', 'duplicates', 'protocolErrors', 'undecryptable', 'phoneErrors'].filter(
    name => ledger[name] !== 0,
  );
  if (!exact || wrong.length > 0)
    throw new Error(
      `not what was sent: ${JSON.stringify(talk)}, ${wrong.join()} of ${JSON.stringify(ledger)}`,
    );
}
