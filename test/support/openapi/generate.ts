// Requests from an API description: some as it wants them, some with one thing or more wrong.
import { between, pick } from '../random.ts';
import { type ApiDocument, type ApiOperation, type JsonSchema, resolvedSchema } from './document.ts';
import { oddText, oddValue } from './odd.ts';

type Random = () => number;

/** What names in a request stand for, so chosen that they go together. A function is asked anew for each place. */
export type Known = Readonly<Record<string, unknown>>;
/** The same for each name by itself, where nothing has to go together. */
export type Hints = (name: string, operation: ApiOperation, random: Random) => string | undefined;

export interface Made {
  /** Path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | FormData | Uint8Array | undefined;
  /** What is wrong with it, if anything is meant to be. */
  readonly wrong: readonly string[];
}

interface Making {
  readonly random: Random;
  readonly document: ApiDocument;
  readonly operation: ApiOperation;
  readonly known?: Known;
  readonly hints?: Hints;
  /** Whether anything may be wrong with it; every second one unless given. */
  readonly wrong?: boolean;
}

export function makeRequest(making: Making): Made {
  const { random, operation } = making;
  const wrong: string[] = [];
  // Every second request is as it should be: what is behind the checks is to be shaken as well.
  const byChance = random() < 0.5;
  const isWrong = making.wrong ?? byChance;
  const spoilt = (what: string, chance: number) => {
    if (!isWrong || random() > chance) return false;
    wrong.push(what);
    return true;
  };

  let target = operation.path;
  const query = new URLSearchParams();
  const headers: Record<string, string> = {};
  const parameters = operation.parameters ?? [];
  const selects = parameters.some(({ name }) => name === 'X-Device-Id');
  for (const { name, in: place, required, schema } of parameters) {
    // The header says it.
    if (place === 'query' && name === 'device_id' && selects) continue;
    if (place === 'query' && spoilt(`query ${name}`, 0.4)) {
      if (random() < 0.8) query.append(name, oddText(random).slice(0, 2_000));
      if (random() < 0.2) query.append(name, oddText(random).slice(0, 2_000));
      continue;
    }
    if (place === 'query' && !required && random() < 0.5) continue;
    const value = String(madeOf(making, schema, name) ?? '');
    if (place === 'path') {
      const odd = spoilt(`path ${name}`, 0.3) ? oddText(random).slice(0, 2_000) : value;
      // A URL drops parts that are dots, and an empty part is another route.
      target = target.replace(`{${name}}`, () =>
        encodeURIComponent(/^\.*$/.test(odd) ? 'x' : wellFormed(odd)),
      );
    } else if (place === 'query') query.append(name, value);
    else headers[name] = encodeURIComponent(wellFormed(value));
  }
  const search = query.size > 0 ? `?${query}` : '';
  return { target: target + search, headers, wrong, ...bodyOf(making, headers, spoilt) };
}

function bodyOf(
  making: Making,
  headers: Record<string, string>,
  spoilt: (what: string, chance: number) => boolean,
): Pick<Made, 'body'> {
  const { random, operation, known = {} } = making;
  const content = operation.requestBody?.content;
  if (!content) return { body: undefined };
  const type = typeOf(making, Object.keys(content));
  const fields = content[type]?.schema ?? {};
  if (!/json|form/.test(type)) {
    headers['content-type'] = type;
    const right = known.body instanceof Uint8Array && !spoilt('the body', 0.6) ? known.body : undefined;
    return { body: right ?? Buffer.from(oddText(random)) };
  }
  const value = madeOf(making, fields, '') as Record<string, unknown>;
  if (spoilt('a field', 0.8)) spoil(making, fields, value);
  if (type === 'multipart/form-data') return { body: multipart(value) };
  if (type !== 'application/json') {
    headers['content-type'] = type;
    return { body: new URLSearchParams(texts(value)).toString() };
  }
  headers['content-type'] = spoilt('the content type', 0.08) ? pick(random, oddTypes) : type;
  const text = JSON.stringify(value);
  return { body: spoilt('the syntax', 0.1) ? brokenJson(random, text) : text };
}

/** Mostly a form with files where there may be one. */
function typeOf({ random, operation, document }: Making, types: readonly string[]): string {
  const form = operation.requestBody?.content['multipart/form-data']?.schema;
  const fields = form ? Object.values(resolvedSchema(form, document).properties ?? {}) : [];
  return fields.some(isFile) && random() < 0.7 ? 'multipart/form-data' : pick(random, types);
}

const isFile = ({ format, items }: JsonSchema) => format === 'binary' || items?.format === 'binary';

const oddTypes = [
  'text/plain',
  'application/xml',
  'application/jsonp',
  'multipart/form-data',
  ';',
  'application/json;charset=utf-16',
];

