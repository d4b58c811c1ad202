// Requests to the control plane by chance, made from its own OpenAPI document. FUZZ_SEED=<seed> repeats one.
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { seeds } from '../support/fuzz.ts';
import { between, pick, seeded } from '../support/random.ts';
import { simulator } from './client.ts';
import { anyName, fitting, type Names, ODD, type Schema, spoilt } from './random-request.ts';

const CASES = 3_000;
const LANES = 8;
/** They wait for a client that never comes, or change what the other cases are about. */
const SLOW = new Set(['enterCode', 'events']);
/** They end what the other cases are about, so each takes one of its own. */
const ENDS = new Set(['removePhone', 'changeNumber', 'removeChannel']);
/** What a number may cost: the largest of each would be a benchmark, not a test. */
const COSTLY: Readonly<Record<string, number>> = {
  count: 3,
  messagesPerSecond: 2,
  waitMs: 5,
  downMs: 0,
  ms: 0,
  phones: 3,
  messages: 5,
  members: 3,
};

interface Parameter {
  readonly in: 'path' | 'query';
  readonly name: string;
  readonly schema: Schema;
}
interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
}

type Random = () => number;

async function world(t: TestContext) {
  const server = await simulator(t);
  const { control } = server;
  const people = await control.createPhones(3, { prefix: '1555', name: 'C{n}' });
  const linked = await control.linkedDevices(2);
  const group = await control.request<{ jid: string }>('POST', '/groups', {
    subject: 'Fuzz',
    by: people[0]?.phone,
    members: people.slice(1).map(one => one.phone),
  });
  const owner = people[0]!.phone;
  const params = { phone: owner };
  const { jid } = await control.call('createChannel', { params, body: { name: 'News' } });
  const posts = [];
  for (let index = 0; index < 4; index++)
    posts.push(await control.call('addPost', { params: { jid }, body: { text: `Post ${index}` } }));
  const sent = await control.send(owner, people[1]!.phone, 'hello');
  const load = await control.call('startLoad', { body: { phones: [owner], messagesPerSecond: 0.1 } });
  const { id: call } = await control.request<{ id: string }>('POST', `/phones/${owner}/call`, {
    to: people[1]!.phone,
  });
  const kinds = await control.call('faultCatalogue');
  const known = [
    ...people.flatMap(({ phone, jid: number, lid }) => [phone, phone, number, lid]),
    ...linked.flatMap(({ phone, jid: number }) => [phone, number]),
    group.jid,
    jid,
    sent.id,
  ];
  const parts = {
    phone: [...people, ...linked].map(one => one.phone),
    group: [group.jid],
    jid: [jid, linked[0]!.jid],
    serverId: posts.map(one => String(one.serverId)),
    id: [sent.id, load.id, call],
    name: JSON.stringify(kinds).match(/[a-z]+\.[a-z-]+/g) ?? [],
  };
  const document = (await (await fetch(`${server.controlUrl}/openapi.json`)).json()) as Document;
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  return {
    server,
    operations,
    names: { known, parts, schemas: document.components.schemas } satisfies Names,
  };
}

function cheap(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(cheap);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => {
      const most = COSTLY[name];
      return [name, most !== undefined && typeof one === 'number' ? Math.min(one, most) : cheap(one)];
    }),
  );
}

function request(
  random: Random,
  { path, method, operation }: { path: string; method: string; operation: Operation },
  names: Names,
): Request {
  const wrong = random() < 0.5;
  const query = new URLSearchParams();
  let url = path;
  for (const parameter of operation.parameters ?? []) {
    if (parameter.in === 'path') {
      const value =
        wrong && random() < 0.3 ? pick(random, ODD) : partFor(random, operation, parameter, names);
      // An empty part is another route; half a surrogate pair cannot be in a URL.
      url = url.replace(`{${parameter.name}}`, encodeURIComponent(Buffer.from(value).toString()) || '%20');
    } else if (random() < 0.6) {
      const fits = fitting(random, parameter.schema, names);
      const given = cheap({ [parameter.name]: wrong ? spoilt(random, fits) : fits }) as Record<
        string,
        unknown
      >;
      query.set(parameter.name, String(given[parameter.name]));
    }
  }
  const [type, content] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  const search = query.size > 0 ? `?${query}` : '';
  const at = { method, path: url + search };
  if (!type || !content) return { ...at, headers: {}, body: undefined };
  const headers = {
    'content-type': wrong && random() < 0.1 ? pick(random, ['image/png', 'text/html', 'x', '']) : type,
  };
  if (type !== 'application/json') return { ...at, headers, body: rawBody(random, names) };
  const fits = fitting(random, content.schema, names);
  const json = JSON.stringify(cheap(wrong ? spoilt(random, fits) : fits));
  const cut = wrong && random() < 0.05 ? json.slice(0, between(random, 0, json.length)) : json;
  return { ...at, headers, body: cut };
}

function partFor(random: Random, operation: Operation, { name }: Parameter, names: Names): string {
  const spare = ENDS.has(operation.operationId);
  return pick(random, (!spare && names.parts[name]) || [`1666000${between(random, 0, 9)}`]);
}

function rawBody(random: Random, names: Names): string | Uint8Array {
  if (random() < 0.5) return anyName(random, names);
  return Uint8Array.from({ length: between(random, 0, 300) }, () => between(random, 0, 255));
}

test(`${CASES} requests that fit the document or nearly: done, or refused with a sentence, never a failure of the server`, {
  timeout: 500_000,
}, async t => {
  const { server, operations, names } = await world(t);
  const usable = operations.filter(({ operation }) => !SLOW.has(operation.operationId));
  const seen = new Map<string, { done: number; refused: number }>();
  const bad: string[] = [];
  const queue = seeds(CASES).values();
  const lane = async () => {
    for (const seed of queue) {
      const random = seeded(seed);
      const one = usable[seed % usable.length]!;
      const { method, path, headers, body } = request(random, one, names);
      const url = new URL(path, server.controlUrl);
      const response = await fetch(url, {
        method,
        headers,
        ...(body !== undefined && { body: body as never }),
      });
      const text = await response.text();
      const count = seen.get(one.operation.operationId) ?? { done: 0, refused: 0 };
      seen.set(one.operation.operationId, count);
      if (response.ok) count.done++;
      else count.refused++;
      const sentence = response.ok ? 'fine' : (JSON.parse(text) as { error?: string }).error;
      if (response.status >= 500 || !sentence)
        bad.push(
          `FUZZ_SEED=${seed}: ${method} ${path.slice(0, 200)} ${String(body).slice(0, 300)}: ${response.status} ${text.slice(0, 300)}`,
        );
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  assert.deepEqual(bad, []);
  assert.ok(seeds(CASES).length < CASES || seen.size === usable.length);
});
