// A receiver as somebody writes it who has read docs/events.md and nothing else, with the public package that it names:
// "Check the signature and the age", "store the event, then answer 2xx", "ignore an id that was seen before". It imports
// nothing of ours.
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

export interface Delivery {
  readonly headers: IncomingHttpHeaders;
  readonly raw: Buffer;
}

export interface Told {
  readonly id: string;
  readonly event: string;
  readonly version: number;
  readonly device_id: string;
  readonly session_id: string;
  readonly seq: number;
  readonly timestamp: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface DocsReceiver {
  readonly url: string;
  /** What was verified, each event once, in its order. */
  readonly events: readonly Told[];
  /** Every request as it came. */
  readonly deliveries: readonly Delivery[];
  /** Why requests were answered with 401. */
  readonly refused: readonly string[];
  close(): void;
}

/** "A secret of the form whsec_<base64> stands for the decoded bytes there; any other secret uses the characters as they are." */
export const webhookOf = (secret: string): Webhook =>
  secret.startsWith('whsec_') ? new Webhook(secret) : new Webhook(secret, { format: 'raw' });

/** `secret` is asked for each request, as somebody reads a setting that changes. */
export async function docsReceiver(secret: () => string): Promise<DocsReceiver> {
  const events: Told[] = [];
  const deliveries: Delivery[] = [];
  const refused: string[] = [];
  const seen = new Set<string>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks);
    deliveries.push({ headers: request.headers, raw });
    try {
      webhookOf(secret()).verify(raw, request.headers as Record<string, string>);
    } catch (error) {
      refused.push(String(error));
      response.writeHead(401).end();
      return;
    }
    const told = JSON.parse(raw.toString('utf8')) as Told;
    if (!seen.has(told.id)) {
      seen.add(told.id);
      events.push(told);
    }
    response.writeHead(204).end();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/whatsapp`,
    events,
    deliveries,
    refused,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
