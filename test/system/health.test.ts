import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deferred } from '../../src/lib/deferred.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { type Envelope, receiver } from '../support/receiver.ts';
import type { Seeded } from '../support/seed.ts';
import { until } from '../support/until.ts';

/** A minute of real life in a few seconds: whoever is slow because the machine is must not be taken for ill. */
const health = {
  everyMs: 50,
  pingEveryMs: 400,
  pongWithinMs: 2_000,
  deafAfterMs: 4_000,
  pinglessAfterMs: 8_000,
  handledWithinMs: 2_000,
  stuckAfterMs: 120_000,
  ackWithinMs: 2_000,
  journaledWithinMs: 2_000,
  decryptsAtLeast: 5,
  recoveredAfterMs: 500,
};

interface Health {
  readonly state: string;
  readonly degraded: boolean;
  readonly reasons: { code: string; text: string }[];
  readonly connected_since?: string;
  readonly last_inbound_at?: string;
  readonly last_ack_at?: string;
  readonly ping_ms?: number;
  readonly awaiting_ack: number;
  readonly reconnects_last_hour: number;
}

test('the health of a device is true', async t => {
  const hook = await receiver(t);
  const node = await startNode(t, {
    devices: 5,
    workers: 1,
    health,
    settings: { WEBHOOK_URL: hook.url, WEBHOOK_EVENTS: 'device.state,device.degraded,device.recovered' },
  });
  await node.opened();
  const [hung, muted, unponged, unheard, bystander] = node.seeded as Five;
  const { phone } = await node.simulator.createPhone();
  const read = async ({ id }: Seeded) =>
    (await node.api<Health>('GET', `/devices/${id}/health`)).body.results as Health;
  const told = ({ id }: Seeded) => hook.delivered.filter(({ session_id }) => session_id === id);
  const well = (one: Seeded) =>
    until(() => told(one).at(-1)?.event === 'device.recovered' && node.device(one.id).degraded === undefined);

  await t.test('an open device answers what was measured of it', async () => {
    assert.equal((await node.sendText(bystander.id, phone, 'hello')).status, 200);
    await until(async () => (await read(bystander)).ping_ms !== undefined);
    const { connected_since, last_inbound_at, last_ack_at, ...rest } = await read(bystander);
    const { state, degraded, reasons, awaiting_ack, reconnects_last_hour } = rest;
    assert.deepEqual(
      { state, degraded, reasons, awaiting_ack, reconnects_last_hour },
      { state: 'open', degraded: false, reasons: [], awaiting_ack: 0, reconnects_last_hour: 0 },
    );
    const since = Date.parse(connected_since ?? '');
    for (const at of [last_inbound_at, last_ack_at]) assert.ok(Date.parse(at ?? '') >= since);
  });

  for (const [close, one] of [
    ['hang', hung],
    ['mute', muted],
  ] as const)
    await t.test(`a socket that is open and deaf (${close}) is noticed, told and made anew`, async () => {
      await node.simulator.disconnect(close, { jid: one.jid });
      await well(one);
      const events = told(one);
      assert.deepEqual(
        events.map(({ event, payload: { state, reasons } }) => [event, state ?? codesOf(reasons)]),
        [
          ['device.state', 'open'],
          ['device.degraded', ['no_pong']],
          ['device.state', 'disconnected'],
          ['device.state', 'open'],
          ['device.recovered', []],
        ],
      );
      assert.match(String(events[2]?.payload.reason), /^deaf: nothing came for \d+ s$/);
      assert.equal((await read(one)).reconnects_last_hour, 1);
    });

  await t.test('a server that answers everything but pings is told, and left in the end', async () => {
    await node.simulator.arm('iq.silent', {
      who: { device: unponged.jid },
      filter: { xmlns: 'w:p' },
    });
    await until(() => told(unponged).some(({ event }) => event === 'device.degraded'));
    const list = await node.api<{ device_id: string; degraded?: unknown[] }[]>('GET', '/device/list');
    const listed = list.body.results?.find(({ device_id }) => device_id === unponged.id);
    assert.deepEqual(codesOf(listed?.degraded), ['no_pong']);
    assert.match((await read(unponged)).reasons[0]?.text ?? '', /^no pong for \d+ s$/);
    const metrics = await (await fetch(new URL('/metrics', node.node.url))).text();
    assert.match(metrics, /^cardume_devices_degraded 1$/m);
    assert.match(metrics, /^cardume_devices_degraded_by_reason\{reason="no_pong"\} 1$/m);
    let going = true;
    const chatter = (async () => {
      while (going) await node.simulator.send(phone, unponged.phone, 'hear me');
    })();
    await until(() => node.device(unponged.id).phase !== 'open');
    going = false;
    await chatter;
    await node.simulator.disarm('iq.silent');
    await well(unponged);
    assert.equal(told(unponged).filter(({ event }) => event === 'device.degraded').length, 1);
    const ended = told(unponged).find(({ payload }) => payload.state === 'disconnected');
    assert.match(String(ended?.payload.reason), /^deaf: no pong for \d+ s$/);
  });

  await t.test('sends that WhatsApp does not acknowledge are told, until it acknowledges again', async () => {
    await node.simulator.arm('ack.withhold', { who: { device: unheard.jid } });
    const unanswered = node.sendText(unheard.id, phone, 'do you hear me');
    await until(() => told(unheard).some(({ event }) => event === 'device.degraded'));
    const { reasons, awaiting_ack } = await read(unheard);
    assert.deepEqual([codesOf(reasons), awaiting_ack], [['sends_unacknowledged'], 1]);
    await node.simulator.disarm('ack.withhold');
    assert.equal((await node.sendText(unheard.id, phone, 'and now')).status, 200);
    await well(unheard);
    await node.api('POST', `/devices/${unheard.id}/reconnect`); // ends the wait of the first
    assert.equal((await unanswered).status, 504);
  });

  await t.test('too many messages that do not decrypt are told, until enough of them do', async () => {
    await node.opened([hung.id]);
    const degraded = () => codesOf(node.device(hung.id).degraded);
    await node.simulator.send(phone, hung.phone, 'before');
    await node.simulator.arm('delivery.undecryptable', { who: { device: hung.jid } });
    await node.simulator.send(phone, hung.phone, 'in vain');
    await until(() => degraded().includes('decrypt_failures'));
    await node.simulator.disarm('delivery.undecryptable');
    assert.match((await read(hung)).reasons[0]?.text ?? '', /^decrypt failures \d+ % of the last \d+$/);
    for (let n = 0; n < 30; n++) await node.simulator.send(phone, hung.phone, `well ${n}`);
    await well(hung);
  });

  await t.test('messages that are not handled because the database does not answer are told', async () => {
    await node.opened([bystander.id]);
    const [held, free] = [deferred<void>(), deferred<void>()];
    const locked = node.sql.begin(async sql => {
      await sql`select 1 from device where id = ${bystander.id} for update`;
      held.resolve();
      await free.promise;
    });
    await held.promise;
    await node.simulator.send(phone, bystander.phone, 'waits');
    await until(() => codesOf(node.device(bystander.id).degraded).includes('messages_waiting'));
    assert.equal(node.device(bystander.id).phase, 'open');
    free.resolve();
    await locked;
    await well(bystander);
    const events = told(bystander).map(({ event, payload }) => payload.state ?? event);
    assert.deepEqual(events.slice(-2), ['device.degraded', 'device.recovered']);
  });

  await t.test('nobody else was disturbed, and no number is missing', async () => {
    const states = told(bystander).filter(({ event }) => event === 'device.state');
    assert.deepEqual(
      states.map(({ payload }) => payload.state),
      ['open'],
    );
    const metrics = await (await fetch(new URL('/metrics', node.node.url))).text();
    assert.match(metrics, /^cardume_devices_degraded 0$/m);
    await until(async () =>
      /^cardume_deaf_connections_total 3$/m.test(
        await (await fetch(new URL('/metrics', node.node.url))).text(),
      ),
    );
    assert.match(metrics, /^cardume_ping_seconds_count [1-9]/m);
    for (const { id } of node.seeded) await gapless(node, id);
    assert.deepEqual(node.fatal, []);
  });
});

