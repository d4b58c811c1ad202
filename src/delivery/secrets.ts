// What endpoints have that is secret, sealed in their rows: with the device's key where it is of one device, with the
// installation's webhook key where it is for all. In clear only here and in memory.
import { Failure } from '../errors.ts';
import { type Seal, SealBroken } from '../lib/seal.ts';
import type { DueEndpoint } from '../store/due-endpoints.ts';

/** What opens a device's rows; `DeviceSeals` of the store is one. */
export interface DeviceKeys {
  sealOf(deviceNo: number): Seal | Promise<Seal>;
}

/** An endpoint's row with what is secret of it in clear; of its secrets the one that counts is the first. */
export interface OpenEndpoint extends DueEndpoint {
  readonly openHeaders: Readonly<Record<string, string>>;
}

/** Seals and opens what is secret of endpoints. `device` is the number of the device that one is of, null for all devices. */
export class EndpointSeals {
  readonly #devices: DeviceKeys;
  readonly #installation: Seal;

  constructor(devices: DeviceKeys, installation: Seal) {
    this.#devices = devices;
    this.#installation = installation;
  }

  /** What an endpoint's row holds of a text. `what` says which of its texts it is. Fails as `sealOf` does. */
  async seal(device: number | null, what: 'secret' | 'headers' | 'head', text: string): Promise<Buffer> {
    return (await this.#sealOf(device)).seal(placeOf(device, what), Buffer.from(text));
  }

  /** The text again. Fails with SealBroken, and as `sealOf` does. */
  async open(device: number | null, what: 'secret' | 'headers' | 'head', sealed: Buffer): Promise<string> {
    return (await this.#sealOf(device)).open(placeOf(device, what), sealed).toString();
  }

  #sealOf(device: number | null): Seal | Promise<Seal> {
    return device === null ? this.#installation : this.#devices.sealOf(device);
  }
}

const placeOf = (device: number | null, what: string) => `endpoint/${device ?? 'all'}/${what}`;

/**
 * The rows whose endpoint's secrets and headers open. `broken` is told of the others: a POST that is not signed as agreed,
 * or signed with another secret, must not leave. Fails as the database does.
 */
export async function openEndpoints<T extends DueEndpoint & { readonly deviceId: string }>(
  seals: EndpointSeals,
  rows: readonly T[],
  broken: (row: T, error: SealBroken) => void,
): Promise<(T & OpenEndpoint)[]> {
  // Many lanes of one endpoint are due together.
  const opened = new Map<number, Pick<OpenEndpoint, 'secrets' | 'openHeaders'> | undefined>();
  for (const row of rows) {
    if (!opened.has(row.endpointNo)) opened.set(row.endpointNo, await open(seals, row, broken));
  }
  return rows.flatMap(row => {
    const clear = opened.get(row.endpointNo);
    return clear ? [{ ...row, ...clear }] : [];
  });
}

async function open<T extends DueEndpoint>(
  seals: EndpointSeals,
  row: T,
  broken: (row: T, error: SealBroken) => void,
): Promise<Pick<OpenEndpoint, 'secrets' | 'openHeaders'> | undefined> {
  const clear = (what: 'secret' | 'headers', sealed: string) =>
    seals.open(row.ofDevice, what, Buffer.from(sealed, 'base64'));
  try {
    const secrets: string[] = [];
    // Without an own secret there is nothing to wait for.
    const [first, ...older] = row.secrets;
    if (first !== undefined) secrets.push(await clear('secret', first));
    for (const sealed of older) {
      // One on its way out that does not open signs no more; the one that counts does.
      const secret = await clear('secret', sealed).catch(error => {
        if (error instanceof SealBroken) return undefined;
        throw error;
      });
      if (secret !== undefined) secrets.push(secret);
    }
    const headers = row.headers === null ? {} : JSON.parse(await clear('headers', row.headers));
    return { secrets, openHeaders: headers as Record<string, string> };
  } catch (error) {
    if (error instanceof SealBroken) broken(row, error);
    // The device was removed a moment ago, and with it the lane.
    else if (!(error instanceof Failure && error.code === 'DEVICE_NOT_FOUND')) throw error;
    return undefined;
  }
}
