// The way of a request that wants to become a WebSocket: it is judged by the app like any other, and only then becomes one.
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { createApp } from './app.ts';
import type { Live, Sees } from './live.ts';

interface Upgrades {
  readonly app: ReturnType<typeof createApp>;
  readonly live: Live;
  readonly closing: AbortSignal;
  readonly log: Logger;
}

/** Answers upgrade requests: a WebSocket where the app's GET /ws admits the caller, the app's refusal otherwise. */
export function upgrades({ app, live, closing, log }: Upgrades) {
  return async (incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    socket.on('error', () => socket.destroy());
    try {
      let sees: Sees | undefined;
      const response = await app.fetch(asRequest(incoming), {
        closing,
        remote: incoming.socket.remoteAddress,
        admit: (who: Sees) => {
          sees = who;
        },
      });
      if (sees) live.accept(incoming, socket, head, sees);
      else await refuse(socket, response);
    } catch (err) {
      log.warn({ err }, 'an upgrade could not be answered');
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    }
  };
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
  socket.end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]));
}
