import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settled } from '../../src/delivery/settled.ts';
import { syncGlobalEndpoints } from '../../src/store/endpoints.ts';
import { beginReplays } from '../../src/store/replays.ts';
import { testDatabase } from '../support/database.ts';
import { receiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';
import { append, deliverer, device, OWNER, recorded } from './ledger.ts';

const all = { skipTlsVerify: false, events: [] };

test('what is known of devices with nothing to do is asked for from time to time, and believed for a while only', async t => {
  const { sql } = await testDatabase(t);
  const [one, two] = [await device(sql, 'one'), await device(sql, 'two')];
  await append(sql, one, 3);
  await append(sql, two, 1);
  let at = 0;
  const devices = settled({ sql, owner: OWNER }, () => at);
  const known = async () => [...(await devices.known())];
  assert.deepEqual(await known(), [], 'a node that has just started looks at all');
  at = 2_000;
  assert.deepEqual(await known(), [
    [one.no, 3],
    [two.no, 1],
  ]);
  devices.forget(one.no);
  assert.deepEqual(await known(), [[two.no, 1]]);
  at = 4_000;
  const asked = known();
  devices.forget(one.no);
  await asked;
  assert.deepEqual(await known(), [[two.no, 1]], 'what was read beside a change is not believed');
  at = 5_999;
  devices.forget();
  assert.deepEqual(await known(), []);
  at = 6_000;
  assert.equal((await known()).length, 2);
  at = 26_000;
  // What was known of either has run out by then, and both are learnt anew in the same moment.
  const [endpoint] = await sql<
    [{ no: number }]
  >`insert into endpoint (url) values ('http://there') returning no`;
  await sql`insert into lane (endpoint_no, device_no) values (${endpoint.no}, ${one.no})`;
  assert.deepEqual(await known(), [[two.no, 1]], 'a lane that nobody told of is found');
});

test('a device that has been settled is delivered what comes, and told again what was told, at once', async t => {
  const { sql } = await testDatabase(t);
  const at = await receiver(t);
  await syncGlobalEndpoints(sql, [at.url], all);
  const [one, two] = [await device(sql, 'one'), await device(sql, 'two')];
  await append(sql, one, 2);
  await append(sql, two, 2);
  let learnt = 0;
  const watched = new Proxy(sql, {
    apply: (target, self, query) => {
      const [text] = query as [unknown];
      if (Array.isArray(text) && text.join().includes('owed is null')) learnt += 1;
      return Reflect.apply(target, self, query);
    },
  });
  const delivery = await deliverer(t, watched, { everyMs: 20 });
  await until(async () => at.delivered.length === 4 && (await recorded(sql)));
  const before = learnt;
  await until(() => learnt >= before + 2, { what: 'both are settled' });
  // Without a word, as an event of a commit whose answer was lost.
  await append(sql, one, 1);
  await until(() => at.delivered.length === 5);
  const [endpoint] = await sql<[{ no: number }]>`select no from endpoint`;
  await beginReplays(sql, { endpointNo: endpoint.no, deviceNo: two.no }, { fromSeq: 1, types: [] });
  delivery.look();
  await until(() => at.delivered.length === 7);
});