test('a connection on which nothing is handled any more is made anew, and nothing is lost or told twice', async t => {
  const hook = await receiver(t);
  const node = await startNode(t, {
    devices: 1,
    workers: 1,
    health: { ...health, stuckAfterMs: 3_000 },
    settings: { WEBHOOK_URL: hook.url, WEBHOOK_EVENTS: 'message,device.state' },
  });
  await node.opened();
  const [one] = node.seeded as [Seeded];
  const { phone } = await node.simulator.createPhone();
  const [held, free] = [deferred<void>(), deferred<void>()];
  const locked = node.sql.begin(async sql => {
    await sql`select 1 from device where id = ${one.id} for update`;
    held.resolve();
    await free.promise;
  });
  await held.promise;
  for (const text of ['one', 'two']) await node.simulator.send(phone, one.phone, text);
  await until(() => /^stuck: nothing was handled for \d+ s$/.test(node.device(one.id).reason ?? ''));
  free.resolve();
  await locked;
  await node.simulator.send(phone, one.phone, 'three');
  const texts = () => hook.delivered.filter(({ event }) => event === 'message').map(e => e.payload.body);
  await until(() => texts().includes('three'));
  assert.deepEqual(texts(), ['one', 'two', 'three']);
  await gapless(node, one.id);
});

test('a device that was degraded when the process ended is told to have recovered by the next one', async t => {
  const hook = await receiver(t);
  const settings = { WEBHOOK_URL: hook.url, WEBHOOK_EVENTS: 'device.degraded,device.recovered' };
  const node = await startNode(t, { devices: 2, workers: 1, settings, health });
  await node.opened();
  const [one, other] = node.seeded as [Seeded, Seeded];
  const events = ({ id }: Seeded): Envelope[] => hook.delivered.filter(({ session_id }) => session_id === id);
  await node.simulator.arm('iq.silent', { who: { device: one.jid }, filter: { xmlns: 'w:p' } });
  await until(() => events(one).length === 1);
  await node.stop();
  await node.simulator.disarm();
  await node.start();
  await until(() => events(one).length === 2);
  assert.deepEqual(
    events(one).map(({ event }) => event),
    ['device.degraded', 'device.recovered'],
  );
  assert.equal(node.device(one.id).degraded, undefined);
  assert.deepEqual(events(other), []);
});

type Five = [Seeded, Seeded, Seeded, Seeded, Seeded];

function codesOf(reasons: unknown): string[] {
  return ((reasons ?? []) as { code: string }[]).map(({ code }) => code);
}

async function gapless({ sql }: TestNode, id: string): Promise<void> {
  const [counts] = await sql<[{ rows: number; last: number; given: number }]>`
    select count(*)::int as rows, max(seq) as last, max(last_seq) as given
      from journal join device on device_no = no where device.id = ${id}`;
  assert.deepEqual(counts, { rows: counts.given, last: counts.given, given: counts.given });
}
