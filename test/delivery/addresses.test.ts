// Where a POST goes and where it does not, with real certificates, a real name server and a proxy of the environment.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Poster } from '../../src/delivery/post.ts';
import { Guard } from '../../src/lib/guard.ts';
import { nameResolver } from '../../src/lib/resolver.ts';
import { nameServer } from '../support/name-server.ts';
import { receiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';
import { selfSigned } from './certificate.ts';

const child = fileURLToPath(new URL('./poster-child.js', import.meta.url));

/** What a process with this environment gets from these URLs. */
async function outcomes(environment: Record<string, string>, urls: readonly string[]): Promise<unknown[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [child, ...urls], {
    env: { ...process.env, ...environment },
  });
  return JSON.parse(stdout) as unknown[];
}

async function listening(t: TestContext, server: Server, port = 0, host = '127.0.0.1'): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  t.after(() => void server.close());
  return (server.address() as AddressInfo).port;
}

test('S25: a certificate that is trusted is taken; an expired one, one for another host, one of nobody and TLS 1.0 are not', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'cardume-tls-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const good = selfSigned();
  const expired = selfSigned({ until: 21 });
  const other = selfSigned({ host: [127, 0, 0, 9] });
  const bundle = join(folder, 'ca.pem');
  await writeFile(bundle, [good, expired, other].map(({ cert }) => cert).join(''));
  const servers = [
    { ...good },
    { ...expired },
    { ...other },
    { ...selfSigned() },
    { ...good, minVersion: 'TLSv1' as const, maxVersion: 'TLSv1' as const, ciphers: 'DEFAULT:@SECLEVEL=0' },
  ];
  const urls: string[] = [];
  for (const options of servers) {
    const server = createSecureServer(options, (_, response) => response.writeHead(204).end());
    urls.push(`https://127.0.0.1:${await listening(t, server)}/`);
  }
  const [first, ...rest] = (await outcomes({ NODE_EXTRA_CA_CERTS: bundle }, urls)) as Record<
    string,
    unknown
  >[];
  assert.deepEqual(first, { status: 204 });
  assert.deepEqual(
    rest.map(({ error }) => error),
    ['tls_failed', 'tls_failed', 'tls_failed', 'tls_failed'],
  );
  assert.deepEqual(
    rest.slice(0, 3).map(({ detail }) => detail),
    ['CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME_INVALID', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  );
});

test('S22: the proxies of the environment are not asked', async t => {
  let asked = 0;
  const proxy = createHttpServer((_, response) => response.end(String(++asked)));
  const url = `http://127.0.0.1:${await listening(t, proxy)}`;
  const hook = await receiver(t, { held: false });
  const env = { HTTP_PROXY: url, HTTPS_PROXY: url, http_proxy: url, ALL_PROXY: url, NODE_USE_ENV_PROXY: '1' };
  assert.deepEqual(await outcomes(env, [hook.url]), [{ status: 200 }]);
  assert.equal(asked, 0);
});

test('S21: what is connected to is what was judged, and a name that leads elsewhere later is judged anew', async t => {
  const connected: string[] = [];
  const note = (which: string) =>
    createServer(socket => {
      connected.push(which);
      socket.destroy();
    });
  // A port that is free at both addresses.
  const port = await until(async () => {
    const either = await listening(t, note('allowed'), 0, '127.0.0.2');
    return await listening(t, note('inner'), either, '127.0.0.1');
  });
  const names = await nameServer(t, (_, before) => (before === 0 ? ['127.0.0.2'] : ['127.0.0.1']));
  let now = 0;
  const resolve = nameResolver({ servers: [names.address], now: () => now });
  const poster = new Poster({ inFlight: 2, version: 'test', guard: new Guard(['127.0.0.2'], { resolve }) });
  t.after(() => poster.close());
  const post = () =>
    poster.post({ url: `http://x.example.com:${port}/`, headers: {}, body: '{}', skipTlsVerify: false });
  assert.equal(((await post()) as { error: string }).error, 'connect_failed');
  assert.equal(((await post()) as { error: string }).error, 'connect_failed');
  assert.equal(names.asked('x.example.com'), 1);
  now = 31_000;
  assert.deepEqual(await post(), { error: 'blocked', detail: 'it leads to an address that is not public' });
  assert.deepEqual(connected, ['allowed', 'allowed']);
});

test('names are remembered for half a minute, and that there is none for five seconds', async t => {
  let there = false;
  const names = await nameServer(t, () => (there ? ['93.184.216.34', '2606:2800::1'] : undefined));
  let now = 0;
  const resolve = nameResolver({ servers: [names.address], now: () => now });
  const ask = () => resolve('Shop.example.com', false);
  await assert.rejects(ask, { code: 'ENOTFOUND' });
  there = true;
  await assert.rejects(ask, { code: 'ENOTFOUND' });
  now = 5_001;
  const both = [
    { address: '93.184.216.34', family: 4 },
    { address: '2606:2800:0:0:0:0:0:1', family: 6 },
  ];
  const [four, six] = await ask();
  assert.deepEqual(four, both[0]);
  assert.equal(six?.family, 6);
  there = false;
  now = 35_000;
  assert.equal((await ask()).length, 2);
  now = 35_002;
  await assert.rejects(ask, { code: 'ENOTFOUND' });
});

test('a name that only this machine knows is found for the operator, and for nobody else', async t => {
  const names = await nameServer(t, () => undefined);
  const resolve = nameResolver({ servers: [names.address] });
  const [found] = await resolve('localhost', true);
  assert.match(String(found?.address), /^(127\.|::1)/);
  await assert.rejects(() => resolve('localhost', false), { code: 'ENOTFOUND' });
});
