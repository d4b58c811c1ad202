// One description per route: it validates the request, types the code behind it, and documents both.
import { type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { ErrorCode } from '../errors.ts';
import { newMessageId } from '../lib/message-id.ts';
import type { Batch, Upload } from '../media/port.ts';
import type { AnswerOf, CommandType, InputOf } from '../shard/protocol.ts';
import type { CommandOptions, Devices, DeviceView } from '../supervisor/devices.ts';
import { answer, type Success } from './answer.ts';
import { type FormFields, type ReadBody, readBody, readFields } from './body.ts';
import type { ApiDeps, ApiEnv, Change } from './deps.ts';
import { always, entry, repeatable } from './entry.ts';
import { hasKey, type Keyed, once } from './idempotency.ts';
import { sendLimit } from './limits.ts';
import type { FileFields } from './multipart.ts';
import { publicUrl } from './public-url.ts';
import { queryOf } from './query.ts';
import { failureResponses, fileResponse, successResponse } from './responses.ts';
import type { Scope } from './scopes.ts';
import { findDevice, linked, type Named, selectDevice } from './selection.ts';
import { validated } from './validate.ts';

/** Where the device of a request is named: in its path, or by header, query or being the only one. */
type Naming = 'path' | 'selected';

/** The families of routes, as the document groups them. */
export const tags = {
  app: 'The server, and the device that a request selects',
  device: 'Devices: make, log in, log out, remove',
  user: 'The account of a device, and other people',
  send: 'What leaves through a device',
  message: 'Messages that there are already',
  media: 'Files in messages',
  chat: 'Chats, and what was said in them',
  label: 'Labels of chats and messages',
  group: 'Groups',
  community: 'Communities: groups of groups',
  newsletter: 'Channels',
  call: 'Calls',
  event: 'What happened to devices: events, read from the journal',
  webhook: 'Where events are sent',
  key: 'Who may call this API, and who did what',
} as const;
export type Tag = keyof typeof tags;

/** Bytes in a millisecond (1 Mbit/s): a command has so much more time when files go with it. */
const SLOWEST_UPLOAD = 125;

interface RouteShape<P, Q, B, R, S, F = FileFields> {
  /** The name of the operation in the OpenAPI document. */
  readonly id: string;
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** As OpenAPI writes it: /devices/{device_id}. */
  readonly path: string;
  readonly tag: Tag;
  /** What a key must be allowed to for it. */
  readonly scope: Scope;
  /** Another scope that it needs as well. */
  readonly also?: Scope;
  /** A GET that does something all the same, as gowa has some: the audit log has it. */
  readonly acts?: true;
  /** Names in the results that are told once: they are not in what a repeated request is answered. */
  readonly secrets?: readonly string[];
  readonly summary: string;
  readonly device?: S;
  /** The parts of the path beside the device. */
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  /** Given where the body may also be a form. */
  readonly forms?: FormFields;
  /** Fields of a multipart form that are files. They are written to the disk as they come, and are gone after the answer. */
  readonly files?: F;
  readonly results?: R;
  /** The type of the file that it answers with, instead of the envelope. */
  readonly file?: string;
  /** What it may answer beside the failures of its device, its body and its credential. */
  readonly failures?: readonly ErrorCode[];
}

/** The files that came with a request. */
export interface Given<F = FileFields> {
  /** By field. */
  readonly files: { readonly [K in keyof F]?: readonly Upload[] };
  /** Where further files of this request may be put; all of them are gone after the answer. */
  readonly batch: Batch;
}

/** A request whose parts have been judged. */
interface Call<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, S, F> extends Given<F> {
  readonly device: S extends Naming ? DeviceView : undefined;
  readonly params: z.output<P>;
  readonly query: z.output<Q>;
  readonly body: z.output<B>;
  readonly named: Named;
  /** The devices that exist for the caller. */
  readonly devices: Devices;
  /** Their numbers; undefined: all, those to come too. */
  readonly seen: ReadonlySet<number> | undefined;
  /** What the caller may do. */
  readonly scopes: ReadonlySet<Scope>;
  readonly command: CommandOptions;
  /** The id of a message to send: with an Idempotency-Key the same when the request comes again. */
  newMessageId(): string;
  /** Tells the audit log what was changed and how. */
  changed(target: string, change?: Change): void;
  /** Runs a command on the device: `C` is the type of its file. Fails with DEVICE_NOT_LINKED at once, or as the command does. */
  run<C extends CommandType>(name: C['name'], input: InputOf<C>): Promise<AnswerOf<C>>;
  /** The URL under which the caller reaches this server, without a slash at the end. */
  readonly base: string;
  readonly closing: AbortSignal | undefined;
}

export type AddRoute = <
  P extends z.ZodObject,
  Q extends z.ZodObject,
  B extends z.ZodObject,
  R extends z.ZodType,
  S extends Naming | undefined,
  F extends FileFields,
>(
  shape: RouteShape<P, Q, B, R, S, F>,
  run: (call: Call<P, Q, B, S, F>) => Said<R> | Promise<Said<R>>,
) => void;

/** What a route answers: for the envelope, or a file. */
type Said<R extends z.ZodType> = Success<z.input<R>> | Response;

/** How routes are added to an app. */
export function routeAdder(app: OpenAPIHono<ApiEnv>, deps: ApiDeps): AddRoute {
  const countSend = sendLimit(deps.limits);
  return (shape, run) => {
    document(app, shape);
    const path = shape.path.replaceAll(/\{(.+?)\}/g, ':$1');
    app.on(shape.method, path, entry(deps.audit, shape), async c => {
      const asked = queryOf(c);
      const named: Named = { header: c.req.header('x-device-id'), query: asked.device_id };
      const devices = c.get('devices');
      const device = deviceOf(c, devices, shape.device, named);
      if (device) c.set('device', device.id);
      const params = shape.params && validated(shape.params, c.req.param());
      const query = shape.query && validated(shape.query, asked);
      const batch = shape.files && deps.media.batch();
      try {
        const { fields, files } = await bodyOf(c, shape, batch);
        const body = shape.body && validated(shape.body, fields);
        const serve = async (keyed?: Keyed) => {
          const command = {
            within: deps.commandTimeoutMs,
            request: c.get('request'),
            ...(keyed?.again && { again: true as const }),
          };
          // What a shape leaves out is undefined in its call; its type says so only to the code behind it.
          const call = {
            device,
            params,
            query,
            body,
            files,
            batch,
            named,
            devices,
            seen: c.get('actor').devices,
            scopes: c.get('actor').scopes,
            command,
            newMessageId: keyed?.messageId ?? newMessageId,
            changed(target: string, change?: Change) {
              c.set('target', target);
              if (change) c.set('change', change);
            },
            run: async <C extends CommandType>(name: C['name'], input: InputOf<C>) => {
              const { id, no } = linked(device as DeviceView);
              if (name.startsWith('send-')) countSend(c, no);
              const within = command.within + (batch?.bytes ?? 0) / SLOWEST_UPLOAD;
              return (await devices.command<C>(id, name, input, { ...command, within })) as AnswerOf<C>;
            },
            get base() {
              return publicUrl(c, deps.basePath);
            },
            closing: c.env?.closing,
          };
          const said = await run(call as unknown as Parameters<typeof run>[0]);
          return said instanceof Response ? said : answer(c, said);
        };
        if (shape.method !== 'post' || !hasKey(c)) return await serve();
        const parts = [c.req.param(), asked, fields];
        const same = { operation: shape.id, deviceNo: device?.no, parts, files, secrets: shape.secrets };
        return await once(c, deps.answers, same, serve);
      } finally {
        await batch?.end();
      }
    });
  };
}

async function bodyOf(
  c: Context<ApiEnv>,
  {
    body,
    forms,
    files,
  }: Pick<RouteShape<unknown, unknown, unknown, unknown, unknown>, 'body' | 'forms' | 'files'>,
  batch: Batch | undefined,
): Promise<ReadBody> {
  if (files && batch) return readBody(c, forms ?? {}, files, batch);
  return { fields: body ? await readFields(c, forms) : {}, files: {} };
}

function deviceOf(
  c: Context<ApiEnv>,
  devices: Devices,
  scope: Naming | undefined,
  named: Named,
): DeviceView | undefined {
  if (scope === 'path') return findDevice(devices, c.req.param('device_id') ?? '');
  return scope === 'selected' ? selectDevice(devices, named) : undefined;
}

const deviceParam = z.object({
  device_id: z.string().openapi({ description: 'The id of the device, or its JID.', example: 'sales' }),
});
const deviceHeader = z.object({
  'X-Device-Id': z
    .string()
    .optional()
    .openapi({ description: 'The id of the device, or its JID; not needed while there is only one.' }),
});
const keyHeader = z.object({
  'Idempotency-Key': z.string().max(257).optional().openapi({
    description:
      'Any text that is new for each new request: one that comes again with it within a day is not done again, and gets the same answer.',
    example: '8e03978e-40d5-43e8-bc93-6894a57f9324',
  }),
});
const deviceQuery = z.object({
  device_id: z.string().optional().openapi({ description: 'The same as the header.' }),
});

function document<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodObject, R extends z.ZodType>(
  app: OpenAPIHono<ApiEnv>,
  shape: RouteShape<P, Q, B, R, Naming | undefined>,
): void {
  const failures: ErrorCode[] = [...always];
  if (shape.method === 'post') failures.push(...repeatable);
  if (shape.device) failures.push('INVALID_DEVICE_ID', 'DEVICE_NOT_FOUND');
  if (shape.device === 'selected') failures.push('DEVICE_ID_REQUIRED');
  if (shape.params || shape.query || shape.body) failures.push('VALIDATION_ERROR');
  if (shape.body) failures.push('BAD_REQUEST', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE');
  if (shape.files) failures.push('STORE_FULL');
  const query = shape.device === 'selected' ? deviceQuery.extend(shape.query?.shape ?? {}) : shape.query;
  app.openAPIRegistry.registerPath({
    operationId: shape.id,
    method: shape.method,
    path: shape.path,
    tags: [shape.tag],
    summary: shape.summary,
    'x-scope': shape.scope,
    ...(shape.also && { 'x-scope-also': shape.also }),
    request: {
      ...(shape.device === 'path' && { params: deviceParam.extend(shape.params?.shape ?? {}) }),
      ...(shape.device !== 'path' && shape.params && { params: shape.params }),
      ...headersOf(shape),
      ...(query && { query }),
      ...(shape.body && {
        body: { content: bodyContent(shape.body, shape.forms !== undefined, shape.files) },
      }),
    },
    responses: {
      200: shape.file ? fileResponse(shape.file) : successResponse(shape.results),
      ...failureResponses([...failures, ...(shape.failures ?? [])]),
    },
  });
}

function headersOf({ device, method }: { readonly device?: Naming | undefined; readonly method: string }) {
  const selected = device === 'selected';
  if (method === 'post') return { headers: selected ? deviceHeader.extend(keyHeader.shape) : keyHeader };
  return selected ? { headers: deviceHeader } : {};
}

function bodyContent(
  schema: z.ZodObject,
  forms: boolean,
  files: FileFields | undefined,
): Record<string, { schema: z.ZodObject }> {
  const json = { 'application/json': { schema } };
  if (!forms && !files) return json;
  const multipart = schema.extend(Object.fromEntries(Object.entries(files ?? {}).map(fileField)));
  return {
    ...json,
    'multipart/form-data': { schema: multipart },
    'application/x-www-form-urlencoded': { schema },
  };
}

function fileField([name, { many }]: [string, FileFields[string]]): [string, z.ZodType] {
  const binary = z.any().openapi({ type: 'string', format: 'binary' });
  return [name, (many === undefined ? binary : z.array(binary).max(many)).optional()];
}
