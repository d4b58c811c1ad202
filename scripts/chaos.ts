// `npm run chaos`: the product under traffic while something is killed every 3 to 10 s. docs/reliability.md has what
// it promises, docs/test-tools.md how to read what it finds.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { ChaosOptions } from '../test/support/chaos/plan.ts';
import { type ChaosReport, chaos } from '../test/support/chaos/run.ts';
import { report } from '../test/support/oracle/judge.ts';
import { scope } from '../test/support/scope.ts';

const USAGE = `npm run chaos -- [flags]
  --seed N        seed of the first run, printed with each (chance)
  --runs N        how many runs, of the seeds that follow (1)
  --minutes M     how long each is under fire (2); --seconds S for less
  --only sigkill  nothing but kills of the product, every 3 to 10 s
  --devices N     devices of ours (20)
  --phones N      people who write to them (10)
  --groups N      groups of both (4)
  --rate N        messages a second (15)
  --keep FOLDER   where evidence is kept: the product's log, what the oracle saw and found
  --json          a report a line instead of a summary
  --quiet         does not tell each blow
  --help          this text
Ends with 1 when a rule was broken.
`;

function whole(flag: string, text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new Error(`--${flag} is a whole number, not "${text}"`);
  return Number(text);
}

export function summary({
  seed,
  seconds,
  blows,
  starts,
  written,
  figures,
  owed,
  recovery,
  verdict,
}: ChaosReport): string {
  const struck = Object.entries(blows).map(([what, times]) => `${times} ${what}`);
  const { first, all } = recovery;
  return [
    `seed ${seed}, ${seconds} s: ${verdict.findings.length === 0 ? 'every rule holds' : `${verdict.findings.length} BREACHES`}`,
    `  ${starts} processes; ${struck.join(', ')}`,
    `  people wrote ${written}; ${figures.messagesReceipted} copies receipted, ${figures.messagesLost} lost, ${figures.messagesUnfinished} left over`,
    `  sends: ${figures.sendsAsked} asked, ${figures.sendsAccepted} accepted (${figures.sendsLost} lost), ${figures.sendsRefused} refused (${figures.sendsRefusedArrived} arrived), ${figures.sendsAmbiguous} ambiguous (${figures.sendsAmbiguousArrived} arrived)`,
    `  ${figures.events} events, ${figures.seqGaps} gaps, ${figures.eventsUndelivered} undelivered, ${figures.deliveriesRepeated} repeated with their id, ${figures.duplicates} duplicates`,
    `  keys reused ${figures.keysReused}, decrypt failures ${figures.decryptFailures}, receipts lost ${figures.receiptsLost}, double sockets ${figures.doubleSockets}`,
    `  ${figures.logins} logins; after a death the first is back in ${first.median} ms (worst ${first.worst}), all in ${all.median} ms (worst ${all.worst}, ${all.deaths} deaths)`,
    ...(Object.values(owed).some(count => count > 0) ? [`  still owed: ${JSON.stringify(owed)}`] : []),
  ].join('\n');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
      runs: { type: 'string', default: '1' },
      minutes: { type: 'string', default: '2' },
      seconds: { type: 'string' },
      only: { type: 'string' },
      devices: { type: 'string', default: '20' },
      phones: { type: 'string', default: '10' },
      groups: { type: 'string', default: '4' },
      rate: { type: 'string', default: '15' },
      keep: { type: 'string' },
      json: { type: 'boolean', default: false },
      quiet: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return void process.stdout.write(USAGE);
  if (values.only !== undefined && values.only !== 'sigkill')
    throw new Error(`--only knows sigkill, not "${values.only}"`);
  const first = whole('seed', values.seed);
  const log = (line: string) => values.quiet || process.stderr.write(`${line}\n`);
  for (let seed = first; seed < first + whole('runs', values.runs); seed++) {
    const options: ChaosOptions = {
      seed,
      seconds: values.seconds ? whole('seconds', values.seconds) : whole('minutes', values.minutes) * 60,
      ...(values.only === 'sigkill' && { only: 'sigkill' }),
      devices: whole('devices', values.devices),
      phones: whole('phones', values.phones),
      groups: whole('groups', values.groups),
      rate: whole('rate', values.rate),
    };
    const keep = values.keep
      ? join(values.keep, `seed-${seed}`)
      : mkdtempSync(join(tmpdir(), 'cardume-chaos-'));
    log(`seed ${seed}; evidence in ${keep}`);
    const ends = scope();
    try {
      const result = await chaos(ends, options, { keep, log });
      const { verdict, ...figures } = result;
      process.stdout.write(`${values.json ? JSON.stringify(figures) : summary(result)}\n`);
      if (verdict.findings.length > 0) {
        process.stderr.write(`${report(verdict)}\nevidence: ${keep}\n`);
        process.exitCode = 1;
      }
    } finally {
      await ends.end();
    }
  }
}

await main();
process.exit();
