#!/usr/bin/env node
// `npm run simulator`: a WhatsApp server for tests, until SIGINT or SIGTERM. docs/simulator.md has the tour.
import { startSimulator } from '../src/simulator/index.ts';
import { readOptions, usage } from '../src/simulator/options.ts';

/** EX_CONFIG of sysexits: the same code with which the server refuses wrong settings. */
const WRONG_USE = 78;

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (!options) return void process.stdout.write(`npm run simulator -- [flags]\n${usage()}`);
  const { socketUrl, controlUrl, rootKey, mediaUrl, stop } = await startSimulator(options);
  process.stdout.write(`${socketUrl}\n${controlUrl}\n${rootKey}\n${mediaUrl}\n`);
  const end = () => {
    stop().catch(fail);
  };
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
}

function fail(error: unknown): void {
  process.stderr.write(`simulator: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = WRONG_USE;
}

await main().catch(fail);
