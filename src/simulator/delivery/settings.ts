// How the server delivers, where real servers differ or nobody outside knows; set by options and the control plane.
import type { Addressing } from './addressing.ts';

export interface DeliverySettings {
  /** The form in which messages between two people arrive. Real servers use LIDs for those who migrated. */
  addressing: Addressing;
  /** How long a typing state waits for a device that is away, in ms; 0: connected devices only. */
  chatStateTtlMs: number;
  /** `off`: a phone that has linked a companion, and has told it everything, is switched off. */
  phones: 'on' | 'off';
  /** Bundles of devices that are not there carry an `<error>` per user; otherwise they are left out. */
  bundleErrors: boolean;
}

/** The defaults with what is given. */
export function deliverySettings(given: Partial<DeliverySettings> = {}): DeliverySettings {
  return { addressing: 'as-sent', chatStateTtlMs: 0, phones: 'on', bundleErrors: false, ...given };
}
