import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNode } from '../support/node.ts';
import { until } from '../support/until.ts';

test('a device whose key does not open is stopped and says why; the others run, and it can be removed', async t => {
  const node = await startNode(t, { devices: 3 });
  await node.opened();
  const [a, b, c] = node.seeded;
  await node.stop();
  await node.sql`
    update device set dek = (select dek from device where id = ${a!.id}) where id = ${b!.id}`;
  const [kept] = await node.sql`select dek, state from device where id = ${b!.id}`;
  await node.start();
  await node.opened([a!.id, c!.id]);
  const { phase, reason, linked } = node.device(b!.id);
  assert.deepEqual([phase, linked], ['stopped', true]);
  assert.match(reason ?? '', /^its key cannot be opened/);
  assert.equal((await node.sendText(a!.id, c!.phone, 'we are here')).status, 200);

  const refused = await node.sendText(b!.id, c!.phone, 'and me?');
  assert.equal(refused.status, 409);
  assert.equal(refused.body.code, 'DEVICE_STOPPED');
  assert.match(refused.body.message, /its key cannot be opened/);
  const login = await node.api('POST', '/device/login', { device_id: b!.id });
  assert.equal(login.status >= 400, true);
  // Nothing was changed: with its row back it runs.
  assert.deepEqual((await node.sql`select dek, state from device where id = ${b!.id}`)[0], kept);

  await node.api('DELETE', `/devices/${b!.id}`);
  await until(() => node.node.supervisor.find(b!.id) === undefined);
  assert.equal((await node.api('POST', '/devices', { device_id: b!.id })).status, 200);
  assert.equal(node.device(b!.id).phase, 'unlinked');
});
