import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNode } from '../support/node.ts';
import { receiver } from '../support/receiver.ts';
import { watchSockets } from '../support/rivals.ts';
import { until } from '../support/until.ts';
import { startWorld } from '../support/world.ts';

test('the same credentials used elsewhere: one retry after a while, then conflict, until a person says otherwise', async t => {
  const hook = await receiver(t);
  const world = await startWorld(t, { devices: 2 });
  const sockets = await watchSockets(t, world);
  const node = await startNode(t, { world, settings: { WEBHOOK_URL: hook.url } });
  await node.opened();
  const [victim, other] = world.seeded;
  assert.ok(victim && other);
  const { id, jid } = victim;
  const { phone } = await world.simulator.createPhone();
  const logins = () => sockets.of(jid).filter(what => what === 'login').length;
  const states = () =>
    hook.delivered.flatMap(({ event, session_id, payload }) =>
      event === 'device.state' && session_id === id ? [payload.state] : [],
    );

  await t.test('the first time it waits, over a restart too', async () => {
    await world.simulator.disconnect('replaced', { jid });
    await until(() => node.device(id).reason === 'replaced by another connection');
    assert.equal(node.device(id).phase, 'waiting');
    const ms = await until(async () => {
      const [row] = await world.sql<{ ms: number | null }[]>`
        select extract(epoch from not_before - replaced_at)::float8 * 1000 as ms from device where id = ${id}`;
      return row?.ms;
    });
    assert.ok(ms >= 30_000 && ms <= 60_000, `${ms} ms`);
    await node.restart();
    await node.opened([other.id]);
    assert.deepEqual(
      [node.device(id).phase, node.device(id).reason],
      ['waiting', 'replaced by another connection'],
    );
    assert.equal(logins(), 1, 'it did not connect');
  });

  await t.test('the second time within ten minutes it is in conflict', async () => {
    assert.equal((await node.api('POST', `/devices/${id}/reconnect`)).status, 200);
    await node.opened([id]);
    await world.simulator.disconnect('replaced', { jid });
    await until(() => node.device(id).phase === 'conflict');
    await until(() => states().at(-1) === 'conflict');
    const refused = await node.sendText(id, phone, 'never');
    assert.deepEqual([refused.status, refused.body.code], [409, 'DEVICE_STOPPED']);
    assert.match(refused.body.message, /same credentials/);
    const { body } = await node.api<{ device_id: string; state: string }[]>('GET', '/device/list');
    assert.equal(body.results?.find(({ device_id }) => device_id === id)?.state, 'conflict');
    assert.match(await (await fetch(new URL('/metrics', node.node.url))).text(), /state="conflict"} 1/);
  });

  await t.test('it stays so over a restart, and its neighbour works on', async () => {
    await node.restart();
    await node.opened([other.id]);
    assert.equal(node.device(id).phase, 'conflict');
    assert.equal((await node.sendText(other.id, phone, 'hello')).status, 200);
    assert.equal(logins(), 2, 'two connections in all');
  });

  await t.test('a person reconnects it', async () => {
    assert.equal((await node.api('POST', `/devices/${id}/reconnect`)).status, 200);
    await node.opened([id]);
    assert.equal((await node.sendText(id, phone, 'again')).status, 200);
  });
});

test('how long WhatsApp has banned a device, and why one is not linked, is known after a restart', async t => {
  const world = await startWorld(t, { devices: 2 });
  const node = await startNode(t, { world });
  await node.opened();
  const [banned, gone] = world.seeded;
  assert.ok(banned && gone);
  await world.simulator.arm('login.temporary-ban', {
    who: { device: banned.jid },
    params: { expire: 7200 },
  });
  await world.simulator.disconnect('restart', { jid: banned.jid });
  await until(() => node.device(banned.id).reason === 'temporarily banned');
  await world.simulator.unlink(gone.phone);
  await until(() => node.device(gone.id).phase === 'unlinked');
  await until(
    async () =>
      (await world.sql`select from device where not_before > now() + interval '1 hour'`).count === 1,
  );
  await world.simulator.disarm();

  await node.restart();
  await until(() => node.device(gone.id).shard !== null && node.device(gone.id).reason === 'logged out');
  assert.equal(node.device(gone.id).phase, 'unlinked');
  assert.deepEqual(
    [node.device(banned.id).phase, node.device(banned.id).reason],
    ['waiting', 'temporarily banned'],
  );
  const [device] = (await world.simulator.devices()).filter(({ jid }) => jid === banned.jid);
  assert.equal(device?.logins, 1, 'it did not try');
});
