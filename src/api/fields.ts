// Fields of bodies that more than one family of routes has, each with its limits and its sentence.
import { z } from '@hono/zod-openapi';

/** Whom a request is about, as gowa's clients write it; recipient.ts says what passes. */
export const phoneField = z
  .string()
  .min(1)
  .openapi({ description: 'A number with its country code, or a JID.', example: '15551234567' });

/** WhatsApp's own timers of disappearing messages, in seconds: off, a day, a week, 90 days. */
const TIMERS = [0, 86_400, 604_800, 7_776_000] as const;
// The generator of the document would show only the first of several literals.
export const timerField = (description: string) =>
  z.literal(TIMERS).openapi({ type: 'integer', enum: [...TIMERS], description });

/** A text of one or more lines. Characters that no text can have are refused before (validate.ts). */
export const prose = (most: number) => z.string().min(1).max(most);
/** One that may be absent, null or '', which mean the same. */
export const remark = (most: number) => z.string().max(most).nullish();

/** A text of so many characters at most, as people count them: an emoji is one. */
export function shortText(most: number) {
  return z
    .string()
    .refine(text => [...text].length <= most, `must be at most ${most} characters`)
    .openapi({ maxLength: most });
}

/** A name: not blank, and without blanks around it. */
export function nameText(most: number) {
  return shortText(most)
    .transform(text => text.trim())
    .refine(text => text !== '', 'cannot be blank');
}

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
