// What must never happen, seen from the server. Every kind says exactly what it is and what it is not.

export const violationKinds = {
  'message-key-reused':
    'A client used one message key (chain and counter) for two different ciphertexts: it went back in its ratchet. Not: the same bytes sent again.',
  'prekey-handed-twice':
    'The server gave one one-time prekey of a device to two askers. Not: bundles without a one-time prekey.',
  'prekey-used-twice':
    'Two sessions (base keys) were started with one one-time prekey of a device. Not: several pkmsgs of one session that was not answered yet.',
  'prekey-id-reused':
    'A client uploaded two different one-time prekeys under one id: whoever got the first one cannot be understood. Not: the same key uploaded again.',
  'acked-but-lost':
    'A message was acknowledged and a device that it was addressed to has it neither in its queue nor got it. Not: a message refused in its ack, or not acknowledged.',
  'not-handed':
    'A message waits for a device that is connected and past its offline drain. Not: one for a device that is away or draining.',
  'delivered-after-receipt':
    'A device was handed a message again after it had confirmed every copy of it (receipt, retry receipt or nack, one for each). Not: a redelivery of what was never confirmed, nor a new copy that the sender made (a retry, with a new key, or a repeated send).',
  'receipt-without-delivery':
    'A device confirmed a message that it was never handed. Not: read and played receipts, which may name what an earlier device got.',
  'order-inverted':
    'Of two copies from one sending device to one device, the later one was handed first. Not: redeliveries, and what a fault of the catalogue did on the way afterwards.',
} as const;

export type ViolationKind = keyof typeof violationKinds;

export interface Violation {
  readonly kind: ViolationKind;
  /** Unix ms. */
  readonly at: number;
  readonly id: string;
  readonly device: string;
  readonly detail: string;
}

/** A message that a device was handed and has not settled. Not a violation: it may still come. */
export interface Pending {
  readonly id: string;
  readonly device: string;
  /** `receipt`: it says nothing. `resend`: it asked again, and no new copy came. */
  readonly waitsFor: 'receipt' | 'resend';
  /** Unix ms. */
  readonly since: number;
}
