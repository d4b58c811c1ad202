// gowa's /devices: what there is, and each device's own login, logout, reconnect, state and webhook.
import { z } from '@hono/zod-openapi';
import type { logout } from '../../device/commands/logout.ts';
import type { reconnect } from '../../device/commands/reconnect.ts';
import { Failure } from '../../errors.ts';
import type { ApiDeps } from '../deps.ts';
import { connection, gowaDevice, toGowaDevice } from '../device-shape.ts';
import { commandFailures } from '../failures.ts';
import { pairBy, secondsLeft, shownCode } from '../pairing.ts';
import type { QrLinks } from '../qr.ts';
import type { AddRoute } from '../route.ts';
import { checkedId, here, linked } from '../selection.ts';
import { shownWebhook, webhookChange, webhookFields, webhookResults } from '../webhook.ts';

const webhook = z.object({ device_id: z.string(), ...webhookResults });

export function deviceRoutes(add: AddRoute, { endpoints, live, media }: ApiDeps, links: QrLinks): void {
  add(
    {
      id: 'listDevices',
      method: 'get',
      path: '/devices',
      tag: 'device',
      scope: 'read',
      summary: 'All devices',
      results: z.array(gowaDevice),
    },
    ({ devices }) => ({ message: 'List devices', results: devices.list().map(toGowaDevice) }),
  );

  add(
    {
      id: 'addDevice',
      method: 'post',
      path: '/devices',
      tag: 'device',
      scope: 'devices',
      summary: 'Make a device, with its own webhook if one is given',
      body: z.object({ device_id: z.string().nullish(), ...webhookFields }),
      results: gowaDevice
        .required({ display_name: true, jid: true })
        .extend(z.object(webhookResults).partial().shape),
      failures: [
        'INVALID_DEVICE_ID',
        'DEVICE_EXISTS',
        'WEBHOOK_ADDRESS_REFUSED',
        'STORE_UNAVAILABLE',
        'STORE_FULL',
      ],
    },
    async ({ body, devices, changed }) => {
      const change = webhookChange(body);
      const device = await devices.create(body.device_id ? checkedId(body.device_id) : undefined);
      changed(device.id);
      // gowa leaves empty fields out everywhere but here.
      const shown = toGowaDevice(device);
      const results = { ...shown, display_name: shown.display_name ?? '', jid: shown.jid ?? '' };
      const made = { message: 'Device added', results };
      if (!change) return made;
      try {
        const endpoint = await endpoints.set(device.no, change);
        return { ...made, results: { ...made.results, ...shownWebhook(endpoint) } };
      } catch (cause) {
        // The device is there; its maker must know, or a second try would only say DEVICE_EXISTS.
        if (!(cause instanceof Failure)) throw cause;
        const sentence =
          'The device was made, its webhook was not; set it with PATCH /devices/{device_id}/webhook.';
        throw new Failure(cause.code, sentence, { cause, results: { device_id: device.id } });
      }
    },
  );

  add(
    {
      id: 'getDevice',
      method: 'get',
      path: '/devices/{device_id}',
      tag: 'device',
      scope: 'read',
      summary: 'One device',
      device: 'path',
      results: gowaDevice,
    },
    ({ device }) => ({ message: 'Device info', results: toGowaDevice(device) }),
  );

  add(
    {
      id: 'removeDevice',
      method: 'delete',
      path: '/devices/{device_id}',
      tag: 'device',
      scope: 'devices',
      summary: 'Log a device out and forget everything of it',
      device: 'path',
      failures: commandFailures,
    },
    async ({ device, devices, command }) => {
      await devices.remove(device.id, command);
      // Links to them are good for some minutes yet.
      await media.forget(device.no);
      return { message: 'Device removed' };
    },
  );

  add(
    {
      id: 'loginDevice',
      method: 'get',
      acts: true,
      path: '/devices/{device_id}/login',
      tag: 'device',
      scope: 'devices',
      summary: 'Log a device in by QR',
      device: 'path',
      results: z.object({ device_id: z.string(), qr_link: z.string(), qr_duration: z.number().int() }),
      failures: ['ALREADY_LOGGED_IN', 'PAIRING_FAILED', ...commandFailures],
    },
    async ({ device, devices, command, base }) => {
      const pairing = await pairBy('qr', devices, device, command);
      const qr_link = base + links.path(device.id, pairing.until);
      const results = { device_id: device.id, qr_link, qr_duration: secondsLeft(pairing) };
      return { message: 'Login success', results };
    },
  );

  add(
    {
      id: 'loginDeviceWithCode',
      method: 'post',
      path: '/devices/{device_id}/login/code',
      tag: 'device',
      scope: 'devices',
      summary: 'Log a device in by a code for a phone number',
      device: 'path',
      query: z.object({ phone: z.string().min(1) }),
      results: z.object({ device_id: z.string(), pair_code: z.string() }),
      failures: ['ALREADY_LOGGED_IN', 'INVALID_JID', 'PAIRING_FAILED', ...commandFailures],
    },
    async ({ device, devices, command, query }) => {
      const { code } = await pairBy('code', devices, device, command, query.phone);
      return {
        message: 'Login with code started',
        results: { device_id: device.id, pair_code: shownCode(code) },
      };
    },
  );

  add(
    {
      id: 'logoutDevice',
      method: 'post',
      path: '/devices/{device_id}/logout',
      tag: 'device',
      scope: 'devices',
      summary: 'Log a device out; it stays listed and can be paired again',
      device: 'path',
      failures: ['DEVICE_NOT_LINKED', ...commandFailures],
    },
    async ({ device, devices, command }) => {
      await devices.command<typeof logout>(device.id, 'logout', {}, command);
      return { message: 'Logout requested' };
    },
  );

  add(
    {
      id: 'reconnectDevice',
      method: 'post',
      path: '/devices/{device_id}/reconnect',
      tag: 'device',
      scope: 'devices',
      summary: 'Connect a device anew',
      device: 'path',
      failures: ['DEVICE_NOT_LINKED', 'DEVICE_STOPPED', ...commandFailures],
    },
    async ({ device, devices, command }) => {
      await devices.command<typeof reconnect>(linked(device).id, 'reconnect', {}, command);
      return { message: 'Reconnect requested' };
    },
  );

  add(
    {
      id: 'getDeviceStatus',
      method: 'get',
      path: '/devices/{device_id}/status',
      tag: 'device',
      scope: 'read',
      summary: 'Whether a device is connected and logged in',
      device: 'path',
      results: z.object({ device_id: z.string(), is_connected: z.boolean(), is_logged_in: z.boolean() }),
    },
    ({ device }) => ({ message: 'Device status', results: { device_id: device.id, ...connection(device) } }),
  );

  add(
    {
      id: 'getDeviceWebhook',
      method: 'get',
      path: '/devices/{device_id}/webhook',
      tag: 'device',
      scope: 'devices',
      summary: "A device's own webhook; empty fields when it has none",
      device: 'path',
      results: webhook,
      failures: ['STORE_UNAVAILABLE'],
    },
    async ({ device }) => {
      const results = { device_id: device.id, ...shownWebhook(await endpoints.get(device.no)) };
      return { message: 'Device webhook retrieved', results };
    },
  );

  add(
    {
      id: 'updateDeviceWebhook',
      method: 'patch',
      path: '/devices/{device_id}/webhook',
      tag: 'device',
      scope: 'devices',
      summary: "Set a device's own webhook, or clear it with an empty URL",
      device: 'path',
      body: z.object({ ...webhookFields, webhook_url: z.string().max(2048) }),
      results: webhook,
      failures: ['WEBHOOK_ADDRESS_REFUSED', 'DEVICE_ELSEWHERE', 'STORE_UNAVAILABLE', 'STORE_FULL'],
    },
    async ({ device, body, changed }) => {
      here(device); // Whoever delivers must hear of it.
      const before = await endpoints.get(device.no);
      const clears = body.webhook_url.trim() === '';
      const change = clears ? undefined : webhookChange(body);
      if (!change) await endpoints.clear(device.no);
      const endpoint = change && (await endpoints.set(device.no, change));
      live.webhookChanged(device.id);
      changed(device.id, { before, after: endpoint });
      return {
        message: 'Device webhook updated',
        results: { device_id: device.id, ...shownWebhook(endpoint) },
      };
    },
  );
}
