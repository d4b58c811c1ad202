import { Forbidden, type Guard } from '../lib/guard.ts';
import type { Sql } from '../store/database.ts';
import { reachStore } from '../store/database.ts';
import {
  clearDeviceEndpoint,
  type DeviceEndpoint,
  type DeviceEndpointChange,
  deviceEndpoint,
  setDeviceEndpoint,
} from '../store/endpoints.ts';
import type { Deliverer } from './deliverer.ts';
import { refused } from './webhooks.ts';

/** A device's own endpoint as it may be shown: of the secret only whether there is one. */
export interface EndpointView {
  readonly url: string;
  readonly hasSecret: boolean;
  readonly events: readonly string[];
  readonly skipTlsVerify: boolean;
}

/** What is not given stays as it was; a secret that is null or empty is none of its own. */
export interface EndpointChange extends Omit<DeviceEndpointChange, 'secret'> {
  readonly secret?: string | null;
}

/** The webhook of one device, for the API. Each call fails with STORE_UNAVAILABLE, and `set` with DEVICE_NOT_FOUND or WEBHOOK_ADDRESS_REFUSED. */
export interface EndpointSettings {
  get(deviceNo: number): Promise<EndpointView | undefined>;
  set(deviceNo: number, change: EndpointChange): Promise<EndpointView>;
  clear(deviceNo: number): Promise<void>;
}

/** Reads and changes devices' endpoints under a running deliverer: a change counts from the next event on. */
export function endpointSettings(
  sql: Sql,
  deliverer: Pick<Deliverer, 'reconfigure' | 'endpointSeals'>,
  guard: Guard,
): EndpointSettings {
  return {
    async get(deviceNo) {
      const endpoint = await reachStore(() => deviceEndpoint(sql, deviceNo));
      return endpoint && view(endpoint);
    },
    async set(deviceNo, { secret, ...change }) {
      assertAllowed(guard, change.url);
      const seal = async (text: string) => await deliverer.endpointSeals.seal(deviceNo, 'secret', text);
      const set = async () => {
        const sealed = secret === undefined ? {} : { secret: secret ? await seal(secret) : null };
        return await setDeviceEndpoint(sql, deviceNo, { ...change, ...sealed });
      };
      return view(await reachStore(() => deliverer.reconfigure(deviceNo, set)));
    },
    async clear(deviceNo) {
      await reachStore(() => deliverer.reconfigure(deviceNo, () => clearDeviceEndpoint(sql, deviceNo)));
    },
  };
}

function assertAllowed(guard: Guard, url: string): void {
  try {
    guard.check(url);
  } catch (cause) {
    throw cause instanceof Forbidden ? refused(cause, 'webhook_url') : cause;
  }
}

function view({ url, secret, events, skipTlsVerify }: DeviceEndpoint): EndpointView {
  return { url, hasSecret: secret !== null, events, skipTlsVerify };
}
