import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Keys } from '../../src/access/keys.ts';
import { keyId, makeKey, sha256 } from '../../src/lib/api-key.ts';
import { type Answered, createApi } from '../support/api.ts';
import { testDatabase } from '../support/database.ts';
import { noKeys } from '../support/in-memory-access.ts';
import { ADMIN, admin, bearer, keysApi, startRegister } from '../support/keys-api.ts';

const hi = { phone: '15551234567', message: 'hi' };

test('S2: a key is told once, and neither its row nor any later answer has it', async t => {
  const { post, get, sql } = await keysApi(t);
  const made = await post('/keys', { name: 'shop', scopes: ['send', 'read', 'send'] }, admin);
  assert.equal(made.status, 200, made.message);
  const { key, key_id: id, ...shown } = made.results as unknown as Record<string, string>;
  assert.match(String(key), /^cdm_[0-9A-Za-z]{12}_[0-9A-Za-z]{32}_[0-9A-Za-z]{6}$/);
  assert.equal(keyId(String(key)), id);
  assert.deepEqual(shown, {
    prefix: `cdm_${id}`,
    name: 'shop',
    scopes: ['send', 'read'],
    devices: null,
    state: 'active',
    created_at: shown.created_at,
    expires_at: null,
    revoked_at: null,
    last_used_at: null,
    rotated_from: null,
  });
  const [row] = await sql<{ digest: Buffer; text: string }[]>`select digest, k::text as text from api_key k`;
  assert.deepEqual(row?.digest, sha256(String(key)));
  const secret = String(key).slice(17, 49);
  assert.doesNotMatch(String(row?.text), new RegExp(secret));
  for (const path of ['/keys', `/keys/${id}`])
    assert.doesNotMatch(JSON.stringify(await get(path, admin)), new RegExp(secret));
});

test('a key lets its holder in as a bearer token and in X-API-Key', async t => {
  const { get, made } = await keysApi(t);
  const { key } = await made({ scopes: ['read'] });
  assert.equal((await get('/devices', bearer(key))).status, 200);
  assert.equal((await get('/devices', { 'x-api-key': key })).status, 200);
  assert.equal((await get('/devices', { 'x-api-key': ADMIN })).status, 200);
  const both = await get('/devices', { ...bearer(key), 'x-api-key': key });
  assert.equal(both.status, 401);
});

test('S4: a key without the scope of a route is told which one it lacks, and nothing is done', async t => {
  const { post, get, devices, device, made } = await keysApi(t);
  await device('sales');
  const { key } = await made({ scopes: ['read'] });
  const refused = await post('/send/message', hi, bearer(key));
  assert.deepEqual([refused.status, refused.code, refused.results], [403, 'FORBIDDEN', { scope: 'send' }]);
  assert.match(refused.message, /lacks the scope send/);
  for (const path of ['/keys', '/audit', '/metrics'])
    assert.deepEqual((await get(path, bearer(key))).results, { scope: 'admin' }, path);
  assert.deepEqual(devices.given, []);
});

/** What shows nothing of anybody, and needs a right credential but no scope. */
const FOR_ALL =
  /^\/(health|ready|errors|(openapi|asyncapi)\.json|docs.*|assets\/.*|(statics\/)?media\/:token)$/;

test('S4: who may change groups and may not send cannot send a text as an invitation', async t => {
  const { post, devices, device, made } = await keysApi(t);
  await device('sales');
  const invite = { group_id: '120363000000000099@g.us', participants: ['15551234567'], message: 'buy now' };
  for (const [scopes, lacking] of [
    [['write'], 'send'],
    [['send'], 'write'],
  ] as const) {
    const { key } = await made({ scopes });
    const refused = await post('/group/invite', invite, bearer(key));
    assert.deepEqual([refused.status, refused.results], [403, { scope: lacking }]);
  }
  assert.deepEqual(devices.given, []);
});

