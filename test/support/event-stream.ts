// A reader of server-sent events, as a browser reads them, and one that does not read at all.
import { type ClientRequest, get, type IncomingMessage } from 'node:http';

export interface Told {
  readonly id?: string;
  readonly event?: string;
  readonly data?: string;
}

export interface Reading {
  readonly status: number;
  readonly response: IncomingMessage;
  /** Blocks with data, in their order. */
  readonly told: Told[];
  /** All that came, as text. */
  text(): string;
  /** The id that it would come back with. */
  last(): string | undefined;
  /** Resolves when the stream has ended, however it did. */
  readonly ended: Promise<void>;
  close(): void;
}

/** Opens a stream; a `paused` one is not read until its response is resumed. */
export function readStream(
  url: string,
  headers: Record<string, string> = {},
  { paused = false } = {},
): Promise<Reading> {
  return new Promise((resolve, reject) => {
    const request: ClientRequest = get(url, { headers, agent: false }, response => {
      const told: Told[] = [];
      let whole = '';
      let rest = '';
      let last: string | undefined;
      response.setEncoding('utf8');
      response.on('error', () => {});
      const ended = new Promise<void>(over => response.once('close', over));
      const take = (chunk: string) => {
        whole += chunk;
        const blocks = (rest + chunk).split('\n\n');
        rest = blocks.pop()!;
        for (const block of blocks) {
          const fields = Object.fromEntries(
            block
              .split('\n')
              .map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
          ) as Told;
          if (fields.id !== undefined) last = fields.id;
          if (fields.data !== undefined) told.push(fields);
        }
      };
      const reading: Reading = {
        status: response.statusCode ?? 0,
        response,
        told,
        text: () => whole,
        last: () => last,
        ended,
        close: () => request.destroy(),
      };
      if (paused) response.pause();
      else response.on('data', take);
      // A listener would make it flow: a paused one is given its own when it is resumed.
      response.once('resume', () => {
        if (paused && response.listenerCount('data') === 0) response.on('data', take);
      });
      resolve(reading);
    });
    request.on('error', reject);
  });
}
