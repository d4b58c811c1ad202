// gowa's /app: the same actions on the device that the request selects, and facts about the server.
import { z } from '@hono/zod-openapi';
import type { logout } from '../../device/commands/logout.ts';
import type { reconnect } from '../../device/commands/reconnect.ts';
import type { ApiDeps } from '../deps.ts';
import { accountJid, appDevice, connection, toAppDevice } from '../device-shape.ts';
import { commandFailures } from '../failures.ts';
import { pairBy, secondsLeft, shownCode } from '../pairing.ts';
import type { QrLinks } from '../qr.ts';
import type { AddRoute } from '../route.ts';
import { linked } from '../selection.ts';

const deviceOnly = z.object({ device_id: z.string() });

export function appRoutes(
  add: AddRoute,
  { version, basePath, media: { limits } }: ApiDeps,
  links: QrLinks,
): void {
  add(
    {
      id: 'appLogin',
      method: 'get',
      path: '/app/login',
      tag: 'app',
      scope: 'devices',
      acts: true,
      summary: 'Log the selected device in by QR',
      device: 'selected',
      results: z.object({ device_id: z.string(), qr_duration: z.number().int(), qr_link: z.string() }),
      failures: ['ALREADY_LOGGED_IN', 'PAIRING_FAILED', ...commandFailures],
    },
    async ({ device, devices, command, base }) => {
      const pairing = await pairBy('qr', devices, device, command);
      const qr_link = base + links.path(device.id, pairing.until);
      const results = { device_id: device.id, qr_duration: secondsLeft(pairing), qr_link };
      return { message: 'Login success', results };
    },
  );

  add(
    {
      id: 'appLoginWithCode',
      method: 'get',
      path: '/app/login-with-code',
      tag: 'app',
      scope: 'devices',
      acts: true,
      summary: 'Log the selected device in by a code for a phone number',
      device: 'selected',
      query: z.object({ phone: z.string().min(1) }),
      results: z.object({ device_id: z.string(), pair_code: z.string() }),
      failures: ['ALREADY_LOGGED_IN', 'INVALID_JID', 'PAIRING_FAILED', ...commandFailures],
    },
    async ({ device, devices, command, query }) => {
      const { code } = await pairBy('code', devices, device, command, query.phone);
      const results = { device_id: device.id, pair_code: shownCode(code) };
      return { message: 'Login with code success', results };
    },
  );

  add(
    {
      id: 'appLogout',
      method: 'get',
      path: '/app/logout',
      tag: 'app',
      scope: 'devices',
      acts: true,
      summary: 'Log the selected device out; it stays listed',
      device: 'selected',
      results: deviceOnly,
      failures: ['DEVICE_NOT_LINKED', ...commandFailures],
    },
    async ({ device, devices, command }) => {
      await devices.command<typeof logout>(device.id, 'logout', {}, command);
      return { message: 'Success logout', results: { device_id: device.id } };
    },
  );

  add(
    {
      id: 'appReconnect',
      method: 'get',
      path: '/app/reconnect',
      tag: 'app',
      scope: 'devices',
      acts: true,
      summary: 'Connect the selected device anew',
      device: 'selected',
      results: deviceOnly,
      failures: ['DEVICE_NOT_LINKED', 'DEVICE_STOPPED', ...commandFailures],
    },
    async ({ device, devices, command }) => {
      await devices.command<typeof reconnect>(linked(device).id, 'reconnect', {}, command);
      return { message: 'Reconnect success', results: { device_id: device.id } };
    },
  );

  add(
    {
      id: 'appDevices',
      method: 'get',
      path: '/app/devices',
      tag: 'app',
      scope: 'read',
      summary: 'All devices: id, account and name',
      device: 'selected',
      results: z.array(appDevice),
    },
    ({ devices }) => ({ message: 'Fetch device success', results: devices.list().map(toAppDevice) }),
  );

  add(
    {
      id: 'appStatus',
      method: 'get',
      path: '/app/status',
      tag: 'app',
      scope: 'read',
      summary: 'Whether the selected device is connected and logged in',
      device: 'selected',
      results: z.object({
        is_connected: z.boolean(),
        is_logged_in: z.boolean(),
        device_id: z.string(),
        jid: z.string(),
      }),
    },
    ({ device }) => ({
      message: 'Connection status retrieved',
      results: { ...connection(device), device_id: device.id, jid: accountJid(device) ?? '' },
    }),
  );

  add(
    {
      id: 'appInfo',
      method: 'get',
      path: '/app/info',
      tag: 'app',
      scope: 'read',
      summary: 'Facts about the server',
      results: z.object({
        version: z.string(),
        os: z.string(),
        base_path: z.string(),
        max_file_size: z.number().int(),
        max_video_size: z.number().int(),
        max_image_size: z.number().int(),
        max_audio_size: z.number().int(),
        max_download_size: z.number().int(),
        chatwoot_enabled: z.boolean(),
      }),
    },
    () => ({
      message: 'Fetch app info success',
      results: {
        version,
        os: 'Cardume',
        base_path: basePath,
        max_file_size: limits.file,
        max_video_size: limits.video,
        max_image_size: limits.image,
        max_audio_size: limits.audio,
        max_download_size: limits.url,
        chatwoot_enabled: false,
      },
    }),
  );
}
