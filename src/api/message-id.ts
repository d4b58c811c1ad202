// Ids of messages, as callers write them.
import { z } from '@hono/zod-openapi';
import { invalid } from './validate.ts';

/** The part of a path that names a message. */
export const messageParams = z.object({
  message_id: z.string().max(128).openapi({ example: '3EB089B9D6ADD58153C561' }),
});

/** The value, if it is written as the id of a message. Fails with VALIDATION_ERROR. */
export function messageId(id: string, field = 'message_id'): string {
  if (/^[A-Za-z0-9._:=+-]{1,128}$/.test(id)) return id;
  throw invalid(field, 'expected the id of a message, such as 3EB089B9D6ADD58153C561');
}
