// Parameters of queries, in which everything is text. One that is there and empty is as good as absent.
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { ApiEnv } from './deps.ts';

const nothing: Readonly<Record<string, string>> = Object.freeze({});

/** The query of a request, taken apart once; of a name that is there twice the first value. */
export function queryOf(c: Context<ApiEnv>): Readonly<Record<string, string>> {
  if (!c.req.url.includes('?')) return nothing;
  const known = c.get('query');
  if (known) return known;
  const query = c.req.query();
  c.set('query', query);
  return query;
}

/** A parameter that may be absent or empty. */
export const optional = <S extends z.ZodType>(schema: S) =>
  z.preprocess(value => (value === '' || value === null ? undefined : value), schema.optional());

/** Yes or no. */
export const flag = optional(
  z.enum(['true', 'false', '1', '0']).transform(value => value === 'true' || value === '1'),
).openapi({ type: 'boolean' });

/** A whole number from `least` to `most`. */
export const integer = (least: number, most: number) =>
  optional(z.coerce.number().int().min(least).max(most)).openapi({
    type: 'integer',
    minimum: least,
    maximum: most,
  });

/** How many are wanted: `usual` unless said, `most` at the most. */
export const count = (usual: number, most: number) =>
  optional(z.coerce.number().int().min(1).max(most))
    .transform(wanted => wanted ?? usual)
    .openapi({ type: 'integer', minimum: 1, maximum: most, default: usual });
