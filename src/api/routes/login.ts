// Our own three routes beside gowa's: log in (and make the device on the way), log out, list with every detail.
import { z } from '@hono/zod-openapi';
import type { logout } from '../../device/commands/logout.ts';
import { Failure } from '../../errors.ts';
import type { Devices, DeviceView } from '../../supervisor/devices.ts';
import { listedDevice, toListedDevice } from '../device-shape.ts';
import { pair, secondsLeft, shownCode } from '../pairing.ts';
import { dataUrl, qrPng } from '../qr.ts';
import { phoneDigits } from '../recipient.ts';
import type { AddRoute } from '../route.ts';
import { checkedName, findDevice, namedDevice, selectDevice } from '../selection.ts';

const deviceId = z.string().nullish();

const loginBody = z.object({
  device_id: deviceId.openapi({
    description: 'The device; made when it is new, generated when absent.',
    example: 'sales',
  }),
  phone: z.string().nullish().openapi({ description: 'Pair by a code for this number instead of a QR.' }),
});

const started = z.object({
  device_id: z.string(),
  qr: z.string().optional().openapi({ description: 'The text of the QR.' }),
  qr_image: z.string().optional().openapi({ description: 'The QR as a PNG in a data URL.' }),
  qr_link: z
    .string()
    .optional()
    .openapi({ description: 'A page that shows the QR and follows the pairing.' }),
  qr_duration: z.number().int().optional().openapi({ description: 'Seconds until the next QR replaces it.' }),
  pair_code: z.string().optional().openapi({ example: 'ABCD-1234' }),
});

export function loginRoutes(add: AddRoute): void {
  add(
    {
      id: 'login',
      method: 'post',
      path: '/device/login',
      tag: 'device',
      scope: 'devices',
      summary: 'Log a device in: by QR, or by code when a phone number is given',
      body: loginBody,
      results: started,
      failures: [
        'ALREADY_LOGGED_IN',
        'INVALID_DEVICE_ID',
        'INVALID_JID',
        'DEVICE_NOT_FOUND',
        'PAIRING_FAILED',
        'SHARD_UNAVAILABLE',
        'STORE_UNAVAILABLE',
        'STORE_FULL',
        'GATEWAY_TIMEOUT',
      ],
    },
    async ({ body, named, devices, command, base, changed }) => {
      const phone = body.phone ? phoneDigits(body.phone) : undefined;
      const device = await found(devices, body.device_id ? checkedName(body.device_id) : namedDevice(named));
      changed(device.id);
      const pairing = await pair(devices, device, command, phone);
      const device_id = device.id;
      if (pairing.by === 'code')
        return {
          message: 'Login with code started',
          results: { device_id, pair_code: shownCode(pairing.code) },
        };
      const qr_image = dataUrl(await qrPng(pairing.qr));
      const qr_link = `${base}/devices/${device_id}/qr`;
      const qr_duration = secondsLeft(pairing);
      return {
        message: 'Login success',
        results: { device_id, qr: pairing.qr, qr_image, qr_link, qr_duration },
      };
    },
  );

  add(
    {
      id: 'logout',
      method: 'post',
      path: '/device/logout',
      tag: 'device',
      scope: 'devices',
      summary: 'Unlink a device at WhatsApp and drop its client; the device stays listed',
      body: z.object({ device_id: deviceId }),
      results: z.object({ device_id: z.string(), unlinked: z.boolean() }),
      failures: [
        'INVALID_DEVICE_ID',
        'DEVICE_NOT_FOUND',
        'DEVICE_ID_REQUIRED',
        'DEVICE_NOT_LINKED',
        'SHARD_UNAVAILABLE',
        'STORE_UNAVAILABLE',
        'STORE_FULL',
        'GATEWAY_TIMEOUT',
      ],
    },
    async ({ body, named, devices, command, changed }) => {
      const device = body.device_id ? findDevice(devices, body.device_id) : selectDevice(devices, named);
      changed(device.id);
      const { unlinked } = await devices.command<typeof logout>(device.id, 'logout', {}, command);
      return { message: 'Success logout', results: { device_id: device.id, unlinked } };
    },
  );

  add(
    {
      id: 'listDevicesInDetail',
      method: 'get',
      path: '/device/list',
      tag: 'device',
      scope: 'devices',
      summary: 'All devices with their state and the shard that hosts them',
      results: z.array(listedDevice),
    },
    ({ devices }) => ({ message: 'List devices', results: devices.list().map(toListedDevice) }),
  );
}

/** The device of this name, or a new one. A JID names an account that must be there already. */
async function found(devices: Devices, name: string | undefined): Promise<DeviceView> {
  if (name === undefined) return devices.create();
  const device = devices.find(name);
  if (device || name.includes('@')) return device ?? findDevice(devices, name);
  try {
    return await devices.create(name);
  } catch (error) {
    // Somebody made it in the meantime: two logins at once for a new device are one pairing.
    const made = devices.find(name);
    if (made && error instanceof Failure && error.code === 'DEVICE_EXISTS') return made;
    throw error;
  }
}
