// `npm run simulator:soak`: seeded random runs of real clients against a simulator full of faults. CONTRIBUTING.md says when.
import '../src/device/shims.ts';
import { parseArgs } from 'node:util';
import { tameClients } from '../test/simulator/client.ts';
import { type Report, randomRun } from '../test/support/soak/run.ts';

const USAGE = `npm run simulator:soak -- [flags]
  --seed N       seed of the first run; the next ones count on from it (1)
  --runs N       how many runs (1)
  --messages N   messages of each run (2000)
  --devices N    real clients (10)
  --groups N     groups (3)
  --lossy        the server loses messages, which must be found out
  --json         one report a line instead of a summary
  --help         this text
`;

const LOSSY = [{ name: 'message.lost', rate: 0.1 }];

function wholeNumber(flag: string, text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new Error(`--${flag} is a whole number, not "${text}"`);
  return Number(text);
}

function summary(report: Report): string {
  const { seed, serverFaults, clientLosses, accepted, copies, shown, reconnects, wallMs, cpuMs } = report;
  const lines = [
    `seed ${seed}: ${accepted} messages, ${copies} copies, ${shown} shown, ${reconnects} reconnects, ` +
      `${(wallMs / 1_000).toFixed(1)} s, ${(cpuMs / 1_000).toFixed(1)} s of CPU`,
    `  faults: ${JSON.stringify(report.faults)}`,
    `  clients' unhandled rejections: ${JSON.stringify(report.unhandled)}`,
    `  server: ${serverFaults.length === 0 ? 'kept every promise' : serverFaults.slice(0, 20).join('\n    ')}`,
    ...Object.entries(clientLosses).map(
      ([kind, all]) => `  clients: ${kind}: ${all.length} (${all.slice(0, 3).join(', ')})`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      runs: { type: 'string', default: '1' },
      messages: { type: 'string', default: '2000' },
      devices: { type: 'string', default: '10' },
      groups: { type: 'string', default: '3' },
      lossy: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return void process.stdout.write(USAGE);
  tameClients();
  const [first, runs, messages, devices, groups] = (
    ['seed', 'runs', 'messages', 'devices', 'groups'] as const
  ).map(flag => wholeNumber(flag, values[flag])) as [number, number, number, number, number];
  for (let seed = first; seed < first + runs; seed++) {
    const ends: (() => unknown)[] = [];
    const scope = { after: (run: () => unknown) => void ends.push(run) };
    const log = values.json ? () => {} : (line: string) => process.stderr.write(`  ${line}\n`);
    const report = await randomRun(
      scope,
      { seed, messages, devices, groups, ...(values.lossy && { armed: LOSSY }) },
      log,
    );
    for (const end of ends.reverse()) await end();
    process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : summary(report));
    if (report.serverFaults.length > 0) process.exitCode = 1;
  }
}

await main();
// What clients leave behind (timers of 30 s and more) is not waited for.
process.exit();
