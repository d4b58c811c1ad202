// Account-device verification: what the phone signs so that a companion is believed to be its own (protocol.md 4.2;
// Baileys `configureSuccessfulPairing`, whatsmeow pair.go).
import { proto } from '@whiskeysockets/baileys';
import { hmacSha256, sign, verify } from '../wire/crypto.ts';
import type { Account } from './accounts.ts';

const ACCOUNT_SIGNATURE = Buffer.of(6, 0);
const DEVICE_SIGNATURE = Buffer.of(6, 1);
const KEY_INDEX_SIGNATURE = Buffer.of(6, 2);
const E2EE = proto.ADVEncryptionType.E2EE;

/** The phone's half of a device identity. */
export interface AccountSigned {
  /** Encoded ADVDeviceIdentity. */
  readonly details: Uint8Array;
  readonly accountSignature: Uint8Array;
}

/** `timestamp` is in Unix seconds. */
export function signDevice(
  account: Account,
  keyIndex: number,
  companionIdentity: Uint8Array,
  timestamp: number,
): AccountSigned {
  const details = proto.ADVDeviceIdentity.encode({
    rawId: account.rawId,
    timestamp,
    keyIndex,
    accountType: E2EE,
    deviceType: E2EE,
  }).finish();
  const signed = Buffer.concat([ACCOUNT_SIGNATURE, details, companionIdentity]);
  return { details, accountSignature: sign(account.identity.private, signed) };
}

/** The companion's half, which proves that it agrees to belong to this account. */
export function deviceSignatureText(
  half: AccountSigned,
  companionIdentity: Uint8Array,
  account: Account,
): Buffer {
  return Buffer.concat([DEVICE_SIGNATURE, half.details, companionIdentity, account.identity.public]);
}

/** What pair-success carries: the account's half under the secret that only QR or code told both sides. */
export function pairingContainer(account: Account, half: AccountSigned, advSecret: Uint8Array): Uint8Array {
  const details = proto.ADVSignedDeviceIdentity.encode({
    ...half,
    accountSignatureKey: account.identity.public,
  }).finish();
  return proto.ADVSignedDeviceIdentityHMAC.encode({
    details,
    hmac: hmacSha256(advSecret, details),
    accountType: E2EE,
  }).finish();
}

/** The whole identity, as bundles carry it. */
export function signedIdentity(
  account: Account,
  half: AccountSigned,
  deviceSignature: Uint8Array,
): Uint8Array {
  return proto.ADVSignedDeviceIdentity.encode({
    ...half,
    accountSignatureKey: account.identity.public,
    deviceSignature,
  }).finish();
}

/** The device signature in a pair-device-sign answer, or undefined when it is not what was asked to be signed. */
export function acceptDeviceSignature(
  answer: Uint8Array,
  half: AccountSigned,
  companionIdentity: Uint8Array,
  account: Account,
): Uint8Array | undefined {
  const signature = deviceSignatureIn(answer);
  if (!signature) return undefined;
  return verify(companionIdentity, deviceSignatureText(half, companionIdentity, account), signature)
    ? signature
    : undefined;
}

function deviceSignatureIn(answer: Uint8Array): Uint8Array | null | undefined {
  try {
    return proto.ADVSignedDeviceIdentity.decode(answer).deviceSignature;
  } catch {
    return undefined; // not a device identity at all
  }
}

/** The signed list of valid key indexes that usync answers and device notifications carry; signed once per list. */
export function keyIndexList(account: Account, timestamp: number): Uint8Array {
  const validIndexes = [...account.devices.keys()];
  const of = `${account.nextDeviceId}/${validIndexes.join()}`;
  const known = account.keyIndexes;
  if (known?.of === of && known.signer === account.identity) return known.signed;
  const signed = signKeyIndexes(account, validIndexes, timestamp);
  account.keyIndexes = { of, signer: account.identity, signed };
  return signed;
}

function signKeyIndexes(account: Account, validIndexes: number[], timestamp: number): Uint8Array {
  const details = proto.ADVKeyIndexList.encode({
    rawId: account.rawId,
    timestamp,
    currentIndex: account.nextDeviceId - 1,
    validIndexes,
    accountType: E2EE,
  }).finish();
  const accountSignature = sign(account.identity.private, Buffer.concat([KEY_INDEX_SIGNATURE, details]));
  return proto.ADVSignedKeyIndexList.encode({
    details,
    accountSignature,
    accountSignatureKey: account.identity.public,
  }).finish();
}
