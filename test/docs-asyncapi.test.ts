import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { eventNames, isPrivate, versionOf } from '../src/journal/names.ts';
import { createApi } from './support/api.ts';

interface Message {
  readonly payload: Record<string, unknown>;
  readonly examples: readonly { readonly payload: Record<string, unknown> }[];
}
interface Document {
  readonly asyncapi: string;
  readonly channels: Readonly<Record<string, { address: string | null; messages: Record<string, unknown> }>>;
  readonly components: {
    readonly messages: Readonly<Record<string, Message>>;
    readonly schemas: Readonly<Record<string, object>>;
  };
}

const written = JSON.parse(
  readFileSync(new URL('../../docs/asyncapi.json', import.meta.url), 'utf8'),
) as Document;
// The schema of the AsyncAPI Initiative itself; its parser would bring some fifty packages for the same judgement.
const specification = createRequire(import.meta.url)(
  '@asyncapi/specs/schemas/3.0.0-without-$id.json',
) as object;

test('docs/asyncapi.json is an AsyncAPI 3 document, and so is what is served, with the base path', async () => {
  const validate = new Ajv({ strict: false, validateFormats: false, logger: false }).compile(specification);
  assert.ok(validate(written), JSON.stringify(validate.errors?.slice(0, 3)));
  assert.ok(!validate({ ...written, channels: 7 }), 'it can say no');
  const { app } = createApi({ basePath: '/whatsapp' });
  const served = (await (await app.request('/whatsapp/asyncapi.json')).json()) as Document;
  assert.ok(validate(served), JSON.stringify(validate.errors?.slice(0, 3)));
  assert.equal(served.channels.socket?.address, '/whatsapp/ws');
});

test('every event is in it, by every way, and its sample is what it says', () => {
  const { channels, components } = written;
  assert.deepEqual(Object.keys(channels), ['webhook', 'stream', 'socket']);
  for (const way of ['webhook', 'stream'])
    assert.deepEqual(Object.keys(channels[way]?.messages ?? {}), [...eventNames]);
  const onSocket = ['EVENT', 'EVENT_CURSOR', 'EVENT_GAP', 'GOWA'];
  assert.deepEqual(Object.keys(channels.socket?.messages ?? {}), onSocket);
  assert.deepEqual(Object.keys(components.messages), [...eventNames, ...onSocket]);
  const ajv = new Ajv({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: 'document', components });
  const socket = ajv.compile({ $ref: 'document#/components/messages/EVENT/payload' });
  for (const name of eventNames) {
    const { examples } = components.messages[name]!;
    const validate = ajv.compile({ $ref: `document#/components/messages/${name}/payload` });
    const [example] = examples;
    assert.ok(validate(example?.payload), `${name} ${JSON.stringify(validate.errors)}`);
    const carried = { code: 'EVENT', message: 'Event', result: example?.payload, cursor: '7.1' };
    assert.ok(socket(carried), `${name} ${JSON.stringify(socket.errors)}`);
    assert.ok(!validate({ ...example?.payload, payload: { timestamp: 7, event: 7 } }), name);
  }
});

test('GET /events/types has the same, and the OpenAPI document has them as webhooks', async () => {
  const { app } = createApi();
  const { results } = (await (await app.request('/events/types')).json()) as {
    results: { name: string; version: number; by_name_only: boolean; sample: unknown; schema: object }[];
  };
  assert.deepEqual(
    results.map(({ name, version, by_name_only }) => [name, version, by_name_only]),
    eventNames.map(name => [name, versionOf(name), isPrivate(name)]),
  );
  const ajv = new Ajv2020({ validateFormats: false, allowUnionTypes: true });
  for (const { name, schema, sample } of results) assert.ok(ajv.validate(schema, sample), name);
  const { webhooks } = (await (await app.request('/openapi.json')).json()) as {
    webhooks: Record<
      string,
      {
        post: {
          requestBody: {
            content: Record<string, { schema: object; examples: { sample: { value: unknown } } }>;
          };
        };
      }
    >;
  };
  assert.deepEqual(Object.keys(webhooks), [...eventNames]);
  for (const [name, { post }] of Object.entries(webhooks)) {
    const { schema, examples } = post.requestBody.content['application/json']!;
    assert.ok(ajv.validate(schema, examples.sample.value), `${name} ${ajv.errorsText()}`);
  }
});
