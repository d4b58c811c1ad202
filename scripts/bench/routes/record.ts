/** One good request to every route of a whole node, with what its ports answered: gowa's contract, and by chance what gowa lacks. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { TestContext } from 'node:test';
import { destination } from 'pino';
import { AuditLog } from '../../../src/access/audit.ts';
import { KeyRegister } from '../../../src/access/keys.ts';
import type { AppDeps } from '../../../src/api/app.ts';
import { makeLogger } from '../../../src/lib/logger.ts';
import { startTestServer } from '../../../test/support/database-server.ts';
import { requestOf } from '../../../test/support/gowa/ask.ts';
import { calls } from '../../../test/support/gowa/calls.ts';
import { gowaOperations } from '../../../test/support/gowa/contract.ts';
import { DEVICE, type GowaWorld, startGowaWorld } from '../../../test/support/gowa/world.ts';
import { type ApiDocument, type ApiOperation, operationsOf } from '../../../test/support/openapi/document.ts';
import { makeRequest } from '../../../test/support/openapi/generate.ts';
import { seeded } from '../../../test/support/random.ts';
import { scope } from '../../../test/support/scope.ts';
import type { PlainRequest } from './asker-protocol.ts';
import { plain } from './bare.ts';
import { type Surroundings, surroundings } from './surroundings.ts';
import { Recorder, type Tape } from './tape.ts';

export interface Recorded {
  /** Method and path. */
  readonly name: string;
  /** Of the best answer that was had. */
  readonly status: number;
  readonly request: PlainRequest;
  readonly tape: Tape;
}

