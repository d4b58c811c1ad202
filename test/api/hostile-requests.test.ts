// S14-S17 over every route there is: the OpenAPI document says which parts a request has, and each gets what nobody should
// send. Whatever passes would reach the fake devices, which refuse it like devices without a connection.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Keys } from '../../src/access/keys.ts';
import { codes, Failure, retryable } from '../../src/errors.ts';
import { makeKey, sha256 } from '../../src/lib/api-key.ts';
import type { Devices } from '../../src/supervisor/devices.ts';
import { type Answered, answered, createApi } from '../support/api.ts';
import { noKeys } from '../support/in-memory-access.ts';
import { InMemoryDevices } from '../support/in-memory-devices.ts';
import { bearer } from '../support/keys-api.ts';

interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Record<string, Schema>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly maxItems?: number;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minLength?: number;
  readonly format?: string;
  readonly example?: unknown;
  readonly minimum?: number;
  readonly $ref?: string;
}

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: 'path' | 'query' | 'header';
    readonly required?: boolean;
    readonly schema: Schema;
  }[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: Schema }> };
}

interface Route extends Operation {
  readonly method: string;
  readonly path: string;
}

async function routes() {
  const api = createApi();
  api.devices.add('sales', { jid: '15559999999:3@s.whatsapp.net' });
  // Whoever gets so far has been let through.
  api.devices.failure = new Failure('DEVICE_NOT_CONNECTED');
  const response = await api.app.request('/openapi.json');
  const document = (await response.json()) as {
    paths: Record<string, Record<string, Operation>>;
    components?: { schemas?: Record<string, Schema> };
  };
  const found = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      ...operation,
      method: method.toUpperCase(),
      path,
    })),
  );
  const resolve = (schema: Schema): Schema =>
    schema.$ref ? (document.components?.schemas?.[schema.$ref.split('/').at(-1) ?? ''] ?? {}) : schema;
  return { ...api, routes: found as Route[], resolve };
}

const RIGHT: Record<string, string> = {
  device_id: 'sales',
  key_id: 'aB3dE5gH7jK9',
  webhook_id: `whk_${'0'.repeat(32)}`,
  message_id: '3EB089B9D6ADD58153C561',
};

/** The address of a route with these parts of the path, and right ones for the others. */
const address = (path: string, parts: Record<string, string> = {}) =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(parts[name] ?? RIGHT[name] ?? '120363025246125486'),
  );

/** Never a fault of ours, always in the envelope. */
function decent(answer: Answered, what: string): void {
  assert.ok(
    answer.status < 500 || [501, 503].includes(answer.status),
    `${what}: ${answer.status} ${answer.code}`,
  );
  if (answer.status === 200) return;
  assert.equal(codes[answer.code as keyof typeof codes]?.status, answer.status, what);
}

const hostileParts = [
  '..',
  '../../etc/passwd',
  'a/b',
  'a\\b',
  '%2e%2e%2f',
  'a\0b',
  '\0',
  'a\r\nb',
  'é',
  '１２３４５',
  "' or 1=1 --",
  '"; drop table device; --',
  '%_\\',
  '{{7*7}}',
  '$(id)',
  'x'.repeat(5000),
  '\u202e123',
];

test('S15, S16: no part of a path takes what is a path, a control character, another script, SQL or 5 KB', async () => {
  const { ask, devices, routes: all } = await routes();
  let asked = 0;
  for (const { method, path, parameters = [] } of all)
    for (const { name, in: place } of parameters.filter(parameter => parameter.in === 'path'))
      for (const part of hostileParts) {
        // Two dots as a whole part are another address before they leave the client.
        if (part === '..') continue;
        const what = `${method} ${path} with ${place} ${name} = ${JSON.stringify(part.slice(0, 40))}`;
        const answer = await ask(method, address(path, { [name]: part }), method === 'GET' ? undefined : {});
        assert.ok([400, 403, 404, 422].includes(answer.status), `${what}: ${answer.status}`);
        decent(answer, what);
        asked++;
      }
  assert.ok(asked > 300, String(asked));
  assert.deepEqual(devices.given, []);
});

test('S15, S16: no query and no header makes a fault of ours, whatever is in it', async () => {
  const { ask, routes: all } = await routes();
  for (const { method, path, parameters = [] } of all)
    for (const { name, in: place } of parameters) {
      if (place === 'path') continue;
      for (const part of hostileParts) {
        const what = `${method} ${path} with ${place} ${name} = ${JSON.stringify(part.slice(0, 40))}`;
        const written = encodeURIComponent(part);
        const answer =
          place === 'query'
            ? await ask(method, `${address(path)}?${name}=${written}`, method === 'GET' ? undefined : {})
            : await ask(method, address(path), method === 'GET' ? undefined : {}, { [name]: written });
        decent(answer, what);
        if (/\0/.test(part) && place === 'query') assert.notEqual(answer.status, 200, what);
      }
    }
});

