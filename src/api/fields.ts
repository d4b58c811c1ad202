// Fields that more than one route of messages has, each with its limits and its sentence.
import { z } from '@hono/zod-openapi';

/** Half a surrogate pair or a NUL would be changed or refused somewhere on the way. */
const UNSENDABLE = /\p{Surrogate}|\0/u;
const text = (most: number) =>
  z
    .string()
    .max(most)
    .refine(written => !UNSENDABLE.test(written), 'has a character that no text can have');

/** A text of one or more lines. */
export const prose = (most: number) => text(most).min(1);
/** One that may be absent, null or '', which mean the same. */
export const remark = (most: number) => text(most).nullish();

// As a pattern in the document its flag would be taken for a part of it.
const UNLINED = /[\p{Cc}\p{Surrogate}\u2028\u2029]/u;
const single = (most: number) =>
  z
    .string()
    .trim()
    .max(most)
    .refine(written => !UNLINED.test(written), 'must be one line, without control characters');

/** A text of one line, without the blanks around it: a name, a title, an option. */
export const line = (most: number) => single(most).min(1);
/** One that may be absent, null or '', which mean the same. */
export const caption = (most: number) => single(most).nullish();

const DECIMAL = /^[+-]?\d{1,15}(\.\d{1,20})?$/;

/** A number with decimals, also written as a text: gowa has coordinates so, and forms know nothing else. */
export const decimal = (least: number, most: number) =>
  z.preprocess(asDecimal, z.number().min(least).max(most)).openapi({
    type: ['number', 'string'],
    minimum: least,
    maximum: most,
  });
/** One that may be absent, null or '', which mean the same. */
export const measure = (least: number, most: number) =>
  z
    .preprocess(asDecimal, z.number().min(least).max(most).nullish())
    .openapi({ type: ['number', 'string', 'null'], minimum: least, maximum: most });

function asDecimal(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (value.trim() === '') return undefined;
  return DECIMAL.test(value.trim()) ? Number(value) : value;
}

/** The end of the year 9999, in ms since 1970. */
const LAST = 253_402_300_799_000;
const TIME = 'expected a time such as 2026-12-24T18:00:00Z, or seconds since 1970';
const instant = z
  .number({ error: ({ input }) => (input === undefined ? undefined : TIME) })
  .min(0, TIME)
  .max(LAST, TIME);
const asTime = { type: ['string', 'integer'] as ['string', 'integer'], example: '2026-12-24T18:00:00Z' };

/** A time, by RFC 3339 or in seconds since 1970; read as ms since 1970. */
export const time = z.preprocess(asInstant, instant).openapi(asTime);
/** One that may be absent, null or '', which mean the same. */
export const timeIfAny = z.preprocess(asInstant, instant.nullish()).openapi(asTime);

function asInstant(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? value * 1000 : Number.NaN;
  if (typeof value !== 'string') return value;
  if (value === '') return undefined;
  if (/^\d{1,12}$/.test(value)) return Number(value) * 1000;
  return z.iso.datetime({ offset: true }).safeParse(value).success ? Date.parse(value) : value;
}

/** The fields that say something: of those that may be absent, null or ''. */
export function given<F extends Record<string, unknown>>(fields: F): { [K in keyof F]?: NonNullable<F[K]> } {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== null && value !== ''),
  ) as { [K in keyof F]?: NonNullable<F[K]> };
}
