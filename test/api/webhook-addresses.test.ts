// Where webhooks may lead, over HTTP with a whole node, real receivers and a real name server.
import assert from 'node:assert/strict';
import { pbkdf2 } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { nameServer } from '../support/name-server.ts';
import { startNode, type TestNodeOptions } from '../support/node.ts';
import { deadPort, receiver } from '../support/receiver.ts';

const ADMIN = { authorization: 'Bearer the-key-of-the-settings' };

/** Each leads into somebody's network, or to what no webhook is, written as somebody who wants in would. */
const hostile = [
  ...[
    'https://127.0.0.1/',
    'https://127.1/',
    'https://2130706433/',
    'https://0x7f.0.0.1/',
    'https://0x7f000001/',
  ],
  ...['https://0177.0.0.1/', 'https://017700000001/', 'https://①②⑦.⓪.⓪.①/', 'https://127。0。0。1/'],
  ...['https://１２７.0.0.1/', 'https://127.0.0.1./', 'https://0.0.0.0/', 'https://0/', 'https://10.0.0.1/'],
  ...[
    'https://172.16.0.1/',
    'https://192.168.1.1/',
    'https://100.64.0.1/',
    'https://169.254.169.254/latest/',
  ],
  ...['https://100.100.100.200/', 'https://168.63.129.16/', 'https://192.0.2.1/', 'https://198.18.0.1/'],
  ...['https://224.0.0.1/', 'https://255.255.255.255/', 'https://[::]/', 'https://[::1]/'],
  ...['https://[::ffff:127.0.0.1]/', 'https://[::ffff:7f00:1]/', 'https://[::127.0.0.1]/'],
  ...['https://[64:ff9b::7f00:1]/', 'https://[64:ff9b:1::7f00:1]/', 'https://[2002:7f00:1::]/'],
  ...['https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/', 'https://[fe80::1]/', 'https://[fe80::1%25eth0]/'],
  ...['https://[fc00::1]/', 'https://[fd00:ec2::254]/', 'https://[ff02::1]/', 'https://[fec0::1]/'],
  ...[
    'https://localhost/',
    'https://LOCALHOST./',
    'https://a.localhost/',
    'https://metadata.google.internal/',
  ],
  ...['https://printer.local/', 'https://router.home.arpa/', 'https://x.onion/', 'https://postgres/'],
  ...['http://example.com/', 'https://user:pass@example.com/', 'https://example.com@127.0.0.1/'],
  ...['https://example.com:22/', 'https://example.com:5432/', 'https://example.com:6379/'],
  ...['file:///etc/passwd', 'gopher://127.0.0.1:6379/_x', 'unix:/var/run/docker.sock', 'ftp://example.com/'],
  ...['data:,x', 'https://', 'no url'],
];

async function scene(t: TestContext, options: TestNodeOptions & { open?: boolean } = {}) {
  const { settings, open = false, ...rest } = options;
  const keys = open ? {} : { API_KEYS: 'the-key-of-the-settings' };
  const node = await startNode(t, { workers: 1, settings: { ...keys, ...settings }, ...rest });
  const ask = <T = Record<string, unknown>>(method: string, path: string, body?: unknown) =>
    node.api<T>(method, path, body, open ? {} : ADMIN);
  /** Makes a webhook for the URL, whatever is thought of it, and tries it out. */
  async function attempt(url: string) {
    const { body } = await ask('POST', '/webhooks', { url: 'https://example.com/' });
    const id = String(body.results?.webhook_id);
    await node.sql`update endpoint set url = ${url} where id = ${id}`;
    const tried = await ask('POST', `/webhooks/${id}/test`, {});
    await ask('DELETE', `/webhooks/${id}`);
    const { event_id: _, ms: __, ...told } = tried.body.results as Record<string, unknown>;
    return told;
  }
  return { node, ask, attempt };
}

