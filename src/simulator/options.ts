// Every option of a simulator, in one table: the flags of `npm run simulator`, its --help and the table in the docs are
// made from it, and the compiler holds it to SimulatorOptions.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ADDRESSINGS, type Addressing } from './delivery/addressing.ts';
import type { TokenMode } from './profile/trust-tokens.ts';
import type { Limits } from './wire/limits.ts';

export interface SimulatorOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** With it the URLs are wss and https: by a certificate that the simulator makes, or by a pair of PEM texts. */
  readonly tls?: 'generated' | { readonly key: string; readonly cert: string };
  /** Port of the media host where the socket is plain; default 0: any free one. With TLS it shares the socket's. */
  readonly mediaPort?: number;
  /** Names or addresses by which clients reach the simulator: in its certificate and, in this order, as media hosts. */
  readonly hostNames?: readonly string[];
  /** Bytes of media that are kept; the oldest go first. Default 1 GiB. */
  readonly mediaBudget?: number;
  /** One-way network delay in ms, each direction. Default 0. */
  readonly latencyMs?: number;
  /** Of the randomness of faults, so that a run can be played again; made up when absent. `GET /admin/faults` tells it. */
  readonly seed?: number;
  /** What one connection may cost; wire/limits.ts has the defaults. */
  readonly limits?: Partial<Limits>;
  /** Keeps the whole world (keys, phones, devices, queues, media; not the ledger) across restarts. Not for two at once. */
  readonly stateFile?: string;
  /** The server's own root of trust, 32 bytes; made when absent. */
  readonly rootPrivateKey?: Uint8Array;
  /** Subjects of groups that are there from the start, and that every account joins when it links a device. */
  readonly seedGroups?: readonly string[];
  /** In which form the members of new groups see each other. Default `lid`, as on the real service today. */
  readonly groupAddressing?: 'lid' | 'pn';
  /** In which form messages between two people arrive: as they were addressed (default), by number, or by LID. */
  readonly addressing?: Addressing;
  /** How long a typing state waits for a device that is away, in ms. Default 0: connected devices only. */
  readonly chatStateTtlMs?: number;
  /** `off`: phones go off once they have linked a companion and told it everything. Default `on`. */
  readonly phones?: 'on' | 'off';
  /** `enforced`: a first message without a trusted-contact token is refused with 463. Default `off`. */
  readonly tcTokens?: TokenMode;
}

export interface OptionRow {
  readonly option: keyof SimulatorOptions;
  /** Without the dashes; absent where only code can give it. */
  readonly flag?: string;
  /** What follows the flag, for --help; absent for a switch. */
  readonly value?: string;
  /** What holds without it. */
  readonly normally: string;
  /** For --help and for the docs: one sentence without a capital and without a full stop. */
  readonly doc: string;
  /** The option's value from the flag's text. Throws with a sentence. */
  readonly read?: (text: string, flag: string) => unknown;
}

const asText = (text: string) => text;
const MEBI = 1024 ** 2;

