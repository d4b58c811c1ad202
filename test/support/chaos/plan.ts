// What a chaos run does to whom and when, decided before it begins: the same seed is the same list of blows.
import { type Failpoint, failpoints } from '../../../src/lib/failpoint.ts';
import { between, pick, seeded } from '../random.ts';

/** Each is one thing that breaks; docs/reliability.md says what is expected of each. Times are milliseconds. */
export type Blow =
  /**
   * The product is killed, and started again; with a rule it also dies by itself at a failpoint. Unless it is `early` it is
   * given some time to come up first: on a busy machine a start takes longer than the time between two kills.
   */
  | { readonly do: 'sigkill'; readonly early: boolean; readonly downMs: number; readonly rule?: string }
  /** Connections of the product to the database are ended by the server; `share` of them. */
  | { readonly do: 'backends'; readonly share: number }
  /** The database dies as at a power cut, and comes back by itself. */
  | { readonly do: 'database' }
  /** The next such statement is carried out, and its answer lost. */
  | { readonly do: 'ambiguous' }
  /** The product and the database (or WhatsApp, or the receiver) do not hear each other: refused, or silence. */
  | { readonly do: 'partition'; readonly of: Neighbour; readonly how: 'cut' | 'silence'; readonly ms: number }
  /** The way to a neighbour is slow. */
  | { readonly do: 'slow'; readonly of: Neighbour; readonly latencyMs: number; readonly ms: number }
  /** WhatsApp ends the connection of a device, or of all, in a named way. */
  | { readonly do: 'disconnect'; readonly device: number | 'all'; readonly close: string }
  /** WhatsApp goes away with every connection. */
  | { readonly do: 'whatsapp'; readonly downMs: number }
  /** The receiver answers with an error, or with nothing. */
  | { readonly do: 'receiver'; readonly status: number; readonly ms: number }
  /** Some devices are away while people write to them, and come back to an offline queue. */
  | {
      readonly do: 'drain';
      readonly devices: readonly number[];
      readonly messages: number;
      readonly ms: number;
    };

export type Neighbour = 'database' | 'whatsapp' | 'receiver';

export interface ChaosOptions {
  readonly seed: number;
  readonly seconds: number;
  /** Only the product is killed, every 3 to 10 s; and devices are drained. */
  readonly only?: 'sigkill';
  readonly devices: number;
  readonly phones: number;
  readonly groups: number;
  /** Messages a second, in all directions together. */
  readonly rate: number;
}

export interface Planned {
  /** Milliseconds from the start of the traffic. */
  readonly at: number;
  readonly blow: Blow;
}

/** Closes that a client comes back from by itself. */
const CLOSES = ['tcp', 'websocket', 'restart', 'unavailable', 'internal', 'xmlstreamend', 'truncated-frame'];
/** Points that every run passes often: in the main thread, and in those of the shards. */
const OFTEN = failpoints.filter(name => /^(recv|send|deliver)\./.test(name));
const IN_SHARDS = OFTEN.filter(name => !name.startsWith('deliver.'));

export function plan(options: ChaosOptions): Planned[] {
  const random = seeded(options.seed);
  const planned: Planned[] = [];
  let at = between(random, 2_000, 5_000);
  let drainAt = between(random, 4_000, 8_000);
  while (at < options.seconds * 1_000) {
    planned.push({ at, blow: options.only ? kill(random) : anyBlow(random, options) });
    at += between(random, 3_000, 10_000);
  }
  while (drainAt < options.seconds * 1_000) {
    planned.push({ at: drainAt, blow: drain(random, options) });
    drainAt += between(random, 8_000, 20_000);
  }
  return planned.sort((a, b) => a.at - b.at);
}

function kill(random: () => number, rule?: string): Blow {
  const early = random() < 0.25;
  return { do: 'sigkill', early, downMs: between(random, 0, 500), ...(rule !== undefined && { rule }) };
}

function drain(random: () => number, { devices }: ChaosOptions): Blow {
  const away = Array.from({ length: between(random, 1, 3) }, () => between(random, 0, devices - 1));
  return {
    do: 'drain',
    devices: [...new Set(away)],
    messages: between(random, 20, 80),
    ms: between(random, 1_000, 3_000),
  };
}

/** A rule under which the next process, or one of its threads, dies by itself, where and when chance has it. */
function rule(random: () => number): string {
  const thread = random() < 0.4;
  const point = pick<Failpoint>(random, thread ? IN_SHARDS : OFTEN);
  return `${point}:${thread ? 'exit' : 'kill'}@${between(random, 1, 40)}`;
}

function anyBlow(random: () => number, { devices }: ChaosOptions): Blow {
  const neighbour = () => pick<Neighbour>(random, ['database', 'whatsapp', 'receiver']);
  const blows: readonly [weight: number, make: () => Blow][] = [
    [30, () => kill(random)],
    [15, () => kill(random, rule(random))],
    [10, () => ({ do: 'backends', share: pick(random, [0.3, 1]) })],
    [5, () => ({ do: 'database' })],
    [8, () => ({ do: 'ambiguous' })],
    [
      12,
      () => ({
        do: 'partition',
        of: neighbour(),
        how: pick(random, ['cut', 'silence'] as const),
        ms: between(random, 300, 4_000),
      }),
    ],
    [
      6,
      () => ({
        do: 'slow',
        of: neighbour(),
        latencyMs: between(random, 5, 200),
        ms: between(random, 1_000, 5_000),
      }),
    ],
    [
      12,
      () => ({
        do: 'disconnect',
        device: random() < 0.2 ? 'all' : between(random, 0, devices - 1),
        close: pick(random, CLOSES),
      }),
    ],
    [5, () => ({ do: 'whatsapp', downMs: between(random, 100, 2_000) })],
    [8, () => ({ do: 'receiver', status: pick(random, [500, 503, 404]), ms: between(random, 300, 4_000) })],
  ];
  let drawn = random() * blows.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, make] of blows) {
    drawn -= weight;
    if (drawn < 0) return make();
  }
  return kill(random);
}
