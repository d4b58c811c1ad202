// The demo's webhook receiver: a real HTTP server that keeps what it is sent and checks its signature.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Delivered {
  readonly event: string;
  readonly device_id: string;
  readonly session_id: string;
  readonly seq: number;
  readonly payload: { readonly body?: string; readonly id?: string };
}

export interface Receiver {
  readonly url: string;
  readonly delivered: readonly Delivered[];
  /** Deliveries whose signature was wrong. */
  readonly forged: number;
  stop(): void;
}

export async function startReceiver(secret: string): Promise<Receiver> {
  const delivered: Delivered[] = [];
  let forged = 0;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const expected = Buffer.from(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
    const got = Buffer.from(String(request.headers['x-hub-signature-256']));
    if (got.length === expected.length && timingSafeEqual(got, expected))
      delivered.push(JSON.parse(body.toString('utf8')));
    else forged++;
    response.end();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    delivered,
    get forged() {
      return forged;
    },
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
