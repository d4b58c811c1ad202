// An app over in-memory devices, and short ways to ask it.
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { type AppDeps, createApp, type EndpointChange, type EndpointView } from '../../src/api/app.ts';
import { Live } from '../../src/api/live.ts';
import { Failure } from '../../src/errors.ts';
import { Guard } from '../../src/lib/guard.ts';
import { Media } from '../../src/media/media.ts';
import type { Moving } from '../../src/supervisor/devices.ts';
import { InMemoryAnswers, InMemoryAudit, noKeys } from './in-memory-access.ts';
import { InMemoryDevices } from './in-memory-devices.ts';

export interface Envelope {
  readonly code: string;
  readonly message: string;
  readonly results?: Record<string, unknown> & readonly Record<string, unknown>[];
}

export interface Answered extends Envelope {
  readonly status: number;
  readonly headers: Headers;
}

/** Endpoints as the delivery station keeps them: what a change leaves out stays. */
export class InMemoryEndpoints {
  readonly secrets = new Map<number, string | undefined>();
  readonly #endpoints = new Map<number, EndpointView>();
  failure: Error | undefined;

  async get(no: number): Promise<EndpointView | undefined> {
    return this.#endpoints.get(no);
  }

  async set(no: number, change: EndpointChange): Promise<EndpointView> {
    if (this.failure) throw this.failure;
    const { events = [], skipTlsVerify = false } = this.#endpoints.get(no) ?? {};
    if (change.secret !== undefined) this.secrets.set(no, change.secret ?? undefined);
    const { secret: _, ...rest } = change;
    const endpoint = { events, skipTlsVerify, ...rest, hasSecret: this.secrets.get(no) !== undefined };
    this.#endpoints.set(no, endpoint);
    return endpoint;
  }

  async clear(no: number): Promise<void> {
    this.#endpoints.delete(no);
    this.secrets.delete(no);
  }
}

const unasked = async (): Promise<never> => {
  throw new Failure('STORE_UNAVAILABLE');
};
const nowhere: Moving = { export: unasked, import: unasked, takeBack: unasked };
/** No shards, and nothing has happened. */
export const quietFleet: AppDeps['fleet'] = {
  shards: () => [],
  connectsWaiting: () => 0,
  count: () => 0,
  takePings: () => [],
  ownership: () => ({ here: 0, elsewhere: 0, missing: undefined }),
};

/** Listeners of a server that has none. */
export const nobodyListens = (): Live => new Live(() => new InMemoryDevices());
/** A file of a request is in here until it is answered. */
const folder = join(tmpdir(), `cardume-api-${process.pid}`);
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const smallLimits = { image: 200_000, video: 300_000, audio: 200_000, file: 400_000, url: 500_000 };

/** Everything an app needs, with what a test wants otherwise. `logged` collects the lines of the log. */
export function createApi(changes: Partial<AppDeps> = {}) {
  const devices = new InMemoryDevices();
  const endpoints = new InMemoryEndpoints();
  const answers = new InMemoryAnswers();
  const audit = new InMemoryAudit();
  const logged: Record<string, unknown>[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => logged.push(JSON.parse(line)) });
  const app = createApp({
    devices,
    endpoints,
    moving: nowhere,
    deliveries: {
      attempts: unasked,
      parked: unasked,
      deadLetters: unasked,
      revive: unasked,
      drop: unasked,
      dropOne: unasked,
      replay: unasked,
      replays: unasked,
      cancel: unasked,
      figures: unasked,
    },
    webhooks: {
      ...{ page: unasked, get: unasked, create: unasked, change: unasked, remove: unasked },
      ...{ rotate: unasked, test: unasked, pause: unasked, resume: unasked },
    },
    messages: { status: async () => undefined },
    live: { webhookChanged: () => {}, room: () => {} },
    events: {
      page: unasked,
      end: unasked,
      one: unasked,
      follow: () => {
        throw new Failure('STREAMS_FULL');
      },
      room: () => {},
      figures: () => ({
        open: { sse: 2, websocket: 1 },
        cut: { stalled: 4, forbidden: 0, gap: 0, failed: 0 },
      }),
    },
    chats: {
      chats: unasked,
      chat: unasked,
      messages: unasked,
      search: unasked,
      contacts: unasked,
      names: unasked,
    },
    media: new Media({
      ...{ folder, limits: smallLimits, ffmpeg: 'ffmpeg', memory: 512 * 1_048_576, log },
      guard: new Guard(),
      kept: { maxBytes: 1e9, maxAgeMs: 3_600_000, linkMs: 300_000 },
    }),
    fleet: quietFleet,
    readiness: async () => ({ ready: true, reasons: [] }),
    connections: async () => [{ pool: 'main', used: 3 }],
    credentials: { basic: [], keys: [] },
    basePath: '',
    corsOrigins: [],
    keys: noKeys,
    answers,
    audit,
    limits: { perKey: 0, perDevice: 0 },
    trustedProxies: [],
    version: '1.2.3',
    commandTimeoutMs: 45_000,
    log,
    ...changes,
  });
  const ask = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const json = body === undefined ? {} : { 'content-type': 'application/json' };
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const response = await app.request(path, {
      method,
      headers: { ...json, ...headers },
      ...(text !== undefined && { body: text }),
    });
    return answered(response);
  };
  const get = (path: string, headers: Record<string, string> = {}) => ask('GET', path, undefined, headers);
  const post = (path: string, body?: unknown, headers: Record<string, string> = {}) =>
    ask('POST', path, body, headers);
  return { app, devices, endpoints, answers, audit, log, logged, ask, get, post };
}

export async function answered(response: Response): Promise<Answered> {
  return { status: response.status, headers: response.headers, ...((await response.json()) as Envelope) };
}
