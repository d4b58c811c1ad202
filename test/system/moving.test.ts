// A device from one installation to another: two databases, two keys, one WhatsApp.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { testDatabase } from '../support/database.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { type Receiver, receiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';
import type { World } from '../support/world.ts';

const passphrase = 'correct horse battery';
const secret = { 'x-archive-passphrase': passphrase };

/** Another installation beside the first, in the same world. */
async function installation(t: TestContext, world: World, hook: Receiver): Promise<TestNode> {
  const { address, sql } = await testDatabase(t);
  const settings = {
    ...world.settings,
    DB_URI: address.url,
    SEALING_KEYS: randomBytes(32).toString('base64'),
    WEBHOOK_URL: hook.url,
  };
  return startNode(t, { world: { ...world, sql, settings }, workers: 1 });
}

const fetchArchive = (node: TestNode, id: string, headers: Record<string, string> = secret) =>
  fetch(new URL(`/devices/${id}/export`, node.node.url), { headers });
const sendArchive = async (node: TestNode, body: Uint8Array<ArrayBuffer>, query = '', headers = secret) => {
  const response = await fetch(new URL(`/devices/import${query}`, node.node.url), {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream', ...headers },
    body,
  });
  return {
    status: response.status,
    body: (await response.json()) as { code: string; message: string; results?: { id: string } },
  };
};

test('a device moves without pairing: what was sent to it meanwhile arrives, both sides read on, and it stays stopped where it was', async t => {
  const [hookA, hookB] = [await receiver(t), await receiver(t)];
  const a = await startNode(t, { settings: { WEBHOOK_URL: hookA.url }, workers: 1 });
  const b = await installation(t, a, hookB);
  const number = await a.pair('sales');
  const { phone } = await a.simulator.createPhone({ name: 'Carla' });
  const told = (hook: Receiver, text: string) =>
    until(() => hook.requests.some(({ body }) => body.includes(text)), { what: `told: ${text}` });
  const hears = (text: string) => a.simulator.waitForMessage(phone, message => message.text === text);
  const say = async (node: TestNode, text: string) => {
    assert.equal((await node.sendText('sales', phone, text)).status, 200);
    await hears(text);
  };
  for (const n of [1, 2]) {
    await say(a, `to Carla ${n}`);
    await a.simulator.send(phone, number, `to sales ${n}`);
    await told(hookA, `to sales ${n}`);
  }

  const exported = await fetchArchive(a, 'sales');
  assert.equal(exported.status, 200);
  const archive = new Uint8Array(await exported.arrayBuffer());
  const stopped = () => {
    const { phase, reason, linked, jid } = a.device('sales');
    assert.deepEqual([phase, linked, jid?.startsWith(number)], ['stopped', true, true]);
    assert.match(reason ?? '', /^it was exported on \d{4}-\d\d-\d\d; .*take it back$/);
  };
  stopped();
  const refused = await a.sendText('sales', phone, 'from here no more');
  assert.deepEqual([refused.status, refused.body.code], [409, 'DEVICE_STOPPED']);
  assert.equal((await a.api('POST', '/devices/sales/reconnect')).status, 409);
  const again = await fetchArchive(a, 'sales');
  assert.equal(again.status, 200, 'an archive that was lost on the way can be had again');
  await a.simulator.send(phone, number, 'while it is nowhere');

  const { pairings } = await a.simulator.ledger();
  const imported = await sendArchive(b, archive);
  assert.equal(imported.status, 200, JSON.stringify(imported.body));
  assert.equal(imported.body.results?.id, 'sales');
  await b.opened(['sales']);
  await told(hookB, 'while it is nowhere');
  await say(b, 'from its new home');
  await a.simulator.send(phone, number, 'to its new home');
  await told(hookB, 'to its new home');
  assert.equal((await a.simulator.ledger()).pairings, pairings);

  // It stays so over a restart, and the journal of the old home is what it was.
  await a.restart();
  stopped();
  assert.ok(!hookA.requests.some(({ body }) => body.includes('nowhere') || body.includes('new home')));
  assert.ok(!hookB.requests.some(({ body }) => body.includes('to sales 1')));
  const twice = await sendArchive(b, archive);
  assert.deepEqual([twice.status, twice.body.code], [409, 'DEVICE_EXISTS']);
  const renamed = await sendArchive(b, archive, '?device_id=another');
  assert.deepEqual([renamed.status, renamed.body.code], [409, 'DEVICE_EXISTS']);
  const home = await sendArchive(a, archive, '?device_id=another');
  assert.deepEqual([home.status, home.body.code], [409, 'DEVICE_EXISTS']);

  // Removed where it was, it stays linked where it is.
  assert.equal((await a.api('DELETE', '/devices/sales')).status, 200);
  await say(b, 'still here');
  const { violations } = await a.simulator.ledger();
  assert.equal(violations, 0);
});

