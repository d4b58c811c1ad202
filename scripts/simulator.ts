// `npm run simulator`: a WhatsApp server for tests, until SIGINT or SIGTERM. docs/simulator.md has the tour.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type SimulatorOptions, startSimulator } from '../src/simulator/index.ts';

const USAGE = `npm run simulator -- [flags]
  --host ADDRESS     address to listen on (127.0.0.1)
  --port NUMBER      port of the socket and of the control plane; 0 takes a free one (0)
  --tls-key FILE     PEM private key; with --tls-cert the URLs are wss and https
  --tls-cert FILE    PEM certificate
  --latency MS       one-way network delay, each direction (0)
  --state FILE       keep everything in this file across restarts
  --help             this text
`;
/** EX_CONFIG of sysexits: the same code with which the server refuses wrong settings. */
const WRONG_USE = 78;

function readOptions(args: string[]): SimulatorOptions | undefined {
  const { values } = parseArgs({
    args,
    options: {
      host: { type: 'string' },
      port: { type: 'string' },
      'tls-key': { type: 'string' },
      'tls-cert': { type: 'string' },
      latency: { type: 'string' },
      state: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return undefined;
  const { host, state, 'tls-key': key, 'tls-cert': cert } = values;
  if ((key === undefined) !== (cert === undefined)) throw new Error('--tls-key and --tls-cert go together');
  return {
    ...(host === undefined ? {} : { host }),
    ...(state === undefined ? {} : { stateFile: state }),
    port: wholeNumber('--port', values.port, 65_535),
    latencyMs: wholeNumber('--latency', values.latency, 60_000),
    ...(key && cert ? { tls: { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') } } : {}),
  };
}

function wholeNumber(flag: string, text = '0', max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > max)
    throw new Error(`${flag} is a whole number from 0 to ${max}, not "${text}"`);
  return value;
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (!options) return void process.stdout.write(USAGE);
  const simulator = await startSimulator(options);
  process.stdout.write(`${simulator.socketUrl}\n${simulator.controlUrl}\n${simulator.rootKey}\n`);
  const stop = () => {
    simulator.stop().catch(fail);
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

function fail(error: unknown): void {
  process.stderr.write(`simulator: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = WRONG_USE;
}

await main().catch(fail);
