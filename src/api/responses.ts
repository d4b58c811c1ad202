// How answers are documented: the envelope around results, and one entry per status with its codes.
import { z } from '@hono/zod-openapi';
import { codes, type ErrorCode } from '../errors.ts';

interface DocumentedResponse {
  readonly description: string;
  readonly content: Record<string, { schema: z.ZodType }>;
}

/** The envelope of a success with these results. */
export function successResponse(results: z.ZodType | undefined): DocumentedResponse {
  const envelope = z.object({ code: z.literal('SUCCESS'), message: z.string(), ...(results && { results }) });
  return { description: 'OK', content: { 'application/json': { schema: envelope } } };
}

/** A file of that type instead of the envelope. */
export function fileResponse(type: string): DocumentedResponse {
  const schema = z.string().openapi({ format: 'binary' });
  return { description: 'The file', content: { [type]: { schema } } };
}

/** The failures of a route, by status; the sentences are those of `docs/errors.md`. */
export function failureResponses(failures: readonly ErrorCode[]): Record<number, DocumentedResponse> {
  const byStatus = new Map<number, Set<ErrorCode>>();
  for (const code of failures) {
    const { status } = codes[code];
    byStatus.set(status, (byStatus.get(status) ?? new Set()).add(code));
  }
  return Object.fromEntries([...byStatus].map(([status, some]) => [status, failureResponse([...some])]));
}

function failureResponse(some: readonly ErrorCode[]): DocumentedResponse {
  const envelope = z.object({
    code: z.enum(some),
    message: z.string(),
    retryable: z.boolean().openapi({ description: 'The same request may succeed later.' }),
    docs: z.string().openapi({ description: 'Where the code is explained.' }),
    results: z.record(z.string(), z.unknown()).optional(),
  });
  const description = some.map(code => `${code}: ${codes[code].text}`).join('\n\n');
  return { description, content: { 'application/json': { schema: envelope } } };
}
