// Reading what the control plane is given.
import type { Context } from 'hono';
import type { z } from 'zod';
import { Refused } from '../refused.ts';

/** The JSON body, as the schema has it. Throws {@link Refused} with the field named. */
export async function body<T extends z.ZodType>(context: Context, schema: T): Promise<z.output<T>> {
  const text = await context.req.text();
  let given: unknown;
  try {
    given = text === '' ? {} : JSON.parse(text);
  } catch {
    throw new Refused(400, 'the body is not JSON');
  }
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Refused(400, `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'wrong'}`);
}
