// A webhook receiver: a real HTTP(S) server on a free port that records what it is sent and answers as it is told.
import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { hold } from './held.ts';
import type { Scope } from './scope.ts';
import { until } from './until.ts';

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly path: string;
  /** The bytes as they came, as UTF-8. */
  readonly body: string;
  readonly json: Envelope;
  /** When the whole request was there, in milliseconds since 1970. */
  readonly at: number;
  /** The status that it was answered with; undefined while it is not. */
  readonly status: number | undefined;
}

export interface Envelope {
  readonly id: string;
  readonly event: string;
  readonly version: number;
  readonly device_id: string;
  readonly session_id: string;
  readonly seq: number;
  readonly timestamp: string;
  readonly payload: Record<string, unknown>;
}

/** The answer to one request: a status, or the whole of it. `after` holds the answer back until it resolves. */
export type Reply =
  | number
  | {
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly after?: Promise<unknown>;
    };

export interface Receiver {
  readonly url: string;
  /** All requests in the order in which they came. */
  readonly requests: readonly Received[];
  /** The events that were answered with 2xx, in the order of their answers. */
  readonly delivered: readonly Envelope[];
  /** How many requests wait for their answer, now and at most so far. */
  readonly open: number;
  readonly mostOpen: number;
  /** Changes the answer to the requests to come. */
  answer(reply: Reply | ((request: Received) => Reply)): void;
  /** Fails unless both signatures of the request are right for the secret. */
  verify(request: Received, secret: string): void;
}

export interface ReceiverOptions {
  readonly answer?: Reply | ((request: Received) => Reply);
  /** With a key and a certificate (PEM) it speaks TLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** False: what it is sent is not an event of ours as it should be. */
  readonly held?: boolean;
  /** A port that was free a moment ago, to come alive where nobody answered. */
  readonly port?: number;
}

/**
 * Starts a receiver that answers 200 unless told otherwise. Whatever it is sent is held to the catalogue of events: the test
 * fails when one is not in it, or has another form than it says.
 */
export async function receiver(
  t: Scope,
  { answer = 200, tls, held = true, port = 0 }: ReceiverOptions = {},
): Promise<Receiver> {
  const requests: Received[] = [];
  const delivered: Envelope[] = [];
  let reply = answer;
  let open = 0;
  let mostOpen = 0;

  const listener: RequestListener = async (incoming, response) => {
    open += 1;
    mostOpen = Math.max(mostOpen, open);
    response.on('close', () => {
      open -= 1;
    });
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString('utf8');
    const json = JSON.parse(body) as Envelope;
    const request = { headers: incoming.headers, path: incoming.url ?? '/', body, json, at: Date.now() };
    const received: { -readonly [K in keyof Received]: Received[K] } = { ...request, status: undefined };
    requests.push(received);
    if (held) hold(json);
    const given = typeof reply === 'function' ? reply(received) : reply;
    const { status, headers = {}, after } = typeof given === 'number' ? { status: given } : given;
    if (after) await after;
    received.status = status;
    if (status >= 200 && status < 300) delivered.push(json);
    response.writeHead(status, headers).end();
  };
  const server = tls ? createSecureServer(tls, listener) : createServer(listener);
  // A port that was free a moment ago may be the near end of somebody's connection for another moment.
  await until(
    () =>
      new Promise<boolean>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, '127.0.0.1', () => resolve(true));
      }),
  );
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${bound}/hook`,
    requests,
    delivered,
    get open() {
      return open;
    },
    get mostOpen() {
      return mostOpen;
    },
    answer(next) {
      reply = next;
    },
    verify,
  };
}

/** A port on which nobody answers. */
export async function deadPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}

function verify({ headers, body }: Received, secret: string): void {
  const standard = secret.startsWith('whsec_') ? new Webhook(secret) : new Webhook(secret, { format: 'raw' });
  standard.verify(body, headers as Record<string, string>);
  const expected = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
  const got = headers['x-hub-signature-256'];
  if (got !== expected) throw new Error(`X-Hub-Signature-256 is ${got}, not ${expected}`);
}
