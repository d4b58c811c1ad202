// Reading the body of a request: of a bounded size, and of a kind that the route takes.
import type { Context } from 'hono';
import { Refused } from '../refused.ts';

// curl says the form type for `-d` unless told otherwise, and a page says text/plain to be spared a preflight.
const READ_AS_JSON = ['application/json', 'application/x-www-form-urlencoded', 'text/plain'];

/** The JSON in the body; an empty one is `{}`. Throws {@link Refused}: 400, 413, 415. */
export async function readJson(context: Context, maxBytes: number): Promise<unknown> {
  const type = context.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  const body = await readBytes(context, maxBytes);
  if (body.length === 0) return {};
  if (type !== undefined && !READ_AS_JSON.includes(type) && !type.endsWith('+json'))
    throw new Refused(415, `this route takes JSON (content-type: application/json), not ${type}`);
  try {
    return JSON.parse(body.toString());
  } catch (error) {
    throw new Refused(400, 'the body is not JSON', { cause: error });
  }
}

/** The text in the body. Throws {@link Refused}: 413, and 415 for JSON, whose quotes would become a part of it. */
export async function readText(context: Context, maxBytes: number): Promise<string> {
  if (context.req.header('content-type')?.toLowerCase().startsWith('application/json'))
    throw new Refused(415, 'this route takes the text itself (content-type: text/plain), not JSON');
  return (await readBytes(context, maxBytes)).toString();
}

/** The body as it is. Throws {@link Refused} 413 as soon as it is larger than `maxBytes`. */
export async function readBytes(context: Context, maxBytes: number): Promise<Buffer> {
  const tooLarge = () => new Refused(413, `the body is larger than ${maxBytes} bytes`);
  if (Number(context.req.header('content-length') ?? 0) > maxBytes) throw tooLarge();
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of context.req.raw.body ?? []) {
    size += part.length;
    if (size > maxBytes) throw tooLarge();
    parts.push(part);
  }
  return Buffer.concat(parts, size);
}
