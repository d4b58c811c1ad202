// npm run bench: what devices cost in memory and CPU, beside stock Baileys in the same run. docs/performance.md has the
// last figures and says how to read them.
import { writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { version } from '../../src/lib/version.ts';
import { type Figures, measureEmpty, measureProduct, measureStock, type Plan, WORKERS } from './measure.ts';
import { type Options, readOptions, USAGE } from './options.ts';
import { assertProc } from './proc.ts';
import { startStorage } from './storage.ts';
import { type Report, table } from './table.ts';

/** EX_USAGE of sysexits. */
const WRONG_USE = 64;

const start = performance.now();

function say(line: string): void {
  process.stdout.write(`${((performance.now() - start) / 1000).toFixed(0).padStart(4)} s  ${line}\n`);
}

async function main(options: Options): Promise<void> {
  assertProc();
  const storage = await startStorage();
  // The children are ended as this process exits; the database is stopped in order first, and its folder removed.
  const interrupted = (signal: NodeJS.Signals) => {
    process.stderr.write(`${signal}: stopping\n`);
    void storage.stop().finally(() => process.exit(1));
  };
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  try {
    const report = await measure(options, { ...options, storage, say });
    process.stdout.write(`\n${table(report)}\n`);
    writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
    say(`figures in ${options.json}`);
  } finally {
    await storage.stop();
  }
}

async function measure(options: Options, plan: Plan): Promise<Report> {
  say('empty starts');
  const empty = await measureEmpty(plan);
  const ours: Figures[] = [];
  const stock: Figures[] = [];
  const skipped: Record<string, string> = {};
  for (const devices of options.devices) {
    ours.push(await measureProduct(plan, empty, devices));
    if (!options.stock) continue;
    try {
      stock.push(await measureStock(plan, devices));
    } catch (error) {
      skipped[devices] = error instanceof Error ? error.message : String(error);
      say(`${devices} stock devices left out: ${skipped[devices]}`);
    }
  }
  const [cpu] = cpus();
  return {
    machine: {
      cpu: cpu?.model.trim() ?? 'unknown',
      cores: cpus().length,
      memoryGb: Math.round(totalmem() / 2 ** 30),
      node: process.version,
      load: loadavg().map(load => Number(load.toFixed(1))),
    },
    version,
    date: new Date().toISOString(),
    workers: WORKERS,
    messages: options.messages,
    idleSeconds: options.idleSeconds,
    empty,
    ours,
    stock,
    skipped,
  };
}

function fail(error: unknown, code: number): void {
  const tell = (cause: unknown): string =>
    cause instanceof Error
      ? `${cause.message}${cause.cause ? `\n  because ${tell(cause.cause)}` : ''}`
      : String(cause);
  process.stderr.write(`bench: ${tell(error)}\n`);
  process.exit(code);
}

let options: Options | undefined;
try {
  options = readOptions(process.argv.slice(2), new Date());
} catch (error) {
  fail(error, WRONG_USE);
}
if (options) await main(options).catch(error => fail(error, 1));
else process.stdout.write(`${USAGE}\n`);
