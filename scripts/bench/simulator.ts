// npm run bench:simulator: what the simulator costs by device and by text, its process alone. The load is in this one.
import { execFileSync } from 'node:child_process';
import { cpus, loadavg, totalmem } from 'node:os';
import { measureCodec } from './simulator/codec.ts';
import { type Figures, measureAt, type Plan } from './simulator/measure.ts';
import { type Options, readOptions, USAGE } from './simulator/options.ts';
import { measurePhones } from './simulator/phones.ts';
import { reportText } from './simulator/report.ts';
import { measureSlowReader } from './simulator/slow-reader.ts';

/** EX_USAGE of sysexits. */
const WRONG_USE = 64;
/** Files beside the sockets: modules, pipes, the control plane. */
const OTHER_FILES = 200;

const start = performance.now();
const say = (line: string) =>
  void process.stdout.write(`${((performance.now() - start) / 1000).toFixed(0).padStart(4)} s  ${line}\n`);

/** A socket is an open file, in this process and in the simulator's. Undefined when nothing limits them. */
function openFiles(): number | undefined {
  try {
    const limit = execFileSync('/bin/sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim();
    return limit === 'unlimited' ? undefined : Number(limit);
  } catch {
    return undefined; // no such shell: the connections will tell
  }
}

const machine = (files: number | undefined) =>
  [
    `${cpus().length} cores (${cpus()[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}`,
    `load ${loadavg()
      .map(load => load.toFixed(1))
      .join(' ')}`,
    `${files ?? 'unlimited'} open files`,
    new Date().toISOString(),
  ].join(', ');

async function main(options: Options): Promise<void> {
  const files = openFiles();
  const most = options.devices.at(-1) ?? 0;
  if (files !== undefined && files < most + OTHER_FILES)
    throw new Error(
      `${most} connections need more than ${files} open files: raise it with ulimit -n ${most + OTHER_FILES}`,
    );
  const plan: Plan = { ...options, say };
  say(machine(files));
  const codec = measureCodec();
  const sizes: Figures[] = [];
  for (const devices of options.devices) sizes.push(await measureAt(devices, plan));
  const phones = options.phones > 0 ? await measurePhones(options.phones, plan) : undefined;
  const slowReader = options.slowReader ? await measureSlowReader(plan) : undefined;
  process.stdout.write(`\n${reportText({ machine: machine(files), codec, sizes, phones, slowReader })}\n`);
}

let options: Options | undefined;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(WRONG_USE);
}
if (options) await main(options);
else process.stdout.write(`${USAGE}\n`);
