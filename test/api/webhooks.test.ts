// Webhooks over HTTP, with a whole node and real receivers.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { eventNames } from '../../src/journal/names.ts';
import { type Answer, startNode, type TestNode } from '../support/node.ts';
import { type Receiver, receiver } from '../support/receiver.ts';
import type { Seeded } from '../support/seed.ts';
import { until } from '../support/until.ts';

interface Shown {
  readonly webhook_id: string;
  readonly source: string;
  readonly state: string;
  readonly secret?: string;
  readonly headers: Record<string, string>;
  readonly device_id: string | null;
  readonly behind: number;
  readonly secrets: number;
  readonly url: string;
  readonly [field: string]: unknown;
}

const ADMIN = { authorization: 'Bearer the-key-of-the-settings' };
const texts = ({ delivered }: Receiver) =>
  delivered.filter(({ event }) => event === 'message').map(({ payload }) => payload.body);
const got = (hook: Receiver, wanted: string[]) =>
  until(() => {
    assert.deepEqual(texts(hook), wanted);
    return true;
  });

async function scene(t: TestContext, settings: Record<string, string> = {}) {
  const node = await startNode(t, {
    devices: 2,
    workers: 1,
    settings: { API_KEYS: 'the-key-of-the-settings', WEBHOOK_ALLOW: '127.0.0.1', ...settings },
  });
  await node.opened();
  const [one, other] = node.seeded as [Seeded, Seeded];
  const { phone } = await node.simulator.createPhone();
  return {
    node,
    one,
    other,
    phone,
    tell: (to: Seeded, text: string) => node.simulator.send(phone, to.phone, text),
    ask: <T = Shown>(method: string, path: string, body?: unknown, headers = ADMIN): Promise<Answer<T>> =>
      node.api<T>(method, path, body, headers),
  };
}

async function keyFor(node: TestNode, grant: Record<string, unknown>): Promise<typeof ADMIN> {
  const { body } = await node.api<{ key: string }>(
    'POST',
    '/keys',
    { name: 'k', scopes: ['devices'], ...grant },
    ADMIN,
  );
  return { authorization: `Bearer ${body.results?.key}` };
}

