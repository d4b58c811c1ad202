/** What a route is compared with: Hono on a Node server with nothing of ours, reading the same kind of body. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import type { PlainRequest } from './asker-protocol.ts';

export const KINDS = ['none', 'json', 'form'] as const;
export type BodyKind = (typeof KINDS)[number];

export interface Bare {
  readonly origin: string;
  /** A request of each kind to it. */
  readonly requests: Readonly<Record<BodyKind, PlainRequest>>;
  stop(): void;
}

const said = { phone: '15551234567', message: 'Hello' };

export async function startBare(): Promise<Bare> {
  const answer = (results: unknown) => ({ code: 'SUCCESS', message: 'ok', results });
  const app = new Hono();
  app.get('/none', c => c.json(answer(said)));
  app.post('/json', async c => c.json(answer(await c.req.json())));
  app.post('/form', async c => c.json(answer(Object.keys(await c.req.parseBody()))));
  // As our server has it: they are the process's own, and what one of the two replaces the other has as well.
  const server = createServer(getRequestListener(app.fetch, { overrideGlobalObjects: false }));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const form = new FormData();
  for (const [name, value] of Object.entries(said)) form.append(name, value);
  form.append('file', new Blob([new Uint8Array(1_000)]), 'picture.png');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: {
      none: { method: 'GET', target: '/none', headers: {} },
      json: await plain(
        new Request('http://bare/json', { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(said) }),
      ),
      form: await plain(new Request('http://bare/form', { method: 'POST', body: form })),
    },
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

const JSON_TYPE = { 'content-type': 'application/json' };

export function kindOf({ headers, body }: PlainRequest): BodyKind {
  if (body === undefined) return 'none';
  return headers['content-type']?.startsWith('multipart/') ? 'form' : 'json';
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
