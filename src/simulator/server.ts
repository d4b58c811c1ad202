// One host and port: the WebSocket at /ws/chat, the control plane everywhere else.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { WebSocketServer } from 'ws';
import { makeControl } from './control/app.ts';
import { Keeper, readState } from './state/keeper.ts';
import { restoreWorld } from './state/world-state.ts';
import { makeTrust } from './wire/certificate.ts';
import { Connection } from './wire/connection.ts';
import { makeWorld } from './world.ts';

export interface SimulatorOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** PEM texts; with them the URLs are wss and https. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** One-way network delay in ms, each direction. Default 0. */
  readonly latencyMs?: number;
  /** Keeps the whole world (keys, phones, devices, queues; not the ledger) across restarts. Not for two at once. */
  readonly stateFile?: string;
  /** The server's own root of trust, 32 bytes; made when absent. */
  readonly rootPrivateKey?: Uint8Array;
}

export interface Simulator {
  /** For `waWebSocketUrl`: `ws://127.0.0.1:port/ws/chat`. */
  readonly socketUrl: string;
  /** Base of the control plane's routes; a page at `/`. */
  readonly controlUrl: string;
  /** Hex, 32 bytes: for Baileys' `WA_CERT_DETAILS.PUBLIC_KEY`. */
  readonly rootKey: string;
  /** Ends every connection, saves, and frees the port. Again: the same promise. */
  stop(): Promise<void>;
}

const SOCKET_PATH = '/ws/chat';
// Above what a load generator's pool waits for: Node's 5 s default makes its next request fail.
const KEEP_ALIVE_MS = 75_000;
/** WebSocket messages may hold several frames. */
const MAX_PAYLOAD = 8 * 1024 * 1024;

/** Starts a WhatsApp server for tests. Rejects when the port is taken, or the TLS pair or the state file is unusable. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const stopping = new AbortController();
  const kept = options.stateFile === undefined ? undefined : await readState(options.stateFile);
  const trust = kept?.trust ?? makeTrust(options.rootPrivateKey);
  const world = makeWorld(trust, options.latencyMs ?? 0, stopping.signal);
  if (kept) restoreWorld(world, kept.state);
  const keeper = options.stateFile === undefined ? undefined : new Keeper(world, options.stateFile);
  const connections = new Set<Connection>();
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_PAYLOAD, perMessageDeflate: false });
  const listener = getRequestListener(makeControl(world).fetch);
  const server: Server = options.tls ? createTlsServer(options.tls, listener) : createServer(listener);
  server.keepAliveTimeout = KEEP_ALIVE_MS;

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {}); // a client that is gone before it was answered
    const refused = world.faults.settings.refuseUpgrade ?? (isSocketPath(request.url) ? undefined : 404);
    if (refused !== undefined) {
      socket.end(`HTTP/1.1 ${refused} Refused\r\nconnection: close\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, client => {
      const connection = new Connection(world, client);
      connections.add(connection);
      connection.onEnd(() => connections.delete(connection));
    });
  });

  await listen(server, options.port ?? 0, options.host ?? '127.0.0.1');
  const { address, port, family } = server.address() as AddressInfo;
  const authority = `${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  world.origin = `${options.tls ? 'https' : 'http'}://${authority}`;
  const shutDown = async () => {
    stopping.abort();
    const closed = new Promise<void>(resolve => server.close(() => resolve()));
    for (const connection of connections) connection.destroy();
    for (const client of sockets.clients) client.terminate();
    server.closeAllConnections();
    await closed;
    await Promise.all([...world.accounts.all()].map(account => account.devices.get(0)?.phone?.idle()));
    await keeper?.stop();
  };
  let stopped: Promise<void> | undefined;
  return {
    socketUrl: `${options.tls ? 'wss' : 'ws'}://${authority}${SOCKET_PATH}`,
    controlUrl: world.origin,
    rootKey: Buffer.from(trust.root.public).toString('hex'),
    stop: () => {
      stopped ??= shutDown();
      return stopped;
    },
  };
}

function isSocketPath(url: string | undefined): boolean {
  return url === SOCKET_PATH || url?.startsWith(`${SOCKET_PATH}?`) === true;
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
