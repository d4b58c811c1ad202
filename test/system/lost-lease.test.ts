import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recorded } from '../delivery/ledger.ts';
import { startNode } from '../support/node.ts';
import { type FaultProxy, startProxy } from '../support/proxy.ts';
import { receiver } from '../support/receiver.ts';
import {
  assertNeverTwice,
  epochs,
  listed,
  readiness,
  startRival,
  waits,
  watchSockets,
} from '../support/rivals.ts';
import { until } from '../support/until.ts';
import { startWorld, type World } from '../support/world.ts';

/** Short, so that nobody waits long; long enough for a machine that is busy with something else. */
const LEASE_SECONDS = '6';

/** A database user for one node alone, so that the database can tell who wrote what; the list empties when it is read. */
async function writers({ sql, settings }: World, names: readonly string[]) {
  const unique = (name: string) => `${name}_${process.pid}`;
  await sql.unsafe(`
    create table written (who text, what text);
    create function note() returns trigger language plpgsql as $$
      begin insert into written values (session_user, tg_table_name); return null; end $$;
    create trigger note after insert or update or delete on credentials for each row execute function note();
    create trigger note after insert or update or delete on signal_key for each row execute function note();
    create trigger note after insert or update or delete on journal for each row execute function note();
    create trigger note after insert or update or delete on device for each row execute function note();
    create trigger note after insert or update or delete on lane for each row execute function note();`);
  for (const name of names) await sql.unsafe(`create role ${unique(name)} superuser login`);
  return {
    as(name: string) {
      const url = new URL(settings.DB_URI ?? '');
      url.username = unique(name);
      return url.href;
    },
    async read(name: string): Promise<string[]> {
      const rows = await sql<
        { what: string }[]
      >`delete from written where who = ${unique(name)} returning what`;
      return rows.map(({ what }) => what);
    },
  };
}

test('a node that is stopped past its lease and woken closes its sockets before anything else, and writes nothing', async t => {
  const hook = await receiver(t);
  const world = await startWorld(t, { devices: 3 });
  const written = await writers(world, ['sleeper', 'peer']);
  const sockets = await watchSockets(t, world);
  const ids = world.seeded.map(({ id }) => id);
  const { phone } = await world.simulator.createPhone();
  const settings = { WEBHOOK_URL: hook.url, LEASE_SECONDS };
  const sleeper = await startRival(t, world, { ...settings, DB_URI: written.as('sleeper') });
  await sleeper.opened(ids);
  const peer = await startRival(t, world, { ...settings, DB_URI: written.as('peer') });
  await waits(peer);
  for (const { id } of world.seeded) assert.equal((await sleeper.sendText(id, phone, 'before')).status, 200);
  await until(() => recorded(world.sql));

  sleeper.kill('SIGSTOP');
  // What it finds when it wakes: frames in its sockets, and callers who have waited all the while.
  for (const { phone: to } of world.seeded) await world.simulator.send(phone, to, 'while it was stopped');
  const asked = ids.map(id => sleeper.sendText(id, phone, 'by the one that slept'));
  await peer.opened(ids);
  assert.deepEqual(await epochs(world), [3, 3, 3]);
  const texts = () => hook.delivered.filter(({ event }) => event === 'message');
  await until(() => texts().length === ids.length);
  for (const { id } of world.seeded) assert.equal((await peer.sendText(id, phone, 'meanwhile')).status, 200);
  await written.read('sleeper');
  const seen = sockets.log.length;

  sleeper.kill('SIGCONT');
  for (const { status, body } of await Promise.all(asked)) {
    assert.equal(status, 503);
    assert.ok(['STORE_UNAVAILABLE', 'DEVICE_ELSEWHERE'].includes(body.code), body.code);
  }
  await waits(sleeper);
  for (const { reason } of await listed(sleeper)) assert.equal(reason, 'another node runs this device');
  assert.deepEqual(await written.read('sleeper'), [], 'no row of a device was changed by it');
  for (const { id } of world.seeded) assert.equal((await peer.sendText(id, phone, 'after')).status, 200);
  assert.equal(sockets.log.length, seen, 'it did not connect, and disturbed nobody');
  assert.deepEqual(await epochs(world), [3, 3, 3]);
  const got = (await world.simulator.messages(phone)).filter(({ fromMe }) => !fromMe).map(({ text }) => text);
  assert.deepEqual(
    got.toSorted(),
    ['after', 'before', 'meanwhile'].flatMap(text => ids.map(() => text)).toSorted(),
  );
  const { duplicates, retries } = await world.simulator.ledger();
  assert.deepEqual({ duplicates, retries }, { duplicates: 0, retries: 0 });
  await until(() => recorded(world.sql));
  const told = hook.requests.map(({ json }) => json.id);
  assert.equal(new Set(told).size, told.length, 'nothing was delivered by both');

  await t.test('and it takes over in its turn', async () => {
    peer.kill('SIGTERM');
    assert.equal(await peer.ended, 0);
    await sleeper.opened(ids);
    assert.deepEqual(await epochs(world), [4, 4, 4]);
  });
});

