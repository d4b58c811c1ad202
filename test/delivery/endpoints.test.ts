import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpointSettings } from '../../src/delivery/settings.ts';
import { Failure } from '../../src/errors.ts';
import { deferred } from '../../src/lib/deferred.ts';
import type { Streamed } from '../../src/shard/protocol.ts';
import { clearDeviceEndpoint, syncGlobalEndpoints } from '../../src/store/endpoints.ts';
import { testDatabase } from '../support/database.ts';
import { type Receiver, receiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';
import { append, deliverer, device, here, hurry, recorded, secret, seeded, upTo } from './ledger.ts';

const all = { skipTlsVerify: false, events: [] };
const seqs = ({ delivered }: Receiver) => delivered.map(({ seq }) => seq);

test('a device webhook replaces the global ones for that device alone, and clearing it turns that round', async t => {
  const { sql } = await testDatabase(t);
  const [global, own] = [await receiver(t), await receiver(t)];
  await syncGlobalEndpoints(sql, [global.url], all);
  const [one, other] = [await device(sql, 'one'), await device(sql, 'other')];
  const delivery = await deliverer(t, sql);
  const settings = endpointSettings(sql, delivery, here);
  let sent = 0;
  const send = async (count: number) => {
    for (const each of [one, other]) delivery.wake(await append(sql, each, count));
    sent += 2 * count;
    await until(() => global.delivered.length + own.delivered.length === sent);
  };

  await send(5);
  assert.deepEqual(await settings.set(one.no, { url: own.url }), {
    ...{ url: own.url, hasSecret: false, events: [], skipTlsVerify: false },
  });
  await send(5);
  await settings.clear(one.no);
  assert.equal(await settings.get(one.no), undefined);
  await send(5);
  await settings.set(one.no, { url: own.url });
  await send(5);
  const ofDevice = (id: string) =>
    global.delivered.filter(({ session_id }) => session_id === id).map(({ seq }) => seq);
  assert.deepEqual(ofDevice('one'), [...upTo(5), ...upTo(15, 11)]);
  assert.deepEqual(ofDevice('other'), upTo(20));
  assert.deepEqual(seqs(own), [...upTo(10, 6), ...upTo(20, 16)]);
});

for (const [promise, caughtUp] of [
  ['changes of a device webhook in the middle of traffic send each event to one endpoint, in order', true],
  ['changes faster than the deliveries lose nothing and keep the order', false],
] as const) {
  test(promise, async t => {
    const { sql } = await testDatabase(t);
    const random = seeded(7);
    const [global, own] = [await receiver(t), await receiver(t)];
    await syncGlobalEndpoints(sql, [global.url], all);
    const one = await device(sql, 'one');
    const delivery = await deliverer(t, sql);
    const settings = endpointSettings(sql, delivery, here);
    const owed = { global: [] as number[], own: [] as number[] };
    const pairs = [
      [owed.global, global],
      [owed.own, own],
    ] as const;
    let to: 'global' | 'own' = 'global';
    let late: Streamed[] = [];
    for (let step = 0; step < 150; step += 1) {
      const dice = random();
      if (dice < 0.15) {
        if (caughtUp) {
          await until(
            async () =>
              pairs.every(([seqs, at]) => at.delivered.length === seqs.length) && (await recorded(sql)),
          );
        }
        to = to === 'global' ? 'own' : 'global';
        const changed = to === 'own' ? settings.set(one.no, { url: own.url }) : settings.clear(one.no);
        // What a shard streamed before the change may be heard of during it.
        delivery.wake(late);
        await changed;
        delivery.wake(late);
        late = [];
      } else {
        const events = await append(sql, one, 1 + Math.floor(random() * 3));
        owed[to].push(...events.map(({ seq }) => seq));
        if (dice < 0.8) delivery.wake([...late, ...events]);
        late = dice < 0.8 ? [] : [...late, ...events];
      }
    }
    await until(() => pairs.every(([seqs, at]) => at.delivered.some(({ seq }) => seq === seqs.at(-1))));
    for (const [seqs, { delivered }] of pairs) {
      const got = delivered.map(({ seq }) => seq);
      if (caughtUp) assert.deepEqual(got, seqs);
      const known = new Set(got);
      assert.deepEqual(
        got,
        [...known].sort((a, b) => a - b),
      );
      assert.ok(seqs.every(seq => known.has(seq)));
    }
  });
}

test('what an endpoint was owed when it was replaced still reaches it, and it gets nothing of the time after', async t => {
  const { sql } = await testDatabase(t);
  const [global, own] = [await receiver(t, { answer: 503 }), await receiver(t)];
  await syncGlobalEndpoints(sql, [global.url], all);
  const one = await device(sql, 'one');
  const delivery = await deliverer(t, sql);
  const settings = endpointSettings(sql, delivery, here);
  delivery.wake(await append(sql, one, 5));
  await until(() => global.requests.length > 0);
  await settings.set(one.no, { url: own.url });
  delivery.wake(await append(sql, one, 5));
  await until(() => own.delivered.length === 5);
  global.answer(200);
  await until(async () => {
    await hurry(sql);
    return global.delivered.length === 5 && (await recorded(sql));
  });
  await settings.clear(one.no);
  delivery.wake(await append(sql, one, 5));
  await until(() => global.delivered.length === 10);
  assert.deepEqual(seqs(global), [...upTo(5), ...upTo(15, 11)]);
  assert.deepEqual(seqs(own), upTo(10, 6));
});

test('an endpoint that is still behind when it takes over again gets the time in between too, so nothing is missing', async t => {
  const { sql } = await testDatabase(t);
  const [global, own] = [await receiver(t, { answer: 503 }), await receiver(t)];
  await syncGlobalEndpoints(sql, [global.url], all);
  const one = await device(sql, 'one');
  const delivery = await deliverer(t, sql);
  const settings = endpointSettings(sql, delivery, here);
  await append(sql, one, 5);
  await settings.set(one.no, { url: own.url });
  await append(sql, one, 5);
  await settings.clear(one.no);
  await append(sql, one, 5);
  global.answer(200);
  await until(async () => {
    await hurry(sql);
    return global.delivered.length === 15 && own.delivered.length === 5;
  });
  assert.deepEqual(seqs(global), upTo(15));
  assert.deepEqual(seqs(own), upTo(10, 6));
});

test('a webhook with a wrong URL delivers what it owes as soon as the URL is corrected, without waiting', async t => {
  const { sql } = await testDatabase(t);
  const [wrong, right] = [await receiver(t, { answer: 404 }), await receiver(t)];
  const one = await device(sql, 'one');
  const delivery = await deliverer(t, sql);
  const settings = endpointSettings(sql, delivery, here);
  await settings.set(one.no, { url: wrong.url });
  delivery.wake(await append(sql, one, 3));
  await until(() => wrong.requests.length > 0);
  await sql`update lane set not_before = now() + interval '1 hour'`;
  await settings.set(one.no, { url: right.url });
  await until(() => right.delivered.length === 3);
  assert.deepEqual(seqs(right), upTo(3));
});

test('a change waits for no POST that is under way', async t => {
  const { sql } = await testDatabase(t);
  const gate = deferred<void>();
  const [stuck, next] = [
    await receiver(t, { answer: { status: 200, after: gate.promise } }),
    await receiver(t),
  ];
  const one = await device(sql, 'one');
  const delivery = await deliverer(t, sql);
  const settings = endpointSettings(sql, delivery, here);
  await settings.set(one.no, { url: stuck.url });
  delivery.wake(await append(sql, one, 3));
  await until(() => stuck.open === 1);
  await settings.set(one.no, { url: next.url });
  assert.equal(stuck.open, 1);
  gate.resolve();
  await until(() => next.delivered.length === 2);
  assert.deepEqual(seqs(stuck), [1]);
  assert.deepEqual(seqs(next), [2, 3]);
});

test('a change of one field keeps the others; a new webhook after clearing starts from the defaults', async t => {
  const { sql } = await testDatabase(t);
  const one = await device(sql, 'one');
  const settings = endpointSettings(sql, await deliverer(t, sql), here);
  const given = { url: 'https://a.example/', secret: 's', events: ['Message', 'device.state'] };
  await settings.set(one.no, { ...given, skipTlsVerify: true });
  const set = { hasSecret: true, events: ['message', 'device.state'], skipTlsVerify: true };
  const changed = await settings.set(one.no, { url: 'https://b.example/' });
  assert.deepEqual(changed, { url: 'https://b.example/', ...set });
  assert.deepEqual(await settings.get(one.no), changed);
  assert.equal((await settings.set(one.no, { url: 'https://b.example/', secret: null })).hasSecret, false);
  assert.deepEqual((await settings.set(one.no, { url: 'https://b.example/', events: [] })).events, []);
  await settings.clear(one.no);
  await settings.clear(one.no);
  assert.deepEqual(await settings.set(one.no, { url: 'https://c.example/' }), {
    ...{ url: 'https://c.example/', hasSecret: false, events: [], skipTlsVerify: false },
  });
});

test('a webhook for a device that is not there fails with DEVICE_NOT_FOUND', async t => {
  const { sql } = await testDatabase(t);
  const settings = endpointSettings(sql, await deliverer(t, sql), here);
  await assert.rejects(settings.set(4711, { url: 'https://a.example/' }), { code: 'DEVICE_NOT_FOUND' });
  assert.equal(await settings.get(4711), undefined);
  await settings.clear(4711);
});

test('without a database a change fails with STORE_UNAVAILABLE', async t => {
  const { sql } = await testDatabase(t);
  const one = await device(sql, 'one');
  const settings = endpointSettings(sql, await deliverer(t, sql), here);
  await sql.end({ timeout: 1 });
  const failed = (error: unknown) => error instanceof Failure && error.code === 'STORE_UNAVAILABLE';
  await assert.rejects(settings.set(one.no, { url: 'https://a.example/' }), failed);
  await assert.rejects(settings.get(one.no), failed);
});

test('a new global endpoint gets events from now on; one that comes back goes on where it was', async t => {
  const { sql } = await testDatabase(t);
  const [first, second] = [await receiver(t), await receiver(t)];
  await syncGlobalEndpoints(sql, [first.url], all);
  const one = await device(sql, 'one');
  await append(sql, one, 2);
  const before = await deliverer(t, sql);
  await until(() => first.delivered.length === 2);
  await before.stop();

  await syncGlobalEndpoints(sql, [second.url], all);
  await append(sql, one, 2);
  const made = await device(sql, 'made-meanwhile');
  await append(sql, made, 1);
  const between = await deliverer(t, sql);
  await until(() => second.delivered.length === 3);
  await between.stop();
  assert.equal(first.delivered.length, 2);

  await syncGlobalEndpoints(sql, [first.url, second.url, first.url], all);
  await deliverer(t, sql);
  await until(() => first.delivered.length === 5);
  assert.deepEqual(
    first.delivered.filter(({ session_id }) => session_id === 'one').map(({ seq }) => seq),
    upTo(4),
  );
  assert.equal(second.delivered.length, 3);
});

test('a global endpoint that is new while a device has its own waits for the device to be given back', async t => {
  const { sql } = await testDatabase(t);
  const [global, own] = [await receiver(t), await receiver(t)];
  const one = await device(sql, 'one');
  const delivery = await deliverer(t, sql);
  const settings = endpointSettings(sql, delivery, here);
  await settings.set(one.no, { url: own.url });
  await syncGlobalEndpoints(sql, [global.url], all);
  await append(sql, one, 2);
  await until(() => own.delivered.length === 2);
  await settings.clear(one.no);
  await append(sql, one, 2);
  await until(() => global.delivered.length === 2);
  assert.deepEqual(seqs(global), [3, 4]);
});

test('clearing what was never set, and the same settings again, change nothing', async t => {
  const { sql } = await testDatabase(t);
  await syncGlobalEndpoints(sql, ['https://a.example/', 'https://b.example/'], all);
  const one = await device(sql, 'one');
  await append(sql, one, 3);
  const lanes = async () => [
    ...(await sql`select endpoint_no, device_no, cursor, until from lane order by 1`),
  ];
  const before = await lanes();
  await clearDeviceEndpoint(sql, one.no);
  await syncGlobalEndpoints(sql, ['https://b.example/', 'https://a.example/'], all);
  assert.deepEqual(await lanes(), before);
  assert.equal(before.length, 2);
});

test('every POST is signed with its own secret, or the one of the installation, over the bytes of the journal', async t => {
  const { sql } = await testDatabase(t);
  const [global, own] = [await receiver(t), await receiver(t)];
  await syncGlobalEndpoints(sql, [global.url], all);
  const [one, two] = [await device(sql, 'one'), await device(sql, 'two')];
  const delivery = await deliverer(t, sql);
  await endpointSettings(sql, delivery, here).set(one.no, { url: own.url, secret: 'segredo' });
  const events = [...(await append(sql, one, 2)), ...(await append(sql, two, 2))];
  await until(() => own.delivered.length === 2 && global.delivered.length === 2);
  // The first two came from the journal; these come from the shard.
  const streamed = [...(await append(sql, one, 2)), ...(await append(sql, two, 2))];
  delivery.wake(streamed);
  await until(() => own.delivered.length === 4 && global.delivered.length === 4);
  for (const request of own.requests) own.verify(request, 'segredo');
  for (const request of global.requests) global.verify(request, secret);
  assert.throws(() => own.verify(own.requests[0]!, secret));
  for (const { body, json, headers } of [...own.requests, ...global.requests]) {
    assert.equal(body, [...events, ...streamed].find(({ id }) => id === json.id)?.body);
    assert.equal(headers['webhook-id'], json.id);
    assert.equal(headers['content-type'], 'application/json');
    assert.equal(headers['user-agent'], 'cardume/0.0.0-test');
  }
});

test('after a 410 nothing more is sent; configured again, the endpoint gets what it missed', async t => {
  const { sql } = await testDatabase(t);
  const [gone, other] = [await receiver(t, { answer: 410 }), await receiver(t)];
  await syncGlobalEndpoints(sql, [gone.url, other.url], all);
  const [one, two] = [await device(sql, 'one'), await device(sql, 'two')];
  const delivery = await deliverer(t, sql);
  delivery.wake(await append(sql, one, 3));
  await until(async () => {
    const [row] = await sql`select state = 'active' as active from endpoint where url = ${gone.url}`;
    return row!.active === false;
  });
  for (const each of [one, two]) delivery.wake(await append(sql, each, 3));
  // With the event that tells of it.
  await until(() => other.delivered.length === 10);
  assert.equal(gone.requests.length, 1);
  gone.answer(200);
  await syncGlobalEndpoints(sql, [gone.url, other.url], all);
  await until(() => gone.delivered.length === 10);
  const ofOne = gone.delivered.filter(({ session_id }) => session_id === 'one');
  assert.deepEqual(
    ofOne.map(({ seq }) => seq),
    upTo(7),
  );
});

test('a webhook whose stored secret was changed gets nothing, the others go on; set again, it gets what it missed', async t => {
  const { sql } = await testDatabase(t);
  const [broken, sound] = [await receiver(t), await receiver(t)];
  const [one, other] = [await device(sql, 'one'), await device(sql, 'other')];
  const delivery = await deliverer(t, sql);
  const settings = endpointSettings(sql, delivery, here);
  await settings.set(one.no, { url: broken.url, secret: 'segredo' });
  await settings.set(other.no, { url: sound.url, secret: 'outro' });
  const [stored] = await sql<
    { secret: Buffer }[]
  >`select value as secret from endpoint_secret join endpoint e on e.no = endpoint_no where e.device_no = ${one.no}`;
  assert.ok(!stored!.secret.includes('segredo'));

  await sql`
    update endpoint_secret
       set value = (select value from endpoint_secret join endpoint e on e.no = endpoint_no where e.device_no = ${other.no})
     where endpoint_no = (select no from endpoint where device_no = ${one.no})`;
  for (let n = 0; n < 3; n++) {
    await append(sql, one, 1);
    await append(sql, other, 1);
    await until(() => sound.delivered.length === n + 1);
  }
  assert.equal(broken.requests.length, 0);
  await settings.set(one.no, { url: broken.url, secret: 'novo' });
  await until(() => broken.delivered.length === 3);
  for (const request of broken.requests) broken.verify(request, 'novo');
  assert.deepEqual(seqs(broken), upTo(3));
});

test('an event that was changed in the journal is told without its payload, and those around it as they were', async t => {
  const { sql } = await testDatabase(t);
  const at = await receiver(t, { held: false });
  await syncGlobalEndpoints(sql, [at.url], all);
  const one = await device(sql, 'one');
  await append(sql, one, 3);
  await sql`update journal set payload = set_byte(payload, 40, get_byte(payload, 40) # 1) where seq = 2`;
  await deliverer(t, sql);
  await until(() => at.delivered.length === 3);
  assert.deepEqual(seqs(at), [1, 2, 3]);
  const bodies = at.requests.map(({ body }) => JSON.parse(body) as { id: string; payload: unknown });
  assert.deepEqual(
    bodies.map(({ payload }) => payload === null),
    [false, true, false],
  );
  assert.ok(bodies[1]?.id);
});
