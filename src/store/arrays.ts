// Array types, which the driver would otherwise ask the server for on each new connection: a round trip that nobody
// awaits, so that a server which stops in that moment ended the whole process (porsager/postgres#1192, reproduced).

import type postgres from 'postgres';
import { Pauses } from '../lib/pauses.ts';
import type { Sql } from './database.ts';

/** The types of arrays by the numbers that PostgreSQL has for them. */
const ARRAY = {
  boolean: 1000,
  bytea: 1001,
  smallint: 1005,
  int: 1007,
  text: 1009,
  float: 1022,
  bigint: 1016,
  timestamptz: 1185,
  uuid: 2951,
} as const;

const parsers: Record<keyof typeof ARRAY, (text: string) => unknown> = {
  boolean: text => text === 't',
  bytea: text => Buffer.from(text.slice(2), 'hex'),
  smallint: Number,
  int: Number,
  text: text => text,
  float: Number,
  bigint: Number,
  timestamptz: text => new Date(text),
  uuid: text => text,
};

/** What an array of each type has in it; null is null in all of them. */
interface Elements {
  readonly boolean: boolean;
  readonly bytea: Buffer;
  readonly smallint: number;
  readonly int: number;
  readonly text: string;
  readonly float: number;
  readonly bigint: number;
  /** Also 'infinity'. */
  readonly timestamptz: Date | string;
  readonly uuid: string;
}
type Arrays = {
  readonly [T in keyof typeof ARRAY]: (values: readonly (Elements[T] | null)[]) => postgres.ArrayParameter;
};

/**
 * Arrays as parameters, by their type: `const { bytea, int } = arrays(sql)`, and `${int(numbers)}` in a statement. Named,
 * because the driver infers the type of the element and not of the array, which PostgreSQL does not cast to bytea[]
 * (42846), and an empty one has no element.
 */
export function arrays(sql: Pick<Sql, 'array'>): Arrays {
  const known = made.get(sql);
  if (known) return known;
  const makers = Object.entries(ARRAY).map(([name, type]) => [
    name,
    (values: readonly unknown[]) => sql.array(values as string[], type),
  ]);
  const all = Object.fromEntries(makers) as Arrays;
  made.set(sql, all);
  return all;
}

/**
 * An array of bytea as a text, `${made}::text::bytea[]` in a statement: what the driver makes of tens of megabytes at once keeps the
 * thread from everything else, and here other work has its turns.
 */
export async function byteaText<T>(items: readonly T[], value: (item: T) => Buffer | null): Promise<string> {
  const pauses = new Pauses();
  const elements: string[] = [];
  for (const item of items) {
    if (pauses.due) await pauses.take();
    elements.push(element(value(item)));
  }
  return `{${elements.join()}}`;
}

/** Of each pool once: a statement of many arrays asks for them every time. */
const made = new WeakMap<Pick<Sql, 'array'>, Arrays>();

/** For the driver's option `types`. One dimension, which is all that we have. */
export const arrayTypes = Object.fromEntries(
  Object.entries(parsers).map(([name, parse]) => {
    const oid = ARRAY[name as keyof typeof ARRAY];
    return [`${name}Array`, { to: oid, from: [oid], serialize, parse: (text: string) => read(text, parse) }];
  }),
);

function serialize(values: readonly unknown[]): string {
  return `{${values.map(element).join()}}`;
}

function element(value: unknown): string {
  if (value === null) return 'null';
  if (value instanceof Uint8Array) return `"\\\\x${Buffer.from(value).toString('hex')}"`;
  const text = value instanceof Date ? value.toISOString() : String(value);
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

function read(text: string, parse: (text: string) => unknown): unknown[] {
  return [...text.matchAll(/"((?:[^"\\]|\\.)*)"|([^{},]+)/gs)].map(([, quoted, bare]) => {
    if (bare === 'NULL') return null;
    return parse(bare ?? quoted!.replace(/\\(.)/gs, '$1'));
  });
}
