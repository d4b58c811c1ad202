// Routes about linked devices: ready-made credentials, who is connected.
import { z } from '@hono/zod-openapi';
import { proto } from '@whiskeysockets/baileys';
import { companionsOf, type Device, deviceJid } from '../accounts/accounts.ts';
import { makeLinkedDevices } from '../linking/linked-devices.ts';
import type { World } from '../world.ts';
import { Prefix } from './fields.ts';
import { type AddRoute, shapes } from './route.ts';

const Link = z.object({
  count: z.number().int().min(1).max(10_000),
  prefix: Prefix.optional(),
  preKeys: z.number().int().min(0).max(1_000).optional(),
});
const Linked = z.object({
  phone: z.string(),
  jid: z.string(),
  lid: z.string(),
  credentials: z.string().openapi({ description: "Baileys' AuthenticationCreds as BufferJSON text." }),
  preKeys: z
    .array(z.object({ id: z.number(), public: z.string(), private: z.string() }))
    .openapi({ description: 'One-time prekeys that the server has; base64.' }),
  appStateKeys: z
    .array(z.object({ id: z.string(), data: z.string() }))
    .openapi({ description: 'App-state keys: id and encoded AppStateSyncKeyData; base64.' }),
});
const DeviceView = z.object({
  jid: z.string(),
  lid: z.string(),
  phone: z.string(),
  connected: z.boolean(),
  logins: z.number(),
  queued: z.number(),
  dropped: z
    .number()
    .openapi({ description: 'Stanzas that were given up because too many waited, oldest receipts first.' }),
  lastClose: z.string().optional(),
  shownAs: z
    .object({ os: z.string(), browser: z.string(), fullHistory: z.boolean() })
    .optional()
    .openapi({ description: 'What it said of itself when it was linked; absent for ready-made ones.' }),
});
export const deviceShapes = shapes({
  linkedDevices: {
    id: 'linkedDevices',
    method: 'post',
    path: '/linked-devices',
    tag: 'devices',
    summary: 'Devices that are linked already, with the credentials to log in',
    body: Link,
    results: z.array(Linked),
  },
  devices: {
    id: 'devices',
    method: 'get',
    path: '/devices',
    tag: 'devices',
    summary: 'Every linked device: is it connected, and what waits for it',
    results: z.array(DeviceView),
  },
});

export function deviceRoutes(add: AddRoute, world: World): void {
  add(deviceShapes.linkedDevices, ({ body }) => makeLinkedDevices(world, body));

  add(deviceShapes.devices, () => [...companions(world)].map(describeDevice));
}

/** Every linked device of everybody. */
export function* companions(world: World): Generator<Device> {
  for (const account of world.accounts.all()) yield* companionsOf(account);
}

function describeDevice(device: Device) {
  return {
    jid: deviceJid(device),
    lid: deviceJid(device, 'lid'),
    phone: device.account.phone,
    connected: device.connection !== undefined,
    logins: device.logins,
    queued: device.mailbox.pending,
    dropped: device.mailbox.dropped,
    lastClose: device.lastClose,
    ...(device.props && { shownAs: shownAs(device.props) }),
  };
}

function shownAs(props: Uint8Array) {
  const { os, platformType, requireFullSync } = proto.DeviceProps.decode(props);
  const browser = proto.DeviceProps.PlatformType[platformType ?? 0] ?? '';
  return { os: os ?? '', browser, fullHistory: requireFullSync === true };
}
