// What the ledger keeps of one device.

export interface DeviceLog {
  /** Messages it sent, and copies it was handed. */
  sent: number;
  handed: number;
  acks: number;
  refusals: number;
  nacks: number;
  retries: number;
  /** By type; `delivered` is the receipt without a type. */
  readonly receipts: Record<string, number>;
  /** Of its one-time prekeys, how many were given away and how many a first message used. */
  preKeysHanded: number;
  preKeysUsed: number;
  /** The last 50 of each; times are Unix ms. */
  readonly logins: number[];
  readonly closes: { readonly at: number; readonly name: string }[];
}

/** Of the logins and of the closes. */
export const KEPT_PER_DEVICE = 50;

export function freshDeviceLog(): DeviceLog {
  return {
    sent: 0,
    handed: 0,
    acks: 0,
    refusals: 0,
    nacks: 0,
    retries: 0,
    receipts: {},
    preKeysHanded: 0,
    preKeysUsed: 0,
    logins: [],
    closes: [],
  };
}
