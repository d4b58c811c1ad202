// The secret of a webhook is changed as docs/webhooks.md tells: who takes the new one within the overlap refuses nothing, and
// who comes too late has lost nothing.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { startNode } from '../support/node.ts';
import type { Seeded } from '../support/seed.ts';
import { until } from '../support/until.ts';
import { type Case, packageSays, python, pythonSays, verify } from './page-code.ts';
import { docsReceiver } from './written-from-docs.ts';

test('a receiver that was written from docs/events.md verifies every delivery over a change of its secret', async t => {
  const secrets: string[] = [];
  let holds = 0;
  const hook = await docsReceiver(() => secrets[holds] ?? '');
  t.after(() => hook.close());
  const node = await startNode(t, { devices: 1, workers: 1 });
  await node.opened();
  const [device] = node.seeded as [Seeded];
  const { phone } = await node.simulator.createPhone();
  const post = async (path: string, fields: Record<string, unknown>) => {
    const { status, body } = await node.api<{ webhook_id: string; secret: string }>('POST', path, fields);
    assert.equal(status, 200, body.message);
    secrets.push(String(body.results?.secret));
    return String(body.results?.webhook_id);
  };
  const tell = (text: string) => node.simulator.send(phone, device.phone, text);
  const told = () => hook.events.map(({ payload }) => payload.body);
  const id = await post('/webhooks', { url: hook.url, events: ['message'] });
  const got = async (...texts: string[]) => {
    await until(() => told().length === texts.length);
    assert.deepEqual(told(), texts);
  };

  await tell('under the first');
  await got('under the first');
  await post(`/webhooks/${id}/secret`, { overlap_seconds: 3_600 });
  await tell('under two');
  await got('under the first', 'under two');
  holds = 1;
  await tell('with the new one');
  await got('under the first', 'under two', 'with the new one');
  assert.deepEqual(hook.refused, []);

  await post(`/webhooks/${id}/secret`, { overlap_seconds: 0 });
  await tell('too late');
  await until(() => hook.refused.length > 0);
  holds = 2;
  await got('under the first', 'under two', 'with the new one', 'too late');
  assert.equal(new Set(secrets).size, 3);

  // Which of the three secrets each delivery is signed with; the hour of the first is not over.
  const wanted: Record<string, readonly boolean[]> = {
    'under the first': [true, false, false],
    'under two': [true, true, false],
    'with the new one': [true, true, false],
    'too late': [true, false, true],
  };
  const cases: Case[] = hook.deliveries.flatMap(each => secrets.map(secret => ({ ...each, secret })));
  const bodyOf = ({ raw }: { raw: Buffer }): string => JSON.parse(raw.toString('utf8')).payload.body;
  const right = hook.deliveries.flatMap(each => wanted[bodyOf(each)] ?? []);
  assert.deepEqual(cases.map(packageSays), right);
  assert.deepEqual(
    cases.map(({ headers, raw, secret }) => verify(headers, raw, secret)),
    right,
  );
  if (python !== undefined) assert.deepEqual(pythonSays(cases), right);
  // A receiver that was written for gowa knows one signature, which is made with the newest secret alone.
  const newest: Record<string, number> = { 'under two': 1, 'with the new one': 1, 'too late': 2 };
  for (const { headers, raw } of hook.deliveries) {
    const secret = secrets[newest[bodyOf({ raw })] ?? 0] ?? '';
    const signature = `sha256=${createHmac('sha256', secret).update(raw).digest('hex')}`;
    assert.equal(headers['x-hub-signature-256'], signature);
  }
});
