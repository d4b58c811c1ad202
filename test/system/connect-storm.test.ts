// Many devices that want to connect at once: at the start of a node, and when WhatsApp is back after an outage.
// CONNECT_STORM=1000 runs it with so many; without it with 200.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNode } from '../support/node.ts';
import { until } from '../support/until.ts';

const DEVICES = Number(process.env.CONNECT_STORM ?? 200);
const PER_SECOND = 20;
const BURST = 10;
/** The gate admits in the main thread; a login is seen in another, later by what the machine has to do meanwhile. */
const LATE_SECONDS = 5;

/** The most logins, of times in ms, that there are more than the bucket lets through in any stretch of time. */
function excess(logins: readonly number[]): number {
  let most = Number.NEGATIVE_INFINITY;
  logins.forEach((from, first) => {
    for (let last = first; last < logins.length; last++) {
      const seconds = ((logins[last] ?? 0) - from) / 1_000 + LATE_SECONDS;
      most = Math.max(most, last - first + 1 - (BURST + PER_SECOND * seconds));
    }
  });
  return most;
}

test(`${DEVICES} devices connect under the bucket at the start and after an outage; the API does not wait for them, and nobody is left out`, async t => {
  const settings = { CONNECTS_PER_SECOND: String(PER_SECOND), CONNECT_BURST: String(BURST) };
  const node = await startNode(t, { devices: DEVICES, workers: 2, settings });
  const ended = new AbortController();
  t.after(() => ended.abort());
  const logins: number[] = [];
  const loginsNow = async () => {
    const events = await node.simulator.events({ after: 0, kinds: ['login'], signal: ended.signal });
    for await (const { at } of events) logins.push(at);
  };
  const listening = loginsNow().catch((error: unknown) => {
    if (!ended.signal.aborted) throw error;
  });

  await t.test('the API is ready while most still wait at the gate', async () => {
    assert.equal((await node.api('GET', '/ready')).status, 200);
    assert.equal((await node.api('GET', '/device/list')).status, 200);
    const open = node.node.supervisor.list().filter(({ phase }) => phase === 'open').length;
    assert.ok(open < DEVICES / 2, `${open} of ${DEVICES} were open already`);
    await node.opened(undefined, (DEVICES / PER_SECOND) * 1_000 * 6);
    await until(() => logins.length === DEVICES);
    assert.ok(excess(logins) <= 0, `${excess(logins)} too many at once`);
  });

  await t.test('after an outage they come back under the bucket, each of them', async () => {
    await node.simulator.arm('upgrade.refuse', { params: { status: 503 } });
    await node.simulator.disconnect('tcp', { all: true });
    await until(() => node.node.supervisor.list().every(({ phase }) => phase !== 'open'));
    // As many attempts in vain as there are devices.
    await until(async () => ((await node.simulator.faults()).armed[0]?.occasions ?? 0) >= DEVICES, {
      within: (DEVICES / PER_SECOND) * 1_000 * 6,
      what: 'devices to be refused',
    });
    logins.length = 0;
    await node.simulator.disarm();
    await node.opened(undefined, 120_000);
    await until(() => logins.length >= DEVICES);
    assert.ok(excess(logins) <= 0, `${excess(logins)} too many at once`);
  });
  assert.ok(node.node.supervisor.shards().every(({ restarts }) => restarts === 0));
  assert.deepEqual(node.fatal, []);
  ended.abort();
  await listening;
});
