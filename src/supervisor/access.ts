/** Whether a device can be run here at all: with the key that opens what is stored of it. */
import type { Logger } from '../lib/logger.ts';
import { SealBroken } from '../lib/seal.ts';
import type { DeviceSeals } from '../store/device-seals.ts';
import type { DeviceRow } from '../store/devices.ts';

export interface Access {
  /** The device's own key, as its shard needs it; empty when it does not open. */
  readonly key: Uint8Array;
  /** Why it must not run. */
  readonly barred?: string;
}

/** Of a device that another node runs. */
export const NO_ACCESS: Access = { key: new Uint8Array(0) };

/** A device that another installation runs by now: both would break what they say to their peers. */
const exportedOn = (at: Date) =>
  `it was exported on ${at.toISOString().slice(0, 10)}; if no other installation runs it, take it back`;

const KEY_BROKEN = 'its key cannot be opened; put its row back, or remove the device and pair anew';

/** One device whose key does not open is reported and stands still; the others run. */
export function accessTo(row: DeviceRow, seals: Pick<DeviceSeals, 'keyOf'>, log: Logger): Access {
  try {
    const key = seals.keyOf(row);
    return row.exportedAt === null ? { key } : { key, barred: exportedOn(row.exportedAt) };
  } catch (err) {
    if (!(err instanceof SealBroken)) throw err;
    log.error({ err, device: row.id }, 'the key of a device cannot be opened; the device is stopped');
    return { ...NO_ACCESS, barred: KEY_BROKEN };
  }
}
