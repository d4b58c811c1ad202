/** A webhook receiver in the benchmark's own process: it answers 200 and counts. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Receiver {
  readonly url: string;
  readonly delivered: number;
  stop(): void;
}

export async function startReceiver(): Promise<Receiver> {
  let delivered = 0;
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      delivered++;
      response.end();
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    get delivered() {
      return delivered;
    },
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
