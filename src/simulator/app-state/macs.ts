// The arithmetic that makes app state tamper-proof: keys derived from one secret, four MACs, and a hash of a whole set
// that is kept up to date by adding and subtracting (whatsmeow appstate/{keys,hash}.go and lthash.go, Baileys
// Utils/chat-utils.ts). On Node's own crypto, so that it checks the clients' wasm instead of agreeing with it.
import { createHmac } from 'node:crypto';
import { proto } from '@whiskeysockets/baileys';
import { hkdf, hmacSha256 } from '../wire/crypto.ts';
import type { CollectionName } from './collections.ts';

const { SET, REMOVE } = proto.SyncdMutation.SyncdOperation;

export { REMOVE, SET };
export type Operation = proto.SyncdMutation.SyncdOperation;

export const MAC_BYTES = 32;
const NO_SALT = Buffer.alloc(0);

/** What one app-state key is used for, 32 bytes each. */
export interface MutationKeys {
  readonly index: Buffer;
  readonly encryption: Buffer;
  readonly value: Buffer;
  readonly snapshot: Buffer;
  readonly patch: Buffer;
}

/** Derives what one key is used for from its 32-byte secret (HKDF; whatsmeow appstate/keys.go expandAppStateKeys). */
export function mutationKeys(secret: Uint8Array): MutationKeys {
  const all = hkdf(secret, 160, NO_SALT, 'WhatsApp Mutation Keys');
  return {
    index: all.subarray(0, 32),
    encryption: all.subarray(32, 64),
    value: all.subarray(64, 96),
    snapshot: all.subarray(96, 128),
    patch: all.subarray(128, 160),
  };
}

/** Under which a record is found without its index being readable. `index` is the JSON text. */
export function indexMac(keys: MutationKeys, index: Uint8Array): Buffer {
  return hmacSha256(keys.index, index);
}

/** Half of an HMAC-SHA512 over operation, key id, ciphertext and the length of the first two. */
export function valueMac(
  keys: MutationKeys,
  operation: Operation,
  keyId: Uint8Array,
  encrypted: Uint8Array,
): Buffer {
  const mac = createHmac('sha512', keys.value);
  mac.update(Buffer.of(operation === REMOVE ? 2 : 1));
  mac.update(keyId).update(encrypted);
  return mac
    .update(number64(keyId.length + 1))
    .digest()
    .subarray(0, MAC_BYTES);
}

/** Over the hash of a whole collection at a version (whatsmeow appstate/hash.go generateSnapshotMAC). */
export function snapshotMac(
  keys: MutationKeys,
  hash: Uint8Array,
  version: number,
  name: CollectionName,
): Buffer {
  return hmacSha256(keys.snapshot, hash, number64(version), Buffer.from(name));
}

/** Over a patch: the snapshot MAC that it leads to and the value MACs in it (whatsmeow generatePatchMAC). */
export function patchMac(
  keys: MutationKeys,
  snapshot: Uint8Array,
  valueMacs: readonly Uint8Array[],
  version: number,
  name: CollectionName,
): Buffer {
  return hmacSha256(keys.patch, snapshot, ...valueMacs, number64(version), Buffer.from(name));
}

function number64(value: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(BigInt(value));
  return out;
}

/** The hash of an empty collection. */
export const EMPTY_HASH: Buffer = Buffer.alloc(128);

/** The hash of a set after value MACs left it and others came; the order does not matter. */
export function updatedHash(
  hash: Uint8Array,
  gone: readonly Uint8Array[],
  come: readonly Uint8Array[],
): Buffer {
  const out = Buffer.from(hash);
  for (const mac of gone) mix(out, mac, -1);
  for (const mac of come) mix(out, mac, 1);
  return out;
}

function mix(hash: Buffer, mac: Uint8Array, sign: 1 | -1): void {
  const spread = hkdf(mac, hash.length, NO_SALT, 'WhatsApp Patch Integrity');
  for (let at = 0; at < hash.length; at += 2) {
    hash.writeUInt16LE((hash.readUInt16LE(at) + sign * spread.readUInt16LE(at)) & 0xffff, at);
  }
}
