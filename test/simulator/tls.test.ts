import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { downloadMediaMessage, WA_CERT_DETAILS } from '@whiskeysockets/baileys';
import { type Dispatcher, Agent as UndiciAgent } from 'undici';
import { clientOptions, controlClient, startSimulator } from '../../src/simulator/index.ts';
import { selfSigned } from '../delivery/certificate.ts';
import { until } from '../support/until.ts';
import { client, simulator, tameClients } from './client.ts';

tameClients();

/** The status of a GET, or the code of the error that it failed with. */
function ask(url: string, ca?: string): Promise<number | string> {
  return new Promise(resolve => {
    const request = get(url, { agent: new Agent({ keepAlive: false }), ...(ca && { ca }) }, response => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

function trusting(t: TestContext, ca: string): Dispatcher {
  const agent = new UndiciAgent({ connect: { ca } });
  t.after(() => agent.destroy());
  return agent;
}

/** The certificate that a server shows. */
async function leafOf(url: string, ca: string): Promise<X509Certificate> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), ca });
  await once(socket, 'secureConnect');
  const { raw } = socket.getPeerCertificate();
  socket.destroy();
  return new X509Certificate(raw);
}

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'simulator-tls-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

test('with a generated certificate one port is wss and https, and a client that trusts the authority pairs', async t => {
  const server = await startSimulator({ tls: 'generated' });
  t.after(() => server.stop());
  const { socketUrl, controlUrl, mediaUrl, caCertificate: ca } = server;
  assert.match(socketUrl, /^wss:\/\/127\.0\.0\.1:\d+\/ws\/chat$/);
  assert.equal(mediaUrl, controlUrl);
  assert.equal(await ask(`${controlUrl}/admin/devices`, ca), 200);
  assert.equal(await ask(controlUrl.replace('127.0.0.1', 'localhost'), ca), 200);
  assert.match(String(await ask(`${controlUrl}/admin/devices`)), /SELF_SIGNED|UNABLE_TO/);

  Object.assign(WA_CERT_DETAILS, { PUBLIC_KEY: Buffer.from(server.rootKey, 'hex') });
  const alice = client(t, socketUrl, undefined, { agent: new Agent({ ca }) });
  alice.connect();
  await until(() => alice.qrs[0], { what: 'a QR over wss' });
  const stranger = client(t, socketUrl);
  stranger.connect();
  await until(() => stranger.closes.length > 0, { what: 'a client without that trust fails' });
  assert.equal(stranger.qrs.length, 0);
});

test('GET /admin/ca.pem is the authority, which signed a certificate for loopback, given names and WhatsApp’s hosts', async t => {
  const server = await simulator(t, {
    tls: 'generated',
    hostNames: ['127.0.0.1', 'wa.test', '10.1.2.3', '2001:db8::7'],
  });
  const { controlUrl, caCertificate: ca } = server;
  const pem = await fetch(`${controlUrl}/admin/ca.pem`, { dispatcher: trusting(t, ca) } as object);
  assert.equal(await pem.text(), ca);
  const authority = new X509Certificate(ca);
  assert.equal(authority.ca, true);
  assert.ok(authority.verify(authority.publicKey));
  const leaf = await leafOf(controlUrl, ca);
  assert.equal(leaf.ca, false);
  assert.ok(leaf.checkIssued(authority) && leaf.verify(authority.publicKey));
  const hosts = [
    'localhost',
    'wa.test',
    'mmg.whatsapp.net',
    'media-gru1-1.cdn.whatsapp.net',
    'web.whatsapp.com',
  ];
  for (const name of hosts) assert.ok(leaf.checkHost(name), name);
  for (const address of ['127.0.0.1', '::1', '10.1.2.3', '2001:db8::7'])
    assert.ok(leaf.checkIP(address), address);
  assert.equal(leaf.checkHost('example.com'), undefined);
  assert.deepEqual(leaf.keyUsage, ['1.3.6.1.5.5.7.3.1']);
});

