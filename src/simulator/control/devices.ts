// Routes about linked devices: ready-made credentials, who is connected, what happened.
import { Hono } from 'hono';
import { z } from 'zod';
import { type Device, deviceJid } from '../accounts/accounts.ts';
import { makeLinkedDevices } from '../linking/linked-devices.ts';
import { Refused } from '../refused.ts';
import type { World } from '../world.ts';
import { body } from './body.ts';

const Link = z.object({
  count: z.number().int().min(1).max(10_000),
  prefix: z
    .string()
    .regex(/^[1-9]\d{0,10}$/)
    .optional(),
  preKeys: z.number().int().min(0).max(1_000).optional(),
});

export function deviceRoutes(world: World): Hono {
  const app = new Hono();

  app.post('/linked-devices', async context =>
    context.json(makeLinkedDevices(world, await body(context, Link))),
  );

  app.get('/devices', context => context.json([...companions(world)].map(describeDevice)));

  app.get('/ledger', context => {
    const { totals, unknown, lastProtocolError, lastPhoneError, lastSaveError } = world.ledger;
    return context.json({
      ...totals,
      unknownIqs: Object.fromEntries(unknown),
      lastProtocolError,
      lastPhoneError,
      lastSaveError,
    });
  });

  app.get('/ledger/:id', context => {
    const entry = world.ledger.message(context.req.param('id'));
    if (!entry) throw new Refused(404, 'no such message');
    return context.json(entry);
  });

  return app;
}

export function* companions(world: World): Generator<Device> {
  for (const account of world.accounts.all()) {
    for (const device of account.devices.values()) if (device.id !== 0) yield device;
  }
}

function describeDevice(device: Device) {
  return {
    jid: deviceJid(device),
    lid: deviceJid(device, 'lid'),
    phone: device.account.phone,
    connected: device.connection !== undefined,
    logins: device.logins,
    queued: device.mailbox.pending,
    ...(device.lastClose === undefined ? {} : { lastClose: device.lastClose }),
  };
}
