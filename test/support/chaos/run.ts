// One chaos run: traffic, blows as planned, silence, and the oracle's word on what is left.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Evidence, gather } from '../oracle/evidence.ts';
import { type Figures, judge, report, type Verdict } from '../oracle/judge.ts';
import type { Scope } from '../scope.ts';
import { until } from '../until.ts';
import { type ChaosOptions, plan } from './plan.ts';
import { type Recovery, recoveries } from './recovery.ts';
import { calm, settle } from './settle.ts';
import { build } from './stage.ts';
import { Striker } from './strike.ts';
import { Traffic } from './traffic.ts';

export interface ChaosReport {
  readonly seed: number;
  readonly seconds: number;
  readonly blows: Readonly<Record<string, number>>;
  /** Processes of the product that were started. */
  readonly starts: number;
  /** Texts that people wrote. */
  readonly written: number;
  readonly figures: Figures;
  readonly owed: Awaited<ReturnType<typeof settle>>;
  readonly recovery: Recovery;
  readonly verdict: Verdict;
  readonly wallMs: number;
}

export interface Keeping {
  /** A folder for the evidence, made when the oracle fails (always with `always`). */
  readonly keep?: string;
  readonly log: (line: string) => void;
}

export async function chaos(
  scope: Scope,
  options: ChaosOptions,
  { keep, log }: Keeping,
): Promise<ChaosReport> {
  const began = performance.now();
  if (keep !== undefined) mkdirSync(keep, { recursive: true });
  const planned = plan(options);
  const stage = await build(scope, options, keep && join(keep, 'product.log'));
  const { product } = stage;
  product.start();
  await product.listening();
  const traffic = new Traffic(stage, options);
  const striker = new Striker(stage, traffic);
  if (!options.only) await stage.control.arm('delivery.undecryptable', { when: { rate: 0.01 } });
  // On a busy machine devices take long to connect: without this the blows might be over before the first send.
  await until(() => calm(product), { within: 180_000, what: 'all devices are open' });
  traffic.start();
  await until(() => traffic.asked.some(({ status }) => status === 200), {
    within: 180_000,
    what: 'a send is accepted',
  });
  const alive = striker.keepAlive();
  const start = performance.now();
  const striking: Promise<void>[] = [];
  for (const { at, blow } of planned) {
    await delay(Math.max(0, at - (performance.now() - start)));
    log(`${(at / 1_000).toFixed(1)} s: ${JSON.stringify(blow)}`);
    striking.push(striker.strike(blow));
  }
  await delay(Math.max(0, options.seconds * 1_000 - (performance.now() - start)));
  await Promise.all(striking);
  await traffic.stop();
  await striker.end();
  await alive;

  // A start in good order: no failpoint is armed any more, and nobody is on a long ladder of backoffs.
  log('quiet now');
  if (!product.running) product.start();
  await product.listening().catch(() => product.start());
  await product.end('SIGTERM');
  product.start();
  const owed = await settle(stage, log);
  log(`owed: ${JSON.stringify(owed)}`);
  await product.end('SIGTERM');

  const evidence = await gather(stage.control, stage.sql, stage.hook.requests, {
    asked: traffic.asked,
    sockets: stage.sockets,
    processes: product.runs,
    blows: [...striker.blows, ...product.deaths],
    groups: stage.groups,
  });
  const verdict = judge(evidence);
  if (keep !== undefined) keepEvidence(keep, evidence, verdict);
  return {
    seed: options.seed,
    seconds: options.seconds,
    blows: striker.counts,
    starts: product.runs.length,
    written: traffic.written,
    figures: verdict.figures,
    owed,
    recovery: recoveries(evidence),
    verdict,
    wallMs: Math.round(performance.now() - began),
  };
}

function keepEvidence(folder: string, evidence: Evidence, verdict: Verdict): void {
  writeFileSync(join(folder, 'evidence.json'), JSON.stringify(evidence));
  writeFileSync(join(folder, 'report.txt'), `${report(verdict, 1_000)}\n`);
  writeFileSync(join(folder, 'findings.json'), JSON.stringify(verdict.findings, null, 1));
}
