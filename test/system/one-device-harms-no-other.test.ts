import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../../src/config.ts';
import { makeLogger } from '../../src/lib/logger.ts';
import { Node } from '../../src/node.ts';
import { startNode } from '../support/node.ts';
import { until } from '../support/until.ts';

test('a device whose stored credentials are broken stops alone; the others run', async t => {
  const node = await startNode(t, { devices: 4 });
  await node.opened();
  const [broken, ...others] = node.seeded.map(({ id }) => id);
  await node.stop();
  await node.sql`
    update credentials set value = 'garbage'::bytea where device_no = (select no from device where id = ${broken!})`;
  await node.start();
  await node.opened(others);
  await until(() => node.device(broken!).phase === 'stopped', { what: 'the broken device stopped' });
  assert.match(node.device(broken!).reason ?? '', /cannot be read/);
  const { status, body } = await node.sendText(broken!, node.seeded[1]!.phone, 'x');
  assert.deepEqual([status, body.code], [409, 'DEVICE_STOPPED']);
  assert.ok(node.node.supervisor.shards().every(({ state, restarts }) => state === 'up' && restarts === 0));

  assert.equal((await node.api('DELETE', `/devices/${broken}`)).status, 200);
  await node.pair(broken!);
  assert.deepEqual(node.fatal, []);
});

test('an id that is created, deleted and created again, many at once, belongs to the last device alone', async t => {
  const node = await startNode(t);
  const ids = Array.from({ length: 12 }, (_, n) => `again-${n}`);
  await Promise.all(
    ids.map(async id => {
      for (const method of ['POST', 'DELETE', 'POST'] as const) {
        const path = method === 'POST' ? '/devices' : `/devices/${id}`;
        const answer = await node.api(method, path, method === 'POST' ? { device_id: id } : undefined);
        assert.equal(answer.status, 200, `${method} ${id}`);
      }
    }),
  );
  await Promise.all(ids.slice(0, 4).map(id => node.pair(id)));
  const rows = await node.sql<{ id: string; state: string }[]>`select id, state from device order by no`;
  assert.equal(rows.length, ids.length);
  assert.equal(rows.filter(({ state }) => state === 'linked').length, 4);
});

test('a second start that finds the port taken leaves the devices of the first alone', async t => {
  const node = await startNode(t, { devices: 2 });
  await node.opened();
  const config = readConfig({
    ...node.settings,
    PORT: new URL(node.node.url).port,
    WORKERS: '1',
    LOG_LEVEL: 'silent',
  });
  const second = new Node({ config, log: makeLogger('silent', {}), version: 'test', fatal: () => {} });
  await assert.rejects(second.start(), /PORT: expected an address that is free/);

  const [from, to] = node.seeded;
  assert.equal((await node.sendText(from!.id, to!.phone, 'still ours')).status, 200);
});
