import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sql } from '../../src/store/database.ts';
import { syncGlobalEndpoints } from '../../src/store/endpoints.ts';
import { updateWebhook } from '../../src/store/webhooks.ts';
import { testDatabase } from '../support/database.ts';
import { receiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';
import { append, Clock, deliverer, device, recorded } from './ledger.ts';

/** The pool; before it is asked what is due something is done once, when there is something to do. */
function beforeDue(sql: Sql, once: { work?: (() => Promise<unknown>) | undefined }): Sql {
  return new Proxy(sql, {
    apply: (pool, self, asked: [TemplateStringsArray, ...unknown[]]) => {
      const { work } = once;
      // The query is made by itself, and is all of the statement.
      if (!work || asked[0].join('') !== '') return Reflect.apply(pool, self, asked);
      once.work = undefined;
      return work().then(() => Reflect.apply(pool, self, asked));
    },
  });
}

test('what was chosen for a webhook does not go where another node has it lead meanwhile, in the middle of a look', async t => {
  const { sql } = await testDatabase(t);
  const clock = new Clock();
  const before = await receiver(t, { answer: 503 });
  const after = await receiver(t);
  await syncGlobalEndpoints(sql, [before.url], { skipTlsVerify: false, events: [] });
  const one = await device(sql, 'one');
  const [{ no }] = await sql<[{ no: number }]>`select no from endpoint`;
  const change: { work?: (() => Promise<unknown>) | undefined } = {};
  const delivery = await deliverer(t, beforeDue(sql, change), { now: clock.now, everyMs: 5 });
  delivery.wake(await append(sql, one, 3));
  await until(async () => (await sql`select from lane where attempt = 1`).count === 1);

  change.work = () =>
    updateWebhook(sql, no, {
      ...{ name: '', url: after.url, events: ['call.offer'], chats: [], own: true, headers: null },
      ...{ batchEvents: 1, batchMs: 0, strict: false, maxInFlight: 8, timeoutMs: 15_000 },
      direction: 'any',
      payload: 'fat',
    });
  await until(() => change.work === undefined);
  clock.to(clock.now() + 3_600_000);
  await until(() => recorded(sql));
  await append(sql, one, ['call.offer']);
  await until(() => after.delivered.some(({ event }) => event === 'call.offer'));
  assert.deepEqual(
    after.requests.map(({ json }) => json.event),
    ['call.offer'],
  );
});
