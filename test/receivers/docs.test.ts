// What docs/events.md tells a receiver is enough, and true: one that was written from it with the public package verifies
// everything that a node with real devices delivers, and its code for Node and for Python says the same of every request.
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { startNode } from '../support/node.ts';
import { until } from '../support/until.ts';
import { type Case, packageSays, python, pythonSays, verify } from './page-code.ts';
import { anOrdinaryDay } from './traffic.ts';
import { type Delivery, docsReceiver, webhookOf } from './written-from-docs.ts';

const SECRET = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
const OWN_SECRET = 'the secret of one device';
const ROUNDS = 8;

test('a receiver that was written from docs/events.md verifies every delivery', async t => {
  const [all, own] = [await docsReceiver(() => SECRET), await docsReceiver(() => OWN_SECRET)];
  t.after(() => {
    all.close();
    own.close();
  });
  const settings = { WEBHOOK_URL: all.url, WEBHOOK_SECRET: SECRET };
  const node = await startNode(t, { devices: 2, workers: 1, settings });
  await node.opened();
  const [one, other] = node.seeded as [(typeof node.seeded)[0], (typeof node.seeded)[0]];
  const set = await node.api('PATCH', `/devices/${other.id}/webhook`, {
    webhook_url: own.url,
    webhook_secret: OWN_SECRET,
  });
  assert.equal(set.status, 200);
  const happened = await anOrdinaryDay(node, ROUNDS);
  const cases = (): Case[] => [
    ...all.deliveries.map(each => ({ ...each, secret: SECRET })),
    ...own.deliveries.map(each => ({ ...each, secret: OWN_SECRET })),
  ];

  await t.test('all of it arrives, each event once and in order, and nothing is refused', async () => {
    const told = (name: string, field: string, value: unknown) =>
      [...all.events, ...own.events].some(({ event, payload }) => event === name && payload[field] === value);
    await until(() => {
      const missing = happened.texts.filter(({ id }) => !told('message', 'id', id));
      assert.deepEqual(missing, []);
      for (const id of [happened.reply, happened.picture]) assert.ok(told('message', 'id', id));
      assert.ok(told('message.reaction', 'reacted_message_id', happened.reacted));
      assert.ok(told('message.edited', 'original_message_id', happened.edited));
      assert.ok(told('message.revoked', 'revoked_message_id', happened.revoked));
      assert.ok(told('group.joined', 'chat_id', happened.group));
      assert.ok(told('group.participants', 'type', 'leave'));
      assert.ok(told('message.ack', 'receipt_type', 'read'));
      assert.ok(told('call.offer', 'call_id', happened.call));
      return true;
    });
    for (const { refused, deliveries, events } of [all, own]) {
      assert.deepEqual(refused, []);
      assert.equal(events.length, deliveries.length, 'none came twice');
      for (const device of new Set(events.map(({ session_id }) => session_id))) {
        const seqs = events.flatMap(({ session_id, seq }) => (session_id === device ? [seq] : []));
        assert.deepEqual(
          seqs,
          seqs.toSorted((a, b) => a - b),
        );
      }
    }
    // `seq` has no gap for an endpoint that wants all events from the beginning.
    const seqs = all.events.flatMap(({ session_id, seq }) => (session_id === one.id ? [seq] : []));
    assert.deepEqual(
      seqs,
      Array.from(seqs, (_, n) => n + 1),
    );
    t.diagnostic(`${all.deliveries.length + own.deliveries.length} deliveries were verified`);
  });

  await t.test('the code of the page, and its table of headers, say the same of every delivery', () => {
    for (const each of cases()) {
      assert.equal(verify(each.headers, each.raw, each.secret), true);
      const told = JSON.parse(each.raw.toString('utf8'));
      assert.equal(each.headers['webhook-id'], told.id);
      assert.equal(each.headers['content-type'], 'application/json');
      assert.match(String(each.headers['user-agent']), /^cardume\/\S+$/);
    }
  });

  await t.test('the code for Python too', { skip: python === undefined && 'there is no Python' }, () => {
    assert.deepEqual(
      pythonSays(cases()),
      cases().map(() => true),
    );
  });

  await t.test('S26: a changed byte, the secret of another endpoint and an old attempt are refused', () => {
    const [delivery] = all.deliveries as [Delivery];
    const good: Case = { ...delivery, secret: SECRET };
    const raw = Buffer.from(delivery.raw);
    raw[raw.length - 3]! ^= 1;
    const old = new Date(Date.now() - 600_000);
    const id = String(delivery.headers['webhook-id']);
    const signedOld = {
      ...delivery.headers,
      'webhook-timestamp': String(Math.floor(old.getTime() / 1000)),
      'webhook-signature': webhookOf(SECRET).sign(id, old, delivery.raw.toString('utf8')),
    };
    const bad: Record<string, Case> = {
      'a changed byte': { ...good, raw },
      "another endpoint's secret": { ...good, secret: OWN_SECRET },
      "another endpoint's signature": { ...(own.deliveries[0] as Delivery), secret: SECRET },
      'another id': { ...good, headers: { ...good.headers, 'webhook-id': 'evt_other' } },
      'a newer time on an old attempt': {
        ...good,
        headers: {
          ...good.headers,
          'webhook-timestamp': String(Number(good.headers['webhook-timestamp']) + 1),
        },
      },
      'an old attempt': { ...good, headers: signedOld },
      'no signature': { ...good, headers: { ...good.headers, 'webhook-signature': '' } },
    };
    for (const [what, each] of Object.entries(bad)) {
      assert.equal(packageSays(each), false, what);
      assert.equal(verify(each.headers, each.raw, each.secret), false, what);
    }
    if (python !== undefined)
      assert.deepEqual(pythonSays([good, ...Object.values(bad)]), [
        true,
        ...Object.values(bad).map(() => false),
      ]);
    // The same request ten minutes later.
    assert.equal(packageSays(good), true);
    const now = Date.now() + 600_000;
    assert.equal(verify(good.headers, good.raw, SECRET, now), false);
    mock.timers.enable({ apis: ['Date'], now });
    try {
      assert.equal(packageSays(good), false);
    } finally {
      mock.timers.reset();
    }
  });
});
