// The steps that all the ways to log a device in share.
import type { pair as pairCommand } from '../device/commands/pair.ts';
import { Failure } from '../errors.ts';
import type { Pairing } from '../shard/protocol.ts';
import type { CommandOptions, Devices, DeviceView } from '../supervisor/devices.ts';
import { phoneDigits } from './recipient.ts';

/**
 * Starts the pairing of a device, or joins the one under way. With a phone a code is asked for, otherwise a QR.
 * Fails with ALREADY_LOGGED_IN, INVALID_JID or what the device says; `results.device_id` names the device.
 */
export async function pair(
  devices: Devices,
  device: DeviceView,
  command: CommandOptions,
  phone?: string,
): Promise<Pairing> {
  const results = { device_id: device.id };
  if (device.linked) throw new Failure('ALREADY_LOGGED_IN', undefined, { results });
  const digits = phone === undefined ? {} : { phone: phoneDigits(phone) };
  try {
    return await devices.command<typeof pairCommand>(device.id, 'pair', digits, command);
  } catch (cause) {
    // A caller that let us generate the id must learn it, or it could not try again with the same device.
    if (!(cause instanceof Failure)) throw cause;
    throw new Failure(cause.code, cause.message, { cause, results: { ...results, ...cause.results } });
  }
}

/** Starts a pairing of one kind. Fails with PAIRING_FAILED when one of the other kind is under way. */
export async function pairBy<K extends Pairing['by']>(
  kind: K,
  ...request: Parameters<typeof pair>
): Promise<Extract<Pairing, { by: K }>> {
  const pairing = await pair(...request);
  if (pairing.by === kind) return pairing as Extract<Pairing, { by: K }>;
  const other = pairing.by === 'qr' ? 'a QR' : 'a code';
  throw new Failure(
    'PAIRING_FAILED',
    `The device is being paired by ${other}; try again when that has ended.`,
  );
}

/** Whole seconds that a QR or code is still good for, at least one. */
export function secondsLeft({ until }: Pairing, now = Date.now()): number {
  return Math.max(1, Math.floor((until - now) / 1000));
}

/** A pairing code as WhatsApp's own apps show it: ABCD-1234. */
export function shownCode(code: string): string {
  return /^[A-Za-z0-9]{8}$/.test(code) ? `${code.slice(0, 4)}-${code.slice(4)}` : code;
}
