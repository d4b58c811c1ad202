// What the ledger keeps of one message.
import type { KeyUse } from './ciphertext.ts';

/** How one device and one message got on. Times are Unix ms. */
export interface DeviceEntry {
  /** Copies that the sender made for this device: one, and one more for each retry or repeated send. */
  addressed: number;
  /** Copies put into its queue, or handed to it. */
  deliveries: number;
  /** Stanzas given to its connection: redeliveries after a lost connection included. */
  handed: number;
  handedAt: number | undefined;
  /** Copies that were handed and not confirmed: one receipt, retry receipt or nack confirms one, as in the queue. */
  open: number;
  /** Stanzas that a fault changed on their way: the device cannot read them. */
  spoiled: number;
  /** In order; at most the last 20. Type `delivered` is the receipt without a type. */
  readonly receipts: { readonly type: string; readonly at: number }[];
  /** How the last copy ended: `delivered`, `retry` (asked again), or `nack`. Absent while one is open or to come. */
  settled: 'delivered' | 'retry' | 'nack' | undefined;
  /** Signal keys of the newest copies, at most 8. */
  readonly keys: KeyUse[];
  /** Numbers of the copies that were addressed and not handed yet. Not for those who read the ledger. */
  readonly [COPIES]: number[];
}

// A symbol does not appear in JSON, and a field costs less than a WeakMap of half a million rows.
export const COPIES: unique symbol = Symbol('copies');

export interface MessageEntry {
  /** Position in the ledger, from 1. */
  readonly seq: number;
  readonly id: string;
  /** JID of the sending device. */
  readonly from: string;
  /** As addressed by the sender. */
  readonly to: string;
  /** Unix ms. */
  readonly at: number;
  /** Stanzas with this id that the sender sent (retries included). */
  sent: number;
  /** When the sender was told that the server has it; not whether that reached the sender. */
  ackedAt: number | undefined;
  /** The error in the ack: the message was refused. */
  ackError: string | undefined;
  /** By device JID, number form. */
  readonly devices: Record<string, DeviceEntry>;
}

export const MAX_RECEIPTS = 20;
export const MAX_KEYS_PER_DEVICE = 8;

export function freshDeviceEntry(): DeviceEntry {
  return {
    addressed: 0,
    deliveries: 0,
    handed: 0,
    handedAt: undefined,
    open: 0,
    spoiled: 0,
    receipts: [],
    settled: undefined,
    keys: [],
    [COPIES]: [],
  };
}
