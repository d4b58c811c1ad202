// One description per route of the control plane: it validates the request, types the code behind it, and documents both.
import { type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { Refused } from '../refused.ts';

interface RouteShape<P, Q, B, R> {
  /** The name of the operation in the OpenAPI document and in the typed client. */
  readonly id: string;
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** As OpenAPI writes it, below `/admin`: /phones/{phone}/send. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly params?: P;
  readonly query?: Q;
  /** A JSON body; an empty one counts as `{}`. */
  readonly body?: B;
  /** The body is taken as it is, instead of as JSON. */
  readonly raw?: 'text' | 'bytes';
  readonly results: R;
}

/** A request whose parts have been judged. */
interface Call<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  readonly params: z.output<P>;
  readonly query: z.output<Q>;
  readonly body: z.output<B>;
  /** The body of a `raw: 'text'` route. */
  readonly text: string;
  /** The body of a `raw: 'bytes'` route. */
  readonly bytes: Buffer;
}

export type AddRoute = <
  P extends z.ZodObject,
  Q extends z.ZodObject,
  B extends z.ZodType,
  R extends z.ZodType,
>(
  shape: RouteShape<P, Q, B, R>,
  run: (call: Call<P, Q, B>) => z.input<R> | Promise<z.input<R>>,
) => void;

const Failure = z
  .object({ error: z.string().openapi({ example: 'nobody has 15550009' }) })
  .openapi('Failure', { description: 'What was wrong, as a sentence.' });

/** How routes are added to the control plane. Paths are below the app's own. */
export function routeAdder(app: OpenAPIHono): AddRoute {
  return (shape, run) => {
    app.openAPIRegistry.registerPath({
      operationId: shape.id,
      method: shape.method,
      path: shape.path,
      tags: [shape.tag],
      summary: shape.summary,
      request: {
        ...(shape.params && { params: shape.params }),
        ...(shape.query && { query: shape.query }),
        ...requestBody(shape.body, shape.raw),
      },
      responses: {
        200: { description: 'Done', content: { 'application/json': { schema: shape.results } } },
        '4XX': { description: 'Refused', content: { 'application/json': { schema: Failure } } },
      },
    });
    app.on(shape.method, shape.path.replaceAll(/\{(.+?)\}/g, ':$1'), async context => {
      const call = {
        params: shape.params && judged(shape.params, context.req.param(), 'path'),
        query: shape.query && judged(shape.query, context.req.query(), 'query'),
        body: shape.body && judged(shape.body, await readJson(context), 'body'),
        text: shape.raw === 'text' ? await context.req.text() : undefined,
        bytes: shape.raw === 'bytes' ? Buffer.from(await context.req.arrayBuffer()) : undefined,
      };
      // What a shape leaves out is undefined in its call; its type says so only to the code behind it.
      return context.json((await run(call as Parameters<typeof run>[0])) as object);
    });
  };
}

function requestBody(schema: z.ZodType | undefined, raw: 'text' | 'bytes' | undefined) {
  if (schema) return { body: { content: { 'application/json': { schema } } } };
  if (raw === 'text') return { body: { content: { 'text/plain': { schema: z.string() } } } };
  if (raw === 'bytes') return { body: { content: { 'application/octet-stream': { schema: z.string() } } } };
  return {};
}

async function readJson(context: Context): Promise<unknown> {
  const text = await context.req.text();
  if (text === '') return {};
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refused(400, 'the body is not JSON', { cause: error });
  }
}

/** What the schema makes of it. Throws {@link Refused} with the field named. */
function judged<T extends z.ZodType>(schema: T, given: unknown, where: string): z.output<T> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Refused(400, `${issue?.path.join('.') || where}: ${issue?.message ?? 'wrong'}`);
}
