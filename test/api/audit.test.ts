import assert from 'node:assert/strict';
import { test } from 'node:test';
import pino from 'pino';
import { AuditLog } from '../../src/access/audit.ts';
import { addAudit, forgetAudit } from '../../src/store/audit.ts';
import { createApi } from '../support/api.ts';
import { testDatabase } from '../support/database.ts';
import { ADMIN, admin, bearer, keysApi } from '../support/keys-api.ts';
import { until } from '../support/until.ts';

const log = pino({ level: 'silent' });

interface Entry {
  readonly no: number;
  readonly actor: string;
  readonly action: string;
  readonly device_id: string | null;
  readonly target: string | null;
  readonly status: number;
  readonly code: string;
  readonly request_id: string;
  readonly address: string;
  readonly before: string | null;
  readonly after: string | null;
}

const entriesOf = (results: unknown) => (results as { entries: Entry[] }).entries;

test('S55: what was done is noted with who, from where, to what, how it went and under which request', async t => {
  const { sql } = await testDatabase(t);
  const audit = new AuditLog({ sql, log });
  const { app, post, get, devices } = createApi({ audit, credentials: { basic: [], keys: [ADMIN] } });
  devices.add('sales');
  const send = { phone: '15551234567', message: 'a secret of mine' };
  const asked = { ...admin, 'x-request-id': 'order-66' };
  await post('/send/message', send, asked);
  await post('/send/message', { ...send, phone: 'nobody' }, admin);
  await app.request(
    '/devices/sales/webhook',
    {
      method: 'PATCH',
      headers: { ...admin, 'content-type': 'application/json' },
      body: JSON.stringify({ webhook_url: 'https://a.example/hook' }),
    },
    { remote: '::ffff:192.0.2.9' },
  );
  await get('/app/logout', admin);
  await get('/devices', admin);
  await post('/send/message', send, bearer('wrong'));
  await audit.stop();

  const { results } = await get('/audit', admin);
  const entries = entriesOf(results);
  assert.deepEqual(entries.map(({ action, status, code }) => [action, status, code]).reverse(), [
    ['sendMessage', 200, 'SUCCESS'],
    ['sendMessage', 400, 'INVALID_JID'],
    ['updateDeviceWebhook', 200, 'SUCCESS'],
    ['appLogout', 200, 'SUCCESS'],
  ]);
  const [logout, webhook, , sent] = entries;
  assert.deepEqual(
    [sent?.actor, sent?.device_id, sent?.request_id, logout?.device_id],
    ['env:1', 'sales', 'order-66', 'sales'],
  );
  assert.equal(webhook?.address, '192.0.2.9');
  assert.match(String(webhook?.after), /^[0-9a-f]{64}$/);
  assert.equal(webhook?.before, null);
  const [{ text }] = await sql<[{ text: string }]>`select string_agg(a::text, ' ') as text from audit a`;
  assert.doesNotMatch(text, /15551234567|a secret of mine|a\.example/);
});

test('S55: making, changing, rotating and revoking a key is noted before it is answered, a refusal too', async t => {
  const { sql } = await testDatabase(t);
  const { post, ask, get, made } = await keysApi(t, { audit: new AuditLog({ sql, log }) });
  const { id, key } = await made({ scopes: ['read'] });
  await ask('PATCH', `/keys/${id}`, { name: 'other' }, admin);
  await post(`/keys/${id}/rotate`, {}, admin);
  await post('/keys', { name: 'mine', scopes: ['admin'] }, bearer(key));
  await ask('DELETE', `/keys/${id}`, undefined, admin);
  const { results } = await get(`/audit`, admin);
  const entries = entriesOf(results).reverse();
  assert.deepEqual(
    entries.map(({ actor, action, target, status }) => [actor, action, target, status]),
    [
      ['env:1', 'createKey', `key:${id}`, 200],
      ['env:1', 'updateKey', `key:${id}`, 200],
      ['env:1', 'rotateKey', `key:${id}`, 200],
      [`key:${id}`, 'createKey', null, 403],
      ['env:1', 'revokeKey', `key:${id}`, 200],
    ],
  );
  const [created, updated] = entries;
  assert.equal(created?.after, updated?.before, 'what was made is what was changed');
  assert.notEqual(updated?.before, updated?.after);
});