/** Both look the same to who waits; only one of them is told. */
const partitions: readonly { readonly how: string; readonly begin: (proxy: FaultProxy) => unknown }[] = [
  { how: 'is refused by its database', begin: proxy => proxy.cut() },
  { how: 'hears nothing from its database', begin: proxy => proxy.blackHole() },
];

for (const { how, begin } of partitions)
  test(`a node that ${how} closes its sockets before another one connects`, async t => {
    const hook = await receiver(t);
    const world = await startWorld(t, { devices: 3 });
    const sockets = await watchSockets(t, world);
    const proxy = await startProxy(t, world.settings.DB_URI ?? '');
    const ids = world.seeded.map(({ id }) => id);
    const [one] = world.seeded;
    assert.ok(one);
    const { phone } = await world.simulator.createPhone();
    const settings = { WEBHOOK_URL: hook.url, LEASE_SECONDS };
    const cut = await startRival(t, world, { ...settings, DB_URI: proxy.url });
    await cut.opened(ids);
    const peer = await startRival(t, world, settings);
    await waits(peer);

    await begin(proxy);
    await until(async () => (await readiness(cut)).reasons.some(reason => /lease/.test(reason)));
    assert.equal((await fetch(new URL('/health', cut.url))).status, 200, 'it lives');
    const refused = await cut.sendText(one.id, phone, 'nobody may say this');
    assert.deepEqual([refused.status, refused.body.code], [503, 'STORE_UNAVAILABLE']);
    assert.match(refused.body.message, /lease/);
    for (const { state, reason } of await listed(cut))
      assert.deepEqual([state, reason], ['waiting', 'the node has lost its lease']);
    await peer.opened(ids);
    for (const { jid } of world.seeded) assert.deepEqual(sockets.of(jid), ['login', 'client', 'login']);
    assert.deepEqual(await epochs(world), [3, 3, 3]);

    for (const { phone: to } of world.seeded) await world.simulator.send(phone, to, 'to whoever runs it');
    await until(() => hook.delivered.filter(({ event }) => event === 'message').length === ids.length);
    await proxy.mend();
    await waits(cut);
    assert.equal((await peer.sendText(one.id, phone, 'the peer may')).status, 200);
    assert.equal((await world.simulator.ledger()).duplicates, 0);
    assertNeverTwice(sockets);
  });

test('a slow database costs a node nothing but time: no lease is lost at half a second a statement', async t => {
  const world = await startWorld(t, { devices: 2 });
  const sockets = await watchSockets(t, world);
  const proxy = await startProxy(t, world.settings.DB_URI ?? '');
  const ids = world.seeded.map(({ id }) => id);
  const [one] = world.seeded;
  assert.ok(one);
  const { phone } = await world.simulator.createPhone();
  const node = await startRival(t, world, { DB_URI: proxy.url });
  await node.opened(ids);
  proxy.slow({ latencyMs: 250 });
  const expiry = async () => {
    const [row] = await world.sql<[{ until: number }]>`
      select extract(epoch from expires_at)::float8 as until from node`;
    return row.until;
  };
  const begun = await expiry();
  await until(async () => (await expiry()) > begun + 10, {
    within: 60_000,
    what: 'the lease is renewed twice',
  });
  assert.equal((await node.sendText(one.id, phone, 'slowly')).status, 200);
  assert.deepEqual(await epochs(world), [2, 2]);
  for (const { jid } of world.seeded) assert.deepEqual(sockets.of(jid), ['login']);
});

test('alone, a node that was without its database for longer than its lease has its devices back by itself', async t => {
  const hook = await receiver(t);
  const world = await startWorld(t, { devices: 3 });
  const sockets = await watchSockets(t, world);
  const proxy = await startProxy(t, world.settings.DB_URI ?? '');
  const node = await startNode(t, {
    world,
    settings: { DB_URI: proxy.url, WEBHOOK_URL: hook.url, LEASE_SECONDS },
  });
  await node.opened();
  const { phone } = await world.simulator.createPhone();

  await proxy.cut();
  await until(() => node.node.supervisor.ownership().missing !== undefined);
  await until(() => world.seeded.every(({ jid }) => sockets.of(jid).at(-1) === 'client'));
  for (const { phone: to } of world.seeded) await world.simulator.send(phone, to, 'meanwhile');
  await proxy.mend();
  await node.opened();
  await until(() => hook.delivered.filter(({ event }) => event === 'message').length === node.seeded.length);
  assert.deepEqual(await epochs(world), [3, 3, 3]);
  for (const { id } of world.seeded) assert.equal((await node.sendText(id, phone, 'after')).status, 200);
  await until(async () => (await readiness({ url: node.node.url })).status === 200);
  const { duplicates, retries } = await world.simulator.ledger();
  assert.deepEqual({ duplicates, retries }, { duplicates: 0, retries: 0 });
  assertNeverTwice(sockets);
  assert.deepEqual(node.fatal, []);
});

