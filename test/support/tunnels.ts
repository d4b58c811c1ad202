// Small proxies on the loopback, real enough for a client to be held to them: one that speaks CONNECT, one SOCKS5.

import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

export interface Tunnels {
  /** The proxy's URL, with the user and password that it asks for. */
  readonly url: string;
  readonly port: number;
  /** Where tunnels were dug to, `host:port`, in order. */
  readonly dug: string[];
  /** Credentials that were refused. */
  readonly refused: string[];
  /** Ends every tunnel and refuses new ones. */
  close(): Promise<void>;
}

const USER = 'ana';
const PASSWORD = 'p4ss';

/** An HTTP proxy. */
export function connectProxy(t: Pick<TestContext, 'after'>): Promise<Tunnels> {
  return proxy(t, 'http', async (client, tunnels) => {
    const head = await upTo(client, text => text.includes('\r\n\r\n'));
    const [, host = '', port = ''] = /^CONNECT (\S+):(\d+) HTTP/.exec(head.toString()) ?? [];
    const [, given = ''] = /proxy-authorization: basic (\S+)/i.exec(head.toString()) ?? [];
    if (Buffer.from(given, 'base64').toString() !== `${USER}:${PASSWORD}`) {
      tunnels.refused.push(Buffer.from(given, 'base64').toString());
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    await dig(client, { host, port: Number(port) }, tunnels);
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
  });
}

/** A SOCKS5 proxy (RFC 1928, 1929). */
export function socksProxy(t: Pick<TestContext, 'after'>): Promise<Tunnels> {
  return proxy(t, 'socks5', async (client, tunnels) => {
    await upTo(client, (_, bytes) => bytes.length >= 2 && bytes.length >= 2 + bytes[1]!);
    client.write(Buffer.of(5, 2));
    const login = await upTo(client, (_, { length }) => length >= 3 + USER.length + PASSWORD.length);
    const user = login.subarray(2, 2 + login[1]!).toString();
    const password = login.subarray(3 + login[1]!).toString();
    if (user !== USER || password !== PASSWORD) {
      tunnels.refused.push(`${user}:${password}`);
      client.end(Buffer.of(1, 1));
      return;
    }
    client.write(Buffer.of(1, 0));
    const request = await upTo(client, (_, bytes) => bytes.length >= 5 && bytes.length >= sizeOf(bytes));
    const named = request[3] === 3;
    const host = named
      ? request.subarray(5, 5 + request[4]!).toString()
      : [...request.subarray(4, 8)].join('.');
    const port = request.readUInt16BE(request.length - 2);
    await dig(client, { host, port }, tunnels);
    client.write(Buffer.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0));
  });
}

/** Of a SOCKS5 request: with an IPv4 address or a name. */
const sizeOf = (bytes: Buffer) => (bytes[3] === 3 ? 7 + bytes[4]! : 10);

async function proxy(
  t: Pick<TestContext, 'after'>,
  protocol: string,
  serve: (client: Socket, tunnels: Tunnels) => Promise<void>,
): Promise<Tunnels> {
  const lines = new Set<Socket>();
  const server: Server = createServer(client => {
    lines.add(client);
    client.on('error', () => client.destroy());
    serve(client, tunnels).catch(() => client.destroy());
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const tunnels: Tunnels = {
    url: `${protocol}://${USER}:${PASSWORD}@127.0.0.1:${port}`,
    port,
    dug: [],
    refused: [],
    close: async () => {
      for (const line of lines) line.destroy();
      await new Promise(resolve => server.close(resolve));
    },
  };
  t.after(() => tunnels.close());
  return tunnels;
}

async function dig(
  client: Socket,
  { host, port }: { host: string; port: number },
  { dug }: Tunnels,
): Promise<void> {
  const server = connect(port, host);
  await new Promise<void>((resolve, reject) => {
    server.once('connect', resolve);
    server.once('error', reject);
  });
  dug.push(`${host}:${port}`);
  client.on('close', () => server.destroy());
  server.on('close', () => client.destroy());
  server.on('error', () => client.destroy());
  client.pipe(server);
  server.pipe(client);
}

/** What the client says next, read until it is enough. */
function upTo(client: Socket, enough: (text: string, bytes: Buffer) => boolean): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let read = Buffer.alloc(0);
    const hear = (chunk: Buffer) => {
      read = Buffer.concat([read, chunk]);
      if (!enough(read.toString(), read)) return;
      client.off('data', hear);
      client.pause();
      resolve(read);
    };
    client.on('data', hear);
    client.once('close', () => reject(new Error('the client is gone')));
    client.resume();
  });
}
