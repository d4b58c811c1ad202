// The curve, key derivation and sealing that both the server's handshake and the simulated phones need.
// Signatures are made and checked by the wasm curve: Baileys' own `Curve.verify` accepts anything (protocol.md 2.1).
import { createCipheriv, createDecipheriv, createHash, createHmac } from 'node:crypto';
import * as wasm from 'whatsapp-rust-bridge';

/** An X25519 key pair in raw form: 32 bytes each, no type byte. */
export interface KeyPair {
  readonly public: Uint8Array;
  readonly private: Uint8Array;
}

const KEY_TYPE_DJB = 5;
const NO_DATA = Buffer.alloc(0);

/** The 33-byte form (type byte 5 first) that Signal signs and puts in its records. */
export function typed(key: Uint8Array): Uint8Array {
  return key.length === 33 ? key : Buffer.concat([Buffer.of(KEY_TYPE_DJB), key]);
}

/** The 32-byte form that WhatsApp's stanzas carry. */
export function raw(key: Uint8Array): Uint8Array {
  return key.length === 33 ? key.subarray(1) : key;
}

/** A fresh X25519 pair. */
export function generateKeyPair(): KeyPair {
  const pair = wasm.generateKeyPair();
  return { public: Buffer.from(raw(pair.pubKey)), private: Buffer.from(pair.privKey) };
}

/** The point that everybody's public key is a multiple of (RFC 7748 4.1). */
const BASE_POINT = Buffer.alloc(32);
BASE_POINT[0] = 9;

/** The key pair of a given 32-byte private key; the public half is computed when it is wanted. Throws when it has another length. */
export function keyPairOf(privateKey: Uint8Array): KeyPair {
  if (privateKey.length !== 32) throw new Error('a private key is 32 bytes');
  const own = Buffer.from(privateKey);
  let made: Uint8Array | undefined;
  return {
    private: own,
    // Not the wasm's getPublicFromPrivateKey: in 0.5.5 it returns another key than generateKeyPair gave with it.
    get public() {
      made ??= agree(own, BASE_POINT);
      return made;
    },
  };
}

/** X25519. Throws on a key of the wrong length. */
export function agree(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
  return wasm.calculateAgreement(typed(publicKey), privateKey);
}

/** XEdDSA signature, 64 bytes. */
export function sign(privateKey: Uint8Array, message: Uint8Array): Uint8Array {
  return wasm.calculateSignature(privateKey, message);
}

/** Whether `signature` is the XEdDSA signature of `message` by the owner of `publicKey`; false for malformed input. */
export function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (raw(publicKey).length !== 32 || signature.length !== 64) return false;
  try {
    return wasm.verifySignature(typed(publicKey), message, signature);
  } catch {
    return false; // the wasm throws on input that is no point or no scalar
  }
}

export function sha256(...parts: Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

export function hmacSha256(key: Uint8Array, ...parts: Uint8Array[]): Buffer {
  const mac = createHmac('sha256', key);
  for (const part of parts) mac.update(part);
  return mac.digest();
}

/** HKDF-SHA256 (RFC 5869). An empty salt is the same as 32 zero bytes, which is what the clients use. */
export function hkdf(key: Uint8Array, length: number, salt: Uint8Array, info: string): Buffer {
  // By hand it takes a third of the time of Node's hkdfSync, of which a login has five.
  const secret = hmacSha256(salt, key);
  const blocks: Buffer[] = [];
  let last: Buffer = NO_DATA;
  for (let index = 1; blocks.length * 32 < length; index++) {
    last = hmacSha256(secret, last, Buffer.from(info), Buffer.of(index));
    blocks.push(last);
  }
  return Buffer.concat(blocks, length);
}

/** AES-256-GCM; the 16-byte tag is the end of the result. */
export function seal(key: Uint8Array, iv: Uint8Array, plain: Uint8Array, aad: Uint8Array = NO_DATA): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  if (aad.length > 0) cipher.setAAD(aad);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Opens what {@link seal} made. Throws when it was not sealed with this key, iv and aad. */
export function open(key: Uint8Array, iv: Uint8Array, sealed: Uint8Array, aad: Uint8Array = NO_DATA): Buffer {
  if (sealed.length < 16) throw new Error('shorter than an authentication tag');
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: 16 });
  if (aad.length > 0) decipher.setAAD(aad);
  decipher.setAuthTag(sealed.subarray(sealed.length - 16));
  return Buffer.concat([decipher.update(sealed.subarray(0, sealed.length - 16)), decipher.final()]);
}

/** The noise nonce: 8 zero bytes and a 32-bit big-endian counter (Baileys Utils/noise-handler, whatsmeow socket). */
export function nonce(counter: number): Buffer {
  const iv = Buffer.alloc(12);
  iv.writeUInt32BE(counter, 8);
  return iv;
}