/** Fields that name somebody or something: each has a grammar. */
const NAMES =
  /^(phone|participants?|message_id|reply_message_id|poll_message_id|group_id|community_id|newsletter_id|chat_jid|.*_jid|mentions|recipients)$/;
const hostileNames = [
  '123@s.whatsapp.net\n',
  '../x@g.us',
  '0@s.whatsapp.net',
  '１５５５１２３４５６７',
  '٣٤٥٦٧٨٩',
  '15551234567@evil.example',
  '15551234567@s.whatsapp.net@g.us',
  '1555 1234567; drop table device',
  '%@s.whatsapp.net',
  '{"$gt":""}',
  `${'9'.repeat(5000)}@s.whatsapp.net`,
  'a\0b',
];

/** A value that fits a schema, as far as one can tell from it. */
function fitting(schema: Schema, name: string, resolve: (schema: Schema) => Schema): unknown {
  const {
    type,
    anyOf,
    oneOf,
    allOf,
    enum: choices,
    const: only,
    example,
    items,
    properties,
    required = [],
    minLength,
    minimum,
    format,
  } = resolve(schema);
  if (example !== undefined) return example;
  if (only !== undefined) return only;
  if (choices) return choices[0];
  const [first] = anyOf ?? oneOf ?? allOf ?? [];
  if (first) return fitting(first, name, resolve);
  const kind = Array.isArray(type) ? type.find(one => one !== 'null') : type;
  if (kind === 'array') return items ? [fitting(items, name, resolve)] : [];
  if (kind === 'number' || kind === 'integer') return minimum ?? 1;
  if (kind === 'boolean') return true;
  if (kind === 'object')
    return Object.fromEntries(
      required.map(field => [field, fitting(properties?.[field] ?? {}, field, resolve)]),
    );
  if (format === 'date-time') return '2030-01-01T00:00:00Z';
  if (format === 'uri') return 'https://a.example/x';
  if (/^(group_id|community_id)$/.test(name)) return '120363025246125486@g.us';
  if (/message_id$/.test(name)) return RIGHT.message_id;
  return NAMES.test(name) ? '15551234567' : 'x'.repeat(Math.max(1, minLength ?? 1));
}

async function bodies() {
  const api = await routes();
  const found = api.routes.flatMap(route => {
    const schema = route.requestBody?.content['application/json']?.schema;
    if (!schema) return [];
    const whole = api.resolve(schema);
    return [
      {
        ...route,
        fields: whole.properties ?? {},
        right: fitting(whole, '', api.resolve) as Record<string, unknown>,
      },
    ];
  });
  assert.ok(found.length > 5);
  return { ...api, found };
}

const kindOf = ({ type, anyOf }: Schema, kind: string): boolean =>
  type === kind ||
  (Array.isArray(type) && type.includes(kind)) ||
  (anyOf ?? []).some(one => kindOf(one, kind));
const arrayOf = (schema: Schema): Schema | undefined =>
  schema.type === 'array' || (Array.isArray(schema.type) && schema.type.includes('array'))
    ? schema
    : (schema.anyOf ?? []).map(arrayOf).find(Boolean);

test('S14: no field that names somebody or something takes what is no name, and nothing is sent', async () => {
  const { ask, devices, found, resolve } = await bodies();
  let asked = 0;
  for (const { method, path, operationId, fields, right } of found)
    for (const [name, field] of Object.entries(fields)) {
      if (!NAMES.test(name)) continue;
      const list = arrayOf(resolve(field)) !== undefined;
      if (!list && !kindOf(resolve(field), 'string')) continue;
      for (const written of hostileNames) {
        const body = { ...right, [name]: list ? [written] : written };
        const answer = await ask(method, address(path), body);
        assert.ok(
          [400, 404, 422].includes(answer.status),
          `${operationId} took ${name} = ${JSON.stringify(written.slice(0, 40))}: ${answer.status} ${answer.code}`,
        );
        asked++;
      }
    }
  assert.ok(asked > 50, String(asked));
  assert.deepEqual(devices.given, []);
});

/** What can be a status, or be done about one, without a file; everything else refuses the name of the chat, before anything is done. */
const STATUSES = [
  'deleteMessage',
  'labelMessage',
  'readMessage',
  'revokeMessage',
  'sendLink',
  'sendMessage',
  'starMessage',
  'unstarMessage',
];

