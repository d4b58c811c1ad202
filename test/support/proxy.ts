// A network that can fail, on a free port of the loopback, before PostgreSQL, the simulator or a webhook receiver.
// docs/test-tools.md shows what each fault is for.
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Line, type Network } from './proxy/line.ts';
import { Conversation, type StatementCut } from './proxy/statements.ts';
import type { Scope } from './scope.ts';

export interface FaultProxy {
  /** The URL of the server behind it, through the proxy. */
  readonly url: string;
  /** Connections that are open now. */
  readonly open: number;
  /** Cuts every connection and refuses new ones. */
  cut(): Promise<void>;
  /** Cuts every connection, once; new ones are let through. */
  reset(): void;
  /** Everything is as it should be again: connections are let through, at full speed, and what was held arrives. */
  mend(): Promise<void>;
  /** From now on, for every connection. */
  slow(network: Network): void;
  /** Every connection stays open, and so does each new one, but after so many more bytes in a direction nothing arrives. */
  blackHole(afterBytes?: number): void;
  /** After `blackHole`: the next connections are as they should be, and on those that are open nothing ever arrives. */
  letThrough(): void;
  /** PostgreSQL only: cuts the connection that runs such a statement. Resolves when it has. */
  cutAt(cut: StatementCut): Promise<void>;
}

const HALF_OPEN = { allowHalfOpen: true };

interface Pair {
  readonly lines: readonly [up: Line, down: Line];
  end(): void;
}

interface Armed extends StatementCut {
  left: number;
  struck(): void;
}

/** A proxy before the server that `url` names, by host or (PostgreSQL) by the folder of its socket. */
export async function startProxy(
  scope: Scope,
  url: string,
  random: () => number = Math.random,
): Promise<FaultProxy> {
  const target = new URL(url);
  const host = decodeURIComponent(target.hostname);
  const port = Number(target.port || 5432);
  const pairs = new Set<Pair>();
  const weather = { network: {} as Network, random };
  let allowed = Number.POSITIVE_INFINITY;
  let armed: Armed[] = [];

  const serve = (near: Socket) => {
    const far = host.startsWith('/')
      ? connect({ path: `${host}/.s.PGSQL.${port}`, ...HALF_OPEN })
      : connect({ port, host, ...HALF_OPEN });
    const lines = [new Line(near, far, weather), new Line(far, near, weather)] as const;
    const [up, down] = lines;
    const end = () => {
      pairs.delete(pair);
      for (const line of lines) line.end();
      near.destroy();
      far.destroy();
    };
    const pair: Pair = { lines, end };
    pairs.add(pair);
    if (allowed < Number.POSITIVE_INFINITY) for (const line of lines) line.allow(0);
    for (const [from, line, to] of [
      [near, up, far],
      [far, down, near],
    ] as const) {
      // Half open, so that what waits here still arrives after its sender has hung up.
      from.setNoDelay().on('error', end);
      from.on('end', () => line.finish());
      from.on('close', () => to.closed && end());
    }
    const conversation = target.protocol.startsWith('postgres') ? new Conversation() : undefined;
    let awaited: { readonly cut: Armed; readonly answer: number } | undefined;
    near.on('data', chunk => {
      for (const { statement, answer } of conversation?.asked(chunk) ?? []) {
        const cut = armed.find(one => one.statement.test(statement));
        if (!cut || --cut.left > 0) continue;
        armed = armed.filter(one => one !== cut);
        if (cut.when === 'before') {
          end();
          return cut.struck();
        }
        awaited = { cut, answer };
      }
      up.push(chunk);
    });
    far.on('data', chunk => {
      const { before, complete } = conversation?.answered(chunk, awaited?.answer ?? Infinity) ?? {
        before: chunk.length,
        complete: false,
      };
      if (before > 0) down.push(chunk.subarray(0, before));
      if (!awaited || !complete) return;
      far.destroy();
      down.finish();
      awaited.cut.struck();
    });
  };

  const reset = () => {
    for (const pair of [...pairs]) pair.end();
  };
  let server = await listen(serve, 0);
  const { port: bound } = server.address() as { port: number };
  const cut = async () => {
    const closed = new Promise(resolve => server.close(resolve));
    reset();
    await closed;
  };
  scope.after(async () => {
    if (server.listening) await cut();
  });
  const through = new URL(`${target.protocol}//127.0.0.1:${bound}${target.pathname}${target.search}`);
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
      weather.network = {};
      allowed = Number.POSITIVE_INFINITY;
      for (const { lines } of pairs) for (const line of lines) line.allow(allowed);
      if (!server.listening) server = await listen(serve, bound);
    },
    slow(network) {
      weather.network = network;
    },
    blackHole(afterBytes = 0) {
      allowed = afterBytes;
      for (const { lines } of pairs) for (const line of lines) line.allow(afterBytes);
    },
    letThrough() {
      allowed = Number.POSITIVE_INFINITY;
    },
    cutAt: ({ nth = 1, ...what }) =>
      new Promise(struck => {
        armed.push({ ...what, left: nth, struck });
      }),
  };
}

function listen(serve: (socket: Socket) => void, port: number): Promise<Server> {
  const server = createServer(HALF_OPEN, serve);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