function brokenJson(random: Random, text: string): string {
  const breaks = [
    () => text.slice(0, between(random, 0, text.length)),
    () => `[${text}]`,
    () => `${text}${text}`,
    () => text.replace('{', '{"a":1e400,'),
    () => text.replaceAll('"', "'"),
    () => `\ufeff${text}`,
    () => '['.repeat(between(random, 1, 20_000)),
    () => 'null',
  ];
  return pick(random, breaks)();
}

/** Replaces, drops or adds some fields. */
function spoil({ random, document }: Making, given: JsonSchema, value: Record<string, unknown>): void {
  const names = Object.keys(resolvedSchema(given, document).properties ?? {});
  for (let times = between(random, 1, 3); times > 0; times--) {
    const name = names.length > 0 && random() < 0.9 ? pick(random, names) : oddText(random);
    if (random() < 0.25) delete value[name];
    else
      Object.defineProperty(value, name, {
        value: oddValue(random),
        enumerable: true,
        configurable: true,
        writable: true,
      });
  }
}

/** A value that the schema takes, as far as a schema says. */
function madeOf(making: Making, given: JsonSchema, name: string, depth = 0): unknown {
  const { random, document } = making;
  const schema = resolvedSchema(given, document);
  const inner = (one: JsonSchema, its = name) => madeOf(making, one, its, depth + 1);
  const type = typeof schema.type === 'string' ? schema.type : pick(random, schema.type ?? ['string']);
  if (type === 'null') return null;
  const said = saidOf(making, name, type === 'array');
  if (said !== undefined) return said;
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return inner(pick(random, choices));
  if (schema.enum) return pick(random, schema.enum);
  if (schema.const !== undefined) return schema.const;
  switch (type) {
    case 'boolean':
      return random() < 0.5;
    case 'integer':
    case 'number': {
      const low = Math.max(schema.minimum ?? 0, -1_000_000);
      return between(random, low, Math.min(schema.maximum ?? low + 100, low + 100_000));
    }
    case 'array': {
      const least = schema.minItems ?? 0;
      const length = between(random, least, Math.min(schema.maxItems ?? least + 3, least + 3));
      return Array.from({ length }, () => inner(schema.items ?? {}));
    }
    case 'object':
      return objectOf(making, schema, depth);
    default:
      return textOf(schema, random);
  }
}

/** What the name stands for; now and then nothing is known of it. Of a list, what is no list stands for each of its parts. */
function saidOf({ known = {}, hints, operation, random }: Making, name: string, isList: boolean): unknown {
  if (hints) return isList ? undefined : hints(name, operation, random);
  if (!Object.hasOwn(known, name) || random() < 0.07) return undefined;
  const said: unknown = known[name];
  if (Array.isArray(said)) return said;
  if (isList) return undefined;
  return typeof said === 'function' ? said(random) : said;
}

function objectOf(making: Making, schema: JsonSchema, depth: number): Record<string, unknown> {
  const { known = {}, random } = making;
  const fields = Object.entries(schema.properties ?? {}).filter(
    ([name, field]) =>
      schema.required?.includes(name) || (isFile(field) && Object.hasOwn(known, name)) || random() < 0.5,
  );
  return Object.fromEntries(fields.map(([name, field]) => [name, madeOf(making, field, name, depth + 1)]));
}

function textOf({ format, example, minLength = 0, maxLength = 40 }: JsonSchema, random: Random): unknown {
  if (format === 'binary') return new File([pick(random, files)], '../odd name.png');
  if (example !== undefined && random() < 0.5) return example;
  if (format === 'date-time') return new Date(between(random, 0, 2_000_000_000) * 1_000).toISOString();
  const length = between(random, Math.max(1, minLength), Math.max(1, Math.min(maxLength, minLength + 20)));
  return 'abcdefghij klmnopqrstuvwxyz'.repeat(4).slice(0, length);
}

const files = [Buffer.from('no picture'), Buffer.from([0xff, 0xd8, 0xff]), Buffer.alloc(0)];

function multipart(value: Readonly<Record<string, unknown>>): FormData {
  const form = new FormData();
  for (const [name, one] of Object.entries(value))
    for (const part of Array.isArray(one) ? one : [one])
      if (part instanceof File) form.append(name, part, part.name);
      else form.append(name, textIn(part));
  return form;
}

function texts(value: Readonly<Record<string, unknown>>): [string, string][] {
  return Object.entries(value).flatMap(([name, one]) =>
    (Array.isArray(one) ? one : [one]).map((text): [string, string] => [name, textIn(text)]),
  );
}

function textIn(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : wellFormed(String(value));
}

/** Half a surrogate pair cannot be sent as UTF-8. */
const wellFormed = (text: string) => Buffer.from(text).toString();
