// What the QR page follows: a device's pairing as it is, or as it is once it has changed; and the picture of its QR.
import { createHash } from 'node:crypto';
import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { Failure } from '../../errors.ts';
import type { DeviceView } from '../../supervisor/devices.ts';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { listedDevice, toListedDevice } from '../device-shape.ts';
import { entry } from '../entry.ts';
import { secondsLeft, shownCode } from '../pairing.ts';
import { dataUrl, qrPng } from '../qr.ts';
import { failureResponses } from '../responses.ts';
import type { AddRoute } from '../route.ts';
import { findDevice } from '../selection.ts';

const pairingView = listedDevice.extend({
  linked: z.boolean(),
  qr: z.string().optional(),
  qr_image: z.string().optional().openapi({ description: 'The QR as a PNG in a data URL.' }),
  qr_duration: z.number().int().optional().openapi({ description: 'Seconds until the QR is replaced.' }),
  pair_code: z.string().optional(),
  seen: z
    .string()
    .openapi({ description: 'Names what was shown; sent back, it is what to wait for the end of.' }),
});

/** Seconds that a request may wait for a change: less than what proxies allow. */
const LONGEST_WAIT = 25;

export function followRoutes(app: OpenAPIHono<ApiEnv>, add: AddRoute, { audit }: ApiDeps): void {
  add(
    {
      id: 'followPairing',
      method: 'get',
      path: '/devices/{device_id}/pairing',
      tag: 'device',
      scope: 'devices',
      summary: 'The pairing of a device now, or after its next change',
      device: 'path',
      query: z.object({
        seen: z.string().max(64).optional().openapi({ description: 'The `seen` of the last answer.' }),
        wait: z.coerce
          .number()
          .min(0)
          .max(LONGEST_WAIT)
          .optional()
          .openapi({ description: 'Seconds to wait while nothing differs from `seen`.' }),
      }),
      results: pairingView,
    },
    async ({ device, devices, query: { seen, wait = 0 }, closing }) => {
      let now = device;
      if (wait > 0 && fingerprint(device) === seen) {
        await unless(closing, devices.changed(device.id, wait * 1000));
        now = findDevice(devices, device.id);
      }
      return { message: 'Device pairing', results: await shown(now) };
    },
  );

  app.openAPIRegistry.registerPath({
    operationId: 'qrPicture',
    method: 'get',
    path: '/devices/{device_id}/qr.png',
    tags: ['device'],
    summary: "The QR that is shown now, as a picture; a login's qr_link leads here and needs no credential",
    request: { params: z.object({ device_id: z.string() }) },
    responses: {
      200: { description: 'The QR', content: { 'image/png': { schema: z.string() } } },
      ...failureResponses([
        'INVALID_DEVICE_ID',
        'UNAUTHORIZED',
        'FORBIDDEN_ORIGIN',
        'DEVICE_NOT_FOUND',
        'NOT_FOUND',
        'INTERNAL_SERVER_ERROR',
      ]),
    },
  });
  const door = entry(audit, { id: 'qrPicture', method: 'get', scope: 'devices' });
  app.get('/devices/:device_id/qr.png', door, async c => {
    const { pairing } = findDevice(c.get('devices'), c.req.param('device_id'));
    if (pairing?.by !== 'qr')
      throw new Failure('NOT_FOUND', 'The device shows no QR now; begin a login first.');
    const png = await qrPng(pairing.qr);
    return c.body(new Uint8Array(png), 200, { 'content-type': 'image/png' });
  });
}

async function shown(device: DeviceView): Promise<z.input<typeof pairingView>> {
  const view = { ...toListedDevice(device), linked: device.linked, seen: fingerprint(device) };
  const { pairing } = device;
  if (pairing?.by === 'code') return { ...view, pair_code: shownCode(pairing.code) };
  if (pairing?.by !== 'qr') return view;
  return {
    ...view,
    qr: pairing.qr,
    qr_image: dataUrl(await qrPng(pairing.qr)),
    qr_duration: secondsLeft(pairing),
  };
}

function fingerprint({ phase, since, linked, jid, name, reason, pairing }: DeviceView): string {
  const facts = JSON.stringify([phase, since, linked, jid, name, reason, pairing]);
  return createHash('sha256').update(facts).digest('base64url').slice(0, 22);
}

/** Waits for the work, or for the server to close: an open page must not hold a stop up. */
async function unless(closing: AbortSignal | undefined, work: Promise<void>): Promise<void> {
  if (!closing) return work;
  let leave = () => {};
  const closed = new Promise<void>(resolve => {
    leave = resolve;
    closing.addEventListener('abort', leave, { once: true });
  });
  try {
    await Promise.race([work, closed]);
  } finally {
    closing.removeEventListener('abort', leave);
  }
}
