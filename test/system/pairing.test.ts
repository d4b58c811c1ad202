import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNode, type TestNode } from '../support/node.ts';
import { until } from '../support/until.ts';

interface Started {
  readonly qr: string;
  readonly pair_code: string;
}

test('devices are paired, logged out and removed', async t => {
  const node = await startNode(t, { workers: 1 });
  const login = (device_id: string, phone?: string) =>
    node.api<Started>('POST', '/device/login', { device_id, ...(phone && { phone }) });
  const qrOf = async (id: string) => (await login(id)).body.results?.qr ?? '';
  const logout = (device_id: string) =>
    node.api<{ unlinked: boolean }>('POST', '/device/logout', { device_id });
  const known = async (jid: string | undefined) =>
    (await node.simulator.devices()).some(one => one.jid === jid);

  await t.test('two logins at once for one device are one pairing, and both get its QR', async () => {
    const both = await Promise.all([login('ana'), login('ana')]);
    assert.deepEqual(
      both.map(({ status }) => status),
      [200, 200],
    );
    const [one, other] = both.map(({ body }) => body.results?.qr);
    assert.ok(one);
    assert.equal(one, other);
    assert.equal(await qrOf('ana'), one, 'and a third one joins it');
    const { phone } = await node.simulator.scan(one);
    await node.opened(['ana']);
    assert.match(node.device('ana').jid ?? '', new RegExp(`^${phone}:`));
    assert.equal((await node.simulator.ledger()).pairings, 1);
  });

  await t.test('a device that is logged in is not paired again', async () => {
    const ways = [
      login('ana'),
      login('ana', '15551230000'),
      node.api('GET', '/devices/ana/login'),
      node.api('POST', '/devices/ana/login/code?phone=15551230000'),
      node.api('GET', '/app/login', undefined, { 'X-Device-Id': 'ana' }),
    ];
    for (const { status, body } of await Promise.all(ways))
      assert.deepEqual([status, body.code], [400, 'ALREADY_LOGGED_IN']);
  });

  await t.test('a code that is typed into the phone links, a wrong one does not', async () => {
    const { phone } = await node.simulator.createPhone();
    const first = (await login('bruno', phone)).body.results?.pair_code ?? '';
    assert.match(first, /^[0-9A-Z]{4}-[0-9A-Z]{4}$/);
    await assert.rejects(node.simulator.enterCode(phone, first === 'AAAA-AAAA' ? 'BBBB-BBBB' : 'AAAA-AAAA'));
    assert.equal(node.device('bruno').linked, false);

    assert.equal((await logout('bruno')).body.results?.unlinked, false);
    const second = (await login('bruno', phone)).body.results?.pair_code ?? '';
    assert.notEqual(second, first);
    await node.simulator.enterCode(phone, second);
    await node.opened(['bruno']);
    assert.match(node.device('bruno').jid ?? '', new RegExp(`^${phone}:`));
  });

  await t.test(
    'a pairing that was abandoned is begun anew with another QR, and the old one links nothing',
    async () => {
      const first = await qrOf('carla');
      assert.equal((await logout('carla')).body.results?.unlinked, false);
      assert.equal(node.device('carla').phase, 'unlinked');
      const second = await qrOf('carla');
      assert.notEqual(second, first);
      const { phone } = await node.simulator.createPhone();
      assert.ok((await login('carla', phone)).body.results?.pair_code, 'by code after all');
      for (const qr of [first, second]) await assert.rejects(node.simulator.scan(qr));
      assert.equal((await logout('carla')).status, 200);
      await node.simulator.scan(await qrOf('carla'), phone);
      await node.opened(['carla']);
    },
  );

  await t.test(
    'a logout unlinks at WhatsApp and forgets the account; the device can be paired again',
    async () => {
      const { no, jid } = node.device('carla');
      const { status, body } = await logout('carla');
      assert.deepEqual([status, body.results?.unlinked], [200, true]);
      assert.equal(await known(jid), false);
      assert.equal(node.device('carla').phase, 'unlinked');
      assert.deepEqual(await rowsOf(node, no), await toldOnly(node, no));
      await node.pair('carla');
    },
  );

  await t.test(
    'a logout without a connection forgets the account here and says that WhatsApp does not know',
    async () => {
      const { no, jid = '' } = node.device('bruno');
      await node.simulator.disconnect('temporary-ban', { jid });
      await until(() => node.device('bruno').phase === 'waiting');
      const { status, body } = await logout('bruno');
      assert.deepEqual([status, body.results?.unlinked], [200, false]);
      assert.equal(await known(jid), true);
      assert.deepEqual(await rowsOf(node, no), await toldOnly(node, no));
    },
  );

  await t.test('a device that is removed leaves no row behind, linked or not', async () => {
    await qrOf('davi');
    const hook = { webhook_url: 'http://127.0.0.1:9/hook' };
    assert.equal((await node.api('PATCH', '/devices/carla/webhook', hook)).status, 200);
    const { jid } = node.device('carla');
    for (const id of ['carla', 'bruno', 'davi']) {
      const { no } = node.device(id);
      assert.equal((await node.api('DELETE', `/devices/${id}`)).status, 200);
      assert.deepEqual(await rowsOf(node, no), {});
      assert.equal((await node.api('GET', `/devices/${id}`)).status, 404);
    }
    assert.equal(await known(jid), false, 'and WhatsApp does not know it any more');
    assert.deepEqual(
      node.node.supervisor.list().map(({ id }) => id),
      ['ana'],
    );
  });
  assert.deepEqual(node.fatal, []);
});

/** How many rows of a device each table has; tables without one are left out. */
async function rowsOf({ sql }: TestNode, no: number): Promise<Record<string, number>> {
  const tables = await sql<{ name: string; column: string }[]>`
    select table_name as name, column_name as column from information_schema.columns
     where table_schema = 'public' and table_name !~ '^journal_' and (column_name = 'device_no' or (table_name = 'device' and column_name = 'no'))`;
  const counts: Record<string, number> = {};
  for (const { name, column } of tables) {
    const [{ rows }] = await sql<[{ rows: number }]>`
      select count(*)::int as rows from ${sql(name)} where ${sql(column)} = ${no}`;
    if (rows > 0) counts[name] = rows;
  }
  return counts;
}

/** The device and what was told of it. */
async function toldOnly({ sql }: TestNode, no: number): Promise<Record<string, number>> {
  const [{ rows }] = await sql<[{ rows: number }]>`
    select count(*)::int as rows from journal where device_no = ${no}`;
  return { device: 1, journal: rows, seen: rows };
}