test('alone, a node that was stopped past its lease answers nothing that it finds in its sockets before it has closed them', async t => {
  const hook = await receiver(t);
  const world = await startWorld(t, { devices: 3 });
  const ids = world.seeded.map(({ id }) => id);
  const node = await startRival(t, world, { WEBHOOK_URL: hook.url, LEASE_SECONDS });
  await node.opened(ids);
  const { phone } = await world.simulator.createPhone();
  const log: { jid: string; what: string }[] = [];
  const ending = new AbortController();
  t.after(() => ending.abort());
  const kinds = ['login', 'close', 'receipt'] as const;
  const events = await world.simulator.events({ kinds, signal: ending.signal });
  const listen = async () => {
    for await (const event of events) if ('jid' in event) log.push({ jid: event.jid, what: event.kind });
  };
  listen().catch(() => {});

  node.kill('SIGSTOP');
  for (const { phone: to } of world.seeded) await world.simulator.send(phone, to, 'while it was stopped');
  await until(async () => {
    const [row] = await world.sql<[{ out: boolean }]>`select bool_and(expires_at < now()) as out from node`;
    return row.out;
  });
  node.kill('SIGCONT');
  await until(() => hook.delivered.filter(({ event }) => event === 'message').length === ids.length);
  await node.opened(ids);
  for (const { jid } of world.seeded) {
    const happened = log.filter(event => event.jid === jid).map(({ what }) => what);
    assert.deepEqual(happened.slice(0, 3), ['close', 'login', 'receipt']);
  }
  assert.deepEqual(await epochs(world), [3, 3, 3]);
  const { duplicates, retries } = await world.simulator.ledger();
  assert.deepEqual({ duplicates, retries }, { duplicates: 0, retries: 0 });
});

test('a node that cannot reach WhatsApp keeps its lease and its devices, and connects again by itself', async t => {
  const world = await startWorld(t, { devices: 3 });
  const ids = world.seeded.map(({ id }) => id);
  const proxy = await startProxy(t, world.settings.WA_SOCKET_URL ?? '');
  const through = new URL(world.settings.WA_SOCKET_URL ?? '');
  through.host = new URL(proxy.url).host;
  const settings = { LEASE_SECONDS };
  const cut = await startRival(t, world, { ...settings, WA_SOCKET_URL: through.href });
  await cut.opened(ids);
  const peer = await startRival(t, world, settings);
  await waits(peer);
  const owned = async () => {
    const [row] = await world.sql<[{ until: number }]>`
      select extract(epoch from max(n.expires_at))::float8 as until from node n join device d on d.owner = n.id`;
    return row.until;
  };

  const before = await owned();
  await proxy.cut();
  await until(async () => (await listed(cut)).every(({ state, reason }) => state === 'waiting' && reason));
  await until(async () => (await owned()) > before + 1.5 * Number(LEASE_SECONDS), {
    what: 'the lease is renewed',
  });
  assert.equal((await readiness(cut)).status, 200);
  assert.deepEqual(await epochs(world), [2, 2, 2], 'nobody took anything');
  await proxy.mend();
  await cut.opened(ids);
  assert.deepEqual(await epochs(world), [2, 2, 2]);
});

test('a node that is killed in the middle of its stop has closed its sockets, and another one takes over what it could not give', async t => {
  const world = await startWorld(t, { devices: 3 });
  const sockets = await watchSockets(t, world);
  let held = false;
  let release!: () => void;
  const released = new Promise<void>(resolve => {
    release = resolve;
  });
  // A receiver that does not answer keeps the stop from ending.
  const hook = await receiver(t, { answer: () => (held ? { status: 200, after: released } : 200) });
  const ids = world.seeded.map(({ id }) => id);
  const settings = { WEBHOOK_URL: hook.url, LEASE_SECONDS, DRAIN_SECONDS: '60' };
  const first = await startRival(t, world, settings);
  await first.opened(ids);
  const second = await startRival(t, world, settings);
  await waits(second);
  const { phone } = await world.simulator.createPhone();
  held = true;
  for (const { phone: to } of world.seeded) await world.simulator.send(phone, to, 'one');
  await until(() => hook.open === ids.length);

  first.kill('SIGTERM');
  await until(() => world.seeded.every(({ jid }) => sockets.of(jid).at(-1) === 'client'));
  for (const { phone: to } of world.seeded) await world.simulator.send(phone, to, 'two');
  assert.deepEqual(await epochs(world), [2, 2, 2], 'nothing is given up before the stop is done');
  first.kill('SIGKILL');
  assert.equal(await first.ended, 'SIGKILL');
  held = false;
  release();

  await second.opened(ids);
  assert.deepEqual(await epochs(world), [3, 3, 3]);
  const texts = (id: string) => {
    const heard = hook.delivered.filter(({ event, session_id }) => event === 'message' && session_id === id);
    return [...new Map(heard.map(event => [event.id, event.payload.body])).values()];
  };
  for (const id of ids) await until(() => texts(id).length === 2);
  for (const id of ids) assert.deepEqual(texts(id), ['one', 'two']);
  assertNeverTwice(sockets);
});
