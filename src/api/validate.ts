// A schema's complaint as one sentence that names the field.
import type { z } from '@hono/zod-openapi';
import { Failure } from '../errors.ts';

/**
 * The value as the schema wants it; unknown fields are dropped.
 * Fails with VALIDATION_ERROR, the field in the message and in `results.field`.
 */
export function validated<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  assertWritable(value, '');
  const result = schema.safeParse(value, { error: complaint });
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw invalid(issue?.path.join('.') ?? '', issue?.message ?? 'is wrong');
}

/** The failure that names one field, for what no schema can express. */
export function invalid(field: string, sentence: string): Failure {
  return new Failure('VALIDATION_ERROR', `${field}: ${sentence}.`, { results: { field } });
}

/** Half a surrogate pair and a NUL are changed or refused somewhere on the way: by the database, by WhatsApp, by who reads it. */
const unwritable = (text: string): boolean => text.includes('\0') || !text.isWellFormed();

/** Fails with VALIDATION_ERROR where a text or a number is none that can be kept as it is. */
function assertWritable(value: unknown, path: string): void {
  if (typeof value === 'string' && unwritable(value))
    throw invalid(path, 'has a character that no text can have');
  if (typeof value === 'number' && !Number.isFinite(value)) throw invalid(path, 'is too large a number');
  if (typeof value !== 'object' || value === null) return;
  const prototype = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== null && prototype !== Object.prototype) return;
  for (const name of Object.keys(value)) {
    if (unwritable(name)) throw invalid(path || 'body', 'has a name with a character that no text can have');
    const inner: unknown = (value as Record<string, unknown>)[name];
    // Most are texts: their path is wanted only where one is wrong.
    if (typeof inner !== 'string' || unwritable(inner))
      assertWritable(inner, path === '' ? name : `${path}.${name}`);
  }
}

const nouns: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
};

function complaint(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'is required';
      return `expected ${nouns[issue.expected] ?? issue.expected}, got ${kind(issue.input)}`;
    case 'too_small':
      return issue.origin === 'string' ? 'cannot be blank' : `must be at least ${issue.minimum}`;
    case 'too_big':
      return `must be at most ${issue.maximum}${units[issue.origin] ?? ''}`;
    case 'invalid_value':
      return `expected one of ${issue.values.join(', ')}`;
    default:
      return undefined;
  }
}

const units: Record<string, string> = { string: ' characters', array: ' entries' };

/** The kind of a value, never the value: it may be a text that belongs to somebody. */
function kind(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (value instanceof File) return 'a file';
  // A text in a query that is no number.
  if (Number.isNaN(value)) return 'something else';
  return nouns[typeof value] ?? typeof value;
}
