/** The way of one device's connections through its proxy: its line to WhatsApp, and what it uploads and fetches. */
import { EventEmitter, once } from 'node:events';
import type { ClientRequest, Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { LookupFunction, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { SocketConfig } from '@whiskeysockets/baileys';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { SocksProxyAgent } from 'socks-proxy-agent';
import { Agent, type Dispatcher } from 'undici';
import type { Guard } from '../../lib/guard.ts';
import type { Settings } from '../household/settings.ts';
import { ledBy, mediaDispatcher } from './media-host.ts';
import type { Whatsapp } from './socket.ts';

/** As Baileys wants it, each for another kind of request (Types/Socket.d.ts). */
export interface Way {
  /** Of the WebSocket. */
  readonly agent?: HttpsAgent;
  /** Of uploads. */
  readonly fetchAgent?: HttpsAgent;
  /** Of what is fetched, by Baileys and by us. */
  readonly dispatcher: Dispatcher;
  readonly options?: NonNullable<SocketConfig['options']>;
}

type ProxyAgent = HttpsProxyAgent<string> | SocksProxyAgent;

/** What is asked of a device's settings. */
type Proxied = Pick<Settings, 'current'> & Partial<Pick<Settings, 'guard'>>;

const known = new WeakMap<Proxied, { readonly proxy: string; readonly way: Way }>();

/** The way that a device's settings name now. */
export function wayOf(settings: Proxied, whatsapp: Whatsapp): Way {
  const { proxy } = settings.current;
  const before = known.get(settings);
  if (before?.proxy === proxy) return before.way;
  const way = wayThrough(proxy, whatsapp, settings.guard);
  known.set(settings, { proxy, way });
  return way;
}

/** `proxy` is a URL, '' for none; `guard` judges where it is. */
export function wayThrough(proxy: string, whatsapp: Whatsapp, guard?: Guard): Way {
  const { ca } = whatsapp;
  if (proxy === '') return direct(whatsapp);
  const agent = agentFor(proxy, guard?.lookup);
  // Both agents forget what they are given for the server behind the proxy; Node merges these into every request.
  if (ca) Object.assign((agent as HttpAgent & { options: object }).options, { ca });
  const dispatcher = new Agent({
    connect: (options, callback) => {
      const { hostname, port, protocol, servername } = options;
      const secureEndpoint = protocol === 'https:';
      const target = { host: hostname, port: Number(port) || (secureEndpoint ? 443 : 80), secureEndpoint };
      connected(agent, { ...target, ...(servername && { servername }), ...(ca && { ca }) }).then(
        socket => callback(null, socket),
        (error: Error) => callback(error, null),
      );
    },
  });
  const https = agent as unknown as HttpsAgent;
  const led = ledBy(whatsapp, dispatcher);
  return { agent: https, fetchAgent: https, dispatcher: led, options: fetchedBy(led) };
}

function direct(whatsapp: Whatsapp): Way {
  const { ca, mediaUrl, socketUrl } = whatsapp;
  const dispatcher = mediaDispatcher(whatsapp);
  if (ca === undefined && mediaUrl === undefined) return { dispatcher };
  const agent = ca === undefined ? undefined : new HttpsAgent({ ca });
  return {
    // An https agent refuses a plain socket.
    ...(agent && socketUrl?.startsWith('wss:') && { agent }),
    ...(agent && { fetchAgent: agent }),
    dispatcher,
    options: fetchedBy(dispatcher),
  };
}

/** Node's own fetch takes it; the types are those of two versions of one library. */
const fetchedBy = (dispatcher: Dispatcher) =>
  ({ dispatcher }) as object as NonNullable<SocketConfig['options']>;

function agentFor(proxy: string, lookup: LookupFunction | undefined): ProxyAgent {
  // The name is looked up by the proxy: what this machine resolves is none of the network's business.
  if (proxy.startsWith('socks'))
    return new SocksProxyAgent(proxy.replace(/^socks5?:/, 'socks5h:'), {
      ...(lookup && { socketOptions: { lookup } as never }),
    });
  return new HttpsProxyAgent(proxy, { ...(lookup && { lookup }) });
}

/** A line to the server behind the proxy, made as for a request of Node's own; TLS has been agreed on. */
async function connected(
  agent: ProxyAgent,
  options: { host: string; port: number; secureEndpoint: boolean },
): Promise<Socket> {
  const request = new EventEmitter() as ClientRequest;
  const line = (await agent.connect(request, options as never)) as Socket;
  request.emit('socket', line);
  if (line instanceof TLSSocket && !line.authorized) await once(line, 'secureConnect');
  return line;
}
