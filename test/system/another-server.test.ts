import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Agent, getGlobalDispatcher, setGlobalDispatcher } from 'undici';
import { type ControlClient, controlClient } from '../../src/simulator/control/client.ts';
import { selfSigned } from '../delivery/certificate.ts';
import { runChild } from '../support/child.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { type Receiver, receiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';

test('with WA_SOCKET_URL and WA_ROOT_KEY devices pair, send and receive on a server in another process', async t => {
  const other = await startServer(t);
  const hook = await receiver(t);
  const node = await startNode(t, { workers: 1, settings: { ...other.settings, WEBHOOK_URL: hook.url } });
  await chats(node, other.control, hook);
});

test('with WA_CA_FILE that server may speak TLS with a certificate of its own, and without it none is taken', async t => {
  const { key, cert } = certificate(t);
  const other = await startServer(t, ['--tls-key', key, '--tls-cert', cert]);
  assert.match(other.settings.WA_SOCKET_URL, /^wss:/);
  const hook = await receiver(t);
  const settings = { ...other.settings, WEBHOOK_URL: hook.url };
  const node = await startNode(t, { workers: 1, settings });
  const { status, body } = await node.api('POST', '/device/login', { device_id: 'nobody' });
  assert.deepEqual([status, body.code], [502, 'PAIRING_FAILED']);
  await node.restart({ WA_CA_FILE: cert });
  await chats(node, other.control, hook);
});

test('with the root key of another server every device stops and says why, and no message flows', async t => {
  const node = await startNode(t, {
    devices: 2,
    workers: 1,
    settings: { WA_ROOT_KEY: randomBytes(32).toString('hex') },
  });
  await until(() => node.seeded.every(({ id }) => node.device(id).phase === 'stopped'));
  const [one, other] = node.seeded as [TestNode['seeded'][0], TestNode['seeded'][0]];
  const { phone } = await node.simulator.createPhone();
  await node.simulator.send(phone, one.phone, 'can you hear me');

  const listed = await node.api<{ reason: string }[]>('GET', '/device/list');
  for (const { reason } of listed.body.results ?? []) assert.match(reason, /not trusted.*root key/);
  const send = await node.sendText(one.id, other.phone, 'nobody should read this');
  assert.deepEqual([send.status, send.body.code], [409, 'DEVICE_STOPPED']);
  assert.match(send.body.message, /not trusted/);
  const pairing = await node.api('POST', '/device/login', { device_id: 'new' });
  assert.deepEqual([pairing.status, pairing.body.code], [502, 'PAIRING_FAILED']);
  assert.match(pairing.body.message, /not trusted/);
  const { logins, messages } = await node.simulator.ledger();
  assert.deepEqual({ logins, messages }, { logins: 0, messages: 1 });
  const events = await node.sql`select event from journal where event <> 'device.state'`;
  assert.equal(events.length, 0);
});

/** The simulator as `npm run simulator` starts it. */
async function startServer(t: TestContext, flags: readonly string[] = []) {
  const { PATH = '', HOME = '' } = process.env;
  const child = runChild(t, '../../scripts/simulator.ts', flags, { env: { PATH, HOME } });
  const [socketUrl = '', controlUrl = '', rootKey = ''] = await until(
    () => (child.lines.length === 4 ? child.lines : undefined),
    { what: 'the four lines of the simulator' },
  );
  return {
    settings: { WA_SOCKET_URL: socketUrl, WA_ROOT_KEY: rootKey },
    control: controlClient(controlUrl),
  };
}

/** Two devices that are paired there, one by QR and one by code, write to each other and to a phone. */
async function chats(node: TestNode, control: ControlClient, hook: Receiver): Promise<void> {
  const login = async (body: Record<string, string>) =>
    (await node.api<{ qr: string; pair_code: string }>('POST', '/device/login', body)).body.results;
  const [ana, bruno, phone] = await Promise.all(
    [1, 2, 3].map(async () => (await control.createPhone()).phone),
  );
  assert.ok(ana && bruno && phone);
  await control.scan((await login({ device_id: 'ana' }))?.qr ?? '', ana);
  await control.enterCode(bruno, (await login({ device_id: 'bruno', phone: bruno }))?.pair_code ?? '');
  await node.opened(['ana', 'bruno']);

  assert.equal((await node.sendText('ana', bruno, 'from ana')).status, 200);
  assert.equal((await node.sendText('bruno', phone, 'from bruno')).status, 200);
  await control.send(phone, ana, 'from a phone');
  const texts = (id: string) =>
    hook.delivered
      .filter(one => one.session_id === id && one.event === 'message')
      .map(({ payload }) => payload.body);
  await until(() => texts('ana').includes('from a phone') && texts('bruno').includes('from ana'));
  await until(async () => (await control.messages(phone)).some(({ text }) => text === 'from bruno'));
}

/** A certificate and its key in files, which this process trusts until the end of the test. */
function certificate(t: TestContext): { key: string; cert: string } {
  const pair = selfSigned();
  const folder = mkdtempSync(join(tmpdir(), 'cardume-tls-'));
  const before = getGlobalDispatcher();
  const trusting = new Agent({ connect: { ca: pair.cert } });
  setGlobalDispatcher(trusting);
  t.after(async () => {
    setGlobalDispatcher(before);
    await trusting.close();
    rmSync(folder, { recursive: true });
  });
  const files = { key: join(folder, 'key.pem'), cert: join(folder, 'cert.pem') };
  writeFileSync(files.key, pair.key);
  writeFileSync(files.cert, pair.cert);
  return files;
}
