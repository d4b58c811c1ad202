/**
 * A process of its own: asks a whole node one good request for every route (gowa's contract, and by chance what gowa
 * lacks), and tells them with what the API's ports answered. It stays until it is ended: some answers are files.
 */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Audit } from '../../../src/access/audit.ts';
import { startTestServer } from '../../../test/support/database-server.ts';
import { requestOf } from '../../../test/support/gowa/ask.ts';
import { calls } from '../../../test/support/gowa/calls.ts';
import { gowaOperations } from '../../../test/support/gowa/contract.ts';
import { DEVICE, type GowaWorld, startGowaWorld } from '../../../test/support/gowa/world.ts';
import {
  type ApiDocument,
  type ApiOperation,
  operationsOf,
  resolvedSchema,
} from '../../../test/support/openapi/document.ts';
import { makeRequest } from '../../../test/support/openapi/generate.ts';
import { seeded } from '../../../test/support/random.ts';
import { scope } from '../../../test/support/scope.ts';
import { plain } from './bare.ts';
import { watched } from './ports.ts';
import type { Recorded, Recording } from './recorded.ts';
import { type Surroundings, surroundings } from './surroundings.ts';
import { Recorder, type Tape } from './tape.ts';

/** How many requests by chance a route may need until one succeeds. */
const TRIES = 40;
const ANSWERS_WITHIN = 20_000;
const SPARES = 12;

async function record(only: string): Promise<void> {
  const server = await startTestServer();
  process.env.CARDUME_TEST_DB_URI = server.url;
  const ends = scope();
  const folder = mkdtempSync(join(tmpdir(), 'cardume-bench-'));
  ends.after(() => rmSync(folder, { recursive: true, force: true }));
  /** A file that was made of another is gone with its request: a route may read it when it is played. */
  const recorder = new Recorder(value => {
    const { path } = (value ?? {}) as { path?: unknown };
    if (typeof path !== 'string') return value;
    const copy = join(folder, basename(path));
    copyFileSync(path, copy);
    return { ...(value as object), path: copy };
  });
  const entries = { awaited: false };
  const world = await startGowaWorld(ends as unknown as TestContext, SPARES, {
    ports(ports) {
      const played = watched(ports, (name, port, methods) => recorder.recording(name, port, methods));
      const note: Audit['note'] = (entry, awaited) => {
        entries.awaited ||= awaited === true;
        return played.audit.note(entry, awaited);
      };
      return { ...played, audit: { note, page: query => played.audit.page(query) } };
    },
  });
  process.once('SIGTERM', () => {
    void ends
      .end()
      .then(() => server.stop())
      .finally(() => process.exit(0));
  });
  const around = await surroundings(world);
  const document = (await (await fetch(new URL('/openapi.json', world.node.url))).json()) as ApiDocument;
  const routes: Recorded[] = [];
  for (const operation of inOrder(operationsOf(document))) {
    // Its answer has no end.
    if (operation.responses[200]?.content?.['text/event-stream']) continue;
    const name = `${operation.method.toUpperCase()} ${operation.path}`;
    // Whoever makes the key is asked in any case.
    if (!name.includes(only) && operation.operationId !== 'createKey') continue;
    const best = await bestOf({ recorder, entries }, requestsTo(operation, { world, around, document }));
    if (!best) throw new Error(`${name} was not asked`);
    if (name.includes(only)) routes.push({ name, ...best });
  }
  await world.stop();
  await world.server.stop();
  const database = String(world.settings.DB_URI);
  process.send?.({ routes, headers: around.headers(), database } satisfies Recording);
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
    // As most callers ask, and as the bare route it is compared with is asked.
    if (!takesFiles(operation, document) && !/json/.test(made.headers['content-type'] ?? 'json')) continue;
    if (!takesFiles(operation, document) && made.body instanceof FormData) continue;
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

/** Whether a form of it may have more fields than its JSON. */
function takesFiles({ requestBody }: ApiOperation, document: ApiDocument): boolean {
  const fields = (type: string) => {
    const schema = requestBody?.content[type]?.schema;
    return schema ? Object.keys(resolvedSchema(schema, document).properties ?? {}).length : 0;
  };
  return fields('multipart/form-data') > fields('application/json');
}

async function bestOf(
  { recorder, entries }: { readonly recorder: Recorder; readonly entries: { awaited: boolean } },
  requests: AsyncIterable<Request>,
): Promise<Omit<Recorded, 'name'> | undefined> {
  let best: Omit<Recorded, 'name'> | undefined;
  for await (const request of requests) {
    const tape: Tape = {};
    const sendable = await plain(request.clone());
    recorder.tape = tape;
    entries.awaited = false;
    const answer = await fetch(request, { signal: AbortSignal.timeout(ANSWERS_WITHIN) });
    const body = Buffer.from(await answer.arrayBuffer()).toString('base64');
    const said = { type: answer.headers.get('content-type') ?? '', body };
    recorder.tape = {};
    const { status } = answer;
    if (!best || status < best.status)
      best = { status, answer: said, awaited: entries.awaited, request: sendable, tape };
    if (best.status === 200) break;
  }
  return best;
}

await record(process.argv[2] ?? '');
