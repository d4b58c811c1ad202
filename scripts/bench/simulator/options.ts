/** The flags of the simulator's benchmark. */
import { parseArgs } from 'node:util';

export interface Options {
  /** Connected devices, ascending; the slope is between the last two. */
  readonly devices: readonly number[];
  readonly texts: number;
  readonly inFlight: number;
  /** Devices that write to phones, which decrypt; 0 leaves that out. */
  readonly phones: number;
  readonly tls: boolean;
  readonly slowReader: boolean;
  readonly profile: boolean;
}

export const USAGE = `npm run bench:simulator -- [flags]
  --devices 1000,5000   connected devices, ascending
  --texts 20000         texts that are measured at each size
  --in-flight 500       texts that wait for their receipt at a time
  --phones 100          devices that write to phones that really decrypt; 0 leaves them out
  --tls                 wss and https
  --slow-reader         also: what a client that never reads costs
  --profile             where the CPU time of the texts goes, by V8's sampling profiler (which costs some)
  --quick               20 and 50 devices, 500 texts, 10 phones: whether it works, not what it costs
  --help                this text`;

/** Undefined when help was asked for. Throws with a sentence that names the flag. */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      devices: { type: 'string' },
      texts: { type: 'string' },
      'in-flight': { type: 'string' },
      phones: { type: 'string' },
      tls: { type: 'boolean' },
      'slow-reader': { type: 'boolean' },
      profile: { type: 'boolean' },
      quick: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return undefined;
  const quick = values.quick === true;
  const sizes = (values.devices ?? (quick ? '20,50' : '1000,5000')).split(',');
  return {
    devices: sizes.map(size => whole('--devices', size, 2, 20_000)).toSorted((a, b) => a - b),
    texts: whole('--texts', values.texts ?? (quick ? '500' : '20000'), 1, 10_000_000),
    inFlight: whole('--in-flight', values['in-flight'] ?? (quick ? '20' : '500'), 1, 100_000),
    phones: whole('--phones', values.phones ?? (quick ? '10' : '100'), 0, 5_000),
    tls: values.tls === true,
    slowReader: values['slow-reader'] === true,
    profile: values.profile === true,
  };
}

function whole(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text.trim()) && value >= least && value <= most) return value;
  throw new Error(`${flag}: expected whole numbers from ${least} to ${most}, got "${text}"`);
}
