// A network between a node and its database that can fail: connections are cut and new ones are refused, or nothing
// arrives any more although everything is open.
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

export interface Proxy {
  /** The database's URL through the proxy. */
  readonly url: string;
  /** Connections that are open now. */
  readonly open: number;
  /** Cuts every connection and refuses new ones. */
  cut(): Promise<void>;
  /** Cuts every connection, once; new ones are let through. */
  reset(): void;
  /** Lets connections through again. */
  mend(): Promise<void>;
}

/** A proxy on a free port of the loopback before the server that `url` names, by host or by the folder of its socket. */
export async function startProxy(t: TestContext, url: string): Promise<Proxy> {
  const target = new URL(url);
  const host = decodeURIComponent(target.hostname);
  const port = Number(target.port || 5432);
  const pairs = new Set<readonly [Socket, Socket]>();
  const serve = (near: Socket) => {
    const far = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
    const pair = [near, far] as const;
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    for (const socket of pair) socket.on('error', end).on('close', end);
    near.pipe(far).pipe(near);
  };
  const reset = () => {
    for (const pair of pairs) for (const socket of pair) socket.destroy();
  };
  let server = await listen(serve, 0);
  const { port: bound } = server.address() as { port: number };
  const cut = async () => {
    const closed = new Promise(resolve => server.close(resolve));
    reset();
    await closed;
  };
  t.after(async () => {
    if (server.listening) await cut();
  });
  const through = new URL(`postgres://127.0.0.1:${bound}${target.pathname}`);
  through.username = target.username;
  through.password = target.password;
  return {
    url: through.href,
    get open() {
      return pairs.size;
    },
    cut,
    reset,
    async mend() {
      server = await listen(serve, bound);
    },
  };
}

function listen(serve: (socket: Socket) => void, port: number): Promise<Server> {
  const server = createServer(serve);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
