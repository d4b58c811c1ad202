import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkpoint } from '../../src/delivery/checkpoint.ts';
import { endpointOf } from '../../src/delivery/endpoint.ts';
import { laneOf } from '../../src/delivery/lane.ts';
import { syncGlobalEndpoints } from '../../src/store/endpoints.ts';
import { testDatabase } from '../support/database.ts';
import { row } from '../unit/delivery/rows.ts';
import { device, OWNER } from './ledger.ts';

test('all who wait while a write is under way wait for the next one: it has what they marked', async t => {
  const { sql } = await testDatabase(t);
  await syncGlobalEndpoints(sql, ['http://there'], { skipTlsVerify: false, events: [] });
  const { no: deviceNo } = await device(sql, 'one');
  const [{ no: endpointNo }] = await sql<[{ no: number }]>`select no from endpoint`;
  const found = row({ endpointNo, deviceNo, cursor: 0, upto: 3 });
  const lane = laneOf(found, endpointOf(found, 'secret'));
  let written = 0;
  const attempts = { note: () => {}, waiting: 0, write: async () => void written++ };
  const saved = checkpoint({ sql, owner: OWNER, attempts }, error => assert.fail(error as Error));
  const moved = (cursor: number) => {
    lane.scanned = cursor;
    saved.mark(lane);
    return saved.flush().then(() => written);
  };
  assert.deepEqual(
    await Promise.all([moved(1), moved(2), moved(3), saved.flush().then(() => written)]),
    [1, 2, 2, 2],
  );
  assert.deepEqual(
    (await sql`select cursor from lane`).map(({ cursor }) => cursor),
    [3],
  );
  await saved.flush();
  assert.equal(written, 2, 'nothing is marked');
});
