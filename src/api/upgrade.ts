// The way of a request that asks for another protocol: one that wants to become a WebSocket is judged by the app like any
// other, and only then becomes one; one that wants anything else is served as if it had not asked.
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { createApp } from './app.ts';
import type { Guest, Live } from './live.ts';

interface Upgrades {
  readonly app: ReturnType<typeof createApp>;
  readonly live: Live;
  readonly closing: AbortSignal;
  readonly log: Logger;
  /** Serves a connection from its next byte on. */
  readonly serve: (socket: Duplex) => void;
}

/** Answers upgrade requests: a WebSocket where the app's GET /ws admits the caller, the app's refusal otherwise. */
export function upgrades({ app, live, closing, log, serve }: Upgrades) {
  return async (incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    if (!wantsWebSocket(incoming)) {
      // Java's HTTP client offers HTTP/2 so with each first request, body and all (h2c), and so does curl --http2. Node has
      // left the connection behind the head: it is given the head again, without the offer, and then the rest.
      socket.unshift(Buffer.concat([plainHead(incoming), head]));
      serve(socket);
      return;
    }
    socket.on('error', () => socket.destroy());
    try {
      let guest: Guest | undefined;
      const response = await app.fetch(asRequest(incoming), {
        closing,
        remote: incoming.socket.remoteAddress,
        admit: (admitted: Guest) => {
          guest = admitted;
        },
      });
      if (guest) live.accept(incoming, socket, head, guest);
      else await refuse(socket, response);
    } catch (err) {
      log.warn({ err }, 'an upgrade could not be answered');
      hangUp(socket, 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    }
  };
}

function wantsWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
}

/** What stands only between two neighbours: whether the connection stays is theirs to say anew with each request. */
const OFFERS = new Set(['upgrade', 'http2-settings', 'connection']);

function plainHead({ method, url, httpVersion, rawHeaders, headers }: IncomingMessage): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2)
    if (!OFFERS.has(rawHeaders[at]!.toLowerCase())) lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
  const [stays] = /\b(?:close|keep-alive)\b/i.exec(headers.connection ?? '') ?? [];
  if (stays) lines.push(`Connection: ${stays}`);
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

function asRequest(incoming: IncomingMessage): Request {
  const url = new URL(incoming.url ?? '/', `http://${incoming.headers.host ?? 'localhost'}`);
  const headers = new Headers();
  for (let at = 0; at < incoming.rawHeaders.length; at += 2) {
    const name = incoming.rawHeaders[at] ?? '';
    headers.append(name, incoming.rawHeaders[at + 1] ?? '');
  }
  // A browser's WebSocket cannot set headers; gowa's clients put what basic auth would say into the query.
  const sent = url.searchParams.get('authorization');
  if (sent && !headers.has('authorization'))
    headers.set('authorization', `Basic ${sent.replaceAll(' ', '+')}`);
  return new Request(url, { method: incoming.method ?? 'GET', headers });
}

async function refuse(socket: Duplex, response: Response): Promise<void> {
  const body = Buffer.from(await response.arrayBuffer());
  const head = [`HTTP/1.1 ${response.status} ${STATUS_CODES[response.status] ?? ''}`];
  for (const [name, value] of response.headers) head.push(`${name}: ${value}`);
  head.push('connection: close', `content-length: ${body.byteLength}`);
  hangUp(socket, Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]));
}

/** Nobody watches a connection that Node has given away: a caller who does not end it as well would keep it for ever. */
function hangUp(socket: Duplex, lastWords: string | Buffer): void {
  socket.once('finish', () => socket.destroy());
  socket.end(lastWords);
}
