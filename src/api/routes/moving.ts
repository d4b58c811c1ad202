// A device out of this installation and into another: its archive as a file, locked with a passphrase.
import { createHash } from 'node:crypto';
import { type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { type ErrorCode, Failure } from '../../errors.ts';
import { PASSPHRASE_MIN } from '../../lib/archive.ts';
import { Pauses } from '../../lib/pauses.ts';
import { answer } from '../answer.ts';
import { readBytes } from '../body.ts';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { gowaDevice, toGowaDevice } from '../device-shape.ts';
import { always, entry, repeatable } from '../entry.ts';
import { once } from '../idempotency.ts';
import { failureResponses, fileResponse, successResponse } from '../responses.ts';
import type { AddRoute } from '../route.ts';
import { checkedId, findDevice } from '../selection.ts';
import { invalid } from '../validate.ts';
import { makesDevices } from '../visible.ts';

/** An archive is some 200 KB and grows with the device's peers and its messages of the last days. */
const ARCHIVE_LIMIT = 64 * 1024 * 1024;
const HASHED_AT_ONCE = 1_048_576;
const FILE = 'application/octet-stream';
const HEADER = 'X-Archive-Passphrase';

const passphraseHeader = z.object({
  [HEADER]: z.string().openapi({
    description: `What locks the archive, at least ${PASSPHRASE_MIN} characters, percent-encoded where they are not ASCII (\`%\` itself too).`,
  }),
});
const deviceParam = z.object({ device_id: z.string() });

const exportFailures: readonly ErrorCode[] = [
  ...always,
  'VALIDATION_ERROR',
  'INVALID_DEVICE_ID',
  'DEVICE_NOT_FOUND',
  'DEVICE_NOT_LINKED',
  'DEVICE_STOPPED',
  'DEVICE_ELSEWHERE',
  'STORE_FULL',
  'SHUTTING_DOWN',
];

const importFailures: readonly ErrorCode[] = [
  ...always,
  ...repeatable,
  'INVALID_DEVICE_ID',
  'BAD_REQUEST',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'ARCHIVE_INVALID',
  'ARCHIVE_LOCKED',
  'DEVICE_EXISTS',
  'STORE_FULL',
  'SHUTTING_DOWN',
];

export function movingRoutes(
  app: OpenAPIHono<ApiEnv>,
  add: AddRoute,
  { moving, audit, answers }: ApiDeps,
): void {
  const { openAPIRegistry: registry } = app;

  registry.registerPath({
    operationId: 'exportDevice',
    method: 'get',
    path: '/devices/{device_id}/export',
    tags: ['device'],
    summary: 'Stop a device here and get it as an encrypted archive, to run it in another installation',
    request: { params: deviceParam, headers: passphraseHeader },
    responses: {
      200: fileResponse(FILE),
      ...failureResponses(exportFailures),
    },
  });
  const exit = entry(audit, { id: 'exportDevice', method: 'get', scope: 'devices', acts: true });
  app.get('/devices/:device_id/export', exit, async c => {
    const { id } = named(c);
    const archive = await moving.export(id, passphraseOf(c));
    return c.body(new Uint8Array(archive), 200, {
      'content-type': FILE,
      'content-disposition': `attachment; filename="${id}.cardume"`,
    });
  });

  registry.registerPath({
    operationId: 'importDevice',
    method: 'post',
    path: '/devices/import',
    tags: ['device'],
    summary: 'Make a device of an archive and run it here',
    request: {
      headers: passphraseHeader,
      query: z.object({
        device_id: z.string().optional().openapi({ description: 'Another id than the one in the archive.' }),
      }),
      body: { content: { [FILE]: { schema: z.string().openapi({ format: 'binary' }) } } },
    },
    responses: {
      200: successResponse(gowaDevice),
      ...failureResponses(importFailures),
    },
  });
  app.post(
    '/devices/import',
    entry(audit, { id: 'importDevice', method: 'post', scope: 'devices' }),
    async c => {
      makesDevices(c.get('actor'));
      const passphrase = passphraseOf(c);
      const id = c.req.query('device_id');
      if (id) checkedId(id);
      const archive = await archiveOf(c);
      const parts = [id, await digestOf(archive)];
      return once(c, answers, { operation: 'importDevice', deviceNo: undefined, parts }, async () => {
        const device = await moving.import(archive, passphrase, id || undefined);
        c.set('device', device.id);
        return answer(c, { message: 'Device imported', results: toGowaDevice(device) });
      });
    },
  );

  add(
    {
      id: 'takeDeviceBack',
      method: 'post',
      path: '/devices/{device_id}/take-back',
      tag: 'device',
      scope: 'devices',
      summary: 'Run an exported device here again; only where no other installation runs it',
      device: 'path',
      results: gowaDevice,
      failures: ['DEVICE_ELSEWHERE', 'STORE_UNAVAILABLE', 'STORE_FULL', 'SHUTTING_DOWN'],
    },
    async ({ device }) => ({
      message: 'Device taken back',
      results: toGowaDevice(await moving.takeBack(device.id)),
    }),
  );
}

/** The device that the path names. Fails with INVALID_DEVICE_ID or DEVICE_NOT_FOUND. */
function named(c: Context<ApiEnv>) {
  const device = findDevice(c.get('devices'), c.req.param('device_id') ?? '');
  c.set('device', device.id);
  return device;
}

function passphraseOf(c: Context<ApiEnv>): string {
  let passphrase: string;
  try {
    passphrase = decodeURIComponent(c.req.header(HEADER) ?? '');
  } catch {
    throw invalid(HEADER, 'expected a text that is percent-encoded');
  }
  if ([...passphrase].length >= PASSPHRASE_MIN) return passphrase;
  throw invalid(HEADER, `expected at least ${PASSPHRASE_MIN} characters`);
}

/** Hashed in pieces of a millisecond: the largest takes as long as a hundred requests. */
async function digestOf(archive: Uint8Array): Promise<string> {
  const hash = createHash('sha256');
  const pauses = new Pauses();
  for (let at = 0; at < archive.length; at += HASHED_AT_ONCE) {
    if (pauses.due) await pauses.take();
    hash.update(archive.subarray(at, at + HASHED_AT_ONCE));
  }
  return hash.digest('hex');
}

async function archiveOf(c: Context<ApiEnv>): Promise<Uint8Array> {
  if (c.req.header('content-encoding'))
    throw new Failure('UNSUPPORTED_MEDIA_TYPE', 'Send the archive as it is, uncompressed.');
  const type = (c.req.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase();
  if (type !== FILE) throw new Failure('UNSUPPORTED_MEDIA_TYPE', `Send the archive as ${FILE}.`);
  return readBytes(c.req.raw, ARCHIVE_LIMIT);
}