test('S55: the log is read from the newest on, page by page, and filtered', async t => {
  const { sql } = await testDatabase(t);
  const audit = new AuditLog({ sql, log });
  const { get } = createApi({ audit });
  const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute));
  for (let n = 0; n < 7; n++)
    await audit.note({
      at: at(n),
      actor: n % 2 === 0 ? 'key:even' : 'key:odd',
      address: '192.0.2.1',
      action: n < 4 ? 'sendMessage' : 'logout',
      device: n === 6 ? null : 'sales',
      target: null,
      status: 200,
      code: 'SUCCESS',
      request: `r${n}`,
      before: null,
      after: null,
    });
  const requests = async (query: string) => {
    const { status, results, message } = await get(`/audit${query}`);
    assert.equal(status, 200, message);
    return entriesOf(results)
      .map(({ request_id }) => request_id)
      .join(' ');
  };
  assert.equal(await requests(''), 'r6 r5 r4 r3 r2 r1 r0');
  assert.equal(await requests('?actor=key:odd&action=sendMessage'), 'r3 r1');
  assert.equal(await requests('?device_id=sales&limit=1'), 'r5');
  const [since, until] = [at(2), at(4)].map(time => time.toISOString());
  assert.equal(await requests(`?since=${since}&until=${until}`), 'r3 r2');
  const pages: string[] = [];
  for (let next: unknown = Number.MAX_SAFE_INTEGER; next !== null; ) {
    const { results } = await get(`/audit?limit=3&before=${next}`);
    pages.push(
      entriesOf(results)
        .map(({ request_id }) => request_id)
        .join(' '),
    );
    next = (results as unknown as { next: number | null }).next;
  }
  assert.deepEqual(pages, ['r6 r5 r4', 'r3 r2 r1', 'r0']);
  for (const query of ['?limit=0', '?limit=501', '?before=-1', '?before=1e400', '?since=yesterday'])
    assert.equal((await get(`/audit${query}`)).code, 'VALIDATION_ERROR', query);
  // Filters are values, whatever is in them.
  assert.equal(await requests(`?actor=${encodeURIComponent("' or 1=1 --%_\\")}`), '');
});

test('S55: the log can only be added to: nothing changes an entry, and only old ones go', async t => {
  const { sql } = await testDatabase(t);
  const entry = (days: number) => ({
    at: new Date(Date.now() - days * 86_400_000),
    ...{ actor: 'env:1', address: '', action: 'logout', device: null, target: null },
    ...{ status: 200, code: 'SUCCESS', request: `${days}`, before: null, after: null },
  });
  await addAudit(sql, [entry(0), entry(40), entry(100)]);
  await assert.rejects(sql`update audit set actor = 'somebody'`, /only added to/);
  await assert.rejects(sql`delete from audit`, /only added to/);
  await assert.rejects(sql`truncate audit`, /only added to/);
  assert.equal(await forgetAudit(sql, 90, 10), 1);
  assert.equal(await forgetAudit(sql, 90, 10), 0);
  const left = await sql<{ request: string }[]>`select request from audit order by no`;
  assert.deepEqual(
    left.map(({ request }) => request),
    ['0', '40'],
  );
});

test('an entry that the database does not take is in the log instead, and the caller is answered', async t => {
  const { address } = await testDatabase(t);
  const { openDatabase } = await import('../../src/store/database.ts');
  const sql = openDatabase({ address, connections: 1, name: 'away' });
  await sql.end({ timeout: 0 });
  const lines: { msg: string; entry?: { action: string } }[] = [];
  const audit = new AuditLog({
    sql,
    log: pino({}, { write: (line: string) => lines.push(JSON.parse(line)) }),
  });
  const { get, devices } = createApi({ audit });
  devices.add('sales');
  assert.equal((await get('/app/logout')).status, 200);
  const line = await until(() => lines.find(({ msg }) => msg === 'an audit entry could not be written'));
  assert.equal(line.entry?.action, 'appLogout');
});

test('every operation that changes anything is noted: no other method than GET, and the GETs that act', async () => {
  const { app, ask, audit, devices } = createApi();
  devices.add('sales');
  const document = (await (await app.request('/openapi.json')).json()) as {
    paths: Record<string, Record<string, { operationId: string; 'x-scope'?: string }>>;
  };
  const quiet: string[] = [];
  for (const [path, methods] of Object.entries(document.paths))
    for (const [method, { operationId, 'x-scope': scope }] of Object.entries(methods)) {
      const before = audit.entries.length;
      await ask(
        method.toUpperCase(),
        path.replace('{device_id}', 'nobody').replaceAll(/\{\w+\}/g, 'x'),
      ).catch(() => {});
      if (audit.entries.length === before && method !== 'get' && scope !== 'read') quiet.push(operationId);
    }
  assert.deepEqual(quiet, []);
  const acting = audit.entries.map(({ action }) => action);
  for (const id of [
    'appLogin',
    'appLoginWithCode',
    'appLogout',
    'appReconnect',
    'loginDevice',
    'exportDevice',
  ])
    assert.ok(acting.includes(id), id);
});