test('S14: only what can be a status takes status@broadcast, and a JID is answered without its device', async () => {
  const { ask, devices, found } = await bodies();
  const taken: string[] = [];
  for (const { method, path, operationId, fields, right } of found) {
    if (!('phone' in fields)) continue;
    const { status, code } = await ask(method, address(path), { ...right, phone: 'status@broadcast' });
    if (status === 400 && /^(VALIDATION_ERROR|INVALID_JID)$/.test(code)) continue;
    taken.push(operationId);
  }
  assert.deepEqual(taken.sort(), STATUSES.sort());
  devices.failure = undefined;
  const body = { phone: '15551234567:3@s.whatsapp.net', message: 'hi' };
  const { results } = await ask('POST', '/send/message', body);
  assert.match(String(results?.status), / 15551234567@s\.whatsapp\.net /);
});

test('S31: a body that is packed is 415 on every route that takes one, whatever it is packed with, and is not unpacked', async () => {
  const { app, devices, routes: all } = await routes();
  const bomb = gzipSync(Buffer.alloc(8 * 1_048_576, ' '));
  let asked = 0;
  for (const { method, path, operationId, requestBody } of all)
    for (const type of Object.keys(requestBody?.content ?? {}))
      for (const encoding of ['gzip', 'deflate', 'br', 'zstd', 'gzip, gzip', 'identity, gzip']) {
        const headers = {
          'content-type': type === 'multipart/form-data' ? `${type}; boundary=x` : type,
          'content-encoding': encoding,
          'x-archive-passphrase': 'long enough to be one',
        };
        const response = await app.request(address(path), { method, headers, body: bomb });
        const { status, code } = await answered(response);
        assert.deepEqual(
          [status, code],
          [415, 'UNSUPPORTED_MEDIA_TYPE'],
          `${operationId} ${type} ${encoding}`,
        );
        asked++;
      }
  assert.ok(asked > 500, String(asked));
  assert.deepEqual(devices.given, []);
});

test('S57: a device of others costs as many looks as one that does not exist, on every route, and is answered the same', async () => {
  const { key, id } = makeKey();
  const devices = new InMemoryDevices();
  const mine = devices.add('mine');
  devices.add('theirs');
  const known = {
    ...{ id, origin: id, digest: sha256(key) },
    scopes: ['read', 'send', 'write', 'devices'],
    devices: new Set([mine.no]),
  };
  const keys: Keys = { ...noKeys, any: true, find: () => known };
  const looks: string[] = [];
  const watched = new Proxy<Devices>(devices, {
    get(target, name: keyof Devices) {
      looks.push(name);
      const method = target[name] as (...args: unknown[]) => unknown;
      return method.bind(target);
    },
  });
  const { ask } = createApi({ keys, devices: watched });
  const { found } = await bodies();
  const selected = { 'x-archive-passphrase': 'long enough to be one', ...bearer(key) };
  for (const { method, path, right, operationId } of found) {
    const seen = [];
    for (const name of ['nobody', 'theirs', 'nobody', 'theirs']) {
      looks.length = 0;
      const { status, code, message } = await ask(
        method,
        address(path, { device_id: name }),
        'device_id' in right ? { ...right, device_id: name } : right,
        { ...selected, 'x-device-id': name },
      );
      seen.push([looks.join(' '), status, code, message]);
    }
    assert.deepEqual(seen[1], seen[0], operationId);
    assert.deepEqual(seen.slice(2), seen.slice(0, 2), operationId);
  }
});

test('S16: no text makes a fault of ours, and one with a NUL or half a character is refused in every field', async () => {
  const { ask, found, resolve } = await bodies();
  for (const { method, path, operationId, fields, right } of found)
    for (const [name, field] of Object.entries(fields)) {
      if (!kindOf(resolve(field), 'string')) continue;
      for (const written of ["'; drop table device; --", '%_\\', '\u202e', '<script>', '{{7*7}}', '\\u0000'])
        decent(await ask(method, address(path), { ...right, [name]: written }), `${operationId} ${name}`);
      for (const written of ['a\0b', 'a\ud800'])
        assert.equal(
          (await ask(method, address(path), { ...right, [name]: written })).status,
          400,
          `${operationId} ${name}`,
        );
    }
});

test('S17: every list has a greatest length, and one more is refused', async () => {
  const { ask, devices, found, resolve } = await bodies();
  let lists = 0;
  for (const { method, path, operationId, fields, right } of found)
    for (const [name, field] of Object.entries(fields)) {
      const list = arrayOf(resolve(field));
      if (!list) continue;
      const { maxItems } = list;
      assert.ok(
        maxItems !== undefined && maxItems <= 10_000,
        `${operationId} ${name} has no greatest length`,
      );
      const one = list.items ? fitting(list.items, name, resolve) : 'x';
      const answer = await ask(method, address(path), { ...right, [name]: Array(maxItems + 1).fill(one) });
      assert.ok(
        [400, 422].includes(answer.status),
        `${operationId} ${name}: ${answer.status} ${answer.code}`,
      );
      lists++;
    }
  assert.ok(lists > 1);
  assert.deepEqual(devices.given, []);
});

