// Answers of the media host.
import type { ServerResponse } from 'node:http';

/** A request that the media host refuses; `status` is the HTTP status. */
export class MediaRefused extends Error {
  override readonly name = 'MediaRefused';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Answers a request whose headers have not been sent. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}
