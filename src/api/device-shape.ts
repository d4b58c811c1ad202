// Devices as callers see them: gowa's shapes and words, and our own where gowa has none.
import { z } from '@hono/zod-openapi';
import type { DeviceView } from '../supervisor/devices.ts';

/** gowa's four words; `connected` (an open socket that is not logged in) is part of pairing here and never said. */
const gowaStates = ['disconnected', 'connecting', 'connected', 'logged_in'] as const;

export const gowaDevice = z
  .object({
    id: z.string().openapi({ example: 'sales' }),
    phone_number: z.string().optional().openapi({ example: '15551234567' }),
    display_name: z.string().optional().openapi({ example: 'Ana' }),
    state: z.enum(gowaStates),
    jid: z.string().optional().openapi({ example: '15551234567@s.whatsapp.net' }),
    created_at: z.iso.datetime(),
  })
  .openapi('Device');

export const reasons = z
  .array(z.object({ code: z.string(), text: z.string() }))
  .openapi({ example: [{ code: 'no_pong', text: 'no pong for 42 s' }] });

export const listedDevice = z
  .object({
    device_id: z.string().openapi({ example: 'sales' }),
    jid: z.string().nullable().openapi({ example: '15551234567@s.whatsapp.net' }),
    name: z.string().nullable().openapi({ example: 'Ana' }),
    state: z.enum(['unlinked', 'waiting', 'connecting', 'pairing', 'open', 'stopped', 'conflict', 'crashed']),
    shard: z
      .number()
      .int()
      .nullable()
      .openapi({ description: 'The thread that hosts it, null while it has none or another node runs it.' }),
    since: z.iso.datetime().openapi({ description: 'When it entered the state.' }),
    reason: z.string().optional().openapi({ description: 'Why it is not open.' }),
    quarantined: z.boolean().optional().openapi({
      description: 'It took its thread with it more than once, and runs apart from the others.',
    }),
    degraded: reasons
      .optional()
      .openapi({ description: 'What is wrong with it, while it is degraded; empty while it recovers.' }),
  })
  .openapi('ListedDevice');

/** The account's JID without its device part: what webhooks carry as `device_id`. */
export function accountJid({ jid }: DeviceView): string | undefined {
  return jid?.replace(/:[0-9]+@/, '@');
}

/** A device as gowa's /devices has it: fields without a value are left out. */
export function toGowaDevice(device: DeviceView): z.input<typeof gowaDevice> {
  const jid = accountJid(device);
  return {
    id: device.id,
    ...(jid?.endsWith('@s.whatsapp.net') && { phone_number: jid.slice(0, jid.indexOf('@')) }),
    ...(device.name && { display_name: device.name }),
    state: gowaState(device),
    ...(jid && { jid }),
    created_at: device.createdAt.toISOString(),
  };
}

/** As gowa's /app/devices has it. */
export const appDevice = z.object({ name: z.string(), device: z.string(), jid: z.string() });

export function toAppDevice(device: DeviceView): z.input<typeof appDevice> {
  return { name: device.name ?? '', device: device.id, jid: accountJid(device) ?? '' };
}

/** A device as GET /device/list has it: with our own word for its state, and since when. */
export function toListedDevice(device: DeviceView): z.input<typeof listedDevice> {
  return {
    device_id: device.id,
    jid: accountJid(device) ?? null,
    name: device.name ?? null,
    state: device.phase,
    shard: device.shard,
    since: new Date(device.since).toISOString(),
    ...(device.reason && { reason: device.reason }),
    ...(device.quarantined && { quarantined: true }),
    ...(device.degraded && { degraded: [...device.degraded] }),
  };
}

/** Our phase in gowa's words. */
export function gowaState({ phase }: DeviceView): (typeof gowaStates)[number] {
  if (phase === 'open') return 'logged_in';
  return phase === 'connecting' || phase === 'pairing' ? 'connecting' : 'disconnected';
}

/** gowa's two flags: a socket is open to WhatsApp, and WhatsApp serves the account on it. */
export function connection({ phase }: DeviceView): { is_connected: boolean; is_logged_in: boolean } {
  return { is_connected: phase === 'open' || phase === 'pairing', is_logged_in: phase === 'open' };
}
