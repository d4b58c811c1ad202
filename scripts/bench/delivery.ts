// npm run bench:delivery: what a good webhook endpoint notices of its neighbours (one dead, one slow, one flaky, one that
// refuses some events), what a delivery costs over a bare loop of POSTs, and, with --kill, what is left of all promises
// when the process is killed again and again. docs/performance.md has the last figures and says how to read them.
import { writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { version } from '../../src/lib/version.ts';
import { type Costs, measureCosts } from './delivery/cost.ts';
import { broken, type Fared, judge, latencies } from './delivery/judge.ts';
import { type Options, readOptions, USAGE } from './delivery/options.ts';
import { ENDPOINTS } from './delivery/protocol.ts';
import { costTable, faredTable, latencyTable } from './delivery/report.ts';
import { startTrial, type Trial } from './delivery/trial.ts';
import { assertProc } from './proc.ts';
import { type Storage, startStorage } from './storage.ts';

/** EX_USAGE of sysexits. */
const WRONG_USE = 64;
/** Events that come before those whose latency counts. */
const WARM = 2_000;
const SETTLE_WITHIN = 180_000;
const COST = { rounds: 4, events: 2_000, backlog: 10_000 };

const start = performance.now();

function say(line: string): void {
  process.stdout.write(`${((performance.now() - start) / 1000).toFixed(0).padStart(4)} s  ${line}\n`);
}

interface Findings {
  readonly fared: readonly Fared[];
  readonly broken: readonly string[];
  readonly costs?: Costs;
  readonly alone?: readonly number[];
  readonly beside?: readonly number[];
}

async function withTrial<T>(
  storage: Storage,
  options: Options,
  how: { readonly name: string; readonly endpoints: typeof ENDPOINTS | readonly ['good'] },
  work: (trial: Trial) => Promise<T>,
): Promise<T> {
  const { url } = await storage.database(how.name);
  const trial = await startTrial({ ...options, address: { url }, endpoints: how.endpoints });
  try {
    return await work(trial);
  } finally {
    await trial.stop();
  }
}

/** All five endpoints; the good one's latencies, and how each has fared once all of them have been healed. */
async function beside(storage: Storage, options: Options) {
  const { events, rate, killMs } = options;
  return await withTrial(storage, options, { name: 'beside', endpoints: ENDPOINTS }, async trial => {
    say(`${events} events with neighbours, ${rate} a second`);
    const produced = (async () => {
      await trial.produce(WARM, { rate });
      await trial.produce(events, { rate });
    })();
    await (killMs === undefined ? produced : trial.killing(killMs, produced));
    await trial.delivered(['good'], SETTLE_WITHIN);
    say('all endpoints are healed, and get what they are owed');
    const committed = await trial.committed();
    await trial.heal();
    await trial.delivered(ENDPOINTS, SETTLE_WITHIN);
    const evidence = await trial.evidence();
    const fared = judge(evidence);
    if (evidence.kills > 0) say(`${evidence.kills} kills`);
    return {
      fared,
      broken: broken(fared, evidence.kills),
      latencies: latencies(committed, evidence.answered.good, WARM),
    };
  });
}

/** The good endpoint and nobody else. */
async function alone(storage: Storage, options: Options, turn: number): Promise<number[]> {
  const { events, rate } = options;
  return await withTrial(storage, options, { name: `alone_${turn}`, endpoints: ['good'] }, async trial => {
    say(`${Math.ceil(events / 4)} events to the good endpoint alone`);
    await trial.produce(WARM, { rate });
    await trial.produce(Math.ceil(events / 4), { rate });
    await trial.delivered(['good'], SETTLE_WITHIN);
    const { answered } = await trial.evidence();
    return latencies(await trial.committed(), answered.good, WARM);
  });
}

async function costs(storage: Storage, options: Options): Promise<Costs> {
  return await withTrial(storage, options, { name: 'cost', endpoints: ['good'] }, trial => {
    say(`CPU per event: ${COST.rounds} rounds of ours and a bare loop in turn`);
    return measureCosts(trial, { ...COST, rate: options.rate });
  });
}

async function measure(storage: Storage, options: Options): Promise<Findings> {
  if (options.killMs !== undefined) return await beside(storage, options);
  const spent = await costs(storage, options);
  if (options.onlyCost) return { fared: [], broken: [], costs: spent };
  // Before and after: the machine may have become another one meanwhile.
  const before = await alone(storage, options, 1);
  const crowd = await beside(storage, options);
  const after = await alone(storage, options, 2);
  const both = [...before, ...after].sort((a, b) => a - b);
  return { fared: crowd.fared, broken: crowd.broken, costs: spent, alone: both, beside: crowd.latencies };
}

async function main(options: Options): Promise<void> {
  assertProc();
  const storage = await startStorage();
  const interrupted = (signal: NodeJS.Signals) => {
    process.stderr.write(`${signal}: stopping\n`);
    void storage.stop().finally(() => process.exit(1));
  };
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  try {
    const found = await measure(storage, options);
    const machine = {
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: cpus().length,
      memoryGb: Math.round(totalmem() / 2 ** 30),
      node: process.version,
      load: loadavg().map(load => Number(load.toFixed(1))),
    };
    const { fared, costs, alone, beside } = found;
    const tables = [
      `Cardume ${version}, ${new Date().toISOString()}: ${machine.cores} cores (${machine.cpu}), ${machine.memoryGb} GB, Node ${machine.node}, load ${machine.load.join(' ')}`,
      ...(costs ? [costTable(costs)] : []),
      ...(alone && beside ? [latencyTable(alone, beside)] : []),
      ...(fared.length > 0 ? [faredTable(fared)] : []),
      ...found.broken,
    ];
    process.stdout.write(`\n${tables.join('\n\n')}\n`);
    if (options.json !== undefined)
      writeFileSync(
        options.json,
        `${JSON.stringify({ machine, options, fared, costs, broken: found.broken }, null, 2)}\n`,
      );
    if (found.broken.length > 0) process.exitCode = 1;
  } finally {
    await storage.stop();
  }
}

function fail(error: unknown, code: number): void {
  process.stderr.write(`bench:delivery: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(code);
}

let options: Options | undefined;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  fail(error, WRONG_USE);
}
if (options) await main(options).catch(error => fail(error, 1));
else process.stdout.write(`${USAGE}\n`);
