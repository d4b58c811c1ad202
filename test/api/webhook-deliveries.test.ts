// What became of events at webhooks, over HTTP, with a whole node and a real receiver.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNode } from '../support/node.ts';
import { receiver } from '../support/receiver.ts';
import type { Seeded } from '../support/seed.ts';
import { until } from '../support/until.ts';

const ADMIN = { authorization: 'Bearer the-key-of-the-settings' };
type Rows = readonly Record<string, unknown>[];

test('what became of events at a webhook is told over HTTP, and can be told again', async t => {
  const node = await startNode(t, {
    devices: 2,
    workers: 1,
    settings: { API_KEYS: 'the-key-of-the-settings', WEBHOOK_ALLOW: '127.0.0.1' },
  });
  await node.opened();
  const [one] = node.seeded as [Seeded, Seeded];
  const { phone } = await node.simulator.createPhone();
  const hook = await receiver(t);
  const ask = async (method: string, path: string, body?: unknown, headers = ADMIN) => {
    const { status, body: told } = await node.api<Record<string, unknown>>(method, path, body, headers);
    return { status, code: told.code, results: told.results ?? {} };
  };
  const made = await ask('POST', '/webhooks', { url: hook.url, events: ['message'] });
  assert.equal(made.status, 200);
  const path = `/webhooks/${made.results.webhook_id}`;
  const bodies = () => hook.delivered.map(({ payload }) => payload.body);

  await t.test('attempts: the first success, and every failure with what it was', async () => {
    await node.simulator.send(phone, one.phone, 'um');
    await until(() => bodies().includes('um'));
    hook.answer(({ json }) => (json.payload.body === 'dois' ? 400 : 200));
    await node.simulator.send(phone, one.phone, 'dois');
    await until(async () => {
      const { results } = await ask('GET', `${path}/attempts?failed=true`);
      return (results.attempts as Rows).length > 0;
    });
    const { results } = await ask('GET', `${path}/attempts`);
    // On a machine that is slow there may be two of the refusals by now.
    const attempts = results.attempts as Rows;
    const [refused, first] = [attempts[0], attempts.at(-1)];
    assert.deepEqual([refused?.status, refused?.error, refused?.replay], [400, 'HTTP 400', false]);
    assert.deepEqual([first?.status, first?.error, first?.device_id], [200, null, one.id]);
    assert.equal(first?.webhook_id_header, hook.requests[0]!.headers['webhook-id']);
    const page = await ask('GET', `${path}/attempts?limit=1`);
    assert.equal(page.results.next, (page.results.attempts as Rows)[0]?.no);
  });

  await t.test('a parked event is listed, becomes a dead letter, and is tried again or dropped', async () => {
    await node.sql`update lane set not_before = '-infinity'`;
    await until(() => hook.requests.filter(({ status }) => status === 400).length === 2);
    await until(async () => {
      await node.sql`update lane set not_before = '-infinity' where not_before > now()`;
      const { results } = await ask('GET', `${path}/parked`);
      return (results.parked as Rows).length === 1;
    });
    const { results } = await ask('GET', `${path}/parked`);
    const [parked] = results.parked as Rows;
    assert.deepEqual(
      [parked?.device_id, parked?.event, parked?.tries, parked?.last_error],
      [one.id, 'message', 3, 'HTTP 400'],
    );
    await node.sql`update parked set attempt = 10, not_before = '-infinity'`;
    const letters = async () => (await ask('GET', `${path}/dead-letters`)).results.dead_letters as Rows;
    const dead = await until(async () => (await letters())[0]);
    assert.deepEqual(
      [dead.device_id, dead.from_seq, dead.to_seq, dead.reason, dead.replayable],
      [one.id, parked?.seq, parked?.seq, 'HTTP 400', true],
    );
    assert.equal(
      (await ask('POST', `${path}/dead-letters/replay`, { no: 999_999 })).code,
      'DEAD_LETTER_NOT_FOUND',
    );
    assert.equal(
      (await ask('POST', `${path}/dead-letters/replay`, { no: 1, from: 1 })).code,
      'VALIDATION_ERROR',
    );
    assert.equal((await ask('DELETE', `${path}/dead-letters/999999`)).code, 'DEAD_LETTER_NOT_FOUND');
    hook.answer(200);
    const again = await ask('POST', `${path}/dead-letters/replay`, { no: dead.no });
    assert.deepEqual(again.results, { letters: 1, events: 1, expired: 0 });
    await until(() => bodies().includes('dois'));
    assert.equal((await letters()).length, 0);
    const [row] = await node.sql<[{ no: number; device: number }]>`
      select e.no, d.no as device from endpoint e, device d where e.id = ${String(made.results.webhook_id)} and d.id = ${one.id}`;
    await node.sql`
      insert into dead_letter (endpoint_no, device_no, from_seq, to_seq, reason)
      select ${row.no}, ${row.device}, 1000000 + n, 1000000 + n, 'expired' from generate_series(1, 3) n`;
    assert.equal((await ask('POST', `${path}/dead-letters/replay`, {})).code, 'DEAD_LETTER_EXPIRED');
    const [newest] = await letters();
    assert.equal((await ask('DELETE', `${path}/dead-letters/${newest?.no}`)).status, 200);
    assert.deepEqual((await ask('DELETE', `${path}/dead-letters`)).results, { dropped: 2 });
  });

  await t.test('a replay is begun by time or seq, told of, and ended; wrong wishes are refused', async () => {
    const since = new Date(Date.now() - 3_600_000).toISOString();
    const begun = await ask('POST', `${path}/replay`, { since, types: ['Message'] });
    assert.equal(begun.status, 200);
    assert.ok((begun.results.replays as Rows).some(({ device_id }) => device_id === one.id));
    await until(() => hook.requests.filter(({ headers }) => headers['webhook-replay'] === '1').length >= 3);
    await until(async () => ((await ask('GET', `${path}/replay`)).results.replays as Rows).length === 0);
    const told = hook.requests.filter(({ headers }) => headers['webhook-replay'] === '1').slice(1);
    assert.deepEqual(
      told.map(({ json }) => json.payload.body),
      ['um', 'dois'],
    );
    assert.deepEqual(
      [
        (await ask('POST', `${path}/replay`, { from_seq: 1 })).code,
        (await ask('POST', `${path}/replay`, { from_seq: 1, since, device_id: one.id })).code,
        (await ask('POST', `${path}/replay`, { since: 'yesterday' })).code,
        (await ask('POST', `${path}/replay`, { device_id: 'nobody' })).code,
        (await ask('GET', `/webhooks/whk_${'0'.repeat(32)}/replay`)).code,
      ],
      ['VALIDATION_ERROR', 'VALIDATION_ERROR', 'VALIDATION_ERROR', 'DEVICE_NOT_FOUND', 'WEBHOOK_NOT_FOUND'],
    );
    hook.answer(503);
    assert.equal((await ask('POST', `${path}/replay`, { device_id: one.id, from_seq: 1 })).status, 200);
    assert.equal(
      (await ask('POST', `${path}/replay`, { device_id: one.id, from_seq: 1 })).code,
      'REPLAY_RUNNING',
    );
    const [under] = (await ask('GET', `${path}/replay`)).results.replays as Rows;
    assert.deepEqual([under?.device_id, under?.from_seq], [one.id, 1]);
    assert.deepEqual((await ask('DELETE', `${path}/replay?device_id=${one.id}`)).results, { cancelled: 1 });
    assert.equal(((await ask('GET', `${path}/replay`)).results.replays as Rows).length, 0);
  });

  await t.test('a key that does not see the webhook sees nothing of its deliveries', async () => {
    const { results } = await ask('POST', '/keys', { name: 'k', scopes: ['devices'], devices: [one.id] });
    const headers = { authorization: `Bearer ${results.key}` };
    for (const what of ['attempts', 'parked', 'dead-letters', 'replay'])
      assert.equal((await ask('GET', `${path}/${what}`, undefined, headers)).code, 'WEBHOOK_NOT_FOUND');
    assert.equal((await ask('POST', `${path}/replay`, {}, headers)).code, 'WEBHOOK_NOT_FOUND');
  });

  await t.test('what waits is in the metrics', async () => {
    const text = await (await fetch(new URL('/metrics', node.node.url), { headers: ADMIN })).text();
    assert.match(text, /cardume_webhooks\{state="active"\} 1/);
    assert.match(text, /cardume_webhook_dead_letters 0/);
  });
});