test('S11: no whole number is read that is none: too large, too long, a fraction, a text', async () => {
  const { ask, found, resolve } = await bodies();
  for (const { method, path, operationId, fields, right } of found)
    for (const [name, field] of Object.entries(fields)) {
      if (!kindOf(resolve(field), 'integer')) continue;
      const text = kindOf(resolve(field), 'string') ? [] : ['"1"'];
      for (const written of ['9007199254740993', '1e400', '-1e400', '1.5', '[1]', ...text]) {
        const body = JSON.stringify({ ...right, [name]: '###' }).replace('"###"', written);
        const answer = await ask(method, address(path), body);
        assert.equal(answer.status, 400, `${operationId} ${name} = ${written}: ${answer.code}`);
      }
    }
});

test('S12, S58: neither a prototype nor an override of the method gets through, on any route', async () => {
  const { ask, found, devices } = await bodies();
  for (const { method, path, right, operationId } of found) {
    const polluted = JSON.stringify({ ...right })
      .replace('{', '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},')
      .replace(',}', '}');
    decent(await ask(method, address(path), polluted), operationId);
    assert.equal(({} as Record<string, unknown>).admin, undefined, operationId);
  }
  devices.given.length = 0;
  for (const header of ['x-http-method-override', 'x-method-override', 'x-http-method'])
    assert.equal(
      (await ask('GET', '/devices/nobody', undefined, { [header]: 'DELETE' })).code,
      'DEVICE_NOT_FOUND',
    );
  assert.deepEqual(devices.given, []);
});

test('a part that the document requires is named when it is missing, and no other part is missed', async () => {
  const { ask, routes: all, resolve } = await routes();
  const headers = { 'x-archive-passphrase': 'long enough to be one' };
  let missed = 0;
  for (const { method, path, parameters = [], requestBody, operationId } of all) {
    if (parameters.length === 0 && !requestBody) continue;
    const parts = parameters.filter(({ name, in: place }) => place === 'query' && name !== 'device_id');
    const required = parts.filter(part => part.required).map(({ name }) => name);
    const json = requestBody?.content['application/json']?.schema;
    const body = json ? (fitting(json, '', resolve) as Record<string, unknown>) : undefined;
    const query = new URLSearchParams(
      parts
        .filter(part => part.required)
        .map(({ name, schema }): [string, string] => [name, String(fitting(schema, name, resolve))]),
    );
    const whole = await ask(method, `${address(path)}?${query}`, body, headers);
    const optional = parts.map(({ name }) => name).filter(name => !required.includes(name));
    const { field } = (whole.results ?? {}) as { field?: string };
    // Of these one of two is enough.
    if (whole.code === 'VALIDATION_ERROR' && operationId !== 'newsletterInfo')
      assert.ok(!optional.includes(String(field)), `${operationId}: ${whole.message}`);
    for (const name of required) {
      const less = new URLSearchParams([...query].filter(([one]) => one !== name));
      const answer = await ask(method, `${address(path)}?${less}`, body, headers);
      assert.deepEqual(
        [answer.code, answer.message],
        ['VALIDATION_ERROR', `${name}: is required.`],
        operationId,
      );
      missed++;
    }
    for (const name of json ? (resolve(json).required ?? []) : []) {
      const { [name]: _, ...less } = body ?? {};
      const answer = await ask(method, `${address(path)}?${query}`, less, headers);
      assert.equal(answer.status, 400, `${operationId} without ${name}: ${answer.code}`);
      missed++;
    }
  }
  assert.ok(missed > 100, String(missed));
});

test('every failure says whether another try is worth it, and where its code is explained', async () => {
  const { ask, app } = await routes();
  const failures = [
    await ask('GET', '/nope'),
    await ask('PUT', '/devices'),
    await ask('POST', '/send/message', '{'),
    await ask('POST', '/send/message', { phone: '15551234567', message: 'hi' }),
    await ask('GET', '/devices/nobody'),
  ];
  for (const answer of failures) {
    const { code, retryable: worth, docs } = answer as Answered & { retryable: boolean; docs: string };
    assert.equal(worth, retryable(code as keyof typeof codes), code);
    assert.equal(docs, `http://localhost/errors#${code}`);
  }
  assert.ok(failures.some(({ code }) => retryable(code as keyof typeof codes)));
  const page = await (await app.request('/errors')).text();
  for (const code of Object.keys(codes)) assert.ok(page.includes(`id="${code}"`), code);
  assert.doesNotMatch(page, /<script/);
});
