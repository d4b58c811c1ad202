// What a random run does, decided before it begins: the same seed is the same list of sends and faults.
import { Chance } from '../../../src/simulator/chance.ts';

export interface RunSize {
  readonly seed: number;
  readonly messages: number;
  readonly devices: number;
  readonly groups: number;
}

export type Step =
  /** `to`: an account, or a group when it is at least `accounts`. */
  | { readonly do: 'send'; readonly from: number; readonly to: number; readonly text: string }
  | { readonly do: 'close'; readonly device: number; readonly close: string }
  | { readonly do: 'restart'; readonly downMs: number };

export interface Plan {
  /** Owner of each device, by account number. */
  readonly owners: readonly number[];
  readonly accounts: number;
  /** Accounts in each group. */
  readonly members: readonly (readonly number[])[];
  readonly steps: readonly Step[];
}

/** Closes that a client comes back from. After 401 and the like a person would have to link anew. */
const CLOSES = [
  ...['restart', 'unavailable', 'internal', 'xml-not-well-formed', 'stream-error-empty', 'owes-acks'],
  ...['xmlstreamend', 'websocket', 'tcp', 'truncated-frame', 'replaced', 'mute', 'hang'],
] as const;

/** How often something other than a send happens, per send. */
const CLOSE_RATE = 0.03;
const RESTART_RATE = 0.004;
/** Half open connections cost the client its patience of seconds. */
const RARE = new Set<string>(['mute', 'hang']);

export function plan({ seed, messages, devices, groups }: RunSize): Plan {
  const chance = new Chance(seed);
  // Some accounts have two devices, so that own copies are part of it.
  const accounts = Math.max(2, Math.ceil(devices * 0.8));
  const owners = Array.from({ length: devices }, (_, index) => index % accounts);
  const members = Array.from({ length: groups }, (_, group) => {
    const in_ = new Set<number>([group % accounts]);
    const size = Math.min(accounts, 3 + chance.below('group size', 4));
    while (in_.size < size) in_.add(chance.below('member', accounts));
    return [...in_].sort((a, b) => a - b);
  });
  const steps: Step[] = [];
  for (let index = 0; index < messages; index++) {
    if (chance.draw('restart') < RESTART_RATE)
      steps.push({ do: 'restart', downMs: chance.below('down', 300) });
    if (chance.draw('close') < CLOSE_RATE) {
      const drawn = CLOSES[chance.below('which close', CLOSES.length)] ?? 'tcp';
      const close = RARE.has(drawn) && chance.draw('rare') < 0.8 ? 'tcp' : drawn;
      steps.push({ do: 'close', device: chance.below('closed', devices), close });
    }
    steps.push(send(chance, owners, accounts, members, index));
  }
  return { owners, accounts, members, steps };
}

function send(
  chance: Chance,
  owners: readonly number[],
  accounts: number,
  members: readonly (readonly number[])[],
  index: number,
): Step {
  const from = chance.below('from', owners.length);
  const account = owners[from] ?? 0;
  const mine = members.flatMap((group, number) => (group.includes(account) ? [number] : []));
  const text = `message ${index}`;
  if (mine.length > 0 && chance.draw('to a group') < 0.4) {
    const group = mine[chance.below('which group', mine.length)] ?? 0;
    return { do: 'send', from, to: accounts + group, text };
  }
  const other = chance.below('to', accounts - 1);
  return { do: 'send', from, to: other >= account ? other + 1 : other, text };
}

export interface Armed {
  readonly name: string;
  readonly rate: number;
  readonly params?: Record<string, unknown>;
  readonly filter?: Record<string, string>;
}

/** Armed from the start to the end of the sends. Rates are per occasion: a stanza, an answer, a drain. */
export const ARMED: readonly Armed[] = [
  { name: 'delivery.drop', rate: 0.005 },
  { name: 'delivery.duplicate', rate: 0.02 },
  { name: 'delivery.reorder', rate: 0.02, params: { by: 2, withinMs: 100 } },
  { name: 'delivery.undecryptable', rate: 0.01 },
  { name: 'ack.withhold', rate: 0.02 },
  { name: 'ack.late', rate: 0.02, params: { ms: 200 } },
  { name: 'iq.late', rate: 0.02, params: { ms: 100 } },
  { name: 'receipt.drop', rate: 0.01 },
  { name: 'network.delay', rate: 0.05, params: { jitterMs: 40 } },
  { name: 'drain.close', rate: 0.2, params: { after: 2, close: 'tcp' } },
  { name: 'drain.slow', rate: 0.2, params: { perSecond: 100 } },
  { name: 'drain.restart', rate: 0.01, params: { after: 1, downMs: 50 } },
  { name: 'close.tcp', rate: 0.002, params: { direction: 'out' }, filter: { tag: 'message' } },
  { name: 'close.websocket', rate: 0.002, params: { processed: true }, filter: { tag: 'receipt' } },
  { name: 'login.unavailable', rate: 0.05 },
  { name: 'prekeys.exhausted', rate: 0.05, params: { count: false } },
];
