// The app's address: a Node server that refuses slow callers and closes without cutting anybody off who is being served.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener, type HttpBindings, RequestError } from '@hono/node-server';
import type { Logger } from 'pino';
import { Failure } from '../errors.ts';
import type { Service } from '../lib/service.ts';
import { failureBody } from './answer.ts';
import type { createApp } from './app.ts';
import type { Live } from './live.ts';
import { upgrades } from './upgrade.ts';

export interface ApiServerSettings {
  readonly app: ReturnType<typeof createApp>;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Milliseconds that running requests may take to finish once the server stops. */
  readonly closeWithin: number;
  readonly log: Logger;
  readonly live: Live;
  /** For tests: how long slow callers are borne, instead of the limits below. */
  readonly limits?: Partial<typeof limits>;
}

/** Limits on callers in milliseconds. Keep-alive outlasts the 60 s of common load balancers, so that they close first. */
const limits = {
  headersTimeout: 10_000,
  // Of one with files: 100 MB in it are 1 Mbit/s. Any other has `bodyTimeout`.
  requestTimeout: 900_000,
  bodyTimeout: 60_000,
  keepAliveTimeout: 65_000,
  // How often Node looks for callers over their limit; its 30 s would make the 10 s above mean up to 40.
  connectionsCheckingInterval: 1_000,
};

const SWEEP_MS = 1_000;

export class ApiServer implements Service {
  readonly #settings: ApiServerSettings;
  readonly #closing = new AbortController();
  readonly #server: Server;
  readonly #running = new Set<ServerResponse>();
  /** Requests whose bodies must have come by a time, unless they have. */
  readonly #late = new Map<IncomingMessage, number>();
  readonly #bodyTimeout: number;
  /** All connections: Node does not count those that it has given away (WebSockets), and waits for what is half a request. */
  readonly #sockets = new Set<Duplex>();
  /** The name that was last seen to be one that can be linked to. */
  #host: string | undefined;
  #sweep: NodeJS.Timeout | undefined;
  #stopped: Promise<void> | undefined;

  constructor(settings: ApiServerSettings) {
    this.#settings = settings;
    const { app, log, live } = settings;
    const fetch = (request: Request, { incoming }: HttpBindings) => {
      // A host of numbers that is no address (256.1.1.1) is let through to here, and nothing can be linked to it.
      const named = incoming.url?.startsWith('/') ? incoming.headers.host : undefined;
      if (named === undefined || named !== this.#host) {
        if (!URL.canParse(request.url)) throw new RequestError('invalid host');
        this.#host = named;
      }
      const remote = incoming.socket?.remoteAddress;
      return app.fetch(request, { closing: this.#closing.signal, remote, incoming });
    };
    const listener = getRequestListener(fetch as Parameters<typeof getRequestListener>[0], {
      errorHandler: error => unanswerable(error, log),
      // Request and Response of the whole process become those of this library, which make Node's own only when somebody
      // needs more of them than a text and headers: a third less CPU for a whole request (0.18 to 0.10 ms for a bare one).
      overrideGlobalObjects: true,
    });
    const all = { ...limits, ...settings.limits };
    this.#bodyTimeout = all.bodyTimeout;
    this.#server = createServer(all, (incoming, outgoing) => {
      this.#running.add(outgoing);
      if (hasBody(incoming) && !isForm(incoming))
        this.#late.set(incoming, performance.now() + all.bodyTimeout);
      outgoing.once('close', () => {
        this.#running.delete(outgoing);
        this.#late.delete(incoming);
      });
      if (this.#closing.signal.aborted) outgoing.shouldKeepAlive = false;
      listener(incoming, outgoing).catch((err: Error) => {
        log.error({ err }, 'answer could not be written');
        outgoing.destroy(err);
      });
    });
    const serve = (socket: Duplex) => void this.#server.emit('connection', socket);
    const upgrade = upgrades({ app, live, log, serve, closing: this.#closing.signal });
    this.#server.on('upgrade', (incoming, socket, head) => void upgrade(incoming, socket, head));
    this.#server.on('connection', socket => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /** Where it listens, with the real port. Fails before `start`. */
  get url(): string {
    const address = this.#server.address() as AddressInfo | null;
    if (!address) throw new Error('the HTTP server is not listening');
    const { host } = this.#settings;
    const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
    return `http://${name}:${address.port}`;
  }

  /** Resolves when it listens. Fails with a sentence when the address cannot be had. */
  async start(): Promise<void> {
    const { host, port, log } = this.#settings;
    await new Promise<void>((resolve, reject) => {
      const refused = (cause: NodeJS.ErrnoException) => {
        const why = cause.code === 'EADDRINUSE' ? 'it is in use' : cause.message;
        reject(new Error(`cannot listen on ${host}:${port}: ${why}`, { cause }));
      };
      this.#server.once('error', refused);
      this.#server.listen(port, host, () => {
        this.#server.off('error', refused);
        this.#sweep = setInterval(() => this.#cutLate(), Math.min(SWEEP_MS, this.#bodyTimeout)).unref();
        // Out of file descriptors, most likely: the connection is lost, the server goes on.
        this.#server.on('error', err => log.error({ err }, 'connection could not be accepted'));
        resolve();
      });
    });
  }

  /** Cuts off callers whose bodies have not come in time. All at once: a timer for each was a part of each request. */
  #cutLate(): void {
    const now = performance.now();
    for (const [incoming, until] of this.#late)
      if (until < now) {
        this.#late.delete(incoming);
        if (!incoming.complete) incoming.socket.destroy();
      }
  }

  /** Takes no new connections, closes idle ones, lets running requests finish until the deadline, then cuts. */
  stop(): Promise<void> {
    this.#stopped ??= this.#close();
    return this.#stopped;
  }

  async #close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()));
    this.#closing.abort();
    this.#server.closeIdleConnections();
    this.#settings.live.close();
    // Their connections are closed with their answers, and the answers say so.
    for (const outgoing of this.#running) outgoing.shouldKeepAlive = false;
    // Who has not even asked by then is not waited for.
    const sweep = setInterval(
      () => this.#cut(new Set([...this.#running].map(({ socket }) => socket))),
      SWEEP_MS,
    );
    const deadline = setTimeout(() => this.#cut(), this.#settings.closeWithin);
    await closed;
    clearInterval(this.#sweep);
    clearInterval(sweep);
    clearTimeout(deadline);
  }

  #cut(but: ReadonlySet<Duplex | null> = new Set()): void {
    for (const socket of this.#sockets) if (!but.has(socket)) socket.destroy();
  }
}

function isForm({ headers }: IncomingMessage): boolean {
  return headers['content-type']?.startsWith('multipart/form-data') === true;
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

/** The answer to what never became a request: a bad host or target. Anything else is a fault of ours. */
function unanswerable(err: unknown, log: Logger): Response {
  const bad = err instanceof RequestError;
  if (!bad) log.error({ err }, 'request failed outside the app');
  const failure = bad
    ? new Failure('BAD_REQUEST', 'The address of the request is not valid.')
    : new Failure('INTERNAL_SERVER_ERROR');
  return Response.json(failureBody(failure, ''), { status: failure.status });
}