test('an exported device is taken back when it was not imported, and goes on as if nothing had been', async t => {
  const hook = await receiver(t);
  const node = await startNode(t, { devices: 1, settings: { WEBHOOK_URL: hook.url }, workers: 1 });
  await node.opened();
  const { id, phone: number } = node.seeded[0]!;
  const { phone } = await node.simulator.createPhone({ name: 'Carla' });
  assert.equal((await node.sendText(id, phone, 'before')).status, 200);
  assert.equal((await fetchArchive(node, id)).status, 200);
  await node.simulator.send(phone, number, 'meanwhile');
  assert.equal((await node.api('POST', `/devices/${id}/take-back`)).status, 200);
  await node.opened([id]);
  await until(() => hook.requests.some(({ body }) => body.includes('meanwhile')));
  assert.equal((await node.sendText(id, phone, 'after')).status, 200);
  await node.simulator.waitForMessage(phone, message => message.text === 'after');
  assert.equal((await node.api('POST', `/devices/${id}/take-back`)).status, 200, 'twice is once');
  assert.equal((await node.simulator.ledger()).violations, 0);
});

test('what cannot be exported or imported is refused by its code, and nothing is made of it', async t => {
  const node = await startNode(t, { devices: 1, workers: 1 });
  const b = await installation(t, node, await receiver(t));
  await node.opened();
  const { id } = node.seeded[0]!;
  await node.api('POST', '/devices', { device_id: 'unlinked' });
  const unlinked = await fetchArchive(node, 'unlinked');
  assert.deepEqual(
    [unlinked.status, ((await unlinked.json()) as { code: string }).code],
    [409, 'DEVICE_NOT_LINKED'],
  );
  assert.equal((await fetchArchive(node, 'nobody')).status, 404);
  assert.equal((await fetchArchive(node, id, {})).status, 400);
  assert.equal(node.device(id).phase, 'open', 'a refused export stops nothing');

  const archive = new Uint8Array(await (await fetchArchive(node, id)).arrayBuffer());
  const coded = async (body: Uint8Array<ArrayBuffer>, headers = secret) => {
    const answer = await sendArchive(b, body, '', headers);
    return `${answer.status} ${answer.body.code}`;
  };
  const changed = archive.slice();
  changed[archive.length - 100]! ^= 1;
  const newer = archive.slice();
  newer[14] = 9;
  assert.equal(await coded(archive, { 'x-archive-passphrase': 'another passphrase' }), '422 ARCHIVE_LOCKED');
  assert.equal(await coded(archive.slice(0, -1)), '422 ARCHIVE_INVALID');
  assert.equal(await coded(archive.slice(0, 20)), '422 ARCHIVE_INVALID');
  assert.equal(await coded(changed), '422 ARCHIVE_INVALID');
  assert.equal(await coded(newer), '422 ARCHIVE_INVALID');
  assert.equal(await coded(new Uint8Array(0)), '422 ARCHIVE_INVALID');
  assert.equal(await coded(new Uint8Array(randomBytes(10_000_000))), '422 ARCHIVE_INVALID');
  assert.equal((await b.sql`select from device`).count, 0);
  assert.equal((await sendArchive(b, archive)).status, 200);
  await b.opened([id]);
});
