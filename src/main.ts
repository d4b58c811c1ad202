/** The process: arguments and settings in, a node that runs until a signal, an exit code out. */
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type Config, ConfigError, describeSettings, isLoopback, printConfig, readConfig } from './config.ts';
import { Failure } from './errors.ts';
import { rotate } from './keys.ts';
import { type Logger, makeLogger } from './lib/logger.ts';
import { collectGarbage } from './lib/memory.ts';
import { version } from './lib/version.ts';
import { Node } from './node.ts';

/** sysexits.h: a wrong setting; a service that is not there; something broke. */
const EX_CONFIG = 78;
const EX_UNAVAILABLE = 69;
const EX_SOFTWARE = 70;

const out = (text: string) => void process.stdout.write(`${text}\n`);
const complain = (text: string) => void process.stderr.write(`${text}\n`);

interface Simulation {
  readonly socketUrl: string;
  readonly controlUrl: string;
  readonly rootKey: string;
  readonly mediaUrl: string;
  readonly caCertificate: string;
  /** Saves its world and ends. */
  stop(): Promise<void>;
}

/** The simulator in a thread of its own, reached by its URL only; its world is kept in a file. */
async function startSimulation(stateFile: string, fatal: (why: string) => void): Promise<Simulation> {
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
  const worker = new Worker(new URL(`../workers/simulator${extension}`, import.meta.url), {
    workerData: { stateFile },
  });
  worker.on('error', error => fatal(`the simulator died: ${error.message}`));
  const started = await new Promise<Omit<Simulation, 'stop'>>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  return {
    ...started,
    async stop() {
      const ended = once(worker, 'exit');
      worker.postMessage('stop');
      await ended;
    },
  };
}

function help(): string {
  const rows = describeSettings().map(({ name, aliases, shown, doc }) => {
    const also = aliases.length > 0 ? ` (also ${aliases.join(', ')})` : '';
    return `  ${name}${also}\n      ${doc.replaceAll('`', '')} Default: ${shown}.`;
  });
  return [
    `Cardume ${version}: many WhatsApp devices in one process.`,
    '',
    'npm start -- [--simulate] [--print-config] [--rotate-keys] [--help]',
    '  --simulate      also runs a simulated WhatsApp with phones to scan with; nothing leaves this machine',
    '  --print-config  prints the settings, secrets masked, and ends',
    '  --rotate-keys   seals with the first sealing key what an older one sealed, and ends (npm run keys:rotate)',
    '',
    'Settings, from the environment as NAME or CARDUME_NAME:',
    ...rows,
  ].join('\n');
}

async function run(config: Config, simulate: boolean, log: Logger): Promise<void> {
  const fatal = (why: string, stuck?: 'stuck') => {
    log.fatal({ why, code: EX_SOFTWARE }, 'the node cannot go on');
    // An exit waits for every thread. One that is stuck in native code would keep the process, and with it the sockets of
    // its devices, while another node takes them: a signal does not ask.
    if (stuck) process.kill(process.pid, 'SIGKILL');
    process.exit(EX_SOFTWARE);
  };
  const { dataDir } = config;
  // The embedded database makes its folder itself; with another one nobody does, and the simulator could not save.
  if (simulate && config.dbUri !== undefined) mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const simulation = simulate ? await startSimulation(join(dataDir, 'simulator.json'), fatal) : undefined;
  const settings: Config = simulation
    ? {
        ...config,
        waSocketUrl: simulation.socketUrl,
        waRootKey: simulation.rootKey,
        waMediaUrl: simulation.mediaUrl,
        waCaFile: simulation.caCertificate,
        // A first try sends files of this machine.
        ...(isLoopback(config.host) && { urlAllow: [...config.urlAllow, 'localhost', '127.0.0.1', '::1'] }),
      }
    : config;
  const node = new Node({
    config: settings,
    log,
    version,
    fatal,
    ...(simulation && { simulator: { controlUrl: simulation.controlUrl } }),
    ...(process.stdout.isTTY && { draw: text => void process.stdout.write(text) }),
  });

  let stopping = false;
  const stop = (signal: string) => {
    if (stopping) process.exit(1);
    stopping = true;
    log.info({ signal }, 'stopping');
    const limit = setTimeout(
      () => {
        log.error({ seconds: config.drainSeconds }, 'not everything has stopped in time');
        process.exit(0);
      },
      config.drainSeconds * 1000 - 500,
    );
    const end = async () => {
      await node.stop();
      await simulation?.stop();
      clearTimeout(limit);
      process.exit(0);
    };
    end().catch((err: unknown) => {
      log.error({ err }, 'the stop failed');
      process.exit(EX_SOFTWARE);
    });
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);

  await node.start();
  const database = config.dbUri === undefined ? 'embedded PostgreSQL' : 'PostgreSQL';
  out(
    `Cardume ${version} at ${node.url} · ${config.workers} workers · ${database} · ${node.connections} database connections`,
  );
  if (simulation) out(`Simulated WhatsApp: phones at ${simulation.controlUrl}`);
  // Two thirds of the heap is what it took to make the routes and their document.
  collectGarbage();
}

/** The exit code: 0 when everything is under the first key, 1 when something did not open. */
async function rotateAndTell(config: Config, log: Logger): Promise<number> {
  const { devices, settings, already, broken } = await rotate(config, log);
  out(`Sealed with the first key: ${devices} devices and ${settings} settings; ${already} were already.`);
  for (const sentence of broken) complain(`Left as it was: ${sentence}.`);
  if (broken.length === 0) out('The other keys are not needed any more.');
  return broken.length === 0 ? 0 : 1;
}

async function main(args: readonly string[]): Promise<void> {
  const unknown = args.find(
    arg => !['--help', '--print-config', '--rotate-keys', '--simulate'].includes(arg),
  );
  if (unknown !== undefined) throw new ConfigError(`${unknown}: no such argument; see --help`);
  if (args.includes('--help')) return out(help());
  const config = readConfig();
  if (args.includes('--print-config')) return out(printConfig(config));
  const simulate = args.includes('--simulate');
  if (simulate && config.waSocketUrl !== undefined)
    throw new ConfigError(
      'WA_SOCKET_URL: expected none with --simulate, which brings its own server, got one',
    );
  const log = makeLogger(config.logLevel, { ...(simulate && { simulated: true }) });
  const settings = simulate ? { ...config, dataDir: join(config.dataDir, 'simulation') } : config;
  if (args.includes('--rotate-keys')) process.exit(await rotateAndTell(settings, log));
  await run(settings, simulate, log);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  if (error instanceof ConfigError) {
    complain(error.message);
    process.exit(EX_CONFIG);
  }
  if (error instanceof Failure) {
    complain(error.message);
    process.exit(EX_UNAVAILABLE);
  }
  complain(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exit(1);
});