const rows = [
  {
    option: 'host',
    flag: 'host',
    value: 'ADDRESS',
    normally: '127.0.0.1',
    doc: 'address to listen on; the control plane asks for no credential: keep it on loopback',
    read: asText,
  },
  {
    option: 'port',
    flag: 'port',
    value: 'NUMBER',
    normally: '0',
    doc: 'one port for socket and control plane; 0 takes a free one',
    read: wholeNumber(0, 65_535),
  },
  {
    option: 'tls',
    flag: 'tls',
    normally: 'off',
    doc: 'wss and https with a certificate that the simulator makes; GET /admin/ca.pem is what to trust',
    read: () => 'generated',
  },
  {
    option: 'tls',
    flag: 'tls-key',
    value: 'FILE',
    normally: 'none',
    doc: 'PEM private key, with --tls-cert: wss and https with a certificate of yours',
  },
  { option: 'tls', flag: 'tls-cert', value: 'FILE', normally: 'none', doc: 'PEM certificate' },
  {
    option: 'mediaPort',
    flag: 'media-port',
    value: 'NUMBER',
    normally: '0',
    doc: 'port of the media host, which is always https; with TLS it shares the port of the socket',
    read: wholeNumber(0, 65_535),
  },
  {
    option: 'hostNames',
    flag: 'host-names',
    value: 'A,B',
    normally: 'its address',
    doc: 'names by which clients reach it: in its URLs, in its certificate and as media hosts, the first before the others',
    read: names,
  },
  {
    option: 'mediaBudget',
    flag: 'media-budget',
    value: 'MIB',
    normally: '1024',
    doc: 'media that is kept, on disk, in MiB (in code: bytes); the oldest goes first',
    read: (text: string, flag: string) => wholeNumber(1, 1_048_576)(text, flag) * MEBI,
  },
  {
    option: 'latencyMs',
    flag: 'latency',
    value: 'MS',
    normally: '0',
    doc: 'one-way network delay, each direction, order kept',
    read: wholeNumber(0, 60_000),
  },
  {
    option: 'seed',
    flag: 'seed',
    value: 'NUMBER',
    normally: 'made up',
    doc: 'seed of the randomness of faults, so that a run can be played again',
    read: wholeNumber(0, 4_294_967_295),
  },
  {
    option: 'limits',
    normally: 'generous',
    doc: 'what one connection may cost: handshakeMs, idleMs, framesPerSecond, waitingChunks, pendingAnswers, backlogBytes, backlogMs',
  },
  {
    option: 'stateFile',
    flag: 'state',
    value: 'FILE',
    normally: 'none',
    doc: 'keys, phones, sessions, devices, queues and media survive a restart; the ledger and faults do not',
    read: asText,
  },
  {
    option: 'seedGroups',
    flag: 'seed-groups',
    value: 'A,B',
    normally: 'none',
    doc: 'subjects of groups that every account joins when it links a device',
    read: list,
  },
  {
    option: 'groupAddressing',
    flag: 'group-addressing',
    value: 'lid|pn',
    normally: 'lid',
    doc: 'in which form the members of new groups see each other',
    read: oneOf('lid', 'pn'),
  },
  {
    option: 'addressing',
    flag: 'addressing',
    value: 'as-sent|pn|lid',
    normally: 'as-sent',
    doc: 'in which form messages between two people arrive: as they were addressed, by number, or by LID',
    read: oneOf(...ADDRESSINGS),
  },
  {
    option: 'chatStateTtlMs',
    flag: 'chat-state-ttl',
    value: 'MS',
    normally: '0',
    doc: 'how long a typing state waits for a device that is away; 0: connected devices only',
    read: wholeNumber(0, 3_600_000),
  },
  {
    option: 'phones',
    flag: 'phones',
    value: 'on|off',
    normally: 'on',
    doc: 'off: a phone is switched off once it has linked a companion and told it everything, so that nobody but clients confirms messages; linking another one switches it on for that time',
    read: oneOf('on', 'off'),
  },
  {
    option: 'tcTokens',
    flag: 'tc-tokens',
    value: 'off|enforced',
    normally: 'off',
    doc: 'whether a first message needs a trusted-contact token; without one it is refused with 463',
    read: oneOf('off', 'enforced'),
  },
  {
    option: 'rootPrivateKey',
    normally: 'a new one',
    doc: 'root of trust, 32 bytes; a state file’s own root wins',
  },
] as const satisfies readonly OptionRow[];

/** Does not compile when an option has no row. */
type Unlisted = Exclude<keyof SimulatorOptions, (typeof rows)[number]['option']>;
export const optionTable: [Unlisted] extends [never] ? readonly OptionRow[] : Unlisted = rows;

/** The options that a command line asks for; undefined for --help. Throws with a sentence for what is wrong. */
export function readOptions(args: string[]): SimulatorOptions | undefined {
  const flags = optionTable.flatMap(({ flag, value }) =>
    flag ? [[flag, { type: value ? ('string' as const) : ('boolean' as const) }] as const] : [],
  );
  const { values } = parseArgs({
    args,
    options: { ...Object.fromEntries(flags), help: { type: 'boolean' } },
  }) as { values: Record<string, string | boolean | undefined> };
  if (values.help) return undefined;
  const read = optionTable.flatMap(row => {
    const given = row.flag === undefined ? undefined : values[row.flag];
    return given === undefined || !row.read ? [] : [[row.option, row.read(String(given), `--${row.flag}`)]];
  });
  const pair = certificatePair(values['tls-key'], values['tls-cert']);
  return { ...Object.fromEntries(read), ...(pair && { tls: pair }) };
}

function certificatePair(key: string | boolean | undefined, cert: string | boolean | undefined) {
  if ((key === undefined) !== (cert === undefined)) throw new Error('--tls-key and --tls-cert go together');
  return key === undefined
    ? undefined
    : { key: readFileSync(String(key), 'utf8'), cert: readFileSync(String(cert), 'utf8') };
}

/** What --help prints. */
export function usage(): string {
  const lines = optionTable.flatMap(({ flag, value, normally, doc }) =>
    flag ? [[`--${flag}${value ? ` ${value}` : ''}`, `${doc} (${normally})`]] : [],
  );
  lines.push(['--help', 'this text']);
  const width = Math.max(...lines.map(([left = '']) => left.length));
  return lines.map(([left = '', right]) => `  ${left.padEnd(width)}  ${right}\n`).join('');
}

function wholeNumber(min: number, max: number) {
  return (text: string, flag: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max)
      throw new Error(`${flag} is a whole number from ${min} to ${max}, not "${text}"`);
    return value;
  };
}

function list(text: string): string[] {
  return text.split(',').map(one => one.trim());
}

function oneOf(...words: string[]) {
  return (text: string, flag: string): string => {
    if (!words.includes(text)) throw new Error(`${flag} is one of ${words.join(', ')}, not "${text}"`);
    return text;
  };
}

function names(text: string, flag: string): string[] {
  const all = text.split(',').map(name => name.trim());
  if (!all.every(name => /^[a-z\d.:-]+$/i.test(name)))
    throw new Error(`${flag} is names or addresses with commas between them, not "${text}"`);
  return all;
}
