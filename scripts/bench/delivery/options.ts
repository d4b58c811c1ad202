/** The delivery benchmark's flags. */
import { parseArgs } from 'node:util';

export interface Options {
  readonly devices: number;
  /** Of the run with neighbours; the good endpoint alone gets two fifths of it. */
  readonly events: number;
  /** Events per second. */
  readonly rate: number;
  readonly seed: number;
  /** How long the slow endpoint takes to answer. */
  readonly slowMs: number;
  /** Instead of measuring: how long each of the deliverer's processes lives. */
  readonly killMs: number | undefined;
  /** Whether CPU per event is measured too, alone, or not at all. */
  readonly cost: 'too' | 'only' | 'none';
  readonly json: string | undefined;
  /** Given to Node for the deliverer's process, to profile it. */
  readonly nodeOptions: readonly string[];
}

export const USAGE = `npm run bench:delivery -- [flags]
  --devices 200          devices, each with its own journal
  --events 100000        events of the run with neighbours; the good endpoint alone gets two fifths of it
  --rate 500             events per second
  --seed 1               of the devices' turns and the flaky endpoint's answers
  --slow-ms 10000        how long the slow endpoint takes
  --kill 1500            nothing is measured: SIGKILL for the deliverer each so many milliseconds
  --only-cost            only CPU per event against a bare loop
  --no-cost              all but that
  --json FILE            where the figures go as JSON (nowhere)
  --node-option OPTION   given to Node for the deliverer's process, e.g. --cpu-prof; may be repeated
  --help                 this text
Ends with 1 when an event was lost, came out of order, or came again more often than a crash may make it.`;

/** Undefined when help was asked for. Throws with a sentence that names the flag. */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      devices: { type: 'string' },
      events: { type: 'string' },
      rate: { type: 'string' },
      seed: { type: 'string' },
      'slow-ms': { type: 'string' },
      kill: { type: 'string' },
      'only-cost': { type: 'boolean' },
      'no-cost': { type: 'boolean' },
      json: { type: 'string' },
      'node-option': { type: 'string', multiple: true },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return undefined;
  return {
    devices: whole('--devices', values.devices ?? '200', 1, 10_000),
    events: whole('--events', values.events ?? '100000', 100, 10_000_000),
    rate: whole('--rate', values.rate ?? '500', 1, 100_000),
    seed: whole('--seed', values.seed ?? '1', 0, 2 ** 31),
    slowMs: whole('--slow-ms', values['slow-ms'] ?? '10000', 0, 14_000),
    killMs: values.kill === undefined ? undefined : whole('--kill', values.kill, 100, 600_000),
    cost: values['only-cost'] ? 'only' : values['no-cost'] ? 'none' : 'too',
    json: values.json,
    nodeOptions: values['node-option'] ?? [],
  };
}

function whole(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text.trim()) && value >= least && value <= most) return value;
  throw new Error(`${flag}: expected a whole number from ${least} to ${most}, got "${text}"`);
}