test('S4: every route has a scope: a key that has none opens nothing', async () => {
  const { key, id } = makeKey();
  const known = { id, origin: id, digest: sha256(key), scopes: [], devices: undefined };
  const keys: Keys = { ...noKeys, any: true, find: () => known };
  const { app, devices } = createApi({ keys });
  devices.add('sales');
  const routes = app.routes.filter(({ method, path }) => method !== 'ALL' && !FOR_ALL.test(path));
  assert.ok(routes.length > 30);
  for (const { method, path } of routes) {
    const url = path.replace(':device_id', 'sales').replaceAll(/:\w+/g, 'x');
    const response = await app.request(url, { method, headers: bearer(key) });
    assert.equal(response.status, 403, `${method} ${path}`);
    assert.equal(((await response.json()) as Answered).code, 'FORBIDDEN');
  }
  assert.deepEqual(devices.given, []);
});

/** The operations in the document, each as a request that names a device in the way of the operation. */
async function operations({ app }: Awaited<ReturnType<typeof keysApi>>) {
  const response = await app.request('/openapi.json', { headers: admin });
  const { paths } = (await response.json()) as {
    paths: Record<string, Record<string, { parameters?: { name: string; in: string }[] }>>;
  };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [] }]) => ({
      method: method.toUpperCase(),
      path,
      named: parameters.some(({ name, in: place }) => place !== 'query' && /^(x-)?device[-_]id$/i.test(name)),
      header: parameters.some(({ name }) => name === 'X-Device-Id'),
    })),
  );
}

