/**
 * Authenticated encryption of single values at rest: AES-256-GCM with a random nonce each. A sealed value is
 * `version 1 | key id 4 | nonce 12 | ciphertext | tag 16`. `place` names where the value lives (table, device, kind, id)
 * and is authenticated with it, so that a value that was copied to another row does not open there.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

const VERSION = 1;
const KEY_ID = 4;
const NONCE = 12;
const TAG = 16;
const HEAD = 1 + KEY_ID + NONCE;
/** What sealing adds to a value, in bytes. */
export const SEAL_OVERHEAD = HEAD + TAG;

/** A value that does not open: it was changed, copied from another place, or sealed with another key. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken';
  readonly place: string;

  constructor(place: string, options?: ErrorOptions) {
    super(
      `the stored value at ${place} cannot be opened: it was changed, moved or sealed with another key`,
      options,
    );
    this.place = place;
  }
}

/** Names a key without telling anything of it. */
export function keyId(key: Uint8Array): Buffer {
  return createHash('sha256').update('cardume key id').update(key).digest().subarray(0, KEY_ID);
}

/** The id of the key that a value was sealed with. */
export function sealedWith(sealed: Uint8Array): Buffer {
  return Buffer.from(sealed.subarray(1, 1 + KEY_ID));
}

/** One key, 32 bytes. Sealing and opening cost about 9 µs. */
export class Seal {
  readonly id: Buffer;
  readonly #key: KeyObject;

  constructor(key: Uint8Array) {
    if (key.length !== 32) throw new RangeError(`a key has 32 bytes, not ${key.length}`);
    this.id = keyId(key);
    this.#key = createSecretKey(Buffer.from(key));
  }

  seal(place: string, value: Uint8Array): Buffer {
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(place));
    return Buffer.concat([
      Buffer.of(VERSION),
      this.id,
      nonce,
      cipher.update(value),
      cipher.final(),
      cipher.getAuthTag(),
    ]);
  }

  /** Another key, for another purpose, that tells nothing of this one. */
  derive(purpose: string): Buffer {
    return createHmac('sha256', this.#key).update(purpose).digest();
  }

  /** Fails with SealBroken. */
  open(place: string, sealed: Uint8Array): Buffer {
    if (sealed.length < SEAL_OVERHEAD || sealed[0] !== VERSION || !sealedWith(sealed).equals(this.id))
      throw new SealBroken(place);
    const end = sealed.length - TAG;
    const nonce = sealed.subarray(1 + KEY_ID, HEAD);
    const cipher = createDecipheriv('aes-256-gcm', this.#key, nonce)
      .setAAD(Buffer.from(place))
      .setAuthTag(sealed.subarray(end));
    try {
      return Buffer.concat([cipher.update(sealed.subarray(HEAD, end)), cipher.final()]);
    } catch (cause) {
      throw new SealBroken(place, { cause });
    }
  }
}
