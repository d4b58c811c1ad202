// Which device a request means: by header, by query, by path, or the only one there is.
import { Failure } from '../errors.ts';
import type { Devices, DeviceView } from '../supervisor/devices.ts';

/** The grammar of the `device` table's check, without two dots in a row: no id looks like a path. */
const ID = /^(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const ACCOUNT = /^[0-9]{1,20}(?::[0-9]{1,3})?@(?:s\.whatsapp\.net|lid)$/;

/** What a request says about its device; an empty value says nothing. */
export interface Named {
  /** The X-Device-Id header, still URL-encoded. */
  readonly header?: string | undefined;
  readonly query?: string | undefined;
}

/** The id or JID that a request names, if it names one. Fails with INVALID_DEVICE_ID. */
export function namedDevice({ header, query }: Named): string | undefined {
  if (header) return checkedName(decoded(header));
  return query ? checkedName(query) : undefined;
}

/** The device that a request means. Fails with INVALID_DEVICE_ID, DEVICE_NOT_FOUND or DEVICE_ID_REQUIRED. */
export function selectDevice(devices: Devices, named: Named): DeviceView {
  const name = namedDevice(named);
  if (name !== undefined) return findDevice(devices, name);
  const [only, another] = devices.list();
  if (!only || another) throw new Failure('DEVICE_ID_REQUIRED');
  return only;
}

/** The device of this id or JID. Fails with INVALID_DEVICE_ID or DEVICE_NOT_FOUND. */
export function findDevice(devices: Devices, name: string): DeviceView {
  const device = devices.find(checkedName(name));
  if (!device) throw new Failure('DEVICE_NOT_FOUND', undefined, { results: { device_id: name } });
  return device;
}

/** The device, if it is linked to an account; saves a trip to its shard. Fails with DEVICE_NOT_LINKED. */
export function linked(device: DeviceView): DeviceView {
  if (device.linked) return device;
  throw new Failure('DEVICE_NOT_LINKED', undefined, { results: { device_id: device.id } });
}

/** The device, if this node runs it. Fails with DEVICE_ELSEWHERE. */
export function here(device: DeviceView): DeviceView {
  if (!device.elsewhere) return device;
  throw new Failure('DEVICE_ELSEWHERE', undefined, { results: { device_id: device.id } });
}

/** The value, if it is written as a device's id or as the JID of an account. Fails with INVALID_DEVICE_ID. */
export function checkedName(name: string): string {
  return ACCOUNT.test(name) ? name : checkedId(name);
}

/** The value, if a device may have it as its id. Fails with INVALID_DEVICE_ID. */
export function checkedId(id: string): string {
  if (ID.test(id)) return id;
  throw new Failure(
    'INVALID_DEVICE_ID',
    id.includes('..') ? 'A device id has no two dots in a row.' : undefined,
  );
}

function decoded(header: string): string {
  try {
    return decodeURIComponent(header);
  } catch (cause) {
    throw new Failure('INVALID_DEVICE_ID', undefined, { cause });
  }
}