export interface Recording {
  readonly routes: readonly Recorded[];
  /** What an app is to be given to answer from the tape. Its keys and its audit log are real ones. */
  readonly ports: AppDeps;
  readonly recorder: Recorder;
  /** With the key that every request is to show. */
  readonly headers: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** How many requests by chance a route may need until one succeeds. */
const TRIES = 40;
const ANSWERS_WITHIN = 20_000;
const SPARES = 12;

type Ports = { readonly [Name in keyof AppDeps]?: readonly (keyof Required<AppDeps>[Name])[] | 'all' };

/** What is behind the API, and so on tape. */
const taped = {
  ...{ devices: 'all', fleet: 'all', moving: 'all', endpoints: 'all', messages: 'all', chats: 'all' },
  media: ['fetch', 'square', 'picture', 'film', 'sound', 'sticker', 'typeOf', 'notes', 'linked'],
  keys: ['page', 'get', 'change', 'revoke', 'create', 'rotate'],
  audit: ['page'],
} as const satisfies Ports;

function onTape(
  ports: AppDeps,
  watch: <T extends object>(name: string, port: T, methods?: readonly (keyof T)[]) => T,
): AppDeps {
  const watched: Record<string, unknown> = { ...ports };
  for (const [name, methods] of Object.entries(taped)) {
    const port = ports[name as keyof typeof taped] as object;
    watched[name] = watch(
      name,
      port,
      methods === 'all' ? undefined : (methods as readonly string[] as readonly never[]),
    );
  }
  const { readiness, connections } = watch('node', {
    readiness: () => ports.readiness(),
    connections: () => ports.connections(),
  });
  return { ...(watched as unknown as AppDeps), readiness, connections };
}

export async function record(say: (line: string) => void): Promise<Recording> {
  const database = await startTestServer();
  process.env.CARDUME_TEST_DB_URI = database.url;
  const ends = scope();
  const recorder = new Recorder();
  const folder = mkdtempSync(join(tmpdir(), 'cardume-bench-'));
  ends.after(() => rmSync(folder, { recursive: true, force: true }));
  /** A file that was made of another is gone with its request: a route may read it when it is played. */
  const kept = (value: unknown) => {
    const { path } = (value ?? {}) as { path?: unknown };
    if (typeof path !== 'string') return value;
    const copy = join(folder, basename(path));
    copyFileSync(path, copy);
    return { ...(value as object), path: copy };
  };
  let real: AppDeps | undefined;
  const world = await startGowaWorld(ends as unknown as TestContext, SPARES, {
    ports: ports => {
      real = ports;
      return onTape(ports, (name, port, methods) => recorder.recording(name, port, methods, kept));
    },
  });
  const around = await surroundings(world);
  const document = (await (await fetch(new URL('/openapi.json', world.node.url))).json()) as ApiDocument;
  const routes: Recorded[] = [];
  for (const operation of inOrder(operationsOf(document))) {
    const best = await bestOf(recorder, requestsTo(operation, { world, around, document }));
    const name = `${operation.method.toUpperCase()} ${operation.path}`;
    if (!best) throw new Error(`${name} was not asked`);
    if (best.status !== 200) say(`${name}: ${best.status} ${best.said}`);
    routes.push({ name, ...best });
  }
  await world.stop();
  await world.server.stop();
  if (!real) throw new Error('the node was not given its ports');
  const { sql } = world;
  const log = makeLogger('info', {}, destination({ dest: '/dev/null', sync: true }));
  const keys = new KeyRegister({ sql, log });
  await keys.start();
  const ports = { ...real, started: () => true, log, keys, audit: new AuditLog({ sql, log }) };
  return {
    routes,
    ports: onTape(ports, (name, port, methods) => recorder.playing(name, port, methods)),
    recorder,
    headers: around.headers(),
    async stop() {
      await keys.stop();
      await ends.end();
      await database.stop();
    },
  };
}

/** gowa's first, in the order in which they do not spoil one another; what tells of the others last. */
function inOrder(operations: readonly ApiOperation[]): ApiOperation[] {
  const contract = gowaOperations();
  const order = Object.keys(calls);
  const place = ({ method, path }: ApiOperation) => {
    if (/^\/(?:audit|metrics)/.test(path)) return 3_000;
    // It wants the archive of the one before.
    if (path === '/devices/import') return 1_600;
    if (path.startsWith('/keys')) return 2_000;
    if (method === 'delete' || /leave|deactivate|unfollow|delete|logout|\/export$|take-back/.test(path))
      return 1_500;
    const id = contract.find(one => one.path === path && one.method === method.toUpperCase())?.id;
    return id === undefined ? 1_000 : order.indexOf(id);
  };
  return [...operations].sort((a, b) => place(a) - place(b));
}

interface Asking {
  readonly world: GowaWorld;
  readonly around: Surroundings;
  readonly document: ApiDocument;
}

/** Requests that may be right, the likeliest first. */
async function* requestsTo(
  operation: ApiOperation,
  { world, around, document }: Asking,
): AsyncIterable<Request> {
  const base = world.node.url;
  const own = around.calls[operation.operationId];
  const authorized = (request: Request) => {
    for (const [name, value] of Object.entries(around.headers())) request.headers.set(name, value);
    return request;
  };
  if (own) {
    for (const request of await own()) yield authorized(request);
    return;
  }
  const known = gowaOperations().find(
    ({ method, path }) => path === operation.path && method === operation.method.toUpperCase(),
  );
  for (const make of known ? (calls[known.id] ?? []) : [])
    if (known) yield authorized(requestOf(base, known, await make(world)));
  for (let seed = 1; seed <= TRIES; seed++) {
    const made = makeRequest({ random: seeded(seed), document, operation, hints: around.hints });
    if (made.wrong.length > 0) continue;
    const request = new Request(new URL(made.target, base), {
      method: operation.method.toUpperCase(),
      headers: made.headers,
      ...(made.body !== undefined && { body: made.body as FormData }),
    });
    request.headers.set('x-device-id', DEVICE);
    request.headers.delete('idempotency-key');
    yield authorized(request);
  }
}

async function bestOf(recorder: Recorder, requests: AsyncIterable<Request>) {
  let best: (Omit<Recorded, 'name'> & { said: string }) | undefined;
  for await (const request of requests) {
    const tape: Tape = new Map();
    const sendable = await plain(request.clone());
    recorder.tape = tape;
    const answer = await fetch(request, { signal: AbortSignal.timeout(ANSWERS_WITHIN) });
    const said = await answer.text();
    recorder.tape = new Map();
    if (!best || answer.status < best.status)
      best = { status: answer.status, request: sendable, tape, said: said.slice(0, 200) };
    if (best.status === 200) break;
  }
  return best;
}
