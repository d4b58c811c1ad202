// Requests by chance, made from the schemas of the OpenAPI document: some that fit them, and some that do not.
import { between, pick } from '../support/random.ts';

type Random = () => number;

export interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly $ref?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  readonly example?: unknown;
  readonly default?: unknown;
}

/** What a request is made from besides schemas: `known` are names that exist (numbers, JIDs, ids). */
export interface Names {
  readonly known: readonly string[];
  /** Of what a path may name, by the name of its part. */
  readonly parts: Readonly<Record<string, readonly string[]>>;
  readonly schemas: Readonly<Record<string, Schema>>;
}

/** Addresses and names as nobody would write them, or only somebody who means harm. */
export const ODD = [
  '',
  ' ',
  '.',
  '..',
  '../../etc/passwd',
  '%00',
  '\u0000',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'toString',
  '@',
  '@s.whatsapp.net',
  '@g.us',
  '@lid',
  '@newsletter',
  ':@s.whatsapp.net',
  '1:2:3@s.whatsapp.net',
  '15550001:99999@s.whatsapp.net',
  '15550001.1:1@s.whatsapp.net',
  '+',
  '++15550001',
  '-1',
  '0',
  '1e9',
  'NaN',
  'null',
  'undefined',
  '99999999999999999999',
  'status@broadcast',
  '120363000000000001@newsletter',
  '120363000000000001@g.us',
  '\ud800',
  '🦊'.repeat(20),
  'ש‮x',
  'a'.repeat(5_000),
  "'; drop table phones; --",
  '<script>',
  '{}',
  '%',
  '%E0%A4%A',
] as const;

const WRONG = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e308,
  '',
  'x',
  [],
  {},
  [[]],
  [null],
  { a: 1 },
  '__proto__',
] as const;

const digits = (random: Random, count: number) =>
  String(between(random, 1, 9)) + Array.from({ length: count - 1 }, () => between(random, 0, 9)).join('');

/** A text: mostly of somebody who exists, sometimes odd. */
export function anyName(random: Random, { known }: Names): string {
  const roll = random();
  if (roll < 0.85 && known.length > 0) return pick(random, known);
  if (roll < 0.95) return pick(random, ODD);
  return digits(random, between(random, 1, 16));
}

function resolve(schema: Schema, names: Names): Schema {
  const name = schema.$ref?.split('/').at(-1);
  return name === undefined ? schema : resolve(names.schemas[name] ?? {}, names);
}

/** A value that fits the schema, as far as a schema can say it. */
export function fitting(random: Random, given: Schema, names: Names, depth = 0): unknown {
  const schema = resolve(given, names);
  const one = schema.anyOf ?? schema.oneOf;
  if (one) return fitting(random, pick(random, one), names, depth + 1);
  if (schema.allOf)
    return Object.assign({}, ...schema.allOf.map(part => fitting(random, part, names, depth + 1)));
  if (schema.enum) return pick(random, schema.enum);
  if (schema.const !== undefined) return schema.const;
  const type = typeof schema.type === 'string' ? schema.type : pick(random, schema.type ?? ['string']);
  switch (type) {
    case 'null':
      return null;
    case 'boolean':
      return random() < 0.5;
    case 'integer':
    case 'number':
      return numberFor(random, schema, type === 'integer');
    case 'array': {
      const { minItems = 0, maxItems = 3, items = {} } = schema;
      const count = between(random, minItems, Math.max(minItems, Math.min(maxItems, minItems + 2)));
      return Array.from({ length: count }, () => fitting(random, items, names, depth + 1));
    }
    case 'object':
      return objectFor(random, schema, names, depth);
    default:
      return textFor(random, schema, names);
  }
}

function numberFor(random: Random, schema: Schema, whole: boolean): number {
  const low = schema.minimum ?? schema.exclusiveMinimum ?? -10;
  const high = schema.maximum ?? schema.exclusiveMaximum ?? low + 1_000;
  // Small ones are what people use, and cost a test the least; the ends are where things break.
  const roll = random();
  const value = roll < 0.1 ? high : roll < 0.3 ? low : low + random() * Math.min(high - low, 20);
  return whole ? Math.max(Math.ceil(low), Math.min(Math.floor(high), Math.round(value))) : value;
}

function textFor(random: Random, schema: Schema, names: Names): string {
  if (schema.pattern === '^\\d{1,15}$') return digits(random, between(random, 1, 15));
  const text = random() < 0.3 && typeof schema.example === 'string' ? schema.example : anyName(random, names);
  const { minLength = 0, maxLength = text.length } = schema;
  return text.padEnd(minLength, 'x').slice(0, Math.max(minLength, maxLength));
}

function objectFor(random: Random, schema: Schema, names: Names, depth: number): Record<string, unknown> {
  const made: Record<string, unknown> = {};
  // Few of what may be left out, some, or nearly all: many of them exclude each other.
  const often = depth > 4 ? 0.1 : pick(random, [0.07, 0.3, 0.9]);
  for (const [name, part] of Object.entries(schema.properties ?? {}))
    if (schema.required?.includes(name) || random() < often)
      made[name] = fitting(random, part, names, depth + 1);
  if (schema.additionalProperties === true || typeof schema.additionalProperties === 'object')
    if (random() < 0.3) made[anyName(random, names)] = pick(random, WRONG);
  return made;
}

/** The same with something wrong in it somewhere: another type, one field less, one more, or no object at all. */
export function spoilt(random: Random, value: unknown): unknown {
  if (random() < 0.1) return pick(random, WRONG);
  if (Array.isArray(value)) {
    if (value.length === 0 || random() < 0.2) return pick(random, WRONG);
    const at = between(random, 0, value.length - 1);
    return value.map((one, index) => (index === at ? spoilt(random, one) : one));
  }
  if (typeof value !== 'object' || value === null) return pick(random, [...WRONG, ...ODD]);
  const keys = Object.keys(value);
  const roll = random();
  if (keys.length === 0 || roll < 0.15)
    return { ...value, [pick(random, [...ODD, 'extra'])]: pick(random, WRONG) };
  const key = pick(random, keys);
  if (roll < 0.3) return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
  return { ...value, [key]: spoilt(random, (value as Record<string, unknown>)[key]) };
}