test('S3: a device of another key is answered like one that does not exist, on every route there is', async t => {
  const api = await keysApi(t);
  const { ask, get, post, devices, device, made } = api;
  const [mine, theirs] = [await device('mine'), await device('theirs')];
  const { key } = await made({ scopes: ['read', 'send', 'write', 'devices'], devices: ['mine'] });
  const all = await operations(api);
  const passphrase = { 'x-archive-passphrase': 'long enough to be one' };
  let walked = 0;
  for (const { method, path, named, header } of all.filter(operation => operation.named)) {
    const call = (name: string) =>
      ask(
        method,
        path.replace('{device_id}', name).replaceAll(/\{\w+\}/g, '3EB0C0FFEE'),
        method === 'GET' || method === 'DELETE' ? undefined : { webhook_url: 'http://a.example' },
        { ...bearer(key), ...passphrase, ...(header && { 'x-device-id': name }) },
      );
    const account = theirs.jid?.replace(/:\d+@/, '@') ?? '';
    const unknown = await call('nobody');
    assert.deepEqual([unknown.status, unknown.code], [404, 'DEVICE_NOT_FOUND'], `${method} ${path} ${named}`);
    for (const name of ['theirs', account, theirs.jid ?? '']) {
      const answer = await call(name);
      const { message, results } = unknown;
      assert.deepEqual(
        [answer.status, answer.code, answer.message],
        [404, 'DEVICE_NOT_FOUND', message],
        `${method} ${path} ${name}`,
      );
      assert.deepEqual(Object.keys(answer.results ?? {}), Object.keys(results ?? {}));
    }
    walked++;
  }
  assert.ok(walked > 15, `${walked} operations name a device`);
  assert.equal(devices.given.length, 0);

  // What names none takes the only one that exists for the key, and lists no other.
  assert.equal((await post('/send/message', hi, bearer(key))).status, 200);
  assert.equal(devices.given[0]?.device, 'mine');
  for (const { method, path, named } of all) {
    if (method !== 'GET' || /\{/.test(path) || /^\/(app\/log|app\/reconnect|metrics|openapi)/.test(path))
      continue;
    const text = await (await api.app.request(path, { headers: bearer(key) })).text();
    assert.doesNotMatch(text, /theirs|1555000\d*2/, `GET ${path} ${named}`);
  }
  assert.match(JSON.stringify(await get('/devices', bearer(key))), new RegExp(mine.id));
  const page = await (await api.app.request('/', { headers: bearer(key) })).text();
  assert.doesNotMatch(page, /theirs/);
  assert.match(page, /mine/);
});

test('an account that is linked twice answers for whichever of the two devices the key is for', async t => {
  const { get, devices, device, made } = await keysApi(t);
  await device('older');
  await device('younger');
  const jid = '15551230000@s.whatsapp.net';
  for (const [n, id] of ['older', 'younger'].entries())
    devices.move(id, { jid: jid.replace('@', `:${n + 1}@`) });
  const younger = await made({ scopes: ['read'], devices: ['younger'] });
  const other = await made({ scopes: ['read'], devices: [] });
  for (const name of [jid, '15551230000:2@s.whatsapp.net']) {
    const found = await get('/app/status', { ...bearer(younger.key), 'x-device-id': name });
    assert.equal(found.results?.device_id, 'younger', name);
    assert.equal(
      (await get('/app/status', { ...bearer(other.key), 'x-device-id': name })).code,
      'DEVICE_NOT_FOUND',
    );
  }
  const theirs = await get('/app/status', {
    ...bearer(younger.key),
    'x-device-id': '15551230000:1@s.whatsapp.net',
  });
  assert.equal(theirs.code, 'DEVICE_NOT_FOUND');
});

test('S3: a key for some devices makes no others, and learns nothing by trying', async t => {
  const { post, device, made, devices } = await keysApi(t);
  await device('mine');
  await device('theirs');
  const { key } = await made({ scopes: ['devices'], devices: ['mine'] });
  for (const id of ['theirs', 'new', undefined]) {
    const body = id === undefined ? {} : { device_id: id };
    for (const path of ['/devices', '/device/login']) {
      const answer = await post(path, body, bearer(key));
      assert.deepEqual([answer.status, answer.code], [403, 'FORBIDDEN'], `${path} ${id}`);
    }
  }
  assert.equal((await post('/devices/import', '', bearer(key))).status, 403);
  assert.equal(devices.list().length, 2);
});

test('a device that is made anew under the same id is none of the key', async t => {
  const { get, made, device, devices, keys, sql } = await keysApi(t);
  const { no } = await device('sales');
  const { key } = await made({ scopes: ['read'], devices: ['sales'] });
  assert.equal((await get('/devices/sales', bearer(key))).status, 200);
  await sql`delete from device where no = ${no}`;
  await devices.remove('sales', { within: 1, request: '' });
  await device('sales');
  await keys.change(keyId(key) ?? '', { name: 'read anew' });
  assert.equal((await get('/devices/sales', bearer(key))).status, 404);
  assert.deepEqual((await get('/devices', bearer(key))).results, []);
});

test('S5: a key that was revoked or changed elsewhere counts here for less than five seconds', async t => {
  const { made, keys, sql, device } = await keysApi(t);
  await device('sales');
  let now = 0;
  const other = await startRegister(t, sql, () => now);
  const { id } = await made({ scopes: ['read'] });
  const changed = await made({ scopes: ['read'] });
  now = 4_000;
  await other.fresh();
  assert.equal(other.find(id)?.id, id);

  await keys.revoke(id);
  await keys.change(changed.id, { scopes: ['send'], devices: [] });
  assert.equal(keys.find(id), undefined, 'where it was revoked it ends at once');
  assert.deepEqual(keys.find(changed.id)?.scopes, ['send']);
  now += 4_001;
  await other.fresh();
  assert.equal(other.find(id), undefined);
  assert.deepEqual([other.find(changed.id)?.scopes, other.find(changed.id)?.devices?.size], [['send'], 0]);
});

test('S5: a key ends at its time, without another look at the database', async t => {
  const { made, sql, get } = await keysApi(t);
  let now = 0;
  const { id, key } = await made({
    scopes: ['read'],
    expires_at: new Date(Date.now() + 60_000).toISOString(),
  });
  assert.equal((await get('/devices', bearer(key))).status, 200);
  const other = await startRegister(t, sql, () => now);
  assert.equal(other.find(id)?.id, id);
  now = 61_000;
  assert.equal(other.find(id), undefined);
});

test('a rotated key goes on for as long as it was given, and the new one may do the same', async t => {
  const { post, get, made, device } = await keysApi(t);
  await device('mine');
  await device('theirs');
  const old = await made({ scopes: ['read'], devices: ['mine'], name: 'shop' });
  const rotated = await post(`/keys/${old.id}/rotate`, { overlap_seconds: 3600 }, admin);
  const fresh = String(rotated.results?.key);
  assert.deepEqual(
    [rotated.status, rotated.results?.rotated_from, rotated.results?.name, rotated.results?.devices],
    [200, old.id, 'shop', ['mine']],
  );
  for (const key of [old.key, fresh]) {
    assert.equal((await get('/devices/mine', bearer(key))).status, 200);
    assert.equal((await get('/devices/theirs', bearer(key))).status, 404);
  }
  const ending = await get(`/keys/${old.id}`, admin);
  assert.ok(Date.parse(String(ending.results?.expires_at)) <= Date.now() + 3_601_000);

  const again = await post(`/keys/${rotated.results?.key_id}/rotate`, { overlap_seconds: 0 }, admin);
  assert.equal((await get('/devices', bearer(fresh))).status, 401);
  assert.equal((await get('/devices', bearer(String(again.results?.key)))).status, 200);
  const ended = await post(`/keys/${rotated.results?.key_id}/rotate`, {}, admin);
  assert.deepEqual([ended.status, ended.code], [409, 'KEY_ENDED']);
  const none = await post('/keys/000000000000/rotate', {}, admin);
  assert.deepEqual([none.status, none.code], [404, 'KEY_NOT_FOUND']);
});

test('a rotated key that was made for a month is good for a month again', async t => {
  const { post, made, sql } = await keysApi(t);
  const old = await made({ scopes: ['read'], expires_at: new Date(Date.now() + 60_000).toISOString() });
  await sql`update api_key set created_at = now() - interval '30 days' where id = ${old.id}`;
  const { results } = await post(`/keys/${old.id}/rotate`, {}, admin);
  const days = (Date.parse(String(results?.expires_at)) - Date.now()) / 86_400_000;
  assert.ok(days > 29 && days < 31, String(days));
});

test('a key is changed in what is given, revoked once and for all, and both count at once', async t => {
  const { ask, get, post, made, device } = await keysApi(t);
  await device('sales');
  const { id, key } = await made({ scopes: ['read'], devices: ['sales'] });
  const patch = (body: unknown) => ask('PATCH', `/keys/${id}`, body, admin);
  assert.equal((await patch({ scopes: ['send'] })).status, 200);
  assert.equal((await get('/devices', bearer(key))).status, 403);
  assert.equal((await post('/send/message', hi, bearer(key))).status, 200);
  const wide = await patch({ devices: null, name: 'everything' });
  assert.deepEqual([wide.results?.devices, wide.results?.name], [null, 'everything']);
  assert.deepEqual((await patch({ devices: [] })).results?.devices, []);
  assert.equal((await post('/send/message', hi, bearer(key))).code, 'DEVICE_ID_REQUIRED');

  assert.equal((await ask('DELETE', `/keys/${id}`, undefined, admin)).status, 200);
  assert.equal((await get('/devices', bearer(key))).status, 401);
  assert.equal((await get(`/keys/${id}`, admin)).results?.state, 'revoked');
  assert.deepEqual(
    [(await patch({ name: 'x' })).status, (await patch({ name: 'x' })).code],
    [409, 'KEY_ENDED'],
  );
  assert.equal((await ask('DELETE', '/keys/000000000000', undefined, admin)).code, 'KEY_NOT_FOUND');
});

test('a wrong wish for a key is named', async t => {
  const { post, device } = await keysApi(t);
  await device('sales');
  const good = { name: 'x', scopes: ['read'] };
  const wrong: [string, Record<string, unknown>][] = [
    ['name', { ...good, name: '' }],
    ['scopes', { ...good, scopes: [] }],
    ['scopes.0', { ...good, scopes: ['everything'] }],
    ['devices', { ...good, scopes: ['admin'], devices: ['sales'] }],
    ['expires_at', { ...good, expires_at: '2020-01-01T00:00:00Z' }],
    ['expires_at', { ...good, expires_at: 'tomorrow' }],
    ['devices', { ...good, devices: Array(1001).fill('sales') }],
  ];
  for (const [field, body] of wrong) {
    const answer = await post('/keys', body, admin);
    assert.deepEqual([answer.status, answer.results?.field], [400, field], answer.message);
  }
  assert.equal((await post('/keys', { ...good, devices: ['nobody'] }, admin)).code, 'DEVICE_NOT_FOUND');
  assert.equal((await post('/keys', { ...good, devices: ['../x'] }, admin)).code, 'INVALID_DEVICE_ID');
});

test('keys are listed page by page', async t => {
  const { get, made } = await keysApi(t);
  for (let n = 0; n < 5; n++) await made({ scopes: ['read'], name: `key ${n}` });
  const names: string[] = [];
  for (let after: unknown = 0; after !== null; ) {
    const { results } = await get(`/keys?limit=2&after=${after}`, admin);
    const page = results as unknown as { keys: { name: string }[]; next: number | null };
    names.push(...page.keys.map(({ name }) => name));
    after = page.next;
  }
  assert.deepEqual(names, ['key 0', 'key 1', 'key 2', 'key 3', 'key 4']);
});

test('the last use of a key is noted', async t => {
  const { get, made, keys, sql } = await keysApi(t);
  const { id, key } = await made({ scopes: ['read'] });
  await get('/devices', bearer(key));
  await keys.stop();
  const [row] = await sql<[{ recent: boolean }]>`
    select last_used_at > now() - interval '1 minute' as recent from api_key where id = ${id}`;
  assert.equal(row?.recent, true);
});

test('an open API is closed by its first key, which must be able to make others, and never opens again', async t => {
  const { get, post, ask } = await keysApi(t, { credentials: { basic: [], keys: [] } });
  assert.equal((await get('/devices')).status, 200);
  const lockout = await post('/keys', { name: 'x', scopes: ['send'] });
  assert.deepEqual([lockout.status, lockout.results?.field], [400, 'scopes']);
  const { results } = await post('/keys', { name: 'first', scopes: ['admin'] });
  const first = bearer(String(results?.key));
  const closed = await get('/devices');
  assert.deepEqual([closed.status, closed.headers.get('www-authenticate')], [401, 'Bearer realm="Cardume"']);
  assert.equal((await post('/keys', { name: 'x', scopes: ['send'] }, first)).status, 200);
  assert.equal((await ask('DELETE', `/keys/${results?.key_id}`, undefined, first)).status, 200);
  assert.equal((await get('/devices')).status, 401);
});

test('S7: a key in the address is 400 whether it is right or not, and no log has it', async t => {
  const { get, made, logged } = await keysApi(t);
  const { key } = await made({ scopes: ['read'] });
  for (const name of [
    'key',
    'api_key',
    'apikey',
    'token',
    'access_token',
    'authorization',
    'API_KEY',
    'x-api-key',
  ]) {
    const answer = await get(`/devices?${name}=${key}`, admin);
    assert.deepEqual([answer.status, answer.code], [400, 'KEY_IN_QUERY'], name);
    assert.doesNotMatch(JSON.stringify(answer), new RegExp(key));
  }
  assert.ok(logged.length > 8);
  assert.doesNotMatch(JSON.stringify(logged), new RegExp(key.slice(17)));
});

test('while the database is away a made key is 503, one of the settings still counts', async t => {
  const { app, key } = await withoutDatabase(t);
  const ask = async (headers: Record<string, string>) => (await app.request('/devices', { headers })).status;
  assert.equal(await ask(bearer(key)), 503);
  assert.equal(await ask(admin), 200);
  assert.equal(await ask(bearer('wrong')), 401);
});

async function withoutDatabase(t: TestContext) {
  const { address } = await testDatabase(t);
  const { openDatabase } = await import('../../src/store/database.ts');
  const sql = openDatabase({ address, connections: 1, name: 'away' });
  let now = 0;
  const keys = await startRegister(t, sql, () => now);
  const { key } = await keys.create({ name: 'x', scopes: ['read'], devices: undefined, expiresAt: null });
  await sql.end({ timeout: 0 });
  now = 10_000;
  const { app } = createApi({ keys, credentials: { basic: [], keys: [ADMIN] } });
  return { app, key };
}