test('webhooks over HTTP', async t => {
  const settingsHook = await receiver(t);
  const { node, one, other, phone, tell, ask } = await scene(t, { WEBHOOK_URL: settingsHook.url });
  const make = async (fields: Record<string, unknown>) => {
    const { status, body } = await ask('POST', '/webhooks', fields);
    assert.equal(status, 200, body.message);
    return body.results as Shown;
  };
  const remove = (id: string) => ask('DELETE', `/webhooks/${id}`);

  await t.test('a webhook gets what happens from now on, beside those of the settings', async () => {
    await tell(one, 'before');
    await got(settingsHook, ['before']);
    const hook = await receiver(t);
    const made = await make({ url: hook.url, events: ['Message'], name: ' crm ' });
    assert.match(made.webhook_id, /^whk_[0-9a-f]{32}$/);
    assert.match(String(made.secret), /^whsec_[A-Za-z0-9+/]{43}=$/);
    const { webhook_id, secret, created_at, state_since, url, ...rest } = made;
    assert.deepEqual(rest, {
      ...{ source: 'api', name: 'crm', device_id: null, events: ['message'], chats: [], direction: 'any' },
      ...{
        own_messages: true,
        payload: 'fat',
        headers: {},
        batch: { events: 1, wait_ms: 1000 },
        strict: false,
      },
      ...{ max_in_flight: 8, timeout_ms: 15000, insecure_skip_verify: false, secrets: 1, state: 'active' },
      ...{ reason: null, fails: 0, failing_since: null, last_success_at: null, breaker: 'closed' },
      ...{ retry_at: null, behind: 0 },
    });
    await tell(one, 'to one');
    await tell(other, 'to the other');
    await until(() => texts(hook).length === 2);
    assert.deepEqual(texts(hook).toSorted(), ['to one', 'to the other']);
    await until(() => texts(settingsHook).length === 3);
    for (const { body, headers } of hook.requests)
      new Webhook(String(secret)).verify(body, headers as Record<string, string>);
    assert.equal((await remove(webhook_id)).status, 200);
    await tell(one, 'after');
    await until(() => texts(settingsHook).length === 4);
    assert.equal(texts(hook).length, 2);
    assert.equal((await ask('GET', `/webhooks/${webhook_id}`)).body.code, 'WEBHOOK_NOT_FOUND');
  });

  await t.test('a device that is made later has its events told to a webhook for all devices', async () => {
    const hook = await receiver(t);
    const { webhook_id } = await make({ url: hook.url, events: ['device.state'] });
    await ask('POST', '/devices', { device_id: 'late' });
    const { body } = await ask<{ qr: string }>('POST', '/device/login', { device_id: 'late' });
    await node.simulator.scan(String(body.results?.qr));
    await until(() => hook.delivered.some(({ session_id }) => session_id === 'late'));
    await ask('DELETE', '/devices/late');
    await remove(webhook_id);
  });

  await t.test('S28: a secret is told once, and no later answer, audit entry or row has it', async () => {
    const hook = await receiver(t);
    const made = await make({ url: hook.url, headers: { Authorization: 'Bearer hush-hush' } });
    const secret = String(made.secret).slice(6);
    const seen = [
      await ask('GET', '/webhooks'),
      await ask('GET', `/webhooks/${made.webhook_id}`),
      await ask('PATCH', `/webhooks/${made.webhook_id}`, { name: 'x' }),
      await ask('GET', '/audit'),
    ].map(({ body }) => JSON.stringify(body));
    for (const text of seen) {
      assert.ok(!text.includes(secret));
      assert.ok(!text.includes('hush-hush'));
    }
    assert.deepEqual(made.headers, { authorization: '***' });
    const own = await make({ url: hook.url, secret: 'a secret of mine' });
    assert.equal(own.secret, undefined);
    const rows = await node.sql`
      select (select string_agg(e::text, '') from endpoint e) || (select string_agg(encode(value, 'escape'), '') from endpoint_secret) as all`;
    const text = JSON.stringify(rows);
    for (const word of ['a secret of mine', secret, 'hush-hush']) assert.ok(!text.includes(word), word);
    for (const { webhook_id } of [made, own]) await remove(webhook_id);
  });

  await t.test('a rotated secret and the one before it both sign, until the overlap is over', async () => {
    const hook = await receiver(t);
    const made = await make({ url: hook.url, device_id: one.id, events: ['message'] });
    const path = `/webhooks/${made.webhook_id}/secret`;
    const { body } = await ask('POST', path, { overlap_seconds: 3600 });
    const [old, current] = [String(made.secret), String(body.results?.secret)];
    assert.notEqual(old, current);
    assert.equal(body.results?.secrets, 2);
    await tell(one, 'under two');
    await got(hook, ['under two']);
    const verify = (secret: string) => {
      const { body, headers } = hook.requests.at(-1)!;
      new Webhook(secret).verify(body, headers as Record<string, string>);
    };
    verify(current);
    verify(old);
    const last = await ask('POST', path, { secret: 'one of my own', overlap_seconds: 0 });
    assert.equal(last.body.results?.secret, undefined);
    await tell(one, 'under two others');
    await got(hook, ['under two', 'under two others']);
    hook.verify(hook.requests.at(-1)!, 'one of my own');
    verify(old); // its hour is not over
    assert.throws(() => verify(current));
    for (let n = 0; n < 12; n += 1) await ask('POST', path, {});
    assert.equal((await ask('GET', `/webhooks/${made.webhook_id}`)).body.results?.secrets, 11);
    for (const wrong of [{ overlap_seconds: 604_801 }, { secret: 'whsec_short' }, { secret: 'short' }])
      assert.equal((await ask('POST', path, wrong)).status, 400);
    await remove(made.webhook_id);
  });

  await t.test('F34: what is tried again after a rotation is signed with both secrets', async () => {
    const hook = await receiver(t, { answer: 503 });
    const made = await make({ url: hook.url, device_id: one.id, events: ['message'] });
    await tell(one, 'pending');
    await until(() => hook.requests.length > 0);
    const before = hook.requests.length;
    const { body } = await ask('POST', `/webhooks/${made.webhook_id}/secret`, { overlap_seconds: 3600 });
    hook.answer(200);
    await got(hook, ['pending']);
    const { body: sent, headers } = hook.requests.at(-1)!;
    assert.ok(hook.requests.length > before);
    assert.equal(headers['webhook-id'], hook.requests[0]!.headers['webhook-id']);
    assert.equal(String(headers['webhook-signature']).split(' ').length, 2);
    for (const secret of [String(made.secret), String(body.results?.secret)])
      new Webhook(secret).verify(sent, headers as Record<string, string>);
    await remove(made.webhook_id);
  });

  await t.test('what a webhook does not want is not sent to it', async () => {
    const [incoming, chat, thin] = [await receiver(t), await receiver(t), await receiver(t)];
    const { phone: second } = await node.simulator.createPhone();
    const made = [
      await make({ url: incoming.url, device_id: one.id, events: ['message'], own_messages: false }),
      await make({ url: chat.url, device_id: one.id, events: ['message'], chats: [second] }),
      await make({
        ...{ url: thin.url, device_id: one.id, events: ['message'], payload: 'thin' },
        headers: { 'X-Team': 'sales' },
      }),
    ];
    assert.deepEqual(made[1]?.chats, [`${second}@s.whatsapp.net`]);
    await tell(one, 'from the first');
    await node.simulator.send(second, one.phone, 'from the second');
    await until(() => thin.delivered.length === 2 && incoming.delivered.length === 2);
    await got(chat, ['from the second']);
    const [{ headers, json }] = thin.requests as [(typeof thin.requests)[0]];
    assert.equal(headers['x-team'], 'sales');
    assert.deepEqual(Object.keys(json.payload).toSorted(), ['chat_id', 'from', 'href', 'id', 'is_from_me']);
    assert.equal(json.payload.href, `/events/${json.id}`);
    for (const { webhook_id } of made) await remove(webhook_id);
  });

  await t.test('a paused webhook gets nothing; resumed it gets what waited, or only what comes', async () => {
    const [backlog, fresh] = [await receiver(t), await receiver(t)];
    const hooks = [
      await make({ url: backlog.url, device_id: one.id, events: ['message'] }),
      await make({ url: fresh.url, device_id: one.id, events: ['message'] }),
    ];
    for (const { webhook_id } of hooks)
      assert.equal((await ask('POST', `/webhooks/${webhook_id}/pause`)).body.results?.state, 'paused');
    const before = texts(settingsHook).length;
    await tell(one, 'while paused');
    await until(() => texts(settingsHook).length === before + 1);
    const { body } = await ask('GET', `/webhooks/${hooks[0]?.webhook_id}`);
    assert.ok(Number(body.results?.behind) > 0);
    await ask('POST', `/webhooks/${hooks[0]?.webhook_id}/resume`, {});
    const resumed = await ask('POST', `/webhooks/${hooks[1]?.webhook_id}/resume`, { from: 'now' });
    assert.deepEqual([resumed.body.results?.state, resumed.body.results?.behind], ['active', 0]);
    await tell(one, 'after');
    await got(backlog, ['while paused', 'after']);
    await got(fresh, ['after']);
    for (const { webhook_id } of hooks) await remove(webhook_id);
  });

  await t.test('a changed URL gets what the old one had not taken', async () => {
    const [bad, good] = [await receiver(t, { answer: 500 }), await receiver(t)];
    const { webhook_id } = await make({ url: bad.url, device_id: one.id, events: ['message'] });
    await tell(one, 'taken by the second');
    await until(() => bad.requests.length > 0);
    assert.equal((await ask('PATCH', `/webhooks/${webhook_id}`, { url: good.url })).status, 200);
    await got(good, ['taken by the second']);
    const tried = bad.requests.length;
    await tell(one, 'and another');
    await got(good, ['taken by the second', 'and another']);
    assert.equal(bad.requests.length, tried);
    await remove(webhook_id);
  });

  await t.test(
    'what is absent in a change stays, null is the usual, and *** is the value that is there',
    async () => {
      const hook = await receiver(t);
      const fields = { events: ['message'], strict: true, headers: { 'x-a': '1', 'x-b': '2' }, name: 'n' };
      const { webhook_id } = await make({ url: hook.url, ...fields });
      const path = `/webhooks/${webhook_id}`;
      const { body } = await ask('PATCH', path, { headers: { 'x-a': '***', 'x-c': '3' }, strict: null });
      const { name, strict, headers, events } = body.results as Shown;
      assert.deepEqual(
        { name, strict, headers, events },
        { name: 'n', strict: false, headers: { 'x-a': '***', 'x-c': '***' }, events: ['message'] },
      );
      await ask('POST', `${path}/test`, {});
      const sent = hook.requests.at(-1)?.headers;
      assert.deepEqual([sent?.['x-a'], sent?.['x-b'], sent?.['x-c']], ['1', undefined, '3']);
      const absent = await ask('PATCH', path, { headers: { 'x-z': '***' } });
      assert.deepEqual([absent.status, absent.body.code], [400, 'VALIDATION_ERROR']);
      await remove(webhook_id);
    },
  );

  await t.test('a try-out sends a sample as the webhook wants it, and tells how it went', async () => {
    const hook = await receiver(t, { answer: 503 });
    const made = await make({ url: hook.url, payload: 'thin' });
    const path = `/webhooks/${made.webhook_id}/test`;
    const failed = await ask<Record<string, unknown>>('POST', path, { event: 'group.joined' });
    const { ms, event_id, ...told } = failed.body.results as Record<string, unknown>;
    assert.deepEqual(told, { delivered: false, status: 503, error: 'HTTP 503', answer: null });
    hook.answer(200);
    await ask('POST', `/webhooks/${made.webhook_id}/pause`);
    const { body } = await ask<Record<string, unknown>>('POST', path, {});
    assert.equal(body.results?.delivered, true);
    const [first, second] = hook.requests as [(typeof hook.requests)[0], (typeof hook.requests)[0]];
    assert.deepEqual([first.json.event, second.json.event], ['group.joined', 'message']);
    assert.equal(first.headers['webhook-test'], '1');
    assert.equal(second.json.payload.href, `/events/${second.json.id}`);
    hook.verify(second, String(made.secret));
    const unknown = await ask('POST', path, { event: 'message.nope' });
    assert.equal(unknown.status, 400);
    await remove(made.webhook_id);
  });

  await t.test(
    'S26: one byte changed, another webhook, or ten minutes late: a receiver finds out',
    async () => {
      const [mine, others] = [await receiver(t), await receiver(t)];
      const [a, b] = [await make({ url: mine.url }), await make({ url: others.url })];
      for (const { webhook_id } of [a, b]) await ask('POST', `/webhooks/${webhook_id}/test`, {});
      const { body, headers } = mine.requests[0] as (typeof mine.requests)[0];
      const check = (text: string, change: Record<string, string> = {}, secret = String(a.secret)) =>
        new Webhook(secret).verify(text, { ...(headers as Record<string, string>), ...change });
      check(body);
      assert.throws(() => check(body.replace('Ann', 'Ana')));
      assert.throws(() => check(body, {}, String(b.secret)));
      assert.throws(() =>
        check(body, { 'webhook-signature': String(others.requests[0]?.headers['webhook-signature']) }),
      );
      const late = String(Number(headers['webhook-timestamp']) - 600);
      assert.throws(() => check(body, { 'webhook-timestamp': late }));
      for (const { webhook_id } of [a, b]) await remove(webhook_id);
    },
  );

  await t.test('S24: headers that are not a webhook’s to set, or no headers, are refused', async () => {
    const names = [
      ...[
        'host',
        'Content-Length',
        'content-type',
        'connection',
        'Transfer-Encoding',
        'upgrade',
        'te',
        'expect',
      ],
      ...['proxy-authorization', 'webhook-id', 'Webhook-Signature', 'x-forwarded-for', 'x-hub-signature-256'],
      ...['forwarded', 'keep-alive', 'user-agent', 'a b', 'a:b', 'é', '', 'x\r\ny', 'x'.repeat(101)],
    ];
    const wrong = [
      ...names.map(name => ({ [name]: 'v' })),
      { 'x-a': 'v\r\nhost: evil' },
      { 'x-a': 'v\ttab' },
      { 'x-a': 'é' },
      { 'x-a': 'x'.repeat(9000) },
      { 'x-a': '1', 'X-A': '2' },
      { 'x-a': 'x'.repeat(4000), 'x-b': 'x'.repeat(4000), 'x-c': 'x'.repeat(4000) },
      Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`x-${n}`, 'v'])),
    ];
    for (const headers of wrong) {
      const { status, body } = await ask('POST', '/webhooks', { url: 'https://example.com/', headers });
      assert.deepEqual([status, body.code], [400, 'VALIDATION_ERROR'], JSON.stringify(headers).slice(0, 80));
    }
  });

  await t.test('S60: a filter is a list of names and of chats, compared as they are', async () => {
    const evil = '(a+)+$';
    const url = 'https://example.com/';
    const event = await ask('POST', '/webhooks', { url, events: [evil] });
    assert.deepEqual([event.status, event.body.code], [400, 'VALIDATION_ERROR']);
    for (const name of eventNames) assert.ok(event.body.message.includes(name), name);
    assert.equal((await ask('POST', '/webhooks', { url, events: ['message.*'] })).status, 400);
    const chat = await ask('POST', '/webhooks', { url, chats: ['.*'] });
    assert.deepEqual([chat.status, chat.body.code], [400, 'INVALID_JID']);
    for (const fields of [
      { events: Array.from({ length: 101 }, () => 'message') },
      { chats: Array.from({ length: 1001 }, (_, n) => `1555${1_000_000 + n}`) },
      { url: `https://example.com/${'x'.repeat(4096)}` },
      { max_in_flight: 65 },
      { timeout_ms: 999 },
      { batch: { events: 101 } },
      { direction: 'sideways' },
    ])
      assert.equal((await ask('POST', '/webhooks', { url, ...fields })).status, 400, Object.keys(fields)[0]);
  });

  await t.test('there are 16 webhooks for all devices at most, and 4 for each', async () => {
    const url = 'https://example.com/';
    const many = (n: number, fields: object) =>
      Promise.all(Array.from({ length: n }, () => ask('POST', '/webhooks', { url, ...fields })));
    const all = [...(await many(18, {})), ...(await many(6, { device_id: one.id }))];
    const refusals = all.filter(({ status }) => status === 409).map(({ body }) => body.code);
    assert.deepEqual(
      refusals,
      Array.from({ length: 4 }, () => 'TOO_MANY_WEBHOOKS'),
    );
    assert.equal((await ask('POST', '/webhooks', { url, device_id: other.id })).status, 200);
    const page = await ask<{ webhooks: Shown[]; next: number }>('GET', '/webhooks?limit=5');
    assert.equal(page.body.results?.webhooks.length, 5);
    const rest = await ask<{ webhooks: Shown[]; next: null }>(
      'GET',
      `/webhooks?limit=500&after=${page.body.results?.next}`,
    );
    assert.deepEqual([rest.body.results?.webhooks.length, rest.body.results?.next], [17, null]);
    for (const { webhook_id, source } of [
      ...(page.body.results?.webhooks ?? []),
      ...(rest.body.results?.webhooks ?? []),
    ])
      assert.equal((await remove(webhook_id)).status, source === 'api' ? 200 : 409);
  });

  await t.test(
    'those of the settings and of a device are seen, paused and tried out here, and changed elsewhere',
    async () => {
      const own = await receiver(t);
      await ask('PATCH', `/devices/${one.id}/webhook`, {
        webhook_url: own.url,
        webhook_secret: 'of the device',
      });
      const { body } = await ask<{ webhooks: Shown[] }>('GET', '/webhooks');
      const list = body.results?.webhooks ?? [];
      assert.deepEqual(
        list.map(({ source, url, device_id, secrets }) => [source, url, device_id, secrets]),
        [
          ['settings', settingsHook.url, null, 0],
          ['device', own.url, one.id, 1],
        ],
      );
      for (const { webhook_id } of list) {
        for (const [method, path, change] of [
          ['PATCH', '', { name: 'x' }],
          ['DELETE', '', undefined],
          ['POST', '/secret', {}],
        ] as const) {
          const { status, body } = await ask(method, `/webhooks/${webhook_id}${path}`, change);
          assert.deepEqual([status, body.code], [409, 'WEBHOOK_FIXED']);
        }
        const tried = await ask<{ delivered: boolean }>('POST', `/webhooks/${webhook_id}/test`, {});
        assert.equal(tried.body.results?.delivered, true);
        assert.equal((await ask('POST', `/webhooks/${webhook_id}/pause`)).body.results?.state, 'paused');
        assert.equal((await ask('POST', `/webhooks/${webhook_id}/resume`, {})).body.results?.state, 'active');
      }
      own.verify(own.requests.at(-1)!, 'of the device');
      await ask('PATCH', `/devices/${one.id}/webhook`, { webhook_url: '' });
      await until(async () => {
        const { body } = await ask<{ webhooks: Shown[] }>('GET', '/webhooks');
        return body.results?.webhooks.every(({ source }) => source === 'settings');
      });
    },
  );

  await t.test('S3: for a key of some devices there are webhooks of these and no others', async () => {
    const hook = await receiver(t);
    const key = await keyFor(node, { devices: [one.id] });
    const global = await make({ url: hook.url });
    const foreign = await make({ url: hook.url, device_id: other.id });
    const mine = await ask('POST', '/webhooks', { url: hook.url, device_id: one.id }, key);
    assert.equal(mine.status, 200, mine.body.message);
    const none = await ask('POST', '/webhooks', { url: hook.url }, key);
    assert.deepEqual([none.status, none.body.code], [403, 'FORBIDDEN']);
    const strange = await ask('POST', '/webhooks', { url: hook.url, device_id: other.id }, key);
    assert.deepEqual([strange.status, strange.body.code], [404, 'DEVICE_NOT_FOUND']);
    const { body } = await ask<{ webhooks: Shown[] }>('GET', '/webhooks', undefined, key);
    assert.deepEqual(
      body.results?.webhooks.map(({ webhook_id }) => webhook_id),
      [mine.body.results?.webhook_id],
    );
    for (const { webhook_id } of [global, foreign])
      for (const [method, path, change] of [
        ['GET', '', undefined],
        ['PATCH', '', { name: 'x' }],
        ['DELETE', '', undefined],
        ['POST', '/secret', {}],
        ['POST', '/test', {}],
        ['POST', '/pause', undefined],
        ['POST', '/resume', {}],
      ] as const) {
        const refused = await ask(method, `/webhooks/${webhook_id}${path}`, change, key);
        assert.deepEqual(
          [refused.status, refused.body.code],
          [404, 'WEBHOOK_NOT_FOUND'],
          `${method} ${path}`,
        );
      }
    const reader = await keyFor(node, { scopes: ['read', 'send', 'write'] });
    assert.equal((await ask('GET', '/webhooks', undefined, reader)).status, 403);
    for (const { webhook_id } of [global, foreign, mine.body.results as Shown]) await remove(webhook_id);
    assert.equal(hook.requests.length, 0);
  });

  await t.test('every change is in the audit log, with hashes of what there was', async () => {
    const { body } = await ask<{
      entries: { action: string; target: string | null; before: string | null }[];
    }>('GET', '/audit?limit=500');
    const text = JSON.stringify(body.results);
    for (const action of [
      ...['createWebhook', 'updateWebhook', 'deleteWebhook', 'rotateWebhookSecret', 'testWebhook'],
      ...['pauseWebhook', 'resumeWebhook'],
    ])
      assert.match(text, new RegExp(`"action":"${action}"[^}]*"target":"webhook:whk_`), action);
    assert.ok(!text.includes(phone));
  });

  await t.test('what is in a header is told to no other host, unless it is given again', async () => {
    const hook = await receiver(t);
    const made = await make({
      url: hook.url,
      device_id: one.id,
      headers: { 'X-Token': 'of the first host' },
    });
    const path = `/webhooks/${made.webhook_id}`;
    const elsewhere = hook.url.replace(/:\d+/, ':9');
    for (const headers of [undefined, { 'X-Token': '***' }])
      assert.equal((await ask('PATCH', path, { url: elsewhere, headers })).status, 400);
    assert.equal((await ask('GET', path)).body.results?.url, hook.url);
    assert.equal((await ask('PATCH', path, { url: elsewhere, headers: { 'X-Token': 'of it' } })).status, 200);
    await node.sql`update endpoint set headers = set_byte(headers, 30, get_byte(headers, 30) # 1) where id = ${made.webhook_id}`;
    assert.equal((await ask('POST', `${path}/test`, {})).body.code, 'WEBHOOK_UNREADABLE');
    assert.equal((await ask('PATCH', path, { headers: { 'X-Token': 'anew' } })).status, 200);
    await remove(made.webhook_id);
  });

  await t.test('a webhook that is gone is brought back by a change of it', async () => {
    const hook = await receiver(t, { answer: 410 });
    const made = await make({ url: hook.url, device_id: one.id, events: ['message'] });
    const path = `/webhooks/${made.webhook_id}`;
    await tell(one, 'gone');
    await until(async () => (await ask('GET', path)).body.results?.state === 'gone');
    hook.answer(200);
    assert.equal((await ask('PATCH', path, { name: 'mended' })).body.results?.state, 'active');
    await got(hook, ['gone']);
    await remove(made.webhook_id);
  });

  await t.test('a webhook goes with its device', async () => {
    const hook = await receiver(t);
    await ask('POST', '/devices', { device_id: 'short' });
    const { webhook_id } = await make({ url: hook.url, device_id: 'short' });
    await ask('DELETE', '/devices/short');
    assert.equal((await ask('GET', `/webhooks/${webhook_id}`)).status, 404);
  });
});
