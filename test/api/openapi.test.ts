import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codes } from '../../src/errors.ts';
import { createApi } from '../support/api.ts';

interface Operation {
  readonly operationId: string;
  readonly responses: Record<string, { description: string }>;
  readonly requestBody?: { content: Record<string, { schema: { properties: Record<string, object> } }> };
}

async function documented() {
  const { app } = createApi();
  const document = await (await app.request('/openapi.json')).json();
  const { paths } = document as { paths: Record<string, Record<string, Operation>> };
  return { app, document: document as Record<string, unknown>, paths };
}

test('the document describes every route that answers data, and nothing else', async () => {
  const { app, document, paths } = await documented();
  assert.equal(document.openapi, '3.1.0');
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map(method => `${method.toUpperCase()} ${path}`),
  );
  const pages =
    /^GET \/($|ws$|docs$|statics\/media|assets\/|errors$|openapi\.json$|asyncapi\.json$|devices\/\{device_id\}\/qr$)/;
  const real = app.routes
    .filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`)
    .filter(route => !pages.test(route));
  // A route that has something before it is there twice.
  assert.deepEqual(described.sort(), [...new Set(real)].sort());
  const ids = Object.values(paths).flatMap(methods =>
    Object.values(methods).map(({ operationId }) => operationId),
  );
  assert.equal(new Set(ids).size, ids.length);
});

test('every failure in the document is a registered one under its own status', async () => {
  const { paths } = await documented();
  for (const operation of Object.values(paths).flatMap(methods => Object.values(methods)))
    for (const [status, { description }] of Object.entries(operation.responses))
      for (const [, code] of description.matchAll(/^([A-Z_]{6,}): /gm))
        assert.equal(
          codes[code as keyof typeof codes]?.status,
          Number(status),
          `${operation.operationId} ${code}`,
        );
});

test('the body of a text is described once for JSON and for both forms', async () => {
  const { paths } = await documented();
  const content = paths['/send/message']?.post?.requestBody?.content ?? {};
  const types = ['application/json', 'multipart/form-data', 'application/x-www-form-urlencoded'];
  assert.deepEqual(Object.keys(content), types);
  for (const type of types) {
    const properties = content[type]?.schema.properties ?? {};
    const fields = [
      'phone',
      'message',
      'reply_message_id',
      'mentions',
      'is_forwarded',
      'duration',
      'recipients',
    ];
    assert.deepEqual(Object.keys(properties), fields);
    assert.match(JSON.stringify(properties.duration), /7776000/);
  }
});

test('every pattern of the document is a regular expression of JSON Schema', async () => {
  const patterns = [...JSON.stringify(await documented()).matchAll(/"pattern":"((?:[^"\\\\]|\\\\.)*)"/g)];
  assert.ok(patterns.length > 0);
  for (const [, pattern] of patterns) {
    const written = JSON.parse(`"${pattern}"`) as string;
    assert.doesNotThrow(() => new RegExp(written, 'u'), written);
    assert.doesNotMatch(written, /\$\/[a-z]*$/, 'it ends with the flags of a literal');
  }
});
