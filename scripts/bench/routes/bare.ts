/**
 * What a route is compared with: a plain Hono application on a Node server, with nothing of ours. Beside each route it has one
 * that is asked the very same request, reads the same body, does the work that no application could do without, and gives the
 * same answer: the same object as JSON, the same text, the same bytes. No key is looked at, nothing is judged or limited.
 */
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { unlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { getHeapStatistics } from 'node:v8';
import { Busboy, type BusboyHeaders } from '@fastify/busboy';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import { type Context, Hono } from 'hono';
import { Gauge, Registry } from 'prom-client';
import type { Sql } from '../../../src/store/database.ts';
import type { PlainRequest } from './asker-protocol.ts';
import type { Recorded } from './recorded.ts';

/** What a route of the plain application does beside reading the body and answering. */
export type Work = 'nothing' | 'an insert' | 'files written and removed' | 'a file served' | 'gauges read';

export interface Bare {
  readonly origin: string;
  /** The request of the route to this application instead. */
  requestOf(route: Recorded): PlainRequest;
  stop(): void;
}

type BareContext = Context<{ Bindings: HttpBindings }>;

export function workOf({ name, request, awaited }: Recorded): Work {
  if (name === 'GET /media/{token}') return 'a file served';
  if (name === 'GET /metrics') return 'gauges read';
  if (isForm(request)) return 'files written and removed';
  return awaited ? 'an insert' : 'nothing';
}

/** `folder` is its own; inserts go through the pool that our server has as well. */
export async function startBare(routes: readonly Recorded[], sql: Sql, folder: string): Promise<Bare> {
  const app = new Hono<{ Bindings: HttpBindings }>();
  const paths = new Map(routes.map((route, n) => [route, `/bare/${n}`] as const));
  for (const [route, path] of paths) {
    const work = workOf(route);
    const answer = answerOf(route);
    if (work === 'a file served') {
      await writeFile(join(folder, 'served'), Buffer.from(route.answer.body, 'base64'));
      app.get(path, serveStatic({ root: folder, rewriteRequestPath: () => '/served' }));
      continue;
    }
    if (work === 'gauges read') {
      app.get(path, metricsAnswer(Buffer.from(route.answer.body, 'base64').toString()));
      continue;
    }
    app.on(route.request.method, path, async c => {
      if (work === 'files written and removed') return await withFiles(c, folder, () => answer(c));
      const { body, headers } = route.request;
      if (body !== undefined)
        await (headers['content-type']?.includes('json') ? c.req.json() : c.req.arrayBuffer());
      if (work === 'an insert') await insert(sql, route);
      return answer(c);
    });
  }
  // As our server has it: what one of the two replaces in the process the other has as well.
  const server = createServer(getRequestListener(app.fetch as never, { overrideGlobalObjects: true }));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requestOf(route) {
      const [, query] = route.request.target.split('?');
      return { ...route.request, target: `${paths.get(route)}${query === undefined ? '' : `?${query}`}` };
    },
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function answerOf({ status, answer }: Recorded): (c: BareContext) => Response {
  const bytes = Buffer.from(answer.body, 'base64');
  if (answer.type.startsWith('application/json')) {
    // A time is what every driver gives for it.
    const value = JSON.parse(bytes.toString(), (_, one) =>
      TIME.test(String(one)) ? new Date(one) : one,
    ) as object;
    return c => c.json(value, status as 200);
  }
  const headers = { 'content-type': answer.type };
  if (!answer.type.startsWith('text/')) return c => c.body(new Uint8Array(bytes), status as 200, headers);
  const text = bytes.toString();
  return c => c.body(text, status as 200, headers);
}

/** The form goes from the socket through the parser that ours has to the disk; its files are removed after the answer is made. */
async function withFiles(c: BareContext, folder: string, answer: () => Response): Promise<Response> {
  const { incoming } = c.env;
  const fields: Record<string, string> = {};
  const files: string[] = [];
  const writes: Promise<void>[] = [];
  const form = new Busboy({ headers: incoming.headers as BusboyHeaders });
  form.on('field', (name, value) => {
    fields[name] = value;
  });
  form.on('file', (_name, stream) => {
    const path = join(folder, randomUUID());
    files.push(path);
    writes.push(pipeline(stream, createWriteStream(path)));
  });
  await pipeline(incoming, form);
  await Promise.all(writes);
  const made = answer();
  await Promise.all(files.map(path => unlink(path)));
  return made;
}

/** A registry of prom-client with the metrics and series that ours has beside those of requests, and a text that is as long. */
function metricsAnswer(ours: string): (c: BareContext) => Promise<Response> {
  const registry = new Registry();
  const registers = [registry];
  const readings = [
    () => process.memoryUsage.rss(),
    () => getHeapStatistics().used_heap_size,
    () => process.cpuUsage().user,
    () => process.memoryUsage.rss() / (process.constrainedMemory() || totalmem()),
  ];
  for (const [n, [name, series]] of seriesOf(ours).entries()) {
    const read = readings[n] ?? (() => n);
    const collect = function (this: Gauge<'of'>) {
      this.reset();
      for (let of = 0; of < series; of++) this.set({ of }, read());
    };
    new Gauge({ name, help: 'One of those that ours has.', labelNames: ['of'] as const, registers, collect });
  }
  return async c => {
    const text = await registry.metrics();
    return c.text(text + ours.slice(text.length));
  };
}

/** How many lines each metric has in a text of Prometheus', those with one line first. */
function seriesOf(text: string): [name: string, series: number][] {
  const blocks = text.split('# HELP ').slice(1);
  const counted = blocks.map((block): [string, number] => {
    const lines = block.split('\n').filter(line => line !== '' && !line.startsWith('# '));
    return [block.slice(0, block.indexOf(' ')), lines.length - 1];
  });
  return counted
    .filter(([name, series]) => series > 0 && !name.startsWith('cardume_http_'))
    .sort(([, one], [, other]) => one - other);
}

/** One row of the audit log, in the database before the caller is answered. */
async function insert(sql: Sql, { name, status }: Recorded): Promise<void> {
  const who = { at: new Date(), actor: 'anybody', address: '127.0.0.1', device: 'sales', target: null };
  await sql`
    insert into audit (at, actor, address, action, device, target, status, code, request, before, after)
    values (${who.at}, ${who.actor}, ${who.address}, ${name}, ${who.device}, ${who.target}, ${status},
            ${'SUCCESS'}, ${randomUUID()}, ${null}, ${null})`;
}

function isForm({ headers }: PlainRequest): boolean {
  return headers['content-type']?.startsWith('multipart/') === true;
}

/** The request as it can be sent to another process, any number of times. */
export async function plain(request: Request): Promise<PlainRequest> {
  const { pathname, search } = new URL(request.url);
  const body = Buffer.from(await request.arrayBuffer());
  return {
    method: request.method,
    target: pathname + search,
    headers: Object.fromEntries(request.headers),
    ...(body.byteLength > 0 && { body: body.toString('base64') }),
  };
}
