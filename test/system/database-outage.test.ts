import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNode, type TestNode } from '../support/node.ts';
import { startProxy } from '../support/proxy.ts';
import { receiver } from '../support/receiver.ts';
import type { Seeded } from '../support/seed.ts';
import { until } from '../support/until.ts';
import { startWorld } from '../support/world.ts';

test('a database that goes away while the node runs', async t => {
  const hook = await receiver(t);
  const world = await startWorld(t, { devices: 6 });
  const proxy = await startProxy(t, world.settings.DB_URI ?? '');
  const settings = { DB_URI: proxy.url, WEBHOOK_URL: hook.url };
  const node = await startNode(t, { world, workers: 2, settings });
  await node.opened();
  const { phone } = await node.simulator.createPhone();
  const [sender, hearer, both] = node.seeded as [Seeded, Seeded, Seeded];
  const heard = new Map(node.seeded.map(({ id }) => [id, [] as string[]]));
  const tell = async ({ id, phone: to }: Seeded, text: string) => {
    heard.get(id)?.push(text);
    return (await node.simulator.send(phone, to, text)).id;
  };
  const receiptsOf = async (id: string, { jid }: Seeded) => {
    const entry = await node.simulator.call('ledgerMessage', { params: { id } });
    return entry.devices[jid]?.receipts ?? [];
  };
  for (const one of node.seeded) await tell(one, 'before');
  assert.equal((await node.sendText(sender.id, phone, 'one')).status, 200);
  assert.equal((await node.sendText(both.id, phone, 'two')).status, 200);
  await until(() => texts(hook.delivered).length === node.seeded.length);

  const during: { id: string; to: Seeded }[] = [];
  await t.test('a send is answered with 503 STORE_UNAVAILABLE, and nothing of it leaves', async () => {
    await proxy.cut();
    for (const { id } of [sender, both, sender]) {
      const answer = await node.sendText(id, phone, 'lost');
      assert.deepEqual([answer.status, answer.body.code], [503, 'STORE_UNAVAILABLE']);
      assert.ok(Number(answer.headers.get('retry-after')) > 0);
    }
    const made = await node.api('POST', '/devices', { device_id: 'new' });
    assert.deepEqual([made.status, made.body.code], [503, 'STORE_UNAVAILABLE']);
  });

  await t.test('no receipt leaves for a message that is not stored', async () => {
    for (const to of [hearer, both])
      for (const n of [1, 2, 3]) during.push({ id: await tell(to, `during ${n}`), to });
    for (const { id } of [hearer, both]) await until(() => node.device(id).reason === 'database unavailable');
    for (const { id, to } of during) assert.deepEqual(await receiptsOf(id, to), []);
  });

  await t.test('it says that it is alive and not ready', async () => {
    assert.equal((await fetch(new URL('/health', node.node.url))).status, 200);
    assert.equal((await node.api('GET', '/ready')).status, 503);
    assert.equal((await node.api('GET', '/device/list')).status, 200);
  });

  await t.test('everything is there when the database is back, by itself and once', async () => {
    await proxy.mend();
    await node.opened();
    for (const { id, to } of during) await until(async () => (await receiptsOf(id, to)).length > 0);
    await arrived();
    await until(async () => (await node.api('GET', '/ready')).status === 200);
    for (const { id } of [sender, both, hearer])
      assert.equal((await node.sendText(id, phone, `three from ${id}`)).status, 200);
    await until(
      async () => (await node.simulator.messages(phone)).filter(({ fromMe }) => !fromMe).length >= 5,
    );
    const got = (await node.simulator.messages(phone)).filter(({ fromMe }) => !fromMe);
    assert.deepEqual(
      got.filter(({ text }) => text === 'lost'),
      [],
    );
    const { duplicates, retries } = await node.simulator.ledger();
    assert.deepEqual({ duplicates, retries }, { duplicates: 0, retries: 0 });
  });

  await t.test('connections that are ended under load lose and double nothing', async () => {
    let going = true;
    let sent = 0;
    const senders = node.seeded.map(async ({ id }) => {
      for (let n = 0; going; n++) {
        const { status, body } = await node.sendText(id, phone, `${id} under load ${n}`);
        if (status === 200) sent++;
        else assert.ok(status === 503 || status === 504, `${status} ${body.code}: ${body.message}`);
      }
    });
    const teller = (async () => {
      for (let n = 0; going; n++) for (const one of node.seeded) await tell(one, `under load ${n}`);
    })();
    for (const _ of [1, 2, 3]) {
      const enough = sent + 20;
      await until(() => sent > enough);
      await node.sql`
        select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and application_name like 'cardume-%'`;
    }
    const enough = sent + 20;
    await until(() => sent > enough);
    going = false;
    await Promise.all([...senders, teller]);
    await node.opened();
    // A message whose ratchet step was stored and whose receipt was cut off comes again through a retry, hence later.
    await arrived(list => list.toSorted());
    const got = (await node.simulator.messages(phone)).filter(({ fromMe }) => !fromMe);
    assert.equal(new Set(got.map(({ text }) => text)).size, got.length);
    assert.equal((await node.simulator.ledger()).duplicates, 0);
  });
  assert.deepEqual(node.fatal, []);

  /** Every text of the phone is in the journal and at the webhook, once, and in order unless they are compared sorted. */
  async function arrived(order = (list: unknown[]) => list): Promise<void> {
    for (const { id } of node.seeded) {
      const wanted = heard.get(id) ?? [];
      const told = () => texts(hook.delivered.filter(({ session_id }) => session_id === id));
      await until(() => told().length >= wanted.length, { what: `${wanted.length} texts of ${id}` });
      assert.deepEqual(order(told()), order(wanted));
      await gapless(node, id);
    }
  }
});

function texts(events: readonly { event: string; payload: Record<string, unknown> }[]): unknown[] {
  return events.filter(({ event }) => event === 'message').map(({ payload }) => payload.body);
}

async function gapless({ sql }: TestNode, id: string): Promise<void> {
  const [counts] = await sql<[{ rows: number; first: number; last: number; given: number }]>`
    select count(*)::int as rows, min(seq) as first, max(seq) as last, max(last_seq) as given
      from journal join device on device_no = no where device.id = ${id}`;
  assert.deepEqual(counts, { rows: counts.last, first: 1, last: counts.given, given: counts.given });
}
