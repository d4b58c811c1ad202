import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { Sql } from '../../src/store/database.ts';
import {
  claimDevices,
  createDevice,
  listDevices,
  listOthers,
  markHalted,
  markLinked,
  markResting,
  readRemembered,
  removeDevice,
} from '../../src/store/devices.ts';
import { Fenced } from '../../src/store/fence.ts';
import { handOver, renewLease, takeLease } from '../../src/store/nodes.ts';
import { testDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

const minute = 60_000;

/** A node with a lease that holds for a minute, or one that has run out. */
async function node(sql: Sql, ttlMs = minute): Promise<string> {
  const id = randomUUID();
  await takeLease(sql, { id, host: 'here', pid: 1, space: null, birth: null }, ttlMs);
  return id;
}

const numbers = (rows: readonly { no: number }[]) => rows.map(({ no }) => no).sort((a, b) => a - b);

test('a device is taken when it has no owner, or one without a lease that holds; never from one that has it', async t => {
  const { sql } = await testDatabase(t);
  const [alive, dead, gone, me] = [await node(sql), await node(sql, -1), randomUUID(), await node(sql)];
  const kept = await createDevice(sql, 'kept', alive);
  const orphan = await createDevice(sql, 'orphan', dead);
  const stray = await createDevice(sql, 'stray', gone);
  const nobodys = await createDevice(sql, 'nobodys', gone);
  const mine = await createDevice(sql, 'mine', me);
  await sql`update device set owner = null where no = ${nobodys.no}`;

  const taken = await claimDevices(sql, me);
  assert.deepEqual(numbers(taken), numbers([orphan, stray, nobodys]));
  assert.ok(taken.every(({ owner, epoch }) => owner === me && epoch === 2));
  assert.deepEqual(numbers(await listOthers(sql, me)), [kept.no]);
  assert.deepEqual([...(await claimDevices(sql, me))], [], 'what is taken is not taken again');

  const [again] = await claimDevices(sql, me, numbers(taken));
  assert.deepEqual([again?.no, again?.epoch], [mine.no, 2], 'what is ours and not known to be is taken anew');
});

test('a lease that has run out cannot be renewed, only taken, and then its devices may be gone', async t => {
  const { sql } = await testDatabase(t);
  const [me, peer] = [await node(sql), await node(sql)];
  const { no } = await createDevice(sql, 'a', me);
  assert.equal(await renewLease(sql, me, minute), true);
  assert.deepEqual([...(await claimDevices(sql, peer))], []);
  await sql`update node set expires_at = now() where id = ${me}`;
  assert.equal(await renewLease(sql, me, minute), false);
  assert.equal((await claimDevices(sql, peer))[0]?.epoch, 2);
  await takeLease(sql, { id: me, host: 'here', pid: 1, space: null, birth: null }, minute);
  assert.deepEqual([...(await claimDevices(sql, me, []))], []);
  await assert.rejects(markLinked(sql, { no, owner: me, epoch: 1, jid: 'x', lid: null, name: null }), Fenced);
});

test('what is handed over is free at once, and nothing else is', async t => {
  const { sql } = await testDatabase(t);
  const [me, other, peer] = [await node(sql), await node(sql), await node(sql)];
  const given = [await createDevice(sql, 'a', me), await createDevice(sql, 'b', me)];
  await createDevice(sql, 'c', other);
  await handOver(sql, me);
  assert.equal(await renewLease(sql, me, minute), false, 'the lease went with them');
  assert.deepEqual(numbers(await claimDevices(sql, peer)), numbers(given));
});

test('of many nodes that find the same free devices one takes each, in one step of its epoch', async t => {
  const { sql } = await testDatabase(t);
  const dead = randomUUID();
  for (let n = 0; n < 20; n++) await createDevice(sql, `d${n}`, dead);
  const nodes = await Promise.all(Array.from({ length: 12 }, () => node(sql)));
  const taken = await Promise.all(nodes.map(id => claimDevices(sql, id)));
  assert.equal(taken.flat().length, 20);
  assert.equal(new Set(numbers(taken.flat())).size, 20);
  for (const { owner, epoch } of await listDevices(sql)) {
    assert.ok(nodes.includes(owner ?? ''));
    assert.equal(epoch, 2);
  }
});

test('a claim that waits for another one takes nothing of what that one has taken', async t => {
  const { sql } = await testDatabase(t);
  const [first, second] = [await node(sql), await node(sql)];
  const { no } = await createDevice(sql, 'a', randomUUID());
  // The first claim, held open: the second has looked and waits for the row.
  const blocker = sql.begin(async transaction => {
    await transaction`update device set owner = ${first}, epoch = epoch + 1 where no = ${no}`;
    const waiting = claimDevices(sql, second);
    await until(async () => {
      const [row] = await sql<[{ waits: boolean }]>`
        select exists (
          select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()
        ) as waits`;
      return row.waits;
    });
    return { waiting };
  });
  const { waiting } = await blocker;
  assert.deepEqual([...(await waiting)], []);
  const [device] = await listDevices(sql);
  assert.deepEqual([device?.owner, device?.epoch], [first, 2]);
});

test('only who owns a device removes it', async t => {
  const { sql } = await testDatabase(t);
  const [me, other] = [await node(sql), await node(sql)];
  const { no } = await createDevice(sql, 'a', other);
  await assert.rejects(removeDevice(sql, { no, owner: me, epoch: 1 }), Fenced);
  await assert.rejects(removeDevice(sql, { no, owner: other, epoch: 2 }), Fenced);
  assert.equal(await removeDevice(sql, { no, owner: other, epoch: 1 }), true);
  assert.equal(await removeDevice(sql, { no, owner: other, epoch: 1 }), false);
});

test('what a device waits for and whether it was replaced is remembered until it is open or unlinked', async t => {
  const { sql } = await testDatabase(t);
  const owner = randomUUID();
  const { no } = await createDevice(sql, 'a', owner);
  const term = { no, owner, epoch: 1 };
  const life = async () => (await readRemembered(sql, [no]))[0]!;
  await markResting(sql, { ...term, reason: 'banned for now', ms: minute, replaced: false });
  const banned = await life();
  assert.deepEqual([banned.reason, banned.replacedAgoMs], ['banned for now', null]);
  assert.ok(banned.restMs !== null && banned.restMs > 0 && banned.restMs <= minute);
  await markResting(sql, { ...term, reason: 'replaced', ms: 0, replaced: true });
  const replaced = await life();
  assert.equal(replaced.restMs, null, 'its rest is over');
  assert.ok(replaced.replacedAgoMs !== null && replaced.replacedAgoMs >= 0);
  await markHalted(sql, { ...term, state: 'conflict', reason: 'twice' });
  assert.deepEqual([(await life()).state, (await life()).reason], ['conflict', 'twice']);
  await assert.rejects(markResting(sql, { ...term, epoch: 2, reason: '', ms: 1, replaced: false }), Fenced);
});
