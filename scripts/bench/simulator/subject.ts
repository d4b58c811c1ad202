/** The simulator in a process of its own: what it used, told by itself, and where its time went. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent } from 'undici';
import { type ControlClient, controlClient } from '../../../src/simulator/control/client.ts';
import { startChild } from '../children.ts';
import { type Profile, type Share, shares } from './profile.ts';

export interface Usage {
  readonly cpuMs: number;
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
}

export interface Spent {
  readonly cpuMs: number;
  readonly wallMs: number;
  /** Monotonic microseconds, the clock of V8's profiles. */
  readonly from: number;
  readonly to: number;
}

export interface Subject {
  readonly socketUrl: string;
  readonly rootKey: string;
  readonly control: ControlClient;
  /** For clients over TLS: the certificate is the simulator's own. */
  readonly insecure: boolean;
  /** After a collection: what is left is in use. */
  usage(): Promise<Usage>;
  spent<T>(work: () => Promise<T>): Promise<[T, Spent]>;
  /** Ends it; with a profile, tells where the time between went. */
  stop(between?: Spent): Promise<Share[]>;
}

/** What this Node's `fetch` takes, by its own types: they are those of another undici than the one imported here. */
type FetchDispatcher = NonNullable<RequestInit['dispatcher']>;

export interface SubjectOptions {
  readonly tls: boolean;
  readonly profile: boolean;
}

export async function startSubject({ tls, profile }: SubjectOptions): Promise<Subject> {
  const folder = profile ? mkdtempSync(join(tmpdir(), 'cardume-profile-')) : undefined;
  const nodeOptions = ['--expose-gc', ...(folder ? ['--cpu-prof', `--cpu-prof-dir=${folder}`] : [])];
  const child = startChild('scripts/simulator.js', tls ? ['--tls'] : [], { nodeOptions });
  try {
    const socketUrl = await child.line(line => line.startsWith('ws'));
    const rootKey = await child.line(line => /^[0-9a-f]{64}$/.test(line));
    const url = await child.line(line => line.startsWith('http'));
    const dispatcher = new Agent({
      connect: { rejectUnauthorized: false },
      bodyTimeout: 0,
      headersTimeout: 0,
    });
    const control = controlClient(url, { dispatcher: dispatcher as object as FetchDispatcher });
    const usage = () => control.call('process', { query: { collect: 'true' } });
    return {
      socketUrl,
      rootKey,
      control,
      insecure: tls,
      usage,
      spent: async work => {
        const before = await usage();
        const from = monotonic();
        const result = await work();
        const to = monotonic();
        const after = await control.call('process');
        return [result, { cpuMs: after.cpuMs - before.cpuMs, wallMs: (to - from) / 1000, from, to }];
      },
      stop: async between => {
        await child.stop();
        await dispatcher.close();
        if (!folder) return [];
        const [name] = readdirSync(folder);
        const found = name && between ? readProfile(join(folder, name)) : undefined;
        rmSync(folder, { recursive: true });
        return found && between ? shares(found, between) : [];
      },
    };
  } catch (error) {
    await child.stop();
    throw error;
  }
}

const monotonic = () => Number(process.hrtime.bigint() / 1000n);
const readProfile = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Profile;
