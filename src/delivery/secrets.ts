// The secrets of devices' own endpoints: sealed in their rows with the device's key, in clear only here and in memory.
import { Failure } from '../errors.ts';
import { type Seal, SealBroken } from '../lib/seal.ts';
import type { DueLane } from '../store/lanes.ts';

/** What opens a device's rows; `DeviceSeals` of the store is one. */
export interface Seals {
  sealOf(deviceNo: number): Seal | Promise<Seal>;
}

/** A lane that is due, its endpoint's secret in clear. */
export type OpenLane = Omit<DueLane, 'secret'> & { readonly secret: string | null };

const placeOf = (deviceNo: number) => `endpoint/${deviceNo}/secret`;

/** An endpoint's secret as its row has it. Only devices' own endpoints have one. Fails as `sealOf` does. */
export async function sealSecret(seals: Seals, deviceNo: number, secret: string): Promise<Buffer> {
  return (await seals.sealOf(deviceNo)).seal(placeOf(deviceNo), Buffer.from(secret));
}

/**
 * The lanes whose endpoint's secret opens. `broken` is told of the others: a POST that is not signed as agreed, or
 * signed with another secret, must not leave. Fails as the database does.
 */
export async function openLanes(
  seals: Seals,
  rows: readonly DueLane[],
  broken: (row: DueLane, error: SealBroken) => void,
): Promise<OpenLane[]> {
  const open: OpenLane[] = [];
  for (const row of rows) {
    const { secret, deviceNo } = row;
    try {
      // Without an own secret there is nothing to wait for, and one that was used lately is at hand.
      const text = secret && (await seals.sealOf(deviceNo)).open(placeOf(deviceNo), secret).toString();
      open.push({ ...row, secret: text });
    } catch (error) {
      if (error instanceof SealBroken) broken(row, error);
      // The device was removed a moment ago, and with it the lane.
      else if (!(error instanceof Failure && error.code === 'DEVICE_NOT_FOUND')) throw error;
    }
  }
  return open;
}
