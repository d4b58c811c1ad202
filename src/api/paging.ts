// How lists are asked for and told in parts: gowa's limit and offset, and a cursor, which stays right while the list grows.
import { z } from '@hono/zod-openapi';
import type { Part, Place } from './chat-port.ts';
import { count, optional } from './query.ts';
import { invalid } from './validate.ts';

const cursor = optional(z.string().max(1_024));
/** Further than any list is long; PostgreSQL would count to it. */
const FURTHEST = 1_000_000;

/** The parameters of a page. `usual` and `most` are how many rows one has. */
export const pageFields = (usual: number, most: number) => ({
  limit: count(usual, most),
  offset: optional(z.coerce.number().int().min(0).max(FURTHEST))
    .transform(offset => offset ?? 0)
    .openapi({ type: 'integer', minimum: 0, maximum: FURTHEST, default: 0 }),
  before: cursor.openapi({
    type: 'string',
    description: 'What is older than this: `next` of the page before. In the place of `offset`.',
  }),
  after: cursor.openapi({ type: 'string', description: 'What is newer than this: `previous` of a page.' }),
});

export const pagination = z.object({
  limit: z.int(),
  offset: z.int(),
  total: z.int().optional().openapi({ description: 'Left out where a cursor was given.' }),
  next: z
    .string()
    .optional()
    .openapi({ description: 'The cursor to what is older; absent on the last page.' }),
  previous: z.string().optional().openapi({ description: 'The cursor to what is newer.' }),
});

interface Asked {
  readonly limit: number;
  readonly offset: number;
  readonly before?: string | undefined;
  readonly after?: string | undefined;
}

/** The part that is asked for. Fails with VALIDATION_ERROR when a cursor is none of ours. */
export function partOf({ limit, offset, before, after }: Asked): Part {
  return {
    limit,
    offset: before || after ? 0 : offset,
    ...(before && { before: placeOf('before', before) }),
    ...(after && { after: placeOf('after', after) }),
  };
}

/** What is told of the page beside its rows. One that is not full has nothing older behind it. */
export function pageOf(
  { limit, offset, before, after }: Asked,
  rows: readonly Place[],
  total: number | undefined,
): z.input<typeof pagination> {
  const [first, last] = [rows[0], rows.at(-1)];
  const more = total === undefined ? rows.length === limit || Boolean(after) : offset + rows.length < total;
  return {
    limit,
    offset: before || after ? 0 : offset,
    ...(total !== undefined && { total }),
    ...(last && more && { next: cursorOf(last) }),
    ...(first && { previous: cursorOf(first) }),
  };
}

/** The cursor to what lies beyond this place, for `before` or `after`. */
export const cursorOf = ({ at, no }: Place): string =>
  Buffer.from(`${at.getTime()} ${no}`).toString('base64url');

function placeOf(field: string, written: string): Place {
  const place = /^(\d{1,14}) (\d{1,15})$/.exec(Buffer.from(written, 'base64url').toString());
  if (!place) throw invalid(field, 'expected a cursor of an earlier page');
  return { at: new Date(Number(place[1])), no: Number(place[2]) };
}
