// One description per route of the control plane: it validates the request, types the code behind it and the client
// (client.ts), and documents all of it.
import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { Refused } from '../refused.ts';
import { readBytes, readJson, readText } from './body.ts';

export interface RouteShape<P, Q, B, R> {
  /** The name of the operation in the OpenAPI document and in the typed client. */
  readonly id: string;
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** As OpenAPI writes it, below `/admin`: /phones/{phone}/send. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  /** What the summary has no room for; markdown. */
  readonly description?: string;
  readonly params?: P;
  readonly query?: Q;
  /** A JSON body; an empty one counts as `{}`. */
  readonly body?: B;
  /** The body is taken as it is, instead of as JSON. */
  readonly raw?: 'text' | 'bytes';
  /** Default 4 MiB. */
  readonly maxBytes?: number;
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
  /** Aborted when the caller is gone. */
  readonly signal: AbortSignal;
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

/** Keeps a description's exact type where it is a constant of its own, which the client is typed by (client.ts). */
export function shapes<
  const S extends Readonly<Record<string, RouteShape<z.ZodObject, z.ZodObject, z.ZodType, z.ZodType>>>,
>(given: S): S {
  return given;
}

const MAX_BYTES = 4 * 1024 * 1024;

const Failure = z
  .object({ error: z.string().openapi({ example: 'nobody has 15550009' }) })
  .openapi('Failure', { description: 'What was wrong and what to do about it, as a sentence.' });

/** How routes are added to the control plane. Paths are below the app's own. */
export function routeAdder(app: OpenAPIHono): AddRoute {
  return (shape, run) => {
    document(app, shape);
    const { params, query, body, raw, maxBytes = MAX_BYTES } = shape;
    app.on(shape.method.toUpperCase(), shape.path.replaceAll(/\{(.+?)\}/g, ':$1'), async context => {
      const call = {
        params: params && judged(params, context.req.param(), 'path'),
        query: query && judged(query, context.req.query(), 'query'),
        body: body && judged(body, await readJson(context, maxBytes), 'body'),
        text: raw === 'text' ? await readText(context, maxBytes) : undefined,
        bytes: raw === 'bytes' ? await readBytes(context, maxBytes) : undefined,
        signal: context.req.raw.signal,
      };
      // What a shape leaves out is undefined in its call; its type says so only to the code behind it.
      return context.json((await run(call as Parameters<typeof run>[0])) as object);
    });
  };
}

/** The OpenAPI entry of a route. `results` of another media type than JSON are for routes that answer by themselves. */
export function document(
  app: OpenAPIHono,
  shape: RouteShape<z.ZodObject, z.ZodObject, z.ZodType, z.ZodType>,
  answers: 'application/json' | 'text/event-stream' | 'application/octet-stream' = 'application/json',
): void {
  const failure = (description: string) => ({
    description,
    content: { 'application/json': { schema: Failure } },
  });
  app.openAPIRegistry.registerPath({
    operationId: shape.id,
    method: shape.method,
    path: shape.path,
    tags: [shape.tag],
    summary: shape.summary,
    ...(shape.description !== undefined && { description: shape.description }),
    request: {
      ...(shape.params && { params: shape.params }),
      ...(shape.query && { query: shape.query }),
      ...requestBody(shape.body, shape.raw),
    },
    responses: {
      200: { description: 'Done', content: { [answers]: { schema: shape.results } } },
      '4XX': failure('Refused: the sentence says what to do'),
      '5XX': failure('A bug of the simulator'),
    },
  });
}

function requestBody(schema: z.ZodType | undefined, raw: 'text' | 'bytes' | undefined) {
  if (schema) return { body: { required: true, content: { 'application/json': { schema } } } };
  if (raw === 'text') return { body: { required: true, content: { 'text/plain': { schema: z.string() } } } };
  if (raw === 'bytes')
    return { body: { required: true, content: { 'application/octet-stream': { schema: z.string() } } } };
  return {};
}

/** What the schema makes of it. Throws {@link Refused} with the field named. */
export function judged<T extends z.ZodType>(schema: T, given: unknown, where: string): z.output<T> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Refused(400, `${issue?.path.join('.') || where}: ${issue?.message ?? 'wrong'}`);
}
