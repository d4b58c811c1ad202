/** A CPU profile of V8 as shares of steps. */

export interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
  }[];
  /** Microseconds. */
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface Share {
  readonly step: string;
  /** Of the busy time, 0 to 1. */
  readonly share: number;
}

/** The first that fits names the step. */
const steps: readonly [string, (name: string, url: string) => boolean][] = [
  [
    'kernel: socket writes',
    name => /^(writev|writeBuffer|writeUtf8String|writeLatin1String|shutdown|close)$/.test(name),
  ],
  ['garbage collection', name => name === '(garbage collector)'],
  [
    'sealing and opening frames',
    (_name, url) =>
      url.includes('internal/crypto') || url.endsWith('wire/transport.js') || url.endsWith('wire/crypto.js'),
  ],
  ['encoding and decoding stanzas', (_name, url) => /wire\/(encode|decode|tokens)\.js$/.test(url)],
  ['ledger and events', (_name, url) => /simulator\/(ledger|events)\//.test(url)],
  ['phones', (_name, url) => url.includes('simulator/phone/') || url.startsWith('wasm')],
  [
    'routing, queues, faults',
    (_name, url) =>
      /simulator\/(stanzas|delivery|accounts|groups|faults|linking)\//.test(url) ||
      url.endsWith('wire/stanza.js') ||
      url.endsWith('wire/jid.js'),
  ],
  ['connections and frames', (_name, url) => url.includes('simulator/wire/')],
  ['WebSocket, streams, sockets', (_name, url) => url.includes('/ws/') || url.startsWith('node:')],
];

/** Of what was sampled between the two times; idle time does not count. */
export function shares(
  profile: Profile,
  { from, to }: { readonly from: number; readonly to: number },
): Share[] {
  const stepOf = new Map(
    profile.nodes.map(({ id, callFrame: { functionName, url } }) => [id, nameOf(functionName, url)]),
  );
  const sums = new Map<string, number>();
  let total = 0;
  let at = profile.startTime;
  profile.samples.forEach((id, index) => {
    const took = profile.timeDeltas[index] ?? 0;
    at += took;
    const step = stepOf.get(id);
    if (at < from || at > to || step === undefined) return;
    sums.set(step, (sums.get(step) ?? 0) + took);
    total += took;
  });
  return [...sums].map(([step, sum]) => ({ step, share: sum / total })).toSorted((a, b) => b.share - a.share);
}

/** Undefined for idle time. */
function nameOf(name: string, url: string): string | undefined {
  if (name === '(idle)') return undefined;
  return steps.find(([, fits]) => fits(name, url))?.[0] ?? 'everything else';
}