test('a restart on the same state file keeps the authority and its certificate, and a new name gets a new certificate', async t => {
  const stateFile = join(await folder(t), 'state.json');
  const first = await startSimulator({ stateFile });
  const leaf = (await leafOf(first.mediaUrl, first.caCertificate)).fingerprint256;
  await first.stop();
  const second = await startSimulator({ stateFile });
  assert.equal(second.caCertificate, first.caCertificate);
  assert.equal((await leafOf(second.mediaUrl, first.caCertificate)).fingerprint256, leaf);
  assert.equal(await ask(`${second.mediaUrl}/v/nothing`, first.caCertificate), 404);
  await second.stop();
  const third = await startSimulator({ stateFile, tls: 'generated', hostNames: ['localhost', 'other.test'] });
  assert.equal(third.caCertificate, first.caCertificate);
  const renewed = await leafOf(third.controlUrl, first.caCertificate);
  assert.notEqual(renewed.fingerprint256, leaf);
  assert.ok(renewed.checkHost('other.test'));
  await third.stop();
});

test('with a plain socket the media host is https on a port of its own, trusted by the same authority', async t => {
  const server = await simulator(t);
  assert.match(server.controlUrl, /^http:/);
  assert.match(server.mediaUrl, /^https:/);
  assert.notEqual(new URL(server.mediaUrl).port, new URL(server.controlUrl).port);
  assert.equal(await ask(`${server.mediaUrl}/v/nothing`, server.caCertificate), 404);
  const pem = await fetch(`${server.controlUrl}/admin/ca.pem`);
  assert.equal(await pem.text(), server.caCertificate);
});

test('a given certificate is used for everything, and is what caCertificate says', async t => {
  const pair = selfSigned();
  const server = await simulator(t, { tls: pair });
  assert.equal(server.caCertificate, pair.cert);
  assert.equal(server.mediaUrl, server.controlUrl);
  assert.equal(await ask(`${server.controlUrl}/admin/devices`, pair.cert), 200);
});

test('over TLS two clients link, and media goes through the same port', async t => {
  const server = await startSimulator({ tls: 'generated' });
  t.after(() => server.stop());
  Object.assign(WA_CERT_DETAILS, { PUBLIC_KEY: Buffer.from(server.rootKey, 'hex') });
  const config = clientOptions(server);
  const control = controlClient(server.controlUrl, config.options);
  const devices = await control.linkedDevices(2);
  const [alice, bob] = devices.map(device => client(t, server.socketUrl, device, config));
  assert.ok(alice && bob);
  for (const one of [alice, bob]) one.connect();
  await until(() => alice.opens === 1 && bob.opens === 1, { what: 'both open' });
  const file = Buffer.from('over one port');
  const content = { document: file, mimetype: 'text/plain', fileName: 'a.txt' };
  const sent = await alice.sock.sendMessage(`${devices[1]?.phone}@s.whatsapp.net`, content);
  const got = await until(() =>
    bob.received.find(one => one.message.key.id === sent?.key.id && one.message.message),
  );
  assert.equal(new URL(got.message.message?.documentMessage?.url ?? '').origin, server.controlUrl);
  assert.ok(file.equals(await downloadMediaMessage(got.message, 'buffer', { options: config.options })));
});

test('NODE_EXTRA_CA_CERTS with the file of GET /admin/ca.pem is all that another process needs', async t => {
  const server = await simulator(t);
  const path = join(await folder(t), 'ca.pem');
  await writeFile(path, await (await fetch(`${server.controlUrl}/admin/ca.pem`)).text());
  const code = `fetch(${JSON.stringify(`${server.mediaUrl}/v/nothing`)}).then(({ status }) => console.log(status), error => console.log(error.cause.code))`;
  const run = (env: Record<string, string>) =>
    promisify(execFile)(process.execPath, ['-e', code], { env: { ...process.env, ...env } });
  assert.equal((await run({ NODE_EXTRA_CA_CERTS: path })).stdout, '404\n');
  assert.match((await run({})).stdout, /UNABLE_TO|SELF_SIGNED/);
});
