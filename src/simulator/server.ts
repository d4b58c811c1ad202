// One host and port: the WebSocket at /ws/chat, the control plane everywhere else. The media host is always https: on the
// same port where that is TLS, else on a second one.
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { WebSocketServer } from 'ws';
import { ownPhone } from './accounts/accounts.ts';
import { makeControl } from './control/app.ts';
import { struckAtUpgrade } from './faults/upgrading.ts';
import { seedGroups } from './groups/seeds.ts';
import { MediaHost } from './media/host.ts';
import { MediaStore } from './media/store.ts';
import type { SimulatorOptions } from './options.ts';
import { Keeper, readState } from './state/keeper.ts';
import { restoreWorld } from './state/world-state.ts';
import { type Pair, tlsIdentity } from './tls/authority.ts';
import { makeTrust } from './wire/certificate.ts';
import { Connection } from './wire/connection.ts';
import { makeWorld, type World } from './world.ts';

export interface Simulator {
  /** For `waWebSocketUrl`: `ws://127.0.0.1:port/ws/chat`. */
  readonly socketUrl: string;
  /** Base of the control plane's routes; a page at `/`. */
  readonly controlUrl: string;
  /** `https://127.0.0.1:port`, the first media host. With TLS it is the control URL. */
  readonly mediaUrl: string;
  /** PEM: what clients must trust for the https and wss URLs. A given certificate comes back as it was given. */
  readonly caCertificate: string;
  /** Hex, 32 bytes: for Baileys' `WA_CERT_DETAILS.PUBLIC_KEY`. */
  readonly rootKey: string;
  /** Ends every connection, saves, and frees the port. Again: the same promise. */
  stop(): Promise<void>;
}

const SOCKET_PATH = '/ws/chat';
// Above what a load generator's pool waits for: Node's 5 s default makes its next request fail.
const KEEP_ALIVE_MS = 75_000;
/** Node's own 5 minutes end a large upload on a slow line, which is one of the faults. */
const SLOWEST_UPLOAD_MS = 3_600_000;
/** WebSocket messages may hold several frames. */
const MAX_PAYLOAD = 8 * 1024 * 1024;
const DEFAULT_MEDIA_BUDGET = 1024 ** 3;

/** Starts a WhatsApp server for tests. Rejects when the port is taken, or the TLS pair or the state file is unusable. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const stopping = new AbortController();
  const { stateFile, tls, host = '127.0.0.1', hostNames = [] } = options;
  const kept = stateFile === undefined ? undefined : await readState(stateFile);
  const given = typeof tls === 'object' ? tls : undefined;
  const identity = given ? undefined : tlsIdentity([host, ...hostNames], kept?.state.tls);
  const pair = given ?? identity!.leaf;
  const world = makeWorld({
    trust: kept?.trust ?? makeTrust(options.rootPrivateKey),
    // Kept, though unused beside a given pair: clients may trust it next time.
    tls: identity ?? kept?.state.tls,
    caCertificate: identity?.authority.cert ?? pair.cert,
    media: new MediaStore(options.mediaBudget ?? DEFAULT_MEDIA_BUDGET, stateFile && `${stateFile}.media`),
    latencyMs: options.latencyMs ?? 0,
    seed: options.seed,
    limits: options.limits,
    stopped: stopping.signal,
    delivery: {
      addressing: options.addressing ?? 'as-sent',
      chatStateTtlMs: options.chatStateTtlMs ?? 0,
      phones: options.phones ?? 'on',
    },
  });
  world.groups.newAddressing = options.groupAddressing === 'pn' ? 's.whatsapp.net' : 'lid';
  if (kept) restoreWorld(world, kept.state);
  if (options.tcTokens !== undefined) world.profiles.tokenMode = options.tcTokens;
  world.media.sweep();
  seedGroups(world, options.seedGroups ?? []);
  const keeper = stateFile === undefined ? undefined : new Keeper(world, stateFile);
  const mediaHost = new MediaHost(world);
  const control = getRequestListener(makeControl(world).fetch);
  const listener: RequestListener = (request, response) => {
    if (tls && mediaHost.owns(request)) mediaHost.handle(request, response);
    else control(request, response);
  };
  const server = tls ? tlsServer(pair, listener) : createServer(listener);
  const sockets = acceptSockets(world, server);
  const media = tls ? server : tlsServer(pair, (request, response) => mediaHost.handle(request, response));
  const servers = [...new Set([server, media])];
  const lines = new Set<Duplex>();
  for (const one of servers) {
    one.keepAliveTimeout = KEEP_ALIVE_MS;
    // Node knows of no socket that is being upgraded, was refused that, or has not finished its TLS handshake; a server
    // waits for all of them before it is closed.
    one.on('connection', socket => {
      lines.add(socket);
      socket.once('close', () => lines.delete(socket));
    });
  }
  media.requestTimeout = SLOWEST_UPLOAD_MS;

  await listen(server, options.port ?? 0, host);
  try {
    if (media !== server) await listen(media, options.mediaPort ?? 0, host);
  } catch (error) {
    server.close();
    throw error;
  }
  world.media.hosts = authorities(media, hostNames);
  const [authority] = authorities(server, hostNames);
  world.origin = `${tls ? 'https' : 'http'}://${authority}`;
  const shutDown = async () => {
    stopping.abort();
    const closed = servers.map(one => new Promise<void>(resolve => one.close(() => resolve())));
    sockets.end();
    for (const line of lines) line.destroy();
    await Promise.all(closed);
    await Promise.all([...world.accounts.all()].map(account => ownPhone(account)?.idle()));
    await keeper?.stop();
    await mediaHost.close();
  };
  let stopped: Promise<void> | undefined;
  return {
    socketUrl: `${tls ? 'wss' : 'ws'}://${authority}${SOCKET_PATH}`,
    controlUrl: world.origin,
    mediaUrl: `https://${world.media.hosts[0]}`,
    caCertificate: world.caCertificate,
    rootKey: Buffer.from(world.trust.root.public).toString('hex'),
    stop: () => {
      stopped ??= shutDown();
      return stopped;
    },
  };
}

function tlsServer({ key, cert }: Pair, listener: RequestListener): Server {
  return createTlsServer({ key, cert }, listener);
}

/** Clients' WebSockets, until the server closes. */
function acceptSockets(world: World, server: Server): { end(): void } {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_PAYLOAD, perMessageDeflate: false });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {}); // a client that is gone before it was answered
    if (isSocketPath(request.url)) {
      if (struckAtUpgrade(world, socket)) return;
      sockets.handleUpgrade(request, socket, head, client => void new Connection(world, client, socket));
    } else socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n');
  });
  return {
    end: () => {
      for (const connection of [...world.connections]) connection.destroy();
      for (const client of sockets.clients) client.terminate();
    },
  };
}

/** `host:port` by every name that clients have for the server; its own address where there is none. */
function authorities(server: Server, names: readonly string[]): string[] {
  const { address, port } = server.address() as AddressInfo;
  // Nobody can connect to "every address".
  const own = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address;
  return (names.length > 0 ? names : [own]).map(name => `${name.includes(':') ? `[${name}]` : name}:${port}`);
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