async function http(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const failed = (error: string) => ({ delivered: false, status: null, error, answer: null });

test('S19: no webhook is made for an address that is not public, however it is written, and none that got in is asked', async t => {
  const { ask, attempt } = await scene(t);
  await ask('POST', '/devices', { device_id: 'sales' });
  assert.ok(hostile.length >= 56, `${hostile.length}`);
  for (const url of hostile) {
    const made = await ask('POST', '/webhooks', { url });
    assert.deepEqual([made.status, made.body.code], [400, 'WEBHOOK_ADDRESS_REFUSED'], url);
    const own = await ask('PATCH', '/devices/sales/webhook', { webhook_url: url });
    assert.equal(own.status, 400, `of a device: ${url}`);
    assert.deepEqual(await attempt(url), failed('blocked'), url);
  }
  const { body } = await ask<{ webhooks: unknown[] }>('GET', '/webhooks');
  assert.deepEqual(body.results?.webhooks, []);
  for (const url of ['https://example.com/x?y', 'https://8.8.8.8:8443/', 'https://[2606:4700::1111]:8080/'])
    assert.equal((await ask('POST', '/webhooks', { url })).status, 200, url);
});

test('S20: a name with one address that is not public is blocked, and nobody learns which it is', async t => {
  const inner: Record<string, string[]> = {
    'inner.example.com': ['127.0.0.1'],
    'mixed.example.com': ['93.184.216.34', '10.0.0.1'],
    'six.example.com': ['93.184.216.34', '::1'],
    'mapped.example.com': ['::ffff:7f00:1'],
  };
  const names = await nameServer(t, name => inner[name]);
  const { attempt } = await scene(t, { nameServers: [names.address] });
  for (const name of Object.keys(inner)) {
    assert.deepEqual(await attempt(`https://${name}/`), failed('blocked'), name);
    assert.equal(names.asked(name), 1, name);
  }
});

test('S23: why nothing could be sent is one of four words, and an inner host that is allowed tells nothing', async t => {
  const names = await nameServer(t, name => (name === 'silent.example.com' ? 'silent' : undefined));
  const settings = { WEBHOOK_ALLOW: '127.0.0.1,localhost' };
  const { attempt, node } = await scene(t, { nameServers: [names.address], settings });
  const closed = await deadPort();
  const hangup = createTcpServer(socket => socket.destroy());
  await new Promise<void>(resolve => hangup.listen(0, '127.0.0.1', resolve));
  t.after(() => void hangup.close());
  const { port } = hangup.address() as AddressInfo;
  const inner = await http(t, (_, response) => response.end('the inner page'));
  assert.deepEqual(await attempt(`http://127.0.0.1:${closed}/`), failed('connect_failed'));
  assert.deepEqual(await attempt(`http://127.0.0.1:${port}/`), failed('connect_failed'));
  assert.deepEqual(await attempt('https://nowhere.example.com/'), failed('connect_failed'));
  assert.deepEqual(await attempt('https://silent.example.com/'), failed('timeout'));
  assert.deepEqual(await attempt('https://10.0.0.1/'), failed('blocked'));
  assert.deepEqual(await attempt(`https://127.0.0.1:${new URL(inner).port}/`), failed('tls_failed'));
  const taken = { delivered: true, status: 200, error: null, answer: null };
  assert.deepEqual(await attempt(inner), taken);
  // The name is the operator's: it may be one of this machine.
  assert.deepEqual(await attempt(inner.replace('127.0.0.1', 'localhost')), taken);
  const rows = await node.sql<
    { text: string }[]
  >`select coalesce(string_agg(a::text, ''), '') as text from attempt a`;
  assert.doesNotMatch(String(rows[0]?.text), /ECONN|ENOTFOUND/);
});

test('S22, S31: in a try-out on this machine a redirect is not followed, an answer is told, and a packed one is not unpacked', async t => {
  const aim = await receiver(t);
  const { attempt } = await scene(t, { open: true });
  const redirect = await http(t, (_, response) =>
    response.writeHead(302, { location: aim.url }).end('over there'),
  );
  assert.deepEqual(await attempt(redirect), {
    delivered: false,
    status: 302,
    error: 'HTTP 302',
    answer: 'over there',
  });
  assert.equal(aim.requests.length, 0);
  const bomb = gzipSync(Buffer.alloc(1_000_000));
  const packed = await http(t, (_, response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
  );
  assert.deepEqual(await attempt(packed), { delivered: true, status: 200, error: null, answer: null });
  const long = await http(t, (_, response) => response.end(`${'é'.repeat(400)}${'x'.repeat(9_000)}`));
  const { answer } = await attempt(long);
  assert.equal(Buffer.byteLength(String(answer)), 1024);
});

test('the first key ends the try-out: from then on this machine is as far as any other', async t => {
  const hook = await receiver(t);
  const { node } = await scene(t, { open: true });
  const before = await node.api('POST', '/webhooks', { url: hook.url });
  assert.equal(before.status, 200);
  const { body } = await node.api<{ key: string }>('POST', '/keys', {
    name: 'k',
    scopes: ['admin', 'devices'],
  });
  const key = { authorization: `Bearer ${body.results?.key}` };
  const after = await node.api('POST', '/webhooks', { url: hook.url }, key);
  assert.equal(after.body.code, 'WEBHOOK_ADDRESS_REFUSED');
});

test('F57: names that nobody answers for hold up neither files nor cryptography, nor any other webhook', async t => {
  const names = await nameServer(t, () => 'silent');
  const { ask, node } = await scene(t, {
    nameServers: [names.address],
    settings: { WEBHOOK_ALLOW: '127.0.0.1' },
  });
  const good = await receiver(t);
  const ids: string[] = [];
  for (let n = 0; n < 12; n += 1) {
    const url = n === 0 ? good.url : `https://silent-${n}.example.com/`;
    const { body } = await ask('POST', '/webhooks', { url });
    ids.push(String(body.results?.webhook_id));
  }
  const ended: string[] = [];
  const [healthy, ...silent] = ids as [string, ...string[]];
  const waiting = silent.map(async id => {
    const { body } = await ask('POST', `/webhooks/${id}/test`, {});
    ended.push('silent');
    return body.results?.error;
  });
  const work = promisify(pbkdf2)('x', 'y', 1_000, 32, 'sha256').then(() => ended.push('threads'));
  const other = ask('POST', `/webhooks/${healthy}/test`, {}).then(({ body }) => {
    ended.push('healthy');
    assert.equal(body.results?.delivered, true);
  });
  assert.deepEqual(
    await Promise.all(waiting),
    silent.map(() => 'timeout'),
  );
  await Promise.all([work, other]);
  assert.deepEqual(ended.slice(0, 2).toSorted(), ['healthy', 'threads']);
  assert.ok(node.fatal.length === 0);
});
