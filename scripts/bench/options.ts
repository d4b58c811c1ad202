/** The benchmark's flags. */
import { parseArgs } from 'node:util';

export interface Options {
  /** Fleet sizes, ascending. */
  readonly devices: readonly number[];
  /** Fewest texts of each kind that are measured at each size. */
  readonly messages: number;
  /** How long the fresh process idles before its memory is read, in seconds. */
  readonly idleSeconds: number;
  /** Whether stock Baileys is measured too. */
  readonly stock: boolean;
  /** Where the figures go as JSON. */
  readonly json: string;
  /** Given to Node for the measured processes, to profile them. */
  readonly nodeOptions: readonly string[];
}

export const USAGE = `npm run bench -- [flags]
  --devices 2,100,500    fleet sizes, ascending
  --messages 1000        fewest texts of each kind at each size
  --idle 15              seconds that a fresh process idles before its memory is read
  --quick                2 and 20 devices, 100 texts, 5 s: whether it works, not what it costs
  --no-stock             leave stock Baileys out
  --json FILE            where the figures go (bench-<date>.json)
  --node-option OPTION   given to Node for the measured processes, e.g. --cpu-prof; may be repeated
  --help                 this text`;

/** Undefined when help was asked for. Throws with a sentence that names the flag. */
export function readOptions(args: readonly string[], now: Date): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      devices: { type: 'string' },
      messages: { type: 'string' },
      idle: { type: 'string' },
      quick: { type: 'boolean' },
      'no-stock': { type: 'boolean' },
      json: { type: 'string' },
      'node-option': { type: 'string', multiple: true },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return undefined;
  const quick = values.quick === true;
  const sizes = (values.devices ?? (quick ? '2,20' : '2,100,500')).split(',');
  return {
    devices: sizes.map(size => whole('--devices', size, 2, 10_000)).toSorted((a, b) => a - b),
    messages: whole('--messages', values.messages ?? (quick ? '100' : '1000'), 1, 1_000_000),
    idleSeconds: whole('--idle', values.idle ?? (quick ? '5' : '15'), 1, 600),
    stock: values['no-stock'] !== true,
    json: values.json ?? `bench-${now.toISOString().slice(0, 10)}.json`,
    nodeOptions: values['node-option'] ?? [],
  };
}

function whole(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text.trim()) && value >= least && value <= most) return value;
  throw new Error(`${flag}: expected whole numbers from ${least} to ${most}, got "${text}"`);
}
