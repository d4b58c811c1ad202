/** CPU per delivered event of the deliverer's process over that of a bare loop, turn by turn in the same run. */
import { secret } from '../../../test/delivery/ledger.ts';
import { startChild } from '../children.ts';
import { cpuMs } from '../proc.ts';
import { caller } from './call.ts';
import type { Bodies, FromBare, ToBare } from './protocol.ts';
import type { Trial } from './trial.ts';

/** Milliseconds of CPU per event. */
export interface Cost {
  readonly ours: number;
  /** The bare loop with the same signatures, and without any. */
  readonly bare: number;
  readonly unsigned: number;
}

/** `live`: as they are committed, at a rate. `backlog`: all at once, from the journal. */
export interface Costs {
  readonly live: Cost;
  readonly backlog: Cost;
}

export interface CostOptions {
  readonly rounds: number;
  /** Events of each turn as they are committed, and of each backlog. */
  readonly events: number;
  readonly backlog: number;
  readonly rate: number;
}

/** As many POSTs as the deliverer has under way to one endpoint. */
const CONCURRENCY = 8;
const WITHIN = 120_000;

export async function measureCosts(
  trial: Trial,
  { rounds, events, backlog, rate }: CostOptions,
): Promise<Costs> {
  const bare = startChild('scripts/bench/delivery/bare.js', [], { ipc: 'clones' });
  const ask = caller<ToBare, FromBare>(bare);
  const url = trial.urls.bare;
  const spent = async (pid: number, work: () => Promise<unknown>) => {
    const before = cpuMs(pid);
    await work();
    return cpuMs(pid) - before;
  };
  const loop = (how: { readonly secret?: string; readonly rate?: number }) =>
    spent(bare.pid, () => ask({ op: 'post', url, ...how, concurrency: CONCURRENCY }));

  const sums = { live: { ours: 0, bare: 0, unsigned: 0 }, backlog: { ours: 0, bare: 0, unsigned: 0 } };
  try {
    for (let round = 0; round <= rounds; round++) {
      let bodies: Bodies = { ids: [], bodies: [] };
      const live = await spent(trial.pid(), async () => {
        bodies = await trial.produce(events, { rate });
        await trial.delivered(['good'], WITHIN);
      });
      // Taking the bodies there is not posting them, and is not counted.
      await ask({ op: 'load', load: bodies });
      const paced = { bare: await loop({ rate, secret }), unsigned: await loop({ rate }) };
      const missed = await spent(trial.pid(), async () => {
        await trial.asleep(async () => {
          bodies = await trial.produce(backlog, { stream: false });
        });
        await trial.delivered(['good'], WITHIN);
      });
      await ask({ op: 'load', load: bodies });
      const turn = {
        live: { ours: live, ...paced },
        backlog: { ours: missed, bare: await loop({ secret }), unsigned: await loop({}) },
      };
      // The first round warms up.
      if (round === 0) continue;
      for (const kind of ['live', 'backlog'] as const)
        for (const what of ['ours', 'bare', 'unsigned'] as const) sums[kind][what] += turn[kind][what];
    }
  } finally {
    await bare.stop();
  }
  const each = ({ ours, bare, unsigned }: Cost, all: number): Cost => ({
    ours: ours / all,
    bare: bare / all,
    unsigned: unsigned / all,
  });
  return { live: each(sums.live, rounds * events), backlog: each(sums.backlog, rounds * backlog) };
}
