// The control plane's contract: its OpenAPI document, the typed client, and what is refused.
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { clockShapes } from '../../src/simulator/control/clock.ts';
import { deviceShapes } from '../../src/simulator/control/devices.ts';
import { messageShapes } from '../../src/simulator/control/messages.ts';
import { operations } from '../../src/simulator/control/operations.ts';
import { phoneShapes } from '../../src/simulator/control/phones.ts';
import { scriptShapes } from '../../src/simulator/control/scripts.ts';
import { until } from '../support/until.ts';
import { client, simulator, tameClients } from './client.ts';

tameClients();

interface Operation {
  operationId: string;
  summary: string;
  tags: string[];
  responses: Record<string, { content: Record<string, { schema: object }> }>;
}
interface Document {
  tags: { name: string; description?: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: object;
}

async function documented(t: TestContext) {
  const server = await simulator(t);
  const document = (await (await fetch(`${server.controlUrl}/openapi.json`)).json()) as Document;
  const all = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      where: `${method.toUpperCase()} ${path}`,
      operation,
    })),
  );
  return { document, all };
}

test('the OpenAPI document is one, and every operation says what it does and what it answers', async t => {
  const { document, all } = await documented(t);
  const { valid, errors } = await new Validator().validate(structuredClone(document) as never);
  assert.ok(valid, JSON.stringify(errors));
  const described = new Set(document.tags.filter(tag => tag.description).map(tag => tag.name));
  for (const { where, operation } of all) {
    assert.ok(operation.operationId && operation.summary, where);
    assert.ok(
      operation.tags.length === 1 && operation.tags.every(tag => described.has(tag)),
      `tag of ${where}`,
    );
    assert.ok(Object.values(operation.responses['200']?.content ?? {})[0]?.schema, `answer of ${where}`);
    assert.ok(operation.responses['4XX'], `refusal of ${where}`);
  }
  const ids = all.map(({ operation }) => operation.operationId);
  assert.equal(new Set(ids).size, ids.length, 'an operation id is used twice');
});

test('the typed client and the OpenAPI document name the same operations at the same places', async t => {
  const { all } = await documented(t);
  const inDocument = all
    .filter(({ operation }) => operation.responses['200']?.content['application/json'])
    .map(({ where, operation }) => [operation.operationId, where.replace(' /admin', ' ')]);
  assert.deepEqual(
    Object.fromEntries(inDocument.sort()),
    Object.fromEntries(Object.entries(operations).sort()),
  );
});

test('what operations answer is what the document says that they answer', async t => {
  const server = await simulator(t);
  const { control, asDocumented } = server;
  const [first] = await control.createPhones(2, { prefix: '1555', name: 'C{n}' });
  const { phone } = await control.createPhone({ phone: '15550009', name: 'Carla' });
  const [device] = await control.linkedDevices(1);
  assert.ok(device && first);
  const sent = await control.send(phone, device.phone, 'hello');
  await control.messages(phone);
  await control.read(device.phone, phone, [sent.id]);
  await control.call('ledgerMessage', { params: { id: sent.id } });
  await control.call('ledgerMessages', { query: { device: device.jid } });
  await control.call('ledgerViolations');
  await control.script(phone, { reply: 'yes', reads: true });
  await control.call('scriptOf', { params: { phone } });
  await control.call('createGroup', { body: { by: phone, subject: 'Choir', members: [device.phone] } });
  for (const id of ['phones', 'devices', 'ledger', 'sockets', 'clock', 'groups', 'process'] as const)
    await control.call(id);
  await control.call('setClock', { body: { advanceMs: 0 } });
  await control.call('forgetSessions', { params: { phone } });
  await control.call('renamePhone', { params: { phone }, body: { name: 'Dora' } });
  await control.call('changeNumber', { params: { phone: first.phone }, body: { to: '15550099' } });
  await control.call('removePhone', { params: { phone: '15550099' } });
  const byQr = client(t, server.socketUrl);
  byQr.connect();
  await control.scan(await until(() => byQr.qrs[0]), phone);
  const byCode = client(t, server.socketUrl);
  byCode.connect();
  await until(() => byCode.qrs[0]);
  await control.enterCode(phone, await byCode.sock.requestPairingCode(phone));
  await control.unlink(device.phone);
  await control.call('ledgerDevice', { params: { jid: `${phone}@s.whatsapp.net` } });
  await control.call('clearLedger');
  // Other features' answers are held to the document by their own tests: client.ts does it for every one.
  const here = { ...deviceShapes, ...messageShapes, ...phoneShapes, ...scriptShapes, ...clockShapes };
  const unseen = Object.keys(here).filter(id => !asDocumented.has(id));
  // `scan` is `scanQr` with the phone in the path.
  assert.deepEqual(unseen, ['scan']);
});

test('what is refused is refused with the status and a sentence that says what to do', async t => {
  const { controlUrl, control } = await simulator(t);
  const refused = async (path: string, init: RequestInit) => {
    const response = await fetch(`${controlUrl}${path}`, init);
    const { error } = (await response.json()) as { error: string };
    return `${response.status} ${error}`;
  };
  const post = (body: string | Uint8Array<ArrayBuffer>, type?: string): RequestInit => ({
    method: 'POST',
    body,
    ...(type && { headers: { 'content-type': type } }),
  });
  assert.match(await refused('/admin/nothing', {}), /^404 no route GET .*openapi/);
  assert.match(await refused('/admin/phones', post('{')), /^400 the body is not JSON/);
  assert.match(await refused('/admin/phones', post('{"phone":5}')), /^400 phone: /);
  assert.match(await refused('/admin/phones', post('{"phone":"0"}')), /^400 .*5 to 15 digits/);
  assert.match(await refused('/admin/phones', post('<a/>', 'text/xml')), /^415 .*application\/json/);
  assert.match(await refused('/admin/mock-phone/scan-qr', post('"qr"', 'application/json')), /^415 .*text/);
  assert.match(await refused('/admin/phones', post(new Uint8Array(5 * 1024 * 1024))), /^413 .*larger/);
  assert.match(await refused('/admin/phones/1555000/messages', {}), /^404 .*POST \/admin\/phones/);
  await assert.rejects(control.scan('no QR'), { name: 'ControlError', status: 400 });
});
